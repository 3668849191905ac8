"""The LSTM recurrence: its options, its parameters, its engines, and the choice between them."""
