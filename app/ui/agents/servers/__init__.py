"""The page of tool servers: adding, agreeing to, starting, changing and removing them."""
