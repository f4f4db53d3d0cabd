"""Generators that ship: trained from recipes, measured, written on a card, packed."""
