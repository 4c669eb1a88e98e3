"""Agents: models that work on a task with tools, within what they were granted."""
