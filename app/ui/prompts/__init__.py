"""The prompts pane: prompts with their drafts, versions and labels."""
