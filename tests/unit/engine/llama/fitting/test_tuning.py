from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from app.engine.llama.fitting.tuning import (
    Tuner,
    candidates,
    fewest_near_best,
    measure_all,
)

Steps = Callable[[int, int], float]


@pytest.mark.parametrize(
    ("available", "expected"),
    [
        (0, (1,)),
        (1, (1,)),
        (2, (1, 2)),
        (4, (1, 2, 3, 4)),
        (8, (1, 2, 4, 6, 7, 8)),
        (64, (1, 2, 16, 32, 48, 63, 64)),
    ],
)
def test_candidates_are_few_and_end_with_all_cores(
    available: int, expected: tuple[int, ...]
) -> None:
    assert candidates(available) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ({1: 1.0, 2: 0.5}, 2),
        ({1: 1.04, 2: 1.0}, 1),
        ({1: 1.06, 2: 1.0}, 2),
        ({1: 2.0, 2: 1.0, 3: 0.97, 4: 1.4}, 2),
        ({1: 0.1, 2: 5.0}, 1),
    ],
)
def test_fewest_threads_that_are_about_as_quick_are_taken(
    seconds: dict[int, float], expected: int
) -> None:
    assert fewest_near_best(seconds) == expected


@dataclass
class Computer:
    """Time passes only by steps; `step_s` says how long one with so many threads takes."""

    step_s: Steps
    now: float = 0.0
    threads: int = 0
    changes: list[int] = field(default_factory=list)
    steps: list[tuple[int, int]] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    def set_threads(self, count: int) -> None:
        self.threads = count
        self.changes.append(count)

    def measure(self, count: int) -> float:
        seconds = self.step_s(count, 1)
        self.now += seconds
        return seconds

    def decode(self, tuner: Tuner, steps: int, replies: int = 1) -> None:
        for _ in range(steps):
            tuner.before_step(replies)
            seconds = self.step_s(self.threads, replies)
            self.steps.append((self.threads, replies))
            self.now += seconds
            tuner.after_step(replies, seconds)

    def decode_until(self, condition: Callable[[], bool], tuner: Tuner) -> None:
        while not condition():
            self.decode(tuner, 1)

    def decode_for(self, tuner: Tuner, seconds: float, replies: int = 1) -> None:
        end = self.now + seconds
        while self.now < end:
            self.decode(tuner, 1, replies)


def quiet(threads: int, replies: int) -> float:
    return 0.01 * (1 + 0.2 * replies) / threads


def busy(threads: int, replies: int) -> float:
    return quiet(1, replies) * 1.5 if threads == 1 else 1.0


def overloaded(_threads: int, replies: int) -> float:
    return quiet(1, replies) * 6


def tuned(computer: Computer, counts: tuple[int, ...] = (1, 2)) -> Tuner:
    tuner = Tuner(counts, computer.set_threads, clock=computer.clock)
    tuner.choose(computer.measure)
    return tuner


def test_measuring_takes_about_its_budget_and_tries_each_number() -> None:
    computer = Computer(lambda threads, _: 0.2 / threads)
    seconds = measure_all((1, 2, 4), computer.measure, budget_s=1.0, clock=computer.clock)
    assert seconds == pytest.approx({1: 0.2, 2: 0.1, 4: 0.05})
    assert computer.now <= 1.3


def test_measuring_gives_up_on_a_number_that_is_far_too_slow() -> None:
    computer = Computer(lambda threads, _: 0.01 if threads == 1 else 0.8)
    seconds = measure_all((1, 2), computer.measure, budget_s=5.0, clock=computer.clock)
    assert fewest_near_best(seconds) == 1
    assert computer.now < 1.0


def test_choice_at_load_is_used() -> None:
    computer = Computer(quiet)
    tuner = tuned(computer)
    assert tuner.threads == computer.threads == 2
    assert tuned(Computer(busy)).threads == 1


def test_one_number_is_not_tuned() -> None:
    computer = Computer(quiet)
    tuner = tuned(computer, (3,))
    computer.step_s = overloaded
    computer.decode_for(tuner, 60)
    assert computer.changes == [3]
    assert not tuner.is_trying


def test_steady_pace_is_left_alone() -> None:
    computer = Computer(quiet)
    tuner = tuned(computer)
    computer.decode_for(tuner, 100)
    assert computer.changes == [2]


def test_longer_context_that_slows_every_step_a_little_is_left_alone() -> None:
    computer = Computer(quiet)
    tuner = tuned(computer)
    computer.decode_for(tuner, 20)
    computer.step_s = lambda threads, replies: 1.8 * quiet(threads, replies)
    computer.decode_for(tuner, 20)
    assert computer.changes == [2]


def test_collapse_is_answered_with_fewer_threads_within_seconds() -> None:
    computer = Computer(quiet)
    tuner = tuned(computer)
    computer.decode_for(tuner, 20)
    computer.step_s = busy
    computer.steps.clear()
    computer.decode_for(tuner, 6)
    assert tuner.threads == computer.threads == 1
    # The slow number was not suffered more often than needed to see it.
    assert computer.steps.count((2, 1)) <= 4


def test_one_slow_step_is_no_collapse() -> None:
    computer = Computer(quiet)
    tuner = tuned(computer)
    computer.decode_for(tuner, 20)
    tuner.before_step(1)
    tuner.after_step(1, 0.9)
    computer.decode(tuner, 200)
    assert computer.changes == [2]


def test_collapse_is_not_measured_again_and_again() -> None:
    computer = Computer(quiet)
    tuner = tuned(computer)
    computer.decode_for(tuner, 20)
    computer.step_s = overloaded
    computer.decode_for(tuner, 9)
    changes = len(computer.changes)
    computer.decode_for(tuner, 15)
    assert len(computer.changes) - changes <= 2


def test_threads_come_back_when_the_computer_is_free_again() -> None:
    computer = Computer(quiet)
    tuner = tuned(computer)
    computer.decode_for(tuner, 20)
    computer.step_s = busy
    computer.decode_for(tuner, 10)
    assert tuner.threads == 1
    computer.step_s = quiet
    computer.decode_for(tuner, 40)
    assert tuner.threads == 2


def test_attempts_to_come_back_become_rare() -> None:
    computer = Computer(quiet)
    tuner = tuned(computer)
    computer.decode_for(tuner, 20)
    computer.step_s = busy
    computer.decode_for(tuner, 10)
    computer.steps.clear()
    computer.decode_for(tuner, 600)
    assert 1 <= computer.steps.count((2, 1)) <= 6


def test_trial_compares_steps_with_the_same_number_of_replies_only() -> None:
    computer = Computer(quiet)
    tuner = tuned(computer)
    computer.decode_for(tuner, 20)
    computer.decode_for(tuner, 5, replies=8)
    computer.step_s = busy
    computer.decode_until(lambda: tuner.is_trying, tuner)
    for _ in range(10):
        computer.decode(tuner, 1, replies=8)
        computer.decode(tuner, 1)
    assert not tuner.is_trying
    assert tuner.threads == 1


def test_trial_whose_number_of_replies_does_not_come_again_ends() -> None:
    computer = Computer(quiet)
    tuner = tuned(computer)
    computer.decode_for(tuner, 20)
    computer.step_s = overloaded
    computer.decode_until(lambda: tuner.is_trying, tuner)
    computer.decode(tuner, 400, replies=3)
    assert not tuner.is_trying
