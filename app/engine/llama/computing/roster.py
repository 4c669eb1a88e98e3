"""Who runs and who waits: admits tasks into the KV space, and lets some step aside again."""

from __future__ import annotations

from collections.abc import Iterator

from app.engine.llama.computing.task import Task
from app.engine.llama.kv.parking import common_prefix
from app.engine.llama.kv.sequences import SequencePool

_WORTH_WAITING = 16  # tokens that another task is about to compute and that could be shared


class Roster:
    """The tasks of one engine. Only `wait` may be called from other threads than the loop's.

    Attributes:
        running: tasks with a sequence, in the order they were admitted.
    """

    def __init__(self, pool: SequencePool, streams: int) -> None:
        """Nobody is there yet; at most `streams` tasks run at the same time."""
        self.running: list[Task] = []
        self._pool = pool
        self._streams = streams
        self._waiting: list[Task] = []

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.running or self._waiting)

    def __iter__(self) -> Iterator[Task]:
        return iter([*self.running, *self._waiting])

    def wait(self, task: Task) -> None:
        """A task gets in line."""
        self._waiting.append(task)

    def leave(self, task: Task) -> None:
        """A task is done with."""
        for each in (self.running, self._waiting):
            if task in each:
                each.remove(task)

    def admit(self) -> Task | None:
        """Let in who can run now: people first, and within a class who came first.

        Returns:
            A task that does not get in although nobody runs, and so never will.
        """
        for task in sorted(self._waiting, key=lambda each: not each.is_interactive):
            alone = task.exact or any(each.exact for each in self.running)
            if len(self.running) >= self._streams or (alone and self.running):
                self._make_way(task)
                return None
            if self._shares_soon(task):
                continue
            if not self._open(task) and not (self._make_way(task) and self._open(task)):
                return None if self.running else task
            self._waiting.remove(task)
            self.running.append(task)
        return None

    def make_room(self, cells: int) -> bool:
        """Let others step aside until so many cells are free; False when nobody is left to."""
        while not self._pool.make_room(cells):
            if not self.step_aside_one():
                return False
        return True

    def step_aside_one(self) -> bool:
        """Let the task wait that does so with the least harm; False when there is only one."""
        victim = self._victim(below=False) if len(self.running) > 1 else None
        if victim is not None:
            self._step_aside(victim)
        return victim is not None

    def _open(self, task: Task) -> bool:
        if task.moved_out is not None:
            task.sequence = self._pool.put_back(*task.moved_out)
            if task.sequence is None:
                return False
            task.moved_out = None
            return True
        length = len(task.prompt.tokens)
        if task.exact:
            self._pool.make_room(self._pool.ledger.capacity)
        sequence = self._pool.open(
            task.prompt.tokens,
            most_reused=task.most_reused,
            cells=min(task.reserve, max(self._pool.ledger.capacity - length, 0)),
        )
        if sequence is None:
            return False
        task.sequence, task.reused = sequence, sequence.reused
        # Even state that only lies beside it changes how the last bits are rounded.
        task.batched = task.batched or self._pool.count > 1
        return True

    def _shares_soon(self, task: Task) -> bool:
        """Whether a running task is about to compute what this one begins with as well."""
        if task.exact or task.moved_out is not None or not self._pool.can_cut:
            return False
        usable = task.prompt.tokens[: task.most_reused]
        for other in self.running:
            if other.is_reading and not other.exact:
                common = common_prefix(other.prompt.tokens, usable)
                if common - other.computed >= _WORTH_WAITING:
                    return True
        return False

    def _make_way(self, task: Task) -> bool:
        """Let a background task step aside for a person's; False when there is none."""
        victim = self._victim(below=True) if task.is_interactive else None
        if victim is not None:
            self._step_aside(victim)
        return victim is not None

    def _victim(self, *, below: bool) -> Task | None:
        """The running task that waits with the least harm: background first, then the youngest."""
        able = [
            each for each in self.running if not each.exact and not (below and each.is_interactive)
        ]
        return max(able, key=lambda each: (not each.is_interactive, each.clock.taken), default=None)

    def _step_aside(self, task: Task) -> None:
        assert task.sequence is not None  # it runs
        state = self._pool.save(task.sequence)
        if task.sequence.tokens and state:
            task.moved_out = (task.sequence.tokens, state)
        self._pool.drop(task.sequence)
        task.sequence = None
        self.running.remove(task)
        self._waiting.insert(0, task)
