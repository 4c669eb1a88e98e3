"""Which documents a chat asks."""
