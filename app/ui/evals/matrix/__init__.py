"""The items of a run by its candidates, filtered and page by page."""
