"""How likely given text is: log-probabilities of tokens that are known beforehand."""

from __future__ import annotations

from app.base.errors import Cancelled
from app.base.jobs import CancelToken
from app.engine.llama.computing.outputs import Outputs
from app.engine.llama.computing.task import Prompt, Task
from app.engine.protocol import Priority


class Scoring(Task):
    """Scores the tokens of one window from `begin` on; those before are context.

    The result is a list of (natural-log probability, is the most probable token).
    """

    def __init__(
        self, tokens: list[int], begin: int, priority: Priority, cancel: CancelToken
    ) -> None:
        """Score `tokens[begin:]`; `begin` is at least 1, since the first token follows nothing."""
        super().__init__(Prompt(tokens[:-1]), priority, cancel)
        self._all = tokens
        self._begin = begin
        self._scores: list[tuple[float, bool]] = []

    @property
    def first_output(self) -> int:
        """The output before the next token to be scored."""
        return self._begin - 1 + len(self._scores)

    def take(self, outputs: Outputs, guessed: int) -> bool:
        """Note how likely each next token was."""
        from app.engine.llama.sampling import logprobs  # numpy; not needed for plain replies

        del guessed  # known text needs no guesses
        for offset in range(outputs.count):
            row = outputs.row(offset)
            token = self._all[outputs.position + offset + 1]
            is_best = bool(row[token] >= row.max())
            self._scores.append((logprobs.logprob_of(row, token), is_best))
        return len(self._scores) == len(self._all) - self._begin

    def result(self) -> list[tuple[float, bool]]:
        """The scores, in the order of the tokens.

        Raises:
            Cancelled: it was stopped before they were all there.
        """
        self.cancel.check()
        return self._scores

    def nothing(self) -> list[tuple[float, bool]]:
        """There are no half scores."""
        raise Cancelled

    def close(self) -> None:
        """It holds no native memory."""


def windows(tokens: list[int], size: int, bos: int | None) -> list[tuple[list[int], int]]:
    """Cut a text into windows: (tokens, index of the first scored one).

    As llama-perplexity does it: the first half of each window is context for the second half, which
    is scored, so that no token is judged with little to go by. The begin token takes the place of
    the first. Only the first window, and a text shorter than one, is scored from its start.

    Args:
        tokens: the whole text.
        size: tokens of a window, at least 2.
        bos: the begin token, where the model wants one.
    """
    step = max(size // 2, 1)
    if len(tokens) <= size:
        head = [] if bos is None else [bos]
        return [(head + tokens, max(len(head), 1))] if len(head + tokens) > 1 else []
    cut: list[tuple[list[int], int]] = []
    for start in range(0, len(tokens) - size + 1, step):
        window = tokens[start : start + size]
        begin = size - step
        if start == 0:
            begin = 1
        elif bos is not None:
            window = [bos, *window[1:]]
        cut.append((window, begin))
    return cut
