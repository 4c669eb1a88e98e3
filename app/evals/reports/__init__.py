"""A run as a file: a page to read, tables to go on with, and what a build server understands."""
