"""GGUF files on this machine: import, metadata, which one is in use."""
