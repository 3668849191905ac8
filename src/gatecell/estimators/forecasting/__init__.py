"""Forecasting of series: what the network sees of them, what it is trained on, what is made of its outputs."""
