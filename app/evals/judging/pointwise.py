"""The metric by which a model judges each output alone, by a rubric."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from app.evals.entities import Item, Output, Score
from app.evals.judging.judge import Judge, NoVerdict, not_judged
from app.evals.judging.prompt import pointwise_turns, prompt_sha256
from app.evals.judging.rubric import CORRECT, Rubric, rubric_from_json
from app.evals.metrics.metric import unscored


@dataclass(frozen=True, slots=True)
class Judgement:
    """How good a model finds the output by a rubric, from 0 for the worst level to 1 for the best.

    Attributes:
        rubric: as `Rubric.to_json` makes it.
        model: which model judges, by name; empty for the one in use. Whoever lends it looks here.
        with_target: whether the judge sees the targets, where there are any.
        judge: no setting: it is handed in.
    """

    name: ClassVar[str] = "judgement"
    description: ClassVar[str] = "Another model judges the output by a rubric."

    rubric: Mapping[str, Any] = field(default_factory=CORRECT.to_json)
    model: str = ""
    with_target: bool = True
    judge: Judge | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Make sure that there is a rubric.

        Raises:
            MetricError: it cannot be used.
        """
        rubric_from_json(self.rubric)

    def score(self, item: Item, output: Output) -> Score:
        """Ask the judge. What it said, and who it was by what rubric, is in the details.

        Raises:
            EngineError: the judge cannot be asked any more.
            Cancelled: it was stopped.
        """
        if self.judge is None:
            return unscored("There is no model to judge the output.")
        if reason := not_judged(item, output):
            return unscored(reason)
        rubric = rubric_from_json(self.rubric)
        details = self._details(self.judge, rubric, output)
        if not output.text.strip() and not output.tool_calls:
            return Score(0.0, "The output is empty.", details)
        turns = pointwise_turns(
            rubric, item, output, self.judge.nonce, with_target=self.with_target
        )
        try:
            found = self.judge.ask(turns, rubric.names)
        except NoVerdict as problem:
            return Score(None, str(problem), details)
        value = rubric.value_of(found.verdict)
        return Score(
            value,
            f"Judged “{found.verdict}”: {_ended(found.reason)}",
            {**details, "verdict": found.verdict},
        )

    @staticmethod
    def _details(judge: Judge, rubric: Rubric, output: Output) -> dict[str, Any]:
        return {
            **judge.provenance(),
            "rubric_sha256": rubric.sha256,
            "prompt_sha256": prompt_sha256(rubric),
            "output_characters": len(output.text),
        }


def _ended(reason: str) -> str:
    return reason if reason.endswith((".", "!", "?", "…")) else f"{reason}."
