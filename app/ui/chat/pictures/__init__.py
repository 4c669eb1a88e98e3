"""Pictures that are attached, sent and looked at."""
