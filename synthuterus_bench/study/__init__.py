"""The blinded reader study: a page that asks readers whether scans are real or synthetic, and what their answers say."""
