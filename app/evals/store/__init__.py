"""Queries of evaluation: rows in, entities out. Called inside a session; decides nothing."""
