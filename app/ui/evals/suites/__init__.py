"""The page of a suite: its items, their editor, and getting items in and out."""
