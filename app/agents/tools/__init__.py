"""What an agent can do besides talking. Each tool says what it is and how risky, and runs."""
