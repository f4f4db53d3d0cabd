"""The blinded reader study: a page that asks readers which scans are real, and what their answers say."""
