"""The regular expression metric."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.base.quoting import shown
from app.engine.structured.search import PatternProblem, Search
from app.evals.entities import Item, Output, Score
from app.evals.metrics.metric import best, not_comparable, too_long, unscored, verdict

SEARCH_LIMIT_S = 0.5


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
