"""Engines that answer over the network: any server that speaks the OpenAI API."""
