"""Runs: which candidates answer which items, what they said, and how it was scored."""
