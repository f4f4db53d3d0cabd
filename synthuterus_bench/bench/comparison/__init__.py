"""Two submissions against one reference: which is better by each metric, or that nobody can tell."""
