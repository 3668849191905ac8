"""Named, reproducible jobs, from real data to a judged and saved model; and the same for the user's own data."""
