"""The metric of how near two texts are in meaning, by vectors that somebody else makes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from app.base.errors import AppError
from app.evals.entities import Item, Output, Score
from app.evals.metrics.metric import not_comparable, unscored, verdict

Embed = Callable[[Sequence[str]], Sequence[Sequence[float]]]  # one row for each text
LONGEST_EMBEDDED = 100_000  # characters


@dataclass(frozen=True, slots=True)
class SemanticSimilarity:
    """The cosine of the vectors of output and target; below 0 counts as 0.

    Attributes:
        embed: makes the vectors, of shape (texts, dimensions). No setting: it is handed in.
    """

    name: ClassVar[str] = "semantic_similarity"
    description: ClassVar[str] = "How near the output is to a target in meaning."

    embed: Embed | None = field(default=None, repr=False, compare=False)

    def score(self, item: Item, output: Output) -> Score:
        """Compare with each target; all vectors are asked for at once."""
        if self.embed is None:
            return unscored("There is no embedding model to compare meanings with.")
        if (score := not_comparable(item, output)) is not None:
            return score
        texts = [output.text, *item.targets]
        if max(map(len, texts)) > LONGEST_EMBEDDED:
            return unscored(f"Of more than {LONGEST_EMBEDDED:,} characters no meaning is taken.")
        if not all(each.strip() for each in item.targets):
            return unscored("A target is empty, and that has no meaning.")
        if not output.text.strip():
            return verdict(False, "The output is empty.")
        try:
            rows = self.embed(texts)
        except AppError as error:
            return unscored(f"The meanings could not be taken: {error.message}")
        return _nearest(rows)


def _nearest(rows: Sequence[Sequence[float]]) -> Score:
    """The largest cosine of the first row with any other."""
    import numpy as np  # late, as start-up does without

    vectors = np.asarray(rows, dtype=np.float64)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not (np.isfinite(lengths).all() and lengths.all()):
        return unscored("The embedding model gave a vector without a direction.")
    unit = vectors / lengths
    cosine = float((unit[1:] @ unit[0]).max())
    return Score(min(max(cosine, 0.0), 1.0), f"Cosine similarity {cosine:.3f}.")
