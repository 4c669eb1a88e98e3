from __future__ import annotations

from math import fsum

import numpy as np
import pytest

from app.base.errors import Cancelled
from app.base.jobs import CancelToken
from app.library.encoders import DIMENSIONS, Encoder
from app.library.meanings import embed_whole

SHIP = "The ship leaves the harbour at dawn."
BOAT = "At sunrise the boat sails from the port."
TAX = "Value added tax is due every quarter."


def cosine(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    return fsum(a * b for a, b in zip(one, other, strict=True))


def test_texts_that_mean_the_same_are_nearer_than_others(exact: Encoder):
    ship, boat, tax = embed_whole(exact, (SHIP, BOAT, TAX))
    assert len(ship) == DIMENSIONS
    assert cosine(ship, ship) == pytest.approx(1, abs=1e-5)
    assert cosine(ship, boat) > 0.5 > cosine(ship, tax) + 0.2


def test_short_text_has_the_vector_of_the_encoder(exact: Encoder):
    np.testing.assert_allclose(embed_whole(exact, (SHIP,)), exact.embed([SHIP]), atol=1e-5)


def test_end_of_a_long_text_counts(exact: Encoder):
    long, with_end, ship = embed_whole(exact, (TAX * 60, TAX * 60 + " " + SHIP * 60, SHIP))
    assert cosine(with_end, ship) > cosine(long, ship) + 0.2


@pytest.mark.parametrize("text", ["", " \n", "\ud800", "🚢"])
def test_text_without_words_has_a_vector_of_length_one(exact: Encoder, text: str):
    (vector,) = embed_whole(exact, (text,))
    assert cosine(vector, vector) == pytest.approx(1, abs=1e-5)


def test_no_texts_have_no_vectors(exact: Encoder):
    assert embed_whole(exact, ()) == ()


def test_cancelled_work_ends(exact: Encoder):
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        embed_whole(exact, (SHIP,), cancel)
