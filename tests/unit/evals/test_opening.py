"""Metrics with what they need, from services with scripted children."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from app.base.errors import NotFound
from app.base.jobs import CancelToken
from app.bootstrap import Services
from app.engine.errors import NoModelLoaded
from app.engine.messages import Role, Turn
from app.evals.entities import Item, Output, Score
from app.evals.metrics.metric import MetricError
from app.evals.metrics.registry import METRICS
from app.evals.opening import ModelMetrics
from tests.doubles.scripted_engine import Script
from tests.doubles.scripted_gguf import scripted_gguf

RIGHT = '{"reason": "It is Paris.", "verdict": "right"}'
ITEM = Item("1", (Turn(Role.USER, "What is the capital of France?"),), ("Paris",))


@pytest.fixture
def services(start: Callable[..., Services]) -> Services:
    return start(Script({"": RIGHT}))


@pytest.fixture
def metrics(services: Services) -> ModelMetrics:
    return ModelMetrics(
        services.library.embed, services.models, services.endpoints, services.lending
    )


@pytest.fixture
def add(services: Services, tmp_path: Path) -> Callable[[str], None]:
    def add(name: str) -> None:
        services.models.import_file(scripted_gguf(tmp_path / f"{name}.gguf"))

    return add


def score(metrics: ModelMetrics, text: str, **document: object) -> Score:
    with metrics.opened(document, CancelToken()) as opened:
        return opened.metric.score(ITEM, Output(text))


@pytest.mark.parametrize("name", METRICS)
def test_facts_of_each_metric_keep_all_settings(metrics: ModelMetrics, name: str):
    facts = metrics.facts({"metric": name})
    assert facts.document["metric"] == name
    assert facts.label
    assert facts.higher_is_better is getattr(METRICS[name], "higher_is_better", True)
    assert metrics.facts(facts.document) == facts


def test_rules_and_meaning_score_without_a_chat_model(metrics: ModelMetrics):
    assert score(metrics, "Paris", metric="exact_match").value == 1.0
    found = score(metrics, "Paris", metric="semantic_similarity")
    assert found.value == pytest.approx(1.0)


def test_named_judge_is_opened_for_the_time(metrics: ModelMetrics, services, add):
    add("strict")
    found = score(metrics, "Paris", metric="judgement", model="strict.gguf")
    assert found.value == 1.0
    assert found.details["judge"] == "strict"
    assert services.lending.opened == ()


def test_model_in_use_judges_where_none_is_named_and_stays_named(metrics, services, add):
    add("used")
    add("other")
    services.models.load(services.models.find("used.gguf").id)
    assert score(metrics, "Paris", metric="judgement").details["judge"] == "used"
    document = metrics.facts({"metric": "judgement"}).document
    services.models.load(services.models.find("other.gguf").id)
    assert score(metrics, "Paris", **document).details["judge"] == "used"


def test_judge_that_is_not_there_is_told_before_anything_runs(metrics: ModelMetrics):
    with pytest.raises(NotFound, match="no model “gone”"):
        metrics.facts({"metric": "judgement", "model": "gone"})
    with pytest.raises(NoModelLoaded):
        score(metrics, "Paris", metric="judgement")
    with pytest.raises(MetricError, match="no metric"):
        metrics.facts({"metric": "vibes"})


def test_label_of_a_judge_is_its_rubric(metrics: ModelMetrics):
    assert metrics.facts({"metric": "judgement"}).label == "Correct"
