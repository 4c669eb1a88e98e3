"""Asking a model for one verdict with its reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from app.agents.tools.results import new_nonce
from app.base.errors import AppError
from app.base.jobs import CancelToken
from app.engine.engine import Engine
from app.engine.errors import EngineStopped
from app.engine.messages import Turn
from app.engine.protocol import (
    FinishReason,
    Generate,
    Generated,
    JsonSchema,
    ModelFacts,
    Priority,
    TemplateOptions,
)
from app.engine.sampling import Sampling
from app.evals.entities import Item, Output
from app.evals.errors import LOST
from app.evals.judging.prompt import REASON, VERDICT, verdict_schema
from app.evals.metrics.json_text import NotJson, read_json
from app.evals.metrics.metric import too_long

MOST_TOKENS: Final = 600  # of reason and verdict
_LONGEST_REASON: Final = 400  # characters that are kept
_GREEDY: Final = Sampling(temperature=0.0)


class NoVerdict(Exception):
    """The judge gave none; says why, for a reason."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judge decided, and why, on one line."""

    verdict: str
    reason: str


@dataclass(frozen=True, slots=True)
class Judge:
    """A model that judges, for as long as it is lent.

    Attributes:
        sha256: of its file; empty where it has none or that is not known.
        cancel: stops asking.
        nonce: marks what others wrote; no text that is judged can know it.
    """

    engine: Engine
    sha256: str = ""
    cancel: CancelToken = field(default_factory=CancelToken)
    nonce: str = field(default_factory=new_nonce)

    @property
    def facts(self) -> ModelFacts | None:
        """What the model is; None where none is loaded."""
        return self.engine.loaded

    def provenance(self) -> dict[str, Any]:
        """Which model it is, to be kept with what it says."""
        facts = self.facts
        return {
            "judge": facts.name if facts else "",
            "judge_architecture": facts.architecture if facts else "",
            "judge_quantization": facts.quantization if facts else "",
            "judge_sha256": self.sha256,
        }

    def ask(self, turns: tuple[Turn, ...], verdicts: Sequence[str]) -> Verdict:
        """Its verdict, at temperature 0 and in a form that a grammar forces.

        Raises:
            NoVerdict: it could not be asked this, was cut off, or wrote something else.
            EngineError: it cannot be asked anything any more; one of `LOST`.
            Cancelled: it was stopped.
        """
        request = Generate(
            turns,
            sampling=_GREEDY,
            max_tokens=MOST_TOKENS,
            template=TemplateOptions(thinking=False),
            output=JsonSchema(verdict_schema(verdicts)),
            priority=Priority.BACKGROUND,
        )
        try:
            said = self.engine.generate(request, cancel=self.cancel)
        except LOST:
            raise
        except AppError as error:
            raise NoVerdict(f"The judge could not be asked: {error.message}") from error
        self.cancel.check()
        return _read(said, verdicts)


def _read(said: Generated, verdicts: Sequence[str]) -> Verdict:
    match said.finish:
        case FinishReason.LENGTH:
            raise NoVerdict(f"The judge was cut off after {MOST_TOKENS} tokens of its reason.")
        case FinishReason.STOPPED:
            raise EngineStopped("The judge was unloaded.", "Let the run go on.", said.text)
        case FinishReason.FAILED:
            raise NoVerdict("The judge failed in the middle of its reason.")
    try:
        document = read_json(said.text)
    except (NotJson, RecursionError) as error:
        raise NoVerdict("The judge did not answer in the form that was asked for.") from error
    if not isinstance(document, Mapping) or document.get(VERDICT) not in verdicts:
        raise NoVerdict("The judge gave none of the verdicts that it could choose from.")
    reason = document.get(REASON)
    if not isinstance(reason, str) or not reason.strip():
        raise NoVerdict("The judge gave no reason.")
    return Verdict(document[VERDICT], _on_one_line(reason))


def _on_one_line(reason: str) -> str:
    line = " ".join("".join(each if each.isprintable() else " " for each in reason).split())
    if len(line) > _LONGEST_REASON:
        return f"{line[:_LONGEST_REASON].rstrip()}…"
    return line or "…"


def not_judged(item: Item, *outputs: Output) -> str:
    """Why a judge is not asked about these outputs at all; empty if it is."""
    if any(turn.images for turn in item.input):
        return "The task shows a picture, and the judge reads text only."
    found = (too_long(each.text) for each in outputs)
    return next((each.reason for each in found if each is not None), "")
