"""Choosing metrics and filling in what each of them needs."""
