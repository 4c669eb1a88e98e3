"""Coming back to a conversation of 2,000 tokens: time to first token, against asking it cold.

    python -m tests.benchmarks.engine_return [--rounds N] [--history N] [--json]

Two conversations take turns in a context that holds both, then three in one that holds two, so that
one of them is always parked in main memory; then the app is started again and finds one on the
disk. A cold time is that of a conversation's first question, a warm one that of its next. Between
two questions there is a moment in which a person would read or write. Exits with 1 when a target
is missed.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from app.engine.host import EngineHost
from app.engine.messages import Role, Turn
from app.engine.options import LoadOptions
from tests.benchmarks.engine_bench import Answered, arguments, ask, engine, model_of, options_of
from tests.benchmarks.report import Ratio, report, scratch_folder
from tests.doubles.random_vocabulary import words

RETURN_TARGET, RESTART_TARGET = 0.05, 0.2
_QUESTION, _REPLY = 12, 8  # tokens, about
_IDENTITY = "random weights"  # what parked conversations are kept under


@dataclass(slots=True)
class _Conversation:
    """Grows by each question and its reply."""

    turns: tuple[Turn, ...]
    asked: int = 0

    @classmethod
    def begin(cls, tokens: int, seed: int) -> _Conversation:
        return cls((Turn(Role.SYSTEM, words(tokens, seed)),))

    def ask(self, host: EngineHost) -> Answered:
        """The next question."""
        self.asked += 1
        self.turns = (*self.turns, Turn(Role.USER, words(_QUESTION, seed=-self.asked)))
        answered = ask(host, self.turns, _REPLY)
        self.turns = (*self.turns, Turn(Role.ASSISTANT, answered.generated.text))
        return answered


def measure(path: Path, chosen: argparse.Namespace) -> list[Ratio]:
    """All three returns."""
    room = 2 * chosen.history + 512
    near = _returns(path, options_of(chosen, context_length=2 * room), chosen, conversations=2)
    parked = _returns(path, options_of(chosen, context_length=room), chosen, conversations=3)
    again = _restarts(path, options_of(chosen, context_length=room, keep_on_disk=True), chosen)
    return [
        _ratio("return, still in the context", near, RETURN_TARGET),
        _ratio("return, parked in main memory", parked, RETURN_TARGET),
        _ratio("return after a restart", again, RESTART_TARGET),
    ]


@dataclass(frozen=True, slots=True)
class _Times:
    cold: list[float]
    warm: list[float]


def _ratio(name: str, times: _Times, most: float) -> Ratio:
    cold, warm = statistics.median(times.cold), statistics.median(times.warm)
    return Ratio(name, warm * 1000, cold * 1000, "ms to first token", most=most)


def _returns(
    path: Path, options: LoadOptions, chosen: argparse.Namespace, *, conversations: int
) -> _Times:
    times, pause = _Times([], []), Event()
    with engine(path, options) as host:
        for number in range(chosen.rounds):
            seeds = range(number * conversations, (number + 1) * conversations)
            many = [_Conversation.begin(chosen.history, seed) for seed in seeds]
            for each in many:
                times.cold.append(_first_s(each.ask(host), reused=False))
                pause.wait(chosen.pause)
            for each in [*many, *many]:
                times.warm.append(_first_s(each.ask(host), reused=True))
                pause.wait(chosen.pause)
    return times


def _restarts(path: Path, options: LoadOptions, chosen: argparse.Namespace) -> _Times:
    times = _Times([], [])
    with scratch_folder() as states:
        for number in range(chosen.rounds):
            one = _Conversation.begin(chosen.history, number)
            times.cold.append(_in_a_new_app(path, options, states, one.ask, reused=False))
            times.warm.append(_in_a_new_app(path, options, states, one.ask, reused=True))
    return times


def _in_a_new_app(
    path: Path,
    options: LoadOptions,
    states: Path,
    question: Callable[[EngineHost], Answered],
    *,
    reused: bool,
) -> float:
    host = EngineHost(states, states=states)
    try:
        host.load(path, options, identity=_IDENTITY)
        return _first_s(question(host), reused=reused)
    finally:
        host.close()


def _first_s(answered: Answered, *, reused: bool) -> float:
    """Time to first token of a reply that did, or did not, find its history computed."""
    timings = answered.generated.timings
    share = timings.reused_tokens / timings.prompt_tokens
    if reused and share < 0.9:
        raise RuntimeError(f"only {share:.0%} of the history was found again")
    if not reused and share > 0.1:
        raise RuntimeError(f"{share:.0%} of a new conversation was there already")
    return answered.first_s


def main() -> int:
    """Measure and print."""
    parser = arguments(__doc__, rounds=3)
    parser.add_argument("--history", type=int, default=2000, help="tokens, about")
    parser.add_argument("--pause", type=float, default=1.0, help="seconds between two questions")
    chosen = parser.parse_args()
    title = "Return to a conversation, against asking it cold"
    return report(title, measure(model_of(chosen), chosen), as_json=chosen.json)


if __name__ == "__main__":
    sys.exit(main())
