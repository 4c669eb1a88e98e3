"""The prompt library: prompts with immutable versions, their variables, and what they render to."""
