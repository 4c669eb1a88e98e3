"""Choosing tokens: sampler chains, grammars, log-probabilities."""
