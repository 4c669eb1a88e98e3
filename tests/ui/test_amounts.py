from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from app.ui.amounts import count_text, day_text, short_count, size_text, time_left

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1000, "1.0 kB"), (12_345, "12 kB"),
        (999_600, "1.0 MB"), (4_900_000_000, "4.9 GB"), (5 * 10**15, "5,000 TB"),
    ],
)  # fmt: skip
def test_size_text_takes_the_unit_that_reads_best(size, text):
    assert size_text(size) == text


def test_count_text_agrees_with_the_number():
    assert count_text(1, "document") == "1 document"
    assert count_text(1842, "document") == "1,842 documents"
    assert count_text(2, "copy", "copies") == "2 copies"


@pytest.mark.parametrize(
    ("count", "text"),
    [(950, "950"), (596_000_000, "596M"), (8_190_000_000, "8.2B"), (70_600_000_000, "71B")],
)
def test_short_count_reads_as_model_names_do(count, text):
    assert short_count(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""), (0, "a few seconds left"), (6, "about 10 s left"), (27, "about 25 s left"),
        (100, "about 2 min left"), (7300, "about 2 h left"),
    ],
)  # fmt: skip
def test_time_left_is_as_rough_as_the_estimate(seconds, text):
    assert time_left(seconds) == text


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (NOW, "Today 09:00"),
        (NOW - timedelta(days=1, hours=8), "Yesterday"),
        (NOW - timedelta(days=8), "12 Nov"),
        (NOW - timedelta(days=400), "16 Oct 2025"),
        (NOW.astimezone(timezone(timedelta(hours=5))), "Today 09:00"),
    ],
)
def test_day_text_is_as_short_as_it_stays_clear(moment, text):
    assert day_text(moment, NOW) == text
