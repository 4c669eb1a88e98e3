"""The library pane: documents, collections, and search in them."""
