from __future__ import annotations

from dataclasses import dataclass

import pytest

from app.engine.llama.computing.planning import (
    BACKGROUND_SLICE_S,
    SHARED_SLICE_S,
    SOLE_SLICE_S,
    Planner,
    Share,
    SlicePace,
)


@dataclass(eq=False)
class FakeTask:
    ahead: int = 1
    is_interactive: bool = False
    served: int = 0

    @property
    def is_reading(self) -> bool:
        return self.ahead > 1


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def _planner(batch: int = 512, most_guesses: int = 0) -> tuple[Planner[FakeTask], Clock]:
    clock = Clock()
    planner: Planner[FakeTask] = Planner(batch, most_guesses=most_guesses, clock=clock)
    planner.pace.note(100, 1.0)  # 10 ms a token
    return planner, clock


def _tokens(shares: list[Share[FakeTask]]) -> dict[FakeTask, int]:
    return {share.task: share.tokens for share in shares}


def test_every_reply_gets_a_token() -> None:
    planner, _clock = _planner()
    tasks = [FakeTask() for _ in range(8)]
    assert _tokens(planner.plan(tasks)) == dict.fromkeys(tasks, 1)


def test_prompt_beside_a_persons_reply_is_read_in_short_slices() -> None:
    planner, _clock = _planner()
    reply, prompt = FakeTask(is_interactive=True), FakeTask(ahead=5000, is_interactive=True)
    tokens = _tokens(planner.plan([reply, prompt]))
    assert tokens[reply] == 1
    assert 0 < tokens[prompt] * 0.01 <= SHARED_SLICE_S + 0.02


def test_prompt_alone_is_read_in_long_slices_at_fixed_places() -> None:
    planner, _clock = _planner()
    planner.pace.note(100, 0.2)
    prompt, slices = FakeTask(ahead=1000, is_interactive=True), list[int]()
    while prompt.ahead:
        (share,) = planner.plan([prompt])
        slices.append(share.tokens)
        prompt.ahead -= share.tokens
    assert sum(slices) == 1000
    assert max(slices) * 0.01 > 0.5 * SOLE_SLICE_S
    # All begin and end a multiple of 64 before the end, whatever the pace.
    assert {each % 64 for each in slices[1:]} == {0}
    assert slices[0] == 1000 % 64


@pytest.mark.parametrize(
    ("micro_batch", "expected"),
    [
        (64, [192, 192, 64]),
        (128, [128, 128, 128, 64]),
        (512, [192, 192, 64]),  # too long for the time there is
        (1, [192, 192, 64]),
    ],
)
def test_prompt_alone_is_read_in_whole_micro_batches(micro_batch: int, expected: list[int]) -> None:
    planner: Planner[FakeTask] = Planner(512, micro_batch=micro_batch)
    planner.pace.note(100, 100 * SOLE_SLICE_S / 250)  # 250 tokens in a slice
    prompt, slices = FakeTask(ahead=448, is_interactive=True), list[int]()
    while prompt.ahead:
        (share,) = planner.plan([prompt])
        slices.append(share.tokens)
        prompt.ahead -= share.tokens
    assert slices == expected


def test_background_prompt_is_read_in_slices_a_person_can_wait_for() -> None:
    planner, _clock = _planner()
    prompt = FakeTask(ahead=5000)
    assert _tokens(planner.plan([prompt]))[prompt] * 0.01 <= BACKGROUND_SLICE_S


def test_persons_prompt_goes_before_background_prompts() -> None:
    planner, _clock = _planner()
    person, other = FakeTask(ahead=5000, is_interactive=True), FakeTask(ahead=50)
    assert set(_tokens(planner.plan([other, person]))) == {person}


def test_few_background_replies_are_decoded_beside_a_person_and_all_in_turn() -> None:
    planner, _clock = _planner()
    person, others = FakeTask(is_interactive=True), [FakeTask() for _ in range(6)]
    seen: set[FakeTask] = set()
    for _ in range(3):
        shares = _tokens(planner.plan([person, *others]))
        assert person in shares
        assert len(shares) == 3
        seen |= set(shares)
    assert seen == {person, *others}


def test_background_prompt_takes_a_part_of_the_time_beside_a_person() -> None:
    planner, clock = _planner()
    person, prompt = FakeTask(is_interactive=True), FakeTask(ahead=5000)
    shares = planner.plan([person, prompt])
    assert prompt in _tokens(shares)
    planner.note(shares, 0.15)
    clock.now += 0.15
    assert prompt not in _tokens(planner.plan([person, prompt]))
    clock.now += 3 * 0.15
    assert prompt in _tokens(planner.plan([person, prompt]))


def test_prompts_of_people_are_read_in_turn() -> None:
    planner, _clock = _planner()
    prompts = [FakeTask(ahead=5000, is_interactive=True) for _ in range(3)]
    order = [next(iter(_tokens(planner.plan(prompts)))) for _ in range(6)]
    assert order[:3] == order[3:]
    assert set(order) == set(prompts)


def test_background_prompts_are_read_one_after_the_other() -> None:
    planner, _clock = _planner()
    prompts = [FakeTask(ahead=5000) for _ in range(3)]
    order = [next(iter(_tokens(planner.plan(prompts)))) for _ in range(6)]
    assert set(order) == {prompts[0]}


def test_replies_beside_a_slice_do_not_make_the_next_slices_small() -> None:
    planner, _clock = _planner()
    replies = [FakeTask() for _ in range(30)]
    reading = FakeTask(ahead=5000)
    for _ in range(5):
        shares = planner.plan([*replies, reading])
        planner.note(shares, 0.01 * sum(share.tokens for share in shares))
    assert _tokens(shares)[reading] > 20


def test_short_prompts_share_a_slice() -> None:
    planner, _clock = _planner()
    prompts = [FakeTask(ahead=10) for _ in range(3)]
    assert _tokens(planner.plan(prompts)) == dict.fromkeys(prompts, 10)


def test_no_step_is_larger_than_the_batch() -> None:
    planner, _clock = _planner(batch=64, most_guesses=8)
    tasks = [FakeTask(), FakeTask(), FakeTask(ahead=5000, is_interactive=True)]
    shares = planner.plan(tasks)
    assert sum(share.tokens + share.guesses for share in shares) <= 64


def test_guesses_are_made_for_few_replies_only() -> None:
    planner, _clock = _planner(most_guesses=8)
    assert [share.guesses for share in planner.plan([FakeTask()])] == [8]
    assert {share.guesses for share in planner.plan([FakeTask() for _ in range(3)])} == {0}


def test_pace_follows_a_machine_that_slows_down() -> None:
    pace = SlicePace(512)
    assert pace.size(1.0) == 64
    for _ in range(20):
        pace.note(64, 0.064)
    assert pace.size(0.256) == 256
    for _ in range(20):
        pace.note(64, 6.4)
    assert pace.size(0.15) == 16
