"""Which metrics there are, and their settings as plain JSON, in which suites and runs keep them."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, fields
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from app.base.quoting import shown
from app.evals.judging.judge import Judge
from app.evals.judging.pointwise import Judgement
from app.evals.likelihood import BitsPerByte, Perplexity
from app.evals.metrics.json_form import JsonEqual, JsonSchema, JsonValid
from app.evals.metrics.meaning import Embed, SemanticSimilarity
from app.evals.metrics.metric import Metric, MetricError, Needs
from app.evals.metrics.number import NumericTolerance
from app.evals.metrics.pattern import RegularExpression
from app.evals.metrics.similarity import EditSimilarity, RougeL
from app.evals.metrics.text import Contains, ExactMatch
from app.evals.metrics.tools import ToolCallExpected
from app.evals.speed import TimePerToken, TimeToFirstToken, TokensPerSecond


@dataclass(frozen=True, slots=True)
class MetricKind:
    """A kind of metric.

    Attributes:
        needs: what it cannot do without; it is handed in where that is no part of the output.
        unit: of its values; empty for plain numbers.
        term: what the field calls it, where that is not its name.
    """

    type: type[Metric]
    needs: Needs = Needs.NOTHING
    unit: str = ""
    term: str = ""

    @property
    def name(self) -> str:
        """Stable; suites and runs store it."""
        return self.type.name

    @property
    def label(self) -> str:
        """What tables call it."""
        return self.term or self.name.replace("_", " ")

    @property
    def higher_is_better(self) -> bool:
        """Which way its values point."""
        return getattr(self.type, "higher_is_better", True)


_KINDS = (
    MetricKind(ExactMatch),
    MetricKind(Contains),
    MetricKind(RegularExpression),
    MetricKind(NumericTolerance),
    MetricKind(JsonValid, term="valid JSON"),
    MetricKind(JsonSchema, term="JSON Schema"),
    MetricKind(JsonEqual, term="JSON equality"),
    MetricKind(EditSimilarity),
    MetricKind(RougeL, term="ROUGE-L"),
    MetricKind(SemanticSimilarity, Needs.EMBEDDER),
    MetricKind(ToolCallExpected),
    MetricKind(Judgement, Needs.JUDGE),
    MetricKind(Perplexity, Needs.LIKELIHOOD),
    MetricKind(BitsPerByte, Needs.LIKELIHOOD, unit="bits/byte"),
    MetricKind(TimeToFirstToken, unit="s"),
    MetricKind(TimePerToken, unit="s"),
    MetricKind(TokensPerSecond, unit="tokens/s", term="tokens/s"),
)
KINDS: Mapping[str, MetricKind] = MappingProxyType({each.name: each for each in _KINDS})
METRICS: Mapping[str, type[Metric]] = MappingProxyType({each.name: each.type for each in _KINDS})
_HANDED_IN = frozenset({"embed", "judge"})


def metric_from_json(
    document: object,
    *,
    embed: Embed | None = None,
    judge: Judge | None = None,
) -> Metric:
    """The metric that a document describes: {"metric": name} and settings; others keep defaults.

    Args:
        document: as `metric_to_json` makes it.
        embed: makes vectors for the metrics that compare meanings; one row for each text.
        judge: for the metrics that need one. Without what it needs a metric scores nothing.

    Raises:
        MetricError: there is no such metric or setting, or a value does not go with it.
    """
    if not isinstance(document, Mapping) or not isinstance(document.get("metric"), str):
        raise MetricError("This is no metric.", 'Give {"metric": name} with its settings.')
    name = document["metric"]
    kind = METRICS.get(name)
    if kind is None:
        raise MetricError(f"There is no metric {shown(name)}.", f"There are {', '.join(METRICS)}.")
    defaults = {each: getattr(kind(), each) for each in _settings(kind)}
    given = {key: value for key, value in document.items() if key != "metric"}
    for key in given:
        if key not in defaults:
            known = f"It has {', '.join(defaults)}." if defaults else "It has none."
            raise MetricError(f"“{name}” has no setting {shown(key)}.", known)
    values = {key: _checked(name, key, value, defaults[key]) for key, value in given.items()}
    handed_in = {"embed": embed, "judge": judge}
    wanted = _HANDED_IN & {each.name for each in fields(kind)}
    return kind(**values, **{each: handed_in[each] for each in wanted})


def metric_to_json(metric: Metric) -> dict[str, Any]:
    """A metric with all its settings, so that it stays the same when defaults change."""
    values = {each: getattr(metric, each) for each in _settings(type(metric))}
    return {"metric": metric.name} | {name: _plain(value) for name, value in values.items()}


def _settings(kind: type[Metric]) -> list[str]:
    return [each.name for each in fields(kind) if each.name not in _HANDED_IN]


_WORDS = {
    bool: "true or false",
    float: "a number",
    str: "a text",
    dict: "an object",
    tuple: "a list of objects",
}


def _checked(metric: str, setting: str, value: object, default: object) -> Any:
    try:
        read = _read(value, default)
    except (OverflowError, RecursionError):
        read = None
    if read is not None:
        return read
    if isinstance(default, StrEnum):
        wanted = f"one of {', '.join(type(default))}"
    else:
        wanted = _WORDS[type(default)]
    raise MetricError(
        f"“{metric}” cannot have {shown(value)} for “{setting}”.", f"It has to be {wanted}."
    )


def _read(value: object, default: object) -> object:
    """The value as the dataclass has it; None if it does not go with the default."""
    match default, value:
        case StrEnum(), str():
            return next((each for each in type(default) if each == value), None)
        case bool(), bool():
            return value
        case float(), int() | float() if not isinstance(value, bool):
            return float(value)
        case str(), str():
            return value
        case dict(), Mapping():
            return deepcopy(dict(value))
        case tuple(), list() if all(isinstance(each, Mapping) for each in value):
            return tuple(deepcopy(value))
    return None


def _plain(value: Any) -> Any:
    match value:
        case StrEnum():
            return value.value
        case tuple():
            return [deepcopy(dict(each)) for each in value]
    return deepcopy(value)
