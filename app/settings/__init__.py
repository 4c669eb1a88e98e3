"""One typed settings schema and the file it is kept in."""
