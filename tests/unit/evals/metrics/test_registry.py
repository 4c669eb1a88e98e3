from __future__ import annotations

import json
import time
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.evals.entities import Output
from app.evals.metrics.json_form import JsonSchema
from app.evals.metrics.meaning import SemanticSimilarity
from app.evals.metrics.metric import LONGEST_TEXT, MetricError
from app.evals.metrics.number import NumericTolerance, Which
from app.evals.metrics.registry import KINDS, METRICS, metric_from_json, metric_to_json
from app.evals.metrics.text import Contains, Needed
from app.evals.metrics.tools import Match, ToolCallExpected
from tests.unit.evals.metrics.scoring import item

EACH = pytest.mark.parametrize("name", METRICS)


def embed(texts: Any) -> Any:
    return np.ones((len(texts), 2))


@EACH
def test_each_metric_comes_back_from_its_document(name: str):
    metric = metric_from_json({"metric": name})
    document = metric_to_json(metric)
    assert metric_from_json(json.loads(json.dumps(document))) == metric
    assert metric == METRICS[name]()
    assert document["metric"] == metric.name == name
    assert metric.description.endswith(".")


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("exact_match", "exact match"),
        ("rouge_l", "ROUGE-L"),
        ("json_schema", "JSON Schema"),
        ("time_to_first_token", "time to first token"),
        ("tokens_per_second", "tokens/s"),
        ("bits_per_byte", "bits per byte"),
    ],
)
def test_label_is_the_standard_term(name: str, label: str):
    assert KINDS[name].label == label


def test_names_are_those_that_suites_have_stored():
    assert list(METRICS) == [
        "exact_match",
        "contains",
        "regular_expression",
        "numeric_tolerance",
        "json_valid",
        "json_schema",
        "json_equal",
        "edit_similarity",
        "rouge_l",
        "semantic_similarity",
        "tool_call",
        "judgement",
        "perplexity",
        "bits_per_byte",
        "time_to_first_token",
        "time_per_token",
        "tokens_per_second",
    ]


@pytest.mark.parametrize(
    ("metric", "settings"),
    [
        (
            Contains(casefold=True, needed=Needed.ALL),
            {
                "nfkc": True,
                "casefold": True,
                "collapse_space": True,
                "strip_punctuation": False,
                "needed": "all",
            },
        ),
        (
            NumericTolerance(0.5, which=Which.ONLY),
            {"absolute": 0.5, "relative": 0.0, "which": "only", "decimal_comma": False},
        ),
        (JsonSchema({"type": ["string"]}), {"schema": {"type": ["string"]}}),
        (
            ToolCallExpected(Match.ANY, expected=({"name": "a"},)),
            {
                "match": "any",
                "arguments": "subset",
                "unexpected": "ignored",
                "expected": [{"name": "a"}],
            },
        ),
        (SemanticSimilarity(embed), {}),
    ],
    ids=lambda each: getattr(each, "name", ""),
)
def test_documents_hold_every_setting(metric: Any, settings: dict[str, Any]):
    document = metric_to_json(metric)
    assert document == {"metric": metric.name} | settings
    assert metric_from_json(json.loads(json.dumps(document))) == metric


def test_whole_number_is_taken_for_a_setting_that_is_a_number():
    made = metric_from_json({"metric": "numeric_tolerance", "absolute": 1})
    assert made == NumericTolerance(1.0)


@pytest.mark.parametrize(
    ("document", "message", "hint"),
    [
        ("exact_match", "This is no metric.", "metric"),
        ({}, "This is no metric.", "metric"),
        ({"metric": ["exact_match"]}, "This is no metric.", "metric"),
        ({"metric": "bleu"}, "There is no metric “bleu”.", "exact_match"),
        (
            {"metric": "exact_match", "fold": True},
            "“exact_match” has no setting “fold”.",
            "It has nfkc, casefold",
        ),
        ({"metric": "json_valid", "x": 1}, "“json_valid” has no setting “x”.", "It has none."),
        ({"metric": "exact_match", "name": "x"}, "no setting “name”", "nfkc"),
        ({"metric": "semantic_similarity", "embed": 1}, "no setting “embed”", "none"),
        ({"metric": "exact_match", "nfkc": 1}, "cannot have “1” for “nfkc”", "true or false"),
        ({"metric": "contains", "needed": "some"}, "cannot have “some”", "one of any, all"),
        ({"metric": "contains", "needed": ["any"]}, "cannot have", "one of any, all"),
        ({"metric": "regular_expression", "pattern": 7}, "cannot have “7”", "a text"),
        ({"metric": "numeric_tolerance", "absolute": "1"}, "cannot have “1”", "a number"),
        ({"metric": "numeric_tolerance", "absolute": True}, "cannot have “True”", "a number"),
        ({"metric": "numeric_tolerance", "absolute": 10**400}, "cannot have", "a number"),
        ({"metric": "numeric_tolerance", "relative": -1}, "cannot be -1.0", "from 0 up"),
        ({"metric": "json_schema", "schema": []}, "cannot have “[]”", "an object"),
        ({"metric": "tool_call", "expected": ["a"]}, "cannot have", "a list of objects"),
    ],
)
def test_documents_that_do_not_fit_are_refused_in_words(document: Any, message: str, hint: str):
    with pytest.raises(MetricError) as raised:
        metric_from_json(document)
    assert message in raised.value.message
    assert hint in raised.value.hint


def test_document_and_metric_share_nothing():
    schema: dict[str, Any] = {"enum": [1]}
    made = metric_from_json({"metric": "json_schema", "schema": schema})
    schema["enum"].append(2)
    metric_to_json(made)["schema"]["enum"].append(3)
    assert made == JsonSchema({"enum": [1]})


@EACH
def test_each_metric_is_frozen_and_slotted(name: str):
    metric = metric_from_json({"metric": name})
    assert not hasattr(metric, "__dict__")
    assert all(hasattr(type(metric), each.name) for each in fields(metric))


@EACH
def test_without_targets_or_expectations_there_is_no_value(name: str):
    if name == "json_valid":  # needs none
        return
    found = metric_from_json({"metric": name}, embed=embed).score(item(), Output("7"))
    assert found.value is None
    assert found.reason.endswith(".")


@EACH
@settings(deadline=None)  # the machine may be busy
@given(text=st.text(), target=st.text())
def test_any_text_gets_a_score_in_range_and_one_line(name: str, text: str, target: str):
    asked = item(target, "second", schema={"type": "string"}, tool_calls=[{"name": "a"}])
    found = metric_from_json({"metric": name}, embed=embed).score(asked, Output(text))
    assert found.value is None or 0 <= found.value <= 1
    assert found.reason.endswith(".")
    assert len(found.reason.splitlines()) == 1
    assert len(found.reason) < 700


MEGABYTE = {
    "words": "word 12 " * 125_000,
    "digits": "7" * 1_000_000,
    "brackets": "[" * 1_000_000,
    "fences": "```\n" * 250_000,
    "not ASCII": "é" * 1_000_000,
    "marks": "\u0301\u0323" * 500_000,
    "ligatures": "\ufdfa" * 1_000_000,
    "commas": "1,234" * 200_000,
}


@EACH
@pytest.mark.parametrize("kind", MEGABYTE)
def test_output_of_a_megabyte_is_scored_in_time(name: str, kind: str):
    asked = item("the target 12", schema={"type": "array"}, tool_calls=[{"name": "a"}])
    # Of this thread alone, as the machine may be busy.
    before = time.thread_time()
    found = metric_from_json({"metric": name}, embed=embed).score(asked, Output(MEGABYTE[kind]))
    assert time.thread_time() - before < 10
    assert found.value is None or 0 <= found.value <= 1


@EACH
def test_output_over_a_megabyte_is_not_scored(name: str):
    if name in ("tool_call", "judgement") or KINDS[name].unit or name == "perplexity":
        return  # looks at no text
    asked = item("7", schema={"type": "array"})
    found = metric_from_json({"metric": name}, embed=embed).score(
        asked, Output("7" * (LONGEST_TEXT + 1))
    )
    assert found.value is None
    assert found.reason.startswith(("The output is too long", "Of more than"))
