"""The regular expression metric, and the one way to search with a pattern that is not trusted."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import ClassVar

from app.evals.entities import Item, Output, Score
from app.evals.metrics.metric import best, not_comparable, shown, too_long, unscored, verdict

SEARCH_LIMIT_S = 0.5
LONGEST_PATTERN = 2_000  # characters
_LARGEST_PATTERN = 250_000  # its parts when repetitions are written out; some hundred bytes each

# A repetition and the least number of times; of a group where a bracket is before it.
_REPETITION = re.compile(r"(\)(?:\s|\#[^\n]*\n)*)?(?:\+|\{\s*(\d+))")


class PatternProblem(Exception):
    """A search could not be done; says why, for a reason."""


class Search:
    """Finds patterns that are not trusted, within a time that all searches share."""

    def __init__(self, limit_s: float) -> None:
        """Begin; the time runs from now."""
        # Python's own engine cannot be interrupted, so one hostile pattern would hang the app. This
        # one looks at the clock as it backtracks (on long texts late by up to a second), lets other
        # threads run meanwhile, and reads the same notation. But it is not timed as it compiles,
        # and writes out what must repeat: 3 ** 20 copies take all memory. Hence `_written_out`.
        import regex  # type: ignore[import-untyped]  # has none; late, it takes a tenth of a second

        self._regex = regex
        self._deadline = time.monotonic() + limit_s

    @property
    def left_s(self) -> float:
        """Seconds that are left; 0 or less is too late."""
        return self._deadline - time.monotonic()

    def find(
        self, pattern: str, text: str, *, ignore_case: bool = False, whole: bool = False
    ) -> tuple[int, str] | None:
        """Where a pattern matches (0-based) and what, or None.

        Args:
            pattern: a regular expression in Python's notation.
            text: at most `LONGEST_TEXT`.
            ignore_case: whether upper and lower case match each other.
            whole: whether the whole text has to match.

        Raises:
            PatternProblem: it cannot be read, or the time is over.
        """
        if len(pattern) > LONGEST_PATTERN:
            raise PatternProblem(f"The pattern is longer than {LONGEST_PATTERN:,} characters.")
        if _written_out(pattern) > _LARGEST_PATTERN:
            raise PatternProblem(
                f"The pattern {shown(pattern)} has too many repetitions in others."
            )
        regex = self._regex
        try:
            if self.left_s <= 0:
                raise TimeoutError
            compiled = regex.compile(pattern, regex.IGNORECASE if ignore_case else 0)
            search = compiled.fullmatch if whole else compiled.search
            found = search(text, timeout=max(self.left_s, 0.001))
        except TimeoutError as error:
            raise PatternProblem(f"The pattern {shown(pattern)} takes too long.") from error
        except (regex.error, ValueError, OverflowError, RecursionError, MemoryError) as error:
            why = str(error) or type(error).__name__
            raise PatternProblem(f"The pattern {shown(pattern)} cannot be read: {why}.") from error
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


@dataclass(frozen=True, slots=True)
class RegularExpression:
    """1 if a regular expression matches.

    Attributes:
        pattern: in Python's notation; empty takes each target as a pattern.
        ignore_case: whether upper and lower case match each other.
        whole: whether it has to match the whole output, not a part of it.
    """

    name: ClassVar[str] = "regular_expression"
    description: ClassVar[str] = "A regular expression matches the output."

    pattern: str = ""
    ignore_case: bool = False
    whole: bool = False

    def score(self, item: Item, output: Output) -> Score:
        """Search with the pattern, or with each target."""
        problem = too_long(output.text) if self.pattern else not_comparable(item, output)
        if problem is not None:
            return problem
        search = Search(SEARCH_LIMIT_S)

        def judge(pattern: str) -> Score:
            try:
                found = search.find(
                    pattern, output.text, ignore_case=self.ignore_case, whole=self.whole
                )
            except PatternProblem as error:
                return unscored(str(error))
            if found is None:
                return verdict(False, f"{shown(pattern)} does not match.")
            return verdict(True, f"Matches {shown(found[1])} at character {found[0] + 1:,}.")

        return best((self.pattern,) if self.pattern else item.targets, judge)
