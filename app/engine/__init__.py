"""Inference: protocol, client, child process, chat templates."""
