"""One run of an agent: the loop, its limits, the calls of tools and who allows them."""
