"""Plots of scores, for people who see them and for those who do not."""
