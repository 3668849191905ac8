"""What happens inside a network: the gates of its LSTMs, and what each input adds to an output."""
