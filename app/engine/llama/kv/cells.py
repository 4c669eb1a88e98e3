"""Counts the cells of the KV space. Sequences that share a beginning share its cells."""

from __future__ import annotations


class _Run:
    """A stretch of cells that was computed at one go; sequences hold its beginning.

    Attributes:
        held: sequence -> how many of the cells, from the first, it holds.
    """

    __slots__ = ("held",)

    def __init__(self) -> None:
        self.held: dict[int, int] = {}

    @property
    def cells(self) -> int:
        return max(self.held.values(), default=0)


class CellLedger:
    """How many cells are in use, exactly, without asking llama.cpp."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.used = 0
        self._runs: dict[int, list[_Run]] = {}

    @property
    def free(self) -> int:
        """Cells that nothing holds."""
        return self.capacity - self.used

    def length(self, sequence: int) -> int:
        """Cells that a sequence holds, shared ones too."""
        return sum(run.held[sequence] for run in self._runs.get(sequence, ()))

    def own(self, sequence: int) -> int:
        """Cells that would be free if this sequence were gone."""
        return sum(
            run.cells - max((n for key, n in run.held.items() if key != sequence), default=0)
            for run in self._runs.get(sequence, ())
        )

    def grow(self, sequence: int, cells: int) -> None:
        """More was computed at the end of a sequence."""
        runs = self._runs.setdefault(sequence, [])
        if not runs or len(runs[-1].held) > 1:
            runs.append(_Run())
        self._hold(runs[-1], sequence, runs[-1].held.get(sequence, 0) + cells)

    def copy(self, source: int, target: int, length: int) -> None:
        """An empty sequence takes the first cells of another along."""
        for run in self._runs.get(source, ()):
            part = min(run.held[source], length)
            if part <= 0:
                return
            run.held[target] = part
            self._runs.setdefault(target, []).append(run)
            length -= part

    def cut(self, sequence: int, length: int) -> None:
        """Forget what is behind the first `length` cells of a sequence."""
        kept: list[_Run] = []
        for run in self._runs.get(sequence, ()):
            part = min(run.held[sequence], length)
            self._hold(run, sequence, part)
            if part > 0:
                kept.append(run)
            length -= part
        self._runs[sequence] = kept

    def drop(self, sequence: int) -> None:
        """A sequence is gone."""
        self.cut(sequence, 0)
        self._runs.pop(sequence, None)

    def _hold(self, run: _Run, sequence: int, cells: int) -> None:
        before = run.cells
        if cells > 0:
            run.held[sequence] = cells
        else:
            run.held.pop(sequence, None)
        self.used += run.cells - before
