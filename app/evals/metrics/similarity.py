"""Metrics of how much of two texts is the same: edit similarity and ROUGE-L."""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import dataclass
from typing import ClassVar

from app.base.quoting import shown
from app.evals.entities import Item, Output, Score
from app.evals.metrics.metric import best, not_comparable, unscored, verdict
from app.evals.metrics.text import Cleaning

# Both are quadratic. So much, in units times units, takes some tenths of a second; an output of
# a million characters is still compared with a target of a thousand.
_MOST_WORK = 1_000_000_000

# Scripts without spaces between words count by the character.
_TOKENS = (
    r"(?V1)[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]\p{M}*"
    r"|[[\p{L}\p{M}\p{N}]--[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]]+"
)


def _too_much(one: Sized, other: Sized) -> Score | None:
    if len(one) * len(other) <= _MOST_WORK:
        return None
    return unscored("The output and the target are both too long to be compared this way.")


@dataclass(frozen=True, slots=True)
class EditSimilarity(Cleaning):
    """1 less the Levenshtein distance as a share of the longer text."""

    name: ClassVar[str] = "edit_similarity"
    description: ClassVar[str] = "How few characters must change to turn the output into a target."

    def score(self, item: Item, output: Output) -> Score:
        """Compare with each target, character by character."""
        from rapidfuzz.distance import Levenshtein  # late, it takes a tenth of a second

        if (score := not_comparable(item, output)) is not None:
            return score
        said = self.clean(output.text)

        def judge(target: str) -> Score:
            wanted = self.clean(target)
            if said == wanted:
                return verdict(True, f"The same as {shown(target)}.")
            if (score := _too_much(said, wanted)) is not None:
                return score
            edits = Levenshtein.distance(said, wanted)
            longer = max(len(said), len(wanted))
            return Score(
                1 - edits / longer,
                f"{edits:,} of {longer:,} characters must change to get {shown(target)}.",
            )

        return best(item.targets, judge)


@dataclass(frozen=True, slots=True)
class RougeL:
    """The F-measure of the longest common subsequence of words.

    Lin, ROUGE: A Package for Automatic Evaluation of Summaries (2004), with beta 1; without
    stemming. Case, punctuation and what Unicode NFKC unites are overlooked.
    """

    name: ClassVar[str] = "rouge_l"
    description: ClassVar[str] = "How many words the output and a target share in the same order."

    def score(self, item: Item, output: Output) -> Score:
        """Compare with each target, word by word."""
        from rapidfuzz.distance import LCSseq  # late, it takes a tenth of a second

        if (score := not_comparable(item, output)) is not None:
            return score
        said = _tokens(output.text)

        def judge(target: str) -> Score:
            wanted = _tokens(target)
            if not wanted:
                return unscored(f"The target {shown(target)} has no words.")
            if said == wanted:
                return verdict(True, f"The same words as {shown(target)}.")
            if (score := _too_much(said, wanted)) is not None:
                return score
            common = LCSseq.similarity(said, wanted)
            return Score(
                2 * common / (len(said) + len(wanted)),
                f"{common:,} of the target's {len(wanted):,} words are among the output's "
                f"{len(said):,}, in order.",
            )

        return best(item.targets, judge)


def _tokens(text: str) -> list[str]:
    import regex  # type: ignore[import-untyped]  # has none; knows scripts, as `re` does not

    found: list[str] = regex.findall(_TOKENS, Cleaning(casefold=True).clean(text))
    return found
