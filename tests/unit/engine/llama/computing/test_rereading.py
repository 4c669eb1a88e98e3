from __future__ import annotations

import pytest

from app.engine.llama.computing.rereading import Rereading

_SMALL, _LARGE = 1e-4, 3.7e-5  # attention shares of a 0.6B and an 8B model


@pytest.mark.parametrize(
    ("share", "known", "new", "taken"),
    [
        (_SMALL, 2000, 40, 1976),
        (_SMALL, 2000, 5, 2000),
        (_SMALL, 2000, 64, 2000),
        (_SMALL, 2000, 500, 1988),
        (_SMALL, 2000, 512, 2000),
        (_SMALL, 500, 40, 500),
        (_LARGE, 1000, 20, 1000),
        (_LARGE, 8000, 30, 7966),
    ],
)
def test_known_tokens_are_read_again_where_that_is_quicker(
    share: float, known: int, new: int, taken: int
) -> None:
    assert Rereading(share)(known, known + new) == taken
