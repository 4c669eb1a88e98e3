"""Pictures for models that see."""
