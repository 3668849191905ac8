"""Measurements: cases, what they are measured against, and one runner that prints ratios."""
