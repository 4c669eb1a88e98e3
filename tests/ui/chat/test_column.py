from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.ui.chat.column import Anchor, Column, estimated_height

HEIGHTS = st.lists(st.integers(1, 500), min_size=1, max_size=40)


def column(*heights: int) -> Column:
    made = Column(top=10, gap=5, bottom=20)
    made.set_heights(heights)
    return made


def test_column_empty_is_its_margins() -> None:
    assert column().total == 30
    assert list(column().between(0, 100)) == []
    assert column().anchor_at(50) == Anchor(0, 0)


def test_column_rows_follow_each_other() -> None:
    three = column(100, 50, 30)
    assert [three.top(row) for row in range(3)] == [10, 115, 170]
    assert three.total == 220


def test_column_between_names_rows_that_reach_in() -> None:
    three = column(100, 50, 30)
    assert list(three.between(0, 10)) == []
    assert list(three.between(0, 11)) == [0]
    assert list(three.between(109, 116)) == [0, 1]
    assert list(three.between(110, 115)) == []
    assert list(three.between(-500, 5000)) == [0, 1, 2]


def test_column_taller_row_moves_what_is_below() -> None:
    three = column(100, 50, 30)
    assert three.top(2) == 170
    three.set_height(0, 200)
    assert [three.top(row) for row in range(3)] == [10, 215, 270]


@given(HEIGHTS, st.integers(0, 5000))
def test_column_anchor_is_where_it_was(heights: list[int], position: int) -> None:
    made = column(*heights)
    position = 10 + position % (sum(heights) + 5 * (len(heights) - 1))
    assert made.position_of(made.anchor_at(position)) == position


@given(HEIGHTS, st.data())
def test_column_anchor_stays_when_rows_above_change(
    heights: list[int], data: st.DataObject
) -> None:
    made = column(*heights)
    row = data.draw(st.integers(0, len(heights) - 1))
    anchor = Anchor(row, 0)
    for above in range(row):
        made.set_height(above, data.draw(st.integers(1, 500)))
    assert made.position_of(anchor) == made.top(row)


@given(HEIGHTS, st.integers(-50, 3000), st.integers(1, 800))
def test_column_between_is_what_a_search_finds(heights: list[int], start: int, size: int) -> None:
    made = column(*heights)
    found = [
        row
        for row, height in enumerate(heights)
        if made.top(row) < start + size and made.top(row) + height > start
    ]
    assert list(made.between(start, start + size)) == found


def test_estimate_grows_with_text_and_shrinks_with_width() -> None:
    short = estimated_height("a", 700, is_answer=False)
    long = estimated_height("a" * 5000, 700, is_answer=False)
    narrow = estimated_height("a" * 5000, 300, is_answer=False)
    assert short < long < narrow
