"""The evaluation pane: suites, runs while they work, and what came of them."""
