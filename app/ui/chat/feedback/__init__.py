"""Thumbs and corrections, and what becomes of them."""
