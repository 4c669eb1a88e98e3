"""Compares replies that may differ by rounding alone."""

from __future__ import annotations

from app.engine.protocol import Generated


def agree(alone: Generated, other: Generated) -> bool:
    """Whether two replies with log-probabilities are the same but for a choice that was close.

    State that got mixed up between requests makes other tokens likely, not nearly the same ones.
    """
    for one, two in zip(alone.scores, other.scores, strict=False):
        if one.chosen.token != two.chosen.token:
            near = {each.token: each.logprob for each in one.alternatives}
            return near.get(two.chosen.token, -99.0) > one.chosen.logprob - 0.5
        if abs(one.chosen.logprob - two.chosen.logprob) > 0.5:
            return False
    return bool(alone.scores)
