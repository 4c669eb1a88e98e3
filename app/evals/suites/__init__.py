"""Suites of items: their files, in several formats, and their version."""
