from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engine.llama.kv.parking import LEAST_TOKENS, ParkedStates, StateBytes, common_prefix
from app.engine.llama.kv.sequences import KvSequence, SequencePool

_LONG = list(range(100, 400))
_OTHER = list(range(1000, 1300))


class FakeMemory:
    """Sequences as lists of positions, so that what the pool believes can be compared."""

    def __init__(self, *, can_cut: bool = True) -> None:
        self.held: dict[int, int] = {}
        self.can_cut = can_cut
        self.refuse = False
        self.saves = 0

    def cut(self, sequence: int, length: int) -> bool:
        have = self.held.get(sequence, 0)
        if length >= have:
            return True
        if not self.can_cut and length:
            return False
        self.held[sequence] = length
        return True

    def copy(self, source: int, target: int, length: int) -> None:
        self.held[target] = min(length, self.held.get(source, 0))

    def clear(self, sequence: int) -> None:
        self.held[sequence] = 0

    def size(self, sequence: int) -> int:
        return self.held.get(sequence, 0)

    def save(self, sequence: int) -> StateBytes:
        self.saves += 1
        return bytes([7]) * self.held.get(sequence, 0)

    def restore(self, sequence: int, state: StateBytes) -> bool:
        if self.refuse:
            return False
        self.held[sequence] = len(state)
        return True


def _pool(
    memory: FakeMemory, *, cells: int = 1000, count: int = 4, budget: int = 10_000
) -> SequencePool:
    parked = ParkedStates(budget)
    return SequencePool(memory, parked, count=count, cells=cells, can_cut=memory.can_cut)


def _open(pool: SequencePool, prompt: list[int], cells: int = 0) -> KvSequence:
    sequence = pool.open(prompt, most_reused=len(prompt) - 1, cells=cells)
    assert sequence is not None
    return sequence


def _run(pool: SequencePool, memory: FakeMemory, prompt: list[int], *, keep: bool = True) -> int:
    """Compute a prompt and park it; how many tokens were reused."""
    sequence = _open(pool, prompt)
    _compute(pool, memory, sequence, prompt)
    pool.park(sequence, keep=keep)
    return sequence.reused


def _compute(
    pool: SequencePool, memory: FakeMemory, sequence: KvSequence, prompt: list[int]
) -> None:
    pool.grow(sequence, prompt[sequence.length :])
    memory.held[sequence.id] = sequence.length


def _agree(pool: SequencePool, memory: FakeMemory) -> bool:
    return all(memory.held.get(each.id, 0) == each.length for each in pool)


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [([], [], 0), ([1], [2], 0), ([1, 2, 3], [1, 2, 3, 4], 3), ([1, 2, 3], [1, 9, 3], 1)],
)
def test_common_prefix_is_what_both_begin_with(
    one: list[int], other: list[int], common: int
) -> None:
    assert common_prefix(one, other) == common_prefix(other, one) == common


def test_same_prompt_again_computes_its_last_token_only() -> None:
    memory = FakeMemory()
    pool = _pool(memory)
    assert _run(pool, memory, _LONG) == 0
    assert _run(pool, memory, _LONG) == len(_LONG) - 1
    assert pool.ledger.used == len(_LONG)
    assert _agree(pool, memory)


def test_longer_prompt_goes_on_in_the_sequence_of_the_shorter_one() -> None:
    memory = FakeMemory()
    pool = _pool(memory)
    _run(pool, memory, _LONG)
    assert _run(pool, memory, [*_LONG, 1, 2, 3]) == len(_LONG)
    assert [each.length for each in pool] == [len(_LONG) + 3]


def test_edited_end_moves_the_former_end_to_main_memory() -> None:
    memory = FakeMemory()
    pool = _pool(memory)
    _run(pool, memory, _LONG)
    assert _run(pool, memory, [*_LONG[:100], 1, 2, 3]) == 100
    assert [each.length for each in pool] == [103]
    assert pool.ledger.used == 103
    assert pool.parked.bytes_in_memory == len(_LONG)
    assert _run(pool, memory, _LONG) == len(_LONG) - 1


def test_prompt_that_needs_the_cells_of_the_one_it_begins_like_moves_its_end_out() -> None:
    memory = FakeMemory()
    pool = _pool(memory, cells=310)
    _run(pool, memory, _LONG)
    assert _run(pool, memory, [*_LONG[:50], *range(1, 100)]) == 50
    assert pool.parked.bytes_in_memory == len(_LONG)
    assert _run(pool, memory, _LONG) == len(_LONG) - 1
    assert _agree(pool, memory)


def test_parked_state_that_is_longer_than_the_space_is_passed_over() -> None:
    memory = FakeMemory()
    pool = _pool(memory, cells=310)
    pool.parked.put(range(5000), bytes(5000))
    assert _run(pool, memory, list(range(200))) == 0


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(1, 300), st.integers(0, 40), st.booleans()),
        max_size=12,
    ),
    st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_prompt_that_fits_always_gets_in_when_nobody_runs(
    prompts: list[tuple[int, int, int, bool]], can_cut: bool
) -> None:
    memory = FakeMemory(can_cut=can_cut)
    pool = _pool(memory, cells=310, count=3, budget=900)
    for family, length, own, keep in prompts:
        prompt = [*range(family * 1000, family * 1000 + length), *range(90_000, 90_000 + own)]
        prompt = prompt[:305]
        sequence = pool.open(prompt, most_reused=len(prompt) - 1, cells=min(30, 310 - len(prompt)))
        assert sequence is not None
        assert sequence.tokens == prompt[: sequence.length]
        _compute(pool, memory, sequence, prompt)
        assert pool.ledger.used <= 310
        assert _agree(pool, memory)
        pool.park(sequence, keep=keep)


def test_live_sequence_shares_its_beginning_with_a_newcomer() -> None:
    memory = FakeMemory()
    pool = _pool(memory)
    first = _open(pool, _LONG)
    _compute(pool, memory, first, _LONG)
    second = _open(pool, [*_LONG[:200], 1, 2])
    assert second is not first
    assert second.reused == 200
    assert first.length == len(_LONG)
    assert pool.ledger.used == 300


def test_conversation_that_had_to_leave_comes_back_from_main_memory() -> None:
    memory = FakeMemory()
    pool = _pool(memory, cells=400)
    _run(pool, memory, _LONG)
    assert _run(pool, memory, _OTHER) == 0
    assert pool.parked.bytes_in_memory == len(_LONG)
    assert _run(pool, memory, [*_LONG, 5]) == len(_LONG)
    assert _agree(pool, memory)


def test_background_state_is_dropped_when_its_cells_are_needed() -> None:
    memory = FakeMemory()
    pool = _pool(memory, cells=400)
    _run(pool, memory, _LONG, keep=False)
    _run(pool, memory, _OTHER)
    assert pool.parked.bytes_in_memory == 0
    assert _run(pool, memory, _LONG) == 0


def test_without_room_a_prompt_has_to_wait_and_nothing_is_lost() -> None:
    memory = FakeMemory()
    pool = _pool(memory, cells=400)
    live = _open(pool, _LONG)
    _compute(pool, memory, live, _LONG)
    assert pool.open(_OTHER, most_reused=299, cells=0) is None
    assert pool.open(_LONG[:90], most_reused=89, cells=20) is not None
    assert live.length == len(_LONG)


def test_more_live_prompts_than_sequences_have_to_wait() -> None:
    memory = FakeMemory()
    pool = _pool(memory, count=2)
    _open(pool, [1, 2])
    _open(pool, [3, 4])
    assert pool.open([5, 6], most_reused=1, cells=0) is None


def test_least_recently_used_state_leaves_main_memory_first() -> None:
    memory = FakeMemory()
    pool = _pool(memory, cells=310, budget=650)
    prompts = [list(range(start, start + 300)) for start in (1, 1001, 2001, 3001)]
    for prompt in prompts:
        _run(pool, memory, prompt)
    assert pool.parked.bytes_in_memory == 600
    assert _run(pool, memory, prompts[1]) == 299
    assert _run(pool, memory, prompts[0]) == 0


def test_state_that_is_refused_is_computed_again() -> None:
    memory = FakeMemory()
    pool = _pool(memory, cells=400)
    _run(pool, memory, _LONG)
    _run(pool, memory, _OTHER)
    memory.refuse = True
    assert _run(pool, memory, _LONG) == 0
    assert _agree(pool, memory)


def test_model_that_cannot_be_cut_reuses_whole_states_only() -> None:
    memory = FakeMemory(can_cut=False)
    pool = _pool(memory)
    sequence = _open(pool, _LONG)
    _compute(pool, memory, sequence, _LONG[:290])
    pool.checkpoint(sequence)
    _compute(pool, memory, sequence, _LONG)
    pool.park(sequence, keep=True)
    assert _run(pool, memory, [*_LONG, 1]) == len(_LONG)
    assert _run(pool, memory, [*_LONG[:295], 9, 9]) == 290
    assert _run(pool, memory, [*_LONG[:200], 9]) == 0
    assert _agree(pool, memory)


def test_forgetting_parked_state_leaves_live_sequences_alone() -> None:
    memory = FakeMemory()
    pool = _pool(memory)
    _run(pool, memory, _LONG)
    live = _open(pool, _OTHER)
    pool.forget_parked()
    assert list(pool) == [live]
    assert _run(pool, memory, _LONG) == 0


def test_short_states_are_not_worth_main_memory() -> None:
    parked = ParkedStates(10_000)
    parked.put(range(LEAST_TOKENS - 1), b"x" * 10)
    assert parked.bytes_in_memory == 0
    parked.put(range(LEAST_TOKENS), b"x" * 10)
    assert parked.bytes_in_memory == 10


def test_state_larger_than_the_budget_is_not_kept() -> None:
    parked = ParkedStates(100)
    parked.put(range(100), b"x" * 101)
    assert parked.bytes_in_memory == 0


def test_what_is_parked_is_copied_while_nobody_waits_and_then_leaves_at_once() -> None:
    memory = FakeMemory()
    pool = _pool(memory)
    _run(pool, memory, _LONG)
    assert pool.copy_one()
    assert not pool.copy_one()  # there is no more to copy
    saves = memory.saves
    _run(pool, memory, _OTHER)
    assert memory.saves == saves
    assert _run(pool, memory, [*_LONG, 1]) == len(_LONG)


def test_no_copy_is_made_that_would_push_another_out() -> None:
    memory = FakeMemory()
    pool = _pool(memory, budget=len(_LONG) + len(_OTHER) - 1)
    _run(pool, memory, _LONG)
    _run(pool, memory, _OTHER)  # and the first moves out
    assert not pool.copy_one()
    assert pool.parked.bytes_in_memory == len(_LONG)


def test_background_work_is_not_copied() -> None:
    memory = FakeMemory()
    pool = _pool(memory)
    _run(pool, memory, _LONG, keep=False)
    assert not pool.copy_one()


def test_the_copy_of_an_earlier_state_goes_when_the_later_one_is_copied() -> None:
    memory = FakeMemory()
    pool = _pool(memory)
    _run(pool, memory, _LONG)
    assert pool.copy_one()
    _run(pool, memory, [*_LONG, *range(500, 560)])
    assert pool.copy_one()
    assert pool.parked.bytes_in_memory == len(_LONG) + 60
