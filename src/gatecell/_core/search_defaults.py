"""What a search does where nothing else is said; apart from it, so that a command can show it without importing it."""

N_TRIALS = 20
"""Enough for Optuna to have looked around (ten at random) and to have begun to choose."""
MEASURED_SHARE = 0.2
"""Of the rows, to measure trials on: a fifth, as five folds would have it."""
