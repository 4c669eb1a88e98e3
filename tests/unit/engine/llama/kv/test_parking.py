from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engine.llama.kv.disk import StateFiles, StoredState
from app.engine.llama.kv.parking import LEAST_TOKENS, ParkedStates, StateBytes, common_prefix

_TOKENS = list(range(LEAST_TOKENS * 2))


def _other(start: int, length: int = LEAST_TOKENS * 2) -> list[int]:
    return list(range(start, start + length))


@dataclass
class _Stored:
    tokens: list[int]
    data: bytes | None


@dataclass
class _Files:
    """A folder of states, in memory."""

    stored: list[_Stored] = field(default_factory=list)
    written: list[tuple[Sequence[int], StateBytes]] = field(default_factory=list)
    cleared: int = 0

    def index(self) -> list[StoredState]:
        return cast(list[StoredState], list(self.stored))

    def read(self, stored: _Stored) -> bytes | None:
        return stored.data

    def write(self, tokens: Sequence[int], data: StateBytes) -> None:
        self.written.append((tokens, data))

    def clear(self) -> None:
        self.cleared += 1


def _on_disk(files: _Files, **more: object) -> ParkedStates:
    return ParkedStates(1000, cast(StateFiles, files), **more)  # type: ignore[arg-type]  # a clock


@given(st.lists(st.integers(0, 2)), st.lists(st.integers(0, 2)))
def test_common_prefix_is_the_longest_that_both_have(one: list[int], other: list[int]) -> None:
    length = common_prefix(one, other)
    assert one[:length] == other[:length]
    assert one[length : length + 1] != other[length : length + 1] or length == len(one) == len(
        other
    )


def test_best_is_the_state_that_spares_most_but_never_the_last_token() -> None:
    parked = ParkedStates(10_000)
    parked.put(_TOKENS[:60], b"short")
    parked.put(_TOKENS, b"long")
    found = parked.best([*_TOKENS, 7, 8], whole=False)
    assert found is not None
    assert (found[0].data, found[1]) == (b"long", len(_TOKENS))
    same = parked.best(_TOKENS, whole=False)
    assert same is not None
    assert same[1] == len(_TOKENS) - 1


def test_best_of_whole_states_leaves_those_out_that_go_on_differently() -> None:
    parked = ParkedStates(10_000)
    parked.put(_TOKENS, b"long")
    parked.put(_TOKENS[:60], b"short")
    prompt = [*_TOKENS[:80], -5, -6]
    whole = parked.best(prompt, whole=True)
    part = parked.best(prompt, whole=False)
    assert whole is not None
    assert part is not None
    assert (whole[0].data, whole[1]) == (b"short", 60)
    assert (part[0].data, part[1]) == (b"long", 80)


@pytest.mark.parametrize("prompt", [[], [1], _other(5000), _TOKENS[: LEAST_TOKENS - 1]])
def test_best_of_a_prompt_that_shares_too_little_is_none(prompt: list[int]) -> None:
    parked = ParkedStates(10_000)
    parked.put(_TOKENS, b"state")
    assert parked.best(prompt, whole=False) is None


def test_states_that_are_too_short_or_too_big_are_not_kept() -> None:
    parked = ParkedStates(100)
    parked.put(_TOKENS[: LEAST_TOKENS - 1], b"x")
    parked.put(_TOKENS, b"x" * 101)
    assert parked.bytes_in_memory == 0
    assert ParkedStates(0).best(_TOKENS, whole=False) is None


def test_budget_is_kept_by_forgetting_what_was_used_longest_ago() -> None:
    parked = ParkedStates(100)
    for start in (0, 1000, 2000):
        parked.put(_other(start), bytes([start // 1000]) * 40)
        assert parked.bytes_in_memory <= 100
    assert parked.best([*_other(0), 1], whole=False) is None
    kept = parked.best([*_other(1000), 1], whole=False)
    assert kept is not None
    assert parked.read(kept[0]) == b"\1" * 40  # and is now the last used
    parked.put(_other(3000), b"\3" * 40)
    assert parked.best([*_other(1000), 1], whole=False) is not None
    assert parked.best([*_other(2000), 1], whole=False) is None


def test_thousand_states_of_the_same_tokens_are_one() -> None:
    parked = ParkedStates(10_000)
    for number in range(1000):
        parked.put(_TOKENS, f"{number:04}".encode())
    assert parked.bytes_in_memory == 4
    found = parked.best([*_TOKENS, 1], whole=False)
    assert found is not None
    assert found[0].data == b"0999"


def test_forgotten_state_is_not_found_and_may_be_forgotten_twice() -> None:
    parked = ParkedStates(1000)
    parked.put(_TOKENS, b"state")
    found = parked.best([*_TOKENS, 1], whole=False)
    assert found is not None
    parked.forget(found[0])
    parked.forget(found[0])
    assert parked.best([*_TOKENS, 1], whole=False) is None


def test_stored_state_is_found_and_read_from_its_file() -> None:
    parked = _on_disk(_Files([_Stored(_TOKENS, b"from disk")]))
    found = parked.best([*_TOKENS, 1], whole=False)
    assert found is not None
    assert parked.read(found[0]) == b"from disk"
    assert parked.bytes_in_memory == 0


def test_stored_state_that_is_no_good_is_forgotten() -> None:
    parked = _on_disk(_Files([_Stored(_TOKENS, None)]))
    found = parked.best([*_TOKENS, 1], whole=False)
    assert found is not None
    assert parked.read(found[0]) is None
    assert parked.best([*_TOKENS, 1], whole=False) is None


def test_forget_all_forgets_the_files_too() -> None:
    files = _Files([_Stored(_TOKENS, b"from disk")])
    parked = _on_disk(files)
    parked.put(_other(1000), b"state")
    parked.forget_all()
    assert (files.cleared, parked.bytes_in_memory) == (1, 0)
    assert parked.best([*_TOKENS, 1], whole=False) is None


def test_save_writes_the_last_used_first_and_nothing_short() -> None:
    files = _Files()
    parked = _on_disk(files)
    for start in (1000, 2000):
        parked.put(_other(start), str(start).encode())
    parked.save([(_TOKENS, b"resident"), ([1, 2], b"short")], limit_s=60)
    assert [data for _tokens, data in files.written] == [b"resident", b"2000", b"1000"]


def test_copy_of_what_was_still_in_use_is_written_once() -> None:
    files = _Files()
    parked = _on_disk(files)
    parked.put(_TOKENS, b"copy")
    parked.save([(_TOKENS, b"resident")], limit_s=60)
    assert [data for _tokens, data in files.written] == [b"resident"]


def test_longer_state_takes_the_place_of_its_beginning_unless_that_cannot_be_had_from_it() -> None:
    for can_cut, left in ((True, 1), (False, 2)):
        parked = ParkedStates(1000)
        parked.put(_TOKENS, b"1")
        parked.put([*_TOKENS, 7], b"2", can_cut=can_cut)
        assert parked.bytes_in_memory == left
        assert parked.holds([*_TOKENS, 7])
        assert parked.holds(_TOKENS) is not can_cut


def test_save_stops_when_its_time_is_over() -> None:
    files, now = _Files(), iter([0.0, 1.0, 9.0, 9.0])
    parked = _on_disk(files, clock=lambda: next(now))
    for start in (1000, 2000):
        parked.put(_other(start), str(start).encode())
    parked.save([], limit_s=5)
    assert [data for _tokens, data in files.written] == [b"2000"]


def test_save_without_files_writes_nothing() -> None:
    parked = ParkedStates(1000)
    parked.put(_TOKENS, b"state")
    parked.save([(_TOKENS, b"resident")], limit_s=60)
    assert parked.bytes_in_memory == len(b"state")
