"""Evaluation: suites of items, what is measured on them, and how sure one can be of it."""
