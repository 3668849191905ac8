"""Tensors and JSON in one safe file: never pickle, written whole or not at all."""
