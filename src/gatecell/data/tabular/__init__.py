"""Tables in files: one reader of encodings, separators, numbers, dates and names, for every job that takes a table."""
