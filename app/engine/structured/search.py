"""The one way to search with a regular expression that is not trusted."""

from __future__ import annotations

import re
import time

from app.base.quoting import shown

LONGEST_PATTERN = 2_000  # characters
_LEAST_S = 0.05  # that a search gets even when the time is over, as long as it is one of a few
_MOST_LATE = 20
_LARGEST_PATTERN = 250_000  # its parts when repetitions are written out; some hundred bytes each

# A repetition and the least number of times; of a group where a bracket is before it.
_REPETITION = re.compile(r"(\)(?:\s|\#[^\n]*\n)*)?(?:\+|\{\s*(\d+))")


class PatternProblem(Exception):
    """A search could not be done; says why, for a reason."""


class UnreadablePattern(PatternProblem):
    """The pattern is none, or is too large."""


class Search:
    """Finds patterns that are not trusted, within a time that all searches share.

    It is the computing time of the thread that made it: on a computer that a model keeps busy, what
    waits for its turn has not taken long. Python may collect garbage in that time, too, so a few
    searches are begun even when it is over.
    """

    def __init__(self, limit_s: float) -> None:
        """Begin; the time runs from now, in this thread."""
        # Python's own engine cannot be interrupted, so one hostile pattern would hang the app. This
        # one looks at the clock as it backtracks (on long texts late by up to a second), lets other
        # threads run meanwhile, and reads the same notation. But it is not timed as it compiles,
        # and writes out what must repeat: 3 ** 20 copies take all memory. Hence `_written_out`.
        import regex  # type: ignore[import-untyped]  # has none; late, it takes a tenth of a second

        self._regex = regex
        self._deadline = time.thread_time() + limit_s
        self._late = 0

    @property
    def left_s(self) -> float:
        """Seconds of computing that are left; 0 or less is too late."""
        return self._deadline - time.thread_time()

    def find(
        self, pattern: str, text: str, *, ignore_case: bool = False, whole: bool = False
    ) -> tuple[int, str] | None:
        """Where a pattern matches (0-based) and what, or None.

        Args:
            pattern: a regular expression in Python's notation.
            text: a million characters at most.
            ignore_case: whether upper and lower case match each other.
            whole: whether the whole text has to match.

        Raises:
            UnreadablePattern: it cannot be read.
            PatternProblem: the time is over.
        """
        if len(pattern) > LONGEST_PATTERN:
            raise UnreadablePattern(f"The pattern is longer than {LONGEST_PATTERN:,} characters.")
        if _written_out(pattern) > _LARGEST_PATTERN:
            raise UnreadablePattern(
                f"The pattern {shown(pattern)} has too many repetitions in others."
            )
        regex = self._regex
        try:
            if self.left_s <= 0:
                self._late += 1
                if self._late > _MOST_LATE:
                    raise TimeoutError
            compiled = regex.compile(pattern, regex.IGNORECASE if ignore_case else 0)
            search = compiled.fullmatch if whole else compiled.search
            found = search(text, timeout=max(self.left_s, _LEAST_S))
        except TimeoutError as error:
            raise PatternProblem(f"The pattern {shown(pattern)} takes too long.") from error
        except (regex.error, ValueError, OverflowError, RecursionError, MemoryError) as error:
            why = str(error) or type(error).__name__
            raise UnreadablePattern(
                f"The pattern {shown(pattern)} cannot be read: {why}."
            ) from error
        return None if found is None else (found.start(), found[0])


def _written_out(pattern: str) -> int:
    """How many parts it has at most when what must repeat is written out, however groups nest."""
    most, product = 1, 1
    for found in _REPETITION.finditer(pattern):
        least = int(found[2] or 1)
        if found[1]:
            product *= least + 1
        else:
            most = max(most, least)
    return len(pattern) * most * product
