"""Speculative decoding: guesses that the model checks several at a time."""
