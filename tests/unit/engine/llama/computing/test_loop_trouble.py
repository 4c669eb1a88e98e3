"""The engine's loop when computing goes wrong, on a context that does as it is told."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import pytest

from app.base.errors import Cancelled
from app.base.jobs import CancelToken
from app.engine.errors import EngineError, NoModelLoaded
from app.engine.llama.computing import loop
from app.engine.llama.computing.batch import TokenBatch
from app.engine.llama.computing.context import Computed
from app.engine.llama.computing.loop import EngineLoop
from app.engine.llama.computing.outputs import Outputs
from app.engine.llama.computing.planning import Planner
from app.engine.llama.computing.task import Prompt, Task
from app.engine.llama.computing.watchdog import Watchdog
from app.engine.llama.kv.parking import ParkedStates
from app.engine.llama.kv.sequences import SequencePool
from app.engine.protocol import Priority
from tests.unit.engine.llama.kv.test_sequences import FakeMemory

_CELLS = 400
_WAIT_S = 30.0


class _Flag:
    def __init__(self) -> None:
        self.lifted = threading.Event()

    def lift(self) -> None:
        self.lifted.set()

    def lower(self) -> None:
        self.lifted.clear()


class _Context:
    """Computes nothing; `answer` says what comes of each batch."""

    handle = None

    def __init__(self, memory: FakeMemory) -> None:
        self.flag = _Flag()
        self._memory = memory
        self.sizes: list[int] = []
        self.answer: Callable[[], int] = lambda: Computed.DONE

    def compute(self, batch: TokenBatch) -> int:
        self.sizes.append(len(batch))
        result = self.answer()
        native = batch.native
        for at in range(len(batch) if result == Computed.DONE else 0):
            sequence, length = native.seq_id[at][0], self._memory.held
            assert native.pos[at] == length.get(sequence, 0)
            length[sequence] = native.pos[at] + 1
        return result

    def say(self, *results: int) -> None:
        """These for the next batches, and then that all is well."""
        left = list(results)
        self.answer = lambda: left.pop(0) if left else Computed.DONE


class _Counting(Task):
    """Writes a number of tokens."""

    def __init__(
        self,
        prompt: list[int],
        count: int = 3,
        cancel: CancelToken | None = None,
        priority: Priority = Priority.INTERACTIVE,
        **more: Any,
    ) -> None:
        super().__init__(Prompt(prompt), priority, cancel or CancelToken(), **more)
        self.count = count
        self.closed = 0
        self.on_take: Callable[[], object] = lambda: None

    @property
    def first_output(self) -> int:
        return len(self.tokens) - 1

    def take(self, outputs: Outputs, guessed: int) -> bool:
        assert (outputs.count, guessed) == (1, 0)
        self.on_take()
        self.tokens += [9] * outputs.count
        return len(self.tokens) - len(self.prompt.tokens) >= self.count

    def result(self) -> int:
        return len(self.tokens) - len(self.prompt.tokens)

    def nothing(self) -> int:
        return 0

    def close(self) -> None:
        self.closed += 1


class _Bench:
    """A loop with all that it owns."""

    def __init__(self, streams: int) -> None:
        self.broken = threading.Event()
        self.memory = FakeMemory()
        self.context = _Context(self.memory)
        self.pool = SequencePool(self.memory, ParkedStates(10_000), count=8, cells=_CELLS)
        self.loop = EngineLoop(
            self.context,  # type: ignore[arg-type]  # all that the loop uses of it
            self.pool,
            Planner(64),
            streams=streams,
            width=16,
            batch=64,
            most_outputs=64,
            interruptible=True,
            on_break=self.broken.set,
        )

    def run(self, *tasks: Task) -> list[object]:
        """What became of each: the answer or the error."""
        for task in tasks:
            self.loop.submit(task)
        return [task.future.exception(_WAIT_S) or task.future.result() for task in tasks]

    def settle(self) -> None:
        """Until nobody runs any more."""
        self.loop.when_idle(lambda: None).result(_WAIT_S)

    def is_sound(self) -> bool:
        """Whether nothing is held that no task holds, and the loop still answers."""
        (answer,) = self.run(_Counting([1, 2, 3]))
        self.settle()
        return answer == 3 and all(not each.is_live for each in self.pool)


@pytest.fixture
def bench() -> Iterator[_Bench]:
    bench = _Bench(streams=4)
    yield bench
    bench.loop.close()


def _prompt(start: int, length: int = 80) -> list[int]:
    return list(range(start, start + length))


@pytest.mark.parametrize("code", [-1, -2, -3])
def test_decode_that_fails_ends_its_tasks_in_words(bench: _Bench, code: int) -> None:
    bench.context.say(code)
    task = _Counting(_prompt(0))
    (error,) = bench.run(task)
    assert isinstance(error, EngineError)
    assert f"({code})" in error.message
    assert error.hint
    bench.settle()
    assert (bench.pool.count, bench.pool.ledger.used, task.closed) == (0, 0, 1)
    assert bench.is_sound()


def test_decode_that_raises_is_told_to_every_task_and_the_loop_goes_on(bench: _Bench) -> None:
    def crash() -> int:
        bench.context.answer = lambda: Computed.DONE
        raise OSError("access violation")

    bench.context.answer = crash
    (error,) = bench.run(_Counting(_prompt(0)))
    assert isinstance(error, OSError)
    assert bench.is_sound()


def test_full_context_gives_way_by_what_is_parked(bench: _Bench) -> None:
    bench.pool.parked.budget_bytes = 0  # so that what is parked stays where it is
    kept = _Counting(_prompt(0))
    kept.keep = True
    bench.run(kept)
    bench.settle()
    bench.context.say(Computed.NO_ROOM)
    assert bench.run(_Counting(_prompt(500))) == [3]
    assert bench.pool.count == 1


def test_context_that_is_always_full_ends_a_lone_task_in_words(bench: _Bench) -> None:
    bench.context.answer = lambda: Computed.NO_ROOM
    (error,) = bench.run(_Counting(_prompt(0)))
    assert isinstance(error, EngineError)
    assert "memory is full" in error.message
    bench.context.say()
    assert bench.is_sound()


def test_context_that_is_always_full_ends_many_tasks_too(bench: _Bench) -> None:
    bench.context.answer = lambda: Computed.NO_ROOM
    answers = bench.run(*(_Counting(_prompt(at)) for at in (0, 500, 1000, 1500)))
    assert all(isinstance(each, EngineError) for each in answers)
    assert len(bench.context.sizes) < 200
    bench.context.say()
    assert bench.is_sound()


@pytest.mark.parametrize("state", ["kept", "lost", "refused"])
def test_storm_of_full_contexts_loses_no_task(
    bench: _Bench, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.memory.refuse = state == "refused"
    if state == "lost":
        monkeypatch.setattr(FakeMemory, "save", lambda *_sequence: b"")
    draw = random.Random(4)

    def full_now_and_then() -> int:
        live = sum(each.is_live for each in bench.pool)
        return Computed.NO_ROOM if live > 1 and draw.random() < 0.5 else Computed.DONE

    bench.context.answer = full_now_and_then
    tasks = [_Counting(_prompt(at), count=12) for at in (0, 500, 1000, 1500)]
    assert bench.run(*tasks) == [12] * 4
    assert [task.closed for task in tasks] == [1] * 4
    assert bench.is_sound()


def test_step_that_was_aborted_for_nobody_is_computed_again(bench: _Bench) -> None:
    bench.context.say(Computed.ABORTED, Computed.DONE, Computed.ABORTED)
    assert bench.run(_Counting(_prompt(0))) == [3]
    assert bench.is_sound()


def test_context_that_always_aborts_ends_its_tasks_in_words(bench: _Bench) -> None:
    bench.context.answer = lambda: Computed.ABORTED
    (error,) = bench.run(_Counting(_prompt(0)))
    assert isinstance(error, EngineError)
    assert error.hint
    bench.context.say()
    assert bench.is_sound()


def test_stop_while_a_step_is_computed_answers_at_once_and_lifts_the_flag(bench: _Bench) -> None:
    begun = _compute_until_lifted(bench)
    cancel = CancelToken()
    task = _Counting(_prompt(0), cancel=cancel)
    bench.loop.submit(task)
    assert begun.wait(_WAIT_S)
    cancel.cancel()
    assert task.future.result(0) == 0
    bench.settle()
    assert task.closed == 1
    assert bench.is_sound()


def test_stop_of_one_leaves_the_step_to_the_others(bench: _Bench) -> None:
    begun, go = threading.Event(), threading.Event()

    def wait() -> int:
        begun.set()
        assert go.wait(_WAIT_S)
        return Computed.DONE

    bench.context.answer = wait
    cancel = CancelToken()
    stopped, other = _Counting(_prompt(0), cancel=cancel), _Counting(_prompt(500))
    bench.loop.submit(other)
    bench.loop.submit(stopped)
    assert begun.wait(_WAIT_S)
    cancel.cancel()
    assert stopped.future.result(0) == 0
    assert not bench.context.flag.lifted.is_set()
    go.set()
    assert other.future.result(_WAIT_S) == 3
    assert bench.is_sound()


def _compute_until_lifted(bench: _Bench) -> threading.Event:
    """Steps take until somebody interrupts one; set when the first has begun."""
    begun = threading.Event()

    def until_lifted() -> int:
        begun.set()
        assert bench.context.flag.lifted.wait(_WAIT_S)
        bench.context.answer = lambda: Computed.DONE
        return Computed.ABORTED

    bench.context.answer = until_lifted
    return begun


def test_step_of_background_work_ends_when_a_person_comes_and_is_done_again(bench: _Bench) -> None:
    begun = _compute_until_lifted(bench)
    work = _Counting(_prompt(0), priority=Priority.BACKGROUND)
    person = _Counting(_prompt(500))
    ended: list[Future[Any]] = []
    for task in (work, person):
        task.future.add_done_callback(ended.append)
    bench.loop.submit(work)
    assert begun.wait(_WAIT_S)
    bench.loop.submit(person)
    assert (person.future.result(_WAIT_S), work.future.result(_WAIT_S)) == (3, 3)
    assert ended == [person.future, work.future]
    assert bench.is_sound()


def test_background_work_interrupts_nobody(bench: _Bench) -> None:
    begun = _compute_until_lifted(bench)
    first = _Counting(_prompt(0), priority=Priority.BACKGROUND)
    second = _Counting(_prompt(500), priority=Priority.BACKGROUND)
    bench.loop.submit(first)
    assert begun.wait(_WAIT_S)
    bench.loop.submit(second)
    assert not bench.context.flag.lifted.is_set()
    bench.context.flag.lift()
    assert (first.future.result(_WAIT_S), second.future.result(_WAIT_S)) == (3, 3)


def test_exact_task_is_not_interrupted(bench: _Bench) -> None:
    begun = _compute_until_lifted(bench)
    exact = _Counting(_prompt(0), priority=Priority.BACKGROUND, exact=True)
    person = _Counting(_prompt(500))
    bench.loop.submit(exact)
    assert begun.wait(_WAIT_S)
    bench.loop.submit(person)
    assert not bench.context.flag.lifted.is_set()
    bench.context.flag.lift()
    assert (exact.future.result(_WAIT_S), person.future.result(_WAIT_S)) == (3, 3)


def test_idle_loop_copies_what_is_parked(bench: _Bench) -> None:
    task = _Counting(_prompt(0))
    task.keep = True
    bench.run(task)
    deadline = time.monotonic() + _WAIT_S
    while not bench.pool.parked.bytes_in_memory and time.monotonic() < deadline:
        threading.Event().wait(0.02)
    assert bench.pool.parked.bytes_in_memory == 82
    assert bench.is_sound()


def test_task_that_fails_to_use_its_outputs_leaves_the_others_alone(bench: _Bench) -> None:
    good, bad = _Counting(_prompt(0), count=8), _Counting(_prompt(500), count=8)

    def fail() -> None:
        raise ValueError("a bug of this one reply")

    bad.on_take = fail
    answer, error = bench.run(good, bad)
    assert answer == 8
    assert isinstance(error, ValueError)
    assert (good.closed, bad.closed) == (1, 1)
    assert bench.is_sound()


def test_task_without_a_result_leaves_the_others_alone(bench: _Bench) -> None:
    good, bad = _Counting(_prompt(0), count=8), _Counting(_prompt(500))

    def fail() -> int:
        raise ValueError("a bug of this one reply")

    bad.result = fail  # type: ignore[method-assign]
    answer, error = bench.run(good, bad)
    assert answer == 8
    assert isinstance(error, ValueError)
    assert bench.is_sound()


def test_errand_that_fails_tells_who_sent_it(bench: _Bench) -> None:
    def fail() -> None:
        raise EngineError("No.", "Try again.")

    for send in (bench.loop.when_idle, bench.loop.between_steps):
        assert isinstance(send(fail).exception(_WAIT_S), EngineError)
    assert bench.is_sound()


def test_cancelled_before_it_was_sent_is_answered_without_computing(bench: _Bench) -> None:
    cancel = CancelToken()
    cancel.cancel()
    assert bench.run(_Counting(_prompt(0), cancel=cancel)) == [0]
    bench.settle()
    assert bench.context.sizes == []


def test_thousand_stops_leave_nothing_behind(bench: _Bench) -> None:
    tasks = []
    for at in range(1000):
        cancel = CancelToken()
        tasks.append(_Counting(_prompt(at % 7 * 500), count=50, cancel=cancel))
        bench.loop.submit(tasks[-1])
        cancel.cancel()
    assert all(task.future.exception(_WAIT_S) is None for task in tasks)
    bench.settle()
    assert [task.closed for task in tasks] == [1] * 1000
    assert bench.is_sound()


def test_close_answers_everybody_and_takes_nobody_more() -> None:
    bench = _Bench(streams=1)
    begun = threading.Event()

    def until_lifted() -> int:
        begun.set()
        assert bench.context.flag.lifted.wait(_WAIT_S)
        return Computed.ABORTED

    bench.context.answer = until_lifted
    running, waiting = _Counting(_prompt(0)), _Counting(_prompt(500))
    bench.loop.submit(running)
    bench.loop.submit(waiting)
    assert begun.wait(_WAIT_S)
    bench.loop.close()
    assert (running.future.result(0), waiting.future.result(0)) == (0, 0)
    assert (running.closed, waiting.closed) == (1, 1)
    with pytest.raises(NoModelLoaded):
        bench.loop.submit(_Counting(_prompt(0)))
    with pytest.raises(NoModelLoaded):
        bench.loop.when_idle(lambda: None)


def test_score_that_is_stopped_is_cancelled_and_not_half(bench: _Bench) -> None:
    class Whole(_Counting):
        def nothing(self) -> int:
            raise Cancelled

    cancel = CancelToken()
    cancel.cancel()
    (error,) = bench.run(Whole(_prompt(0), cancel=cancel))
    assert isinstance(error, Cancelled)
    assert bench.is_sound()


def test_loop_that_cannot_even_fail_says_that_it_broke(
    bench: _Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(_memory: FakeMemory, _sequence: int) -> None:
        raise OSError("access violation")

    bench.context.say(-3)
    monkeypatch.setattr(FakeMemory, "clear", crash)
    task = _Counting(_prompt(0))
    bench.loop.submit(task)
    assert bench.broken.wait(_WAIT_S)
    assert isinstance(task.future.exception(_WAIT_S), EngineError)


@pytest.mark.parametrize("where", ["computing", "sampling"])
def test_step_that_hangs_is_noticed_wherever_it_does(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    noticed, go = threading.Event(), threading.Event()

    def make() -> Watchdog:
        return Watchdog(lambda _limit: noticed.set(), first_s=0.2, step_s=0.2, look_s=0.02)

    monkeypatch.setattr(loop, "Watchdog", make)
    bench, task = _Bench(streams=1), _Counting(_prompt(0))

    def hang() -> int:
        assert go.wait(_WAIT_S)
        return Computed.DONE

    if where == "computing":
        bench.context.answer = hang
    else:
        task.on_take = hang
    bench.loop.submit(task)
    assert noticed.wait(_WAIT_S)
    go.set()
    assert task.future.result(_WAIT_S) == 3
    bench.loop.close()
