"""The prompt that every answer of a chat follows."""
