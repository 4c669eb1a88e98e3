"""The engine's loop: one thread that owns the context and computes for every task in turn.

Tasks come in from any thread and wait until there is room. Each step computes one batch, made of
the next token of every running reply and a slice of prompts; new tasks join between steps. When
the KV space is full, tasks wait or step aside, and go on later from where they were.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from app.base.errors import AppError, Cancelled
from app.engine.errors import EngineError, NoModelLoaded
from app.engine.llama.computing.batch import TokenBatch
from app.engine.llama.computing.context import Computed, Context
from app.engine.llama.computing.outputs import Outputs
from app.engine.llama.computing.planning import Planner, Share
from app.engine.llama.computing.roster import Roster
from app.engine.llama.computing.task import Task
from app.engine.llama.computing.watchdog import Watchdog
from app.engine.llama.kv.sequences import SequencePool

if TYPE_CHECKING:
    from app.engine.llama.vision.projector import ImageChunk

log = logging.getLogger(__name__)

# Who is full lets somebody step aside, who comes back. So often in a row, it will not get better.
_MOST_IN_VAIN = 32
# After so long without work, there is time for what is not urgent.
_LEISURE_S = 0.3
BROKEN_EXIT_CODE = 71


def _end_process() -> None:
    os._exit(BROKEN_EXIT_CODE)


class Watch(Protocol):
    """Looks at the pace of decoding, and may change the threads between steps."""

    def before_step(self, replies: int) -> None:
        """A step for so many replies, and nothing else, is about to be computed."""

    def after_step(self, replies: int, seconds: float) -> None:
        """It took so long."""


class ImageReader(Protocol):
    """Computes pictures into the KV space."""

    def evaluate(self, chunk: ImageChunk, sequence: int, position: int) -> int:
        """Compute a picture at this position; the position after it."""


@dataclass(frozen=True, slots=True)
class _Errand:
    run: Callable[[], object]
    needs_idle: bool
    done: Future[object] = field(default_factory=Future)


class EngineLoop:
    """Owns a context, its sequences, and the thread that computes."""

    def __init__(
        self,
        context: Context,
        pool: SequencePool,
        planner: Planner[Task],
        *,
        streams: int,
        width: int,
        batch: int,
        most_outputs: int,
        watch: Watch | None = None,
        images: ImageReader | None = None,
        interruptible: bool = False,
        on_break: Callable[[], None] = _end_process,
    ) -> None:
        """Start the thread; it sleeps until there is work.

        Args:
            context: computed with by this loop's thread alone.
            pool: its sequences.
            planner: decides what each step computes.
            streams: tasks that run at the same time.
            width: size of the vocabulary.
            batch: most tokens of a step.
            most_outputs: most tokens of a step whose logits are wanted.
            watch: told of each decoding step.
            images: for models that see.
            interruptible: a step of background work ends, and is done again later, when a
                person's task comes.
            on_break: called on the loop's thread when it cannot go on.
        """
        self._context = context
        self._pool = pool
        self._planner = planner
        self._width = width
        self._most_outputs = most_outputs
        self._watch = watch
        self._images = images
        self._interruptible = interruptible and pool.can_cut
        self._on_break = on_break
        self._watchdog = Watchdog()
        self._batch = TokenBatch(batch)
        self._roster = Roster(pool, streams)
        self._computing: list[Task] = []
        self._gives_way = False  # the step under way ends when a person comes
        self._gave_way = False  # it did
        self._in_vain = 0  # steps in a row of which nothing came
        self._errands: list[_Errand] = []
        self._news = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="inference", daemon=True)
        self._thread.start()

    def submit(self, task: Task) -> None:
        """Take a task; its future has the answer."""
        with self._news:
            if self._closing:
                raise NoModelLoaded("The model was unloaded.", "Load a model, then ask again.")
            self._roster.wait(task)
            if self._gives_way and task.is_interactive:
                self._gave_way = True
                self._context.flag.lift()
            self._news.notify()
        task.cancel.on_cancel(lambda: self._on_cancel(task))

    def when_idle(self, errand: Callable[[], object]) -> Future[object]:
        """Do something with the context while no task runs; those that wait go on waiting."""
        return self._send(_Errand(errand, needs_idle=True))

    def between_steps(self, errand: Callable[[], object]) -> Future[object]:
        """Do something with the context as soon as the step under way is done."""
        return self._send(_Errand(errand, needs_idle=False))

    def _send(self, errand: _Errand) -> Future[object]:
        with self._news:
            if self._closing:
                raise NoModelLoaded("The model was unloaded.", "Load it again.")
            self._errands.append(errand)
            self._news.notify()
        return errand.done

    def close(self) -> None:
        """End every task as stopped, then the thread."""
        with self._news:
            self._closing = True
            self._context.flag.lift()
            self._news.notify()
        self._thread.join()
        self._watchdog.close()
        self._batch.close()

    def _on_cancel(self, task: Task) -> None:
        """Answer at once where nothing was written yet; else after the step under way."""
        with self._news:
            if task.clock.first_token == 0.0:
                _answer(task.future, task.nothing)
            if self._computing and all(each.cancel.is_cancelled for each in self._computing):
                self._context.flag.lift()
            self._news.notify()

    def _run(self) -> None:
        try:
            self._serve()
        except BaseException:  # nobody would be answered any more, and nobody would know
            log.exception("error: the engine's loop broke")
            self._on_break()

    def _serve(self) -> None:
        while self._await_work():
            try:
                self._step()
            except AppError as error:
                self._fail(self._roster.running, error)
            except Exception as bug:  # every caller learns of it; the loop goes on
                log.exception("a step failed")
                self._fail(list(self._roster), bug)
        for task in self._roster:
            _answer(task.future, task.result)
            task.close()

    def _await_work(self) -> bool:
        """Sleep until there is something to do; False when that is to end.

        Before a longer sleep, what is parked is copied to main memory, so that the next task need
        not wait for that.
        """
        to_copy = True
        while True:
            with self._news:
                if not self._has_news():
                    self._watchdog.rest()
                    self._news.wait_for(self._has_news, _LEISURE_S if to_copy else None)
                if self._has_news():
                    return not self._closing
            with self._watchdog.step():
                to_copy = self._pool.copy_one()

    def _has_news(self) -> bool:
        return self._closing or bool(self._errands) or not self._roster.is_empty

    def _step(self) -> None:
        self._drop_cancelled()
        self._run_errands()
        stuck = None if self._errands else self._roster.admit()
        if stuck is not None:
            self._fail([stuck], _no_room())
        picture = next((each for each in self._roster.running if _is_at_image(each)), None)
        if picture is not None:
            with self._watchdog.step():
                self._see(picture)
            return
        shares = self._fitting(self._planner.plan(self._roster.running))
        if shares:
            with self._watchdog.step():
                self._compute(shares)

    def _drop_cancelled(self) -> None:
        for task in self._roster:
            if task.cancel.is_cancelled:
                self._finish(task)

    def _run_errands(self) -> None:
        for errand in list(self._errands):
            if errand.needs_idle and self._roster.running:
                continue
            with self._news:
                self._errands.remove(errand)
            try:
                errand.done.set_result(errand.run())
            except Exception as error:  # noqa: BLE001  # whoever sent it learns of it
                errand.done.set_exception(error)

    def _fitting(self, shares: list[Share[Task]]) -> list[Share[Task]]:
        """The shares there is room for, making room as far as that goes."""
        shares = self._within_outputs(shares)
        while not self._pool.make_room(sum(share.tokens + share.guesses for share in shares)):
            if any(share.guesses for share in shares):
                shares = [Share(share.task, share.tokens) for share in shares]
            elif self._roster.step_aside_one():
                shares = [share for share in shares if share.task.sequence is not None]
            else:
                break
        return shares

    def _within_outputs(self, shares: list[Share[Task]]) -> list[Share[Task]]:
        """Cut slices so that no more logits are wanted than there is memory for."""
        left = self._most_outputs
        fitting: list[Share[Task]] = []
        for share in shares:
            task, tokens, guesses = share.task, share.tokens, share.guesses
            image = _image_ahead(task)
            tokens = min(tokens, image) if image is not None else tokens
            checkpoint = task.checkpoint if not self._pool.can_cut else 0
            if task.computed < checkpoint < task.computed + tokens:
                tokens = checkpoint - task.computed
            before = max(task.first_output - task.computed, 0)
            tokens = min(tokens, before + left)
            guesses = min(guesses, max(left - 1, 0)) if self._pool.can_cut else 0
            if tokens > 0:
                fitting.append(Share(task, tokens, guesses))
                left -= max(tokens - before, 0) + guesses
        return fitting

    def _compute(self, shares: list[Share[Task]]) -> None:
        batch = self._batch
        batch.clear()
        parts: list[tuple[Task, list[int], int, int]] = []
        for share in shares:
            task = share.task
            start = task.computed
            tokens = task.tokens[start : start + share.tokens]
            guesses = list(task.guesses(share.guesses)) if share.guesses else []
            first = batch.add(
                self._id(task),
                start,
                tokens + guesses,
                [start + at >= task.first_output for at in range(len(tokens) + len(guesses))],
            )
            parts.append((task, tokens + guesses, first, len(guesses)))
        tasks = [share.task for share in shares]
        started = time.perf_counter()
        result = self._decode(tasks, only_replies=len(batch) == len(shares))
        seconds = time.perf_counter() - started
        if result == Computed.DONE:
            self._in_vain = 0
            self._planner.note(shares, seconds)
            self._deliver(parts, started)
            return
        for task in tasks:
            sequence = task.sequence
            assert sequence is not None  # it was computed with
            self._pool.forget_beyond(sequence, sequence.length)
        if result == Computed.ABORTED and (
            self._gave_way or any(each.cancel.is_cancelled for each in tasks)
        ):
            return
        self._in_vain += 1
        lost = self._in_vain > _MOST_IN_VAIN
        if result == Computed.NO_ROOM:
            if lost or not self._free_more():
                self._fail(tasks, _no_room())
        elif lost or result != Computed.ABORTED:
            self._fail(tasks, _cannot_go_on(result))

    def _decode(self, tasks: list[Task], *, only_replies: bool) -> int:
        watch = self._watch if only_replies else None
        if watch is not None:
            watch.before_step(len(tasks))
        with self._news:
            self._context.flag.lower()
            self._computing, self._gave_way = tasks, False
            self._gives_way = self._interruptible and not any(
                each.is_interactive or each.exact for each in tasks
            )
            if self._closing or all(each.cancel.is_cancelled for each in tasks):
                self._computing, self._gives_way = [], False
                return Computed.ABORTED
        started = time.perf_counter()
        try:
            result = self._context.compute(self._batch)
        finally:
            with self._news:
                self._computing, self._gives_way = [], False
        if watch is not None and result == Computed.DONE:
            watch.after_step(len(tasks), time.perf_counter() - started)
        return result

    def _deliver(self, parts: list[tuple[Task, list[int], int, int]], started: float) -> None:
        for task, tokens, first, guessed in parts:
            sequence = task.sequence
            assert sequence is not None  # it was computed with
            task.clock.started = task.clock.started or started
            task.batched = task.batched or len(parts) > 1
            start = sequence.length
            self._pool.grow(sequence, tokens)
            if not self._pool.can_cut and sequence.length == task.checkpoint:
                self._pool.checkpoint(sequence)
            skipped = max(task.first_output - start, 0)
            if skipped >= len(tokens):
                continue
            outputs = Outputs(
                self._context.handle,
                first + skipped,
                start + skipped,
                len(tokens) - skipped,
                self._width,
            )
            self._use(task, outputs, guessed)

    def _use(self, task: Task, outputs: Outputs, guessed: int) -> None:
        assert task.sequence is not None  # it was computed with
        try:
            done = task.take(outputs, guessed)
        except AppError as error:
            self._fail([task], error)
            return
        except Exception as bug:  # its caller learns of it; the others go on
            log.exception("an output could not be used")
            self._fail([task], bug)
            return
        # Wrong guesses and what was taken back leave the sequence; the last token is still ahead.
        wanted = max(len(task.tokens) - 1, len(task.prompt.tokens) - 1)
        if done:
            wanted = len(task.tokens)
        if task.sequence.length > wanted and not self._pool.cut(task.sequence, wanted):
            self._fail([task], _cannot_go_back())
        elif done:
            self._finish(task)

    def _free_more(self) -> bool:
        """The context says that it is full, whatever was counted; False when nothing can go."""
        ledger = self._pool.ledger
        return self._pool.make_room(ledger.free + 1) or self._roster.step_aside_one()

    def _finish(self, task: Task) -> None:
        """A task is done, or was stopped; its state stays for the next that begins alike."""
        _answer(task.future, task.result)
        if task.sequence is not None:
            self._pool.park(task.sequence, keep=task.keep and not task.exact)
            task.sequence = None
        self._leave(task)

    def _fail(self, tasks: list[Task], error: BaseException) -> None:
        for task in list(tasks):
            _settle(task.future, error=error)
            if task.sequence is not None:
                self._pool.drop(task.sequence)
                task.sequence = None
            self._leave(task)

    def _leave(self, task: Task) -> None:
        with self._news:
            self._roster.leave(task)
        task.close()

    def _id(self, task: Task) -> int:
        assert task.sequence is not None  # it runs
        return task.sequence.id

    def _see(self, task: Task) -> None:
        """Compute the picture that is next in a prompt, in a step of its own."""
        assert self._images is not None  # or there would be no pictures
        assert task.sequence is not None  # it runs
        start = task.computed
        chunk = task.prompt.images[start]
        task.clock.started = task.clock.started or time.perf_counter()
        try:
            if not self._pool.make_room(chunk.tokens):
                raise EngineError(
                    "There is no room for the picture.",
                    "Load the model with a longer context, or ask with a smaller picture.",
                )
            end = self._uninterrupted(task, chunk, start)
        except (AppError, Cancelled) as error:
            self._fail([task], error)
            return
        self._pool.grow(task.sequence, task.tokens[start:end], chunk.tokens)

    def _uninterrupted(self, task: Task, chunk: ImageChunk, start: int) -> int:
        assert self._images is not None  # see above
        self._context.flag.lower()
        self._computing = [task]
        try:
            return self._images.evaluate(chunk, self._id(task), start)
        finally:
            self._computing = []


def _is_at_image(task: Task) -> bool:
    return task.computed in task.prompt.images


def _image_ahead(task: Task) -> int | None:
    """Tokens until the next picture of a prompt."""
    ahead = [at - task.computed for at in task.prompt.images if at > task.computed]
    return min(ahead, default=None)


def _answer(future: Future[Any], outcome: Callable[[], object]) -> None:
    try:
        _settle(future, value=outcome())
    except Exception as error:  # noqa: BLE001  # whoever waits learns of it
        _settle(future, error=error)


def _settle(
    future: Future[object], *, value: object = None, error: BaseException | None = None
) -> None:
    """Answer, unless a Stop did so already."""
    try:
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(value)
    except InvalidStateError:
        log.debug("a task was answered before it ended")


def _cannot_go_on(result: int) -> EngineError:
    return EngineError(
        f"The engine could not go on with this answer ({result}).",
        "Ask again, or load the model again.",
    )


def _no_room() -> EngineError:
    return EngineError(
        "The engine could not go on with this answer because its memory is full.",
        "Start a new conversation, or load the model with a longer context.",
    )


def _cannot_go_back() -> EngineError:
    return EngineError(
        "This model cannot go back, so texts cannot be banned with it.",
        "Leave “banned texts” empty, or use another model.",
    )
