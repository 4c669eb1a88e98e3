"""Conversations over documents and models: context, answers, history."""
