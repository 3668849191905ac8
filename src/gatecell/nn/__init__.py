"""PyTorch modules: the LSTM, its cell, and networks built from them."""
