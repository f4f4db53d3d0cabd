"""What a file still carries of a person, a place or a time: found by kind of file, never removed here."""
