"""What the engine computes: a prompt, token by token, and something to do with the outcome."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app.base.jobs import CancelToken
from app.engine.llama.kv.parking import StateBytes
from app.engine.llama.kv.sequences import KvSequence
from app.engine.protocol import Priority

if TYPE_CHECKING:
    from app.engine.llama.computing.outputs import Outputs
    from app.engine.llama.vision.projector import ImageChunk


@dataclass(frozen=True, slots=True)
class Prompt:
    """The tokens of a prompt; a picture stands there as one placeholder for each position.

    Attributes:
        tokens: negative ones are placeholders; equal pictures have equal ones.
        images: where each picture begins.
    """

    tokens: list[int]
    images: Mapping[int, ImageChunk] = field(default_factory=dict)


@dataclass(slots=True)
class Clock:
    """When a task got how far, by `time.perf_counter`; 0 means not yet."""

    taken: float = field(default_factory=time.perf_counter)
    started: float = 0.0
    first_token: float = 0.0
    last_token: float = 0.0


class Task(ABC):
    """One request, or a part of one, that runs in a sequence of its own.

    Subclasses say which outputs they need and what they do with them.

    Attributes:
        tokens: all tokens that are known: the prompt, then what was generated.
        sequence: where its state lies while it runs.
        moved_out: its tokens and state, when it had to leave the KV space.
        exact: it runs alone, without anything computed before.
        batched: a step of it was computed together with other tasks.
        served: number of the step in which it last got a slice of its prompt computed.
    """

    keep = False

    def __init__(
        self, prompt: Prompt, priority: Priority, cancel: CancelToken, *, exact: bool = False
    ) -> None:
        self.prompt = prompt
        self.tokens = list(prompt.tokens)
        self.priority = priority
        self.cancel = cancel
        self.exact = exact
        self.future: Future[Any] = Future()
        self.clock = Clock()
        self.sequence: KvSequence | None = None
        self.moved_out: tuple[list[int], StateBytes] | None = None
        self.reused = 0
        self.batched = False
        self.served = 0

    @property
    def is_interactive(self) -> bool:
        """Whether a person waits for it."""
        return self.priority is Priority.INTERACTIVE

    @property
    def computed(self) -> int:
        """Tokens whose state its sequence holds."""
        return self.sequence.length if self.sequence is not None else 0

    @property
    def ahead(self) -> int:
        """Known tokens that are still to be computed."""
        return len(self.tokens) - self.computed

    @property
    def is_reading(self) -> bool:
        """Whether some of its prompt is still to be computed, but for the last token."""
        return self.computed < len(self.prompt.tokens) - 1

    @property
    def most_reused(self) -> int:
        """Tokens whose outputs are not needed, and so may come from former computations."""
        return 0 if self.exact else self.first_output

    @property
    @abstractmethod
    def first_output(self) -> int:
        """Index of the first token whose output is needed."""

    @property
    def reserve(self) -> int:
        """Cells beyond the prompt that it should have from the start."""
        return 0

    @property
    def checkpoint(self) -> int:
        """How many tokens of the prompt a later request probably begins with; 0 for none."""
        return 0

    def guesses(self, most: int) -> Sequence[int]:
        """Tokens that may come after the known ones, to be checked in the same step."""
        del most
        return ()

    @abstractmethod
    def take(self, outputs: Outputs, guessed: int) -> bool:
        """Use the outputs of a step; True when the task is done.

        Args:
            outputs: of the tokens from `first_output` on that were in this step.
            guessed: how many of them belong to guesses.
        """

    @abstractmethod
    def result(self) -> Any:
        """The answer, when done or broken off."""

    @abstractmethod
    def nothing(self) -> Any:
        """The answer when it was stopped before anything came of it; any thread may ask."""

    @abstractmethod
    def close(self) -> None:
        """Give native memory back."""
