"""The training loop: batches by index, one Lightning trainer, history, early stopping, exact resume."""
