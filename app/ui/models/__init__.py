"""The models pane: GGUF files, and which of them is in use."""
