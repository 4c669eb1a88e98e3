"""The KV space: which sequence holds what, and where state goes that has to leave it."""
