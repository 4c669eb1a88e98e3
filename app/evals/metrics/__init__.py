"""How outputs are scored without a model: by rules anyone can check, each with a reason in words.

`metric` says what a metric is, `registry` lists them and reads and writes their settings. What
cannot be scored (no target, a broken schema, a text too long) has no value, which is not a zero.
"""
