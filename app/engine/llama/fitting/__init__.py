"""Load options as native parameters, and what a load takes: memory, devices, threads."""
