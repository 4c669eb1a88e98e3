from __future__ import annotations

import json

import pytest

from app.base.paths import resource
from app.evals.entities import Output
from app.evals.metrics.registry import metric_from_json
from app.evals.suites.reading import read_suite
from app.evals.suites.samples import sample_suites
from app.evals.suites.suite import Suite
from app.evals.suites.writing import suite_bytes


@pytest.fixture(scope="module")
def samples() -> dict[str, Suite]:
    return {suite.name: suite for suite in sample_suites()}


def test_samples_are_three_and_read_without_a_problem(samples):
    assert list(samples) == ["Fields as JSON", "Follow the format", "Read and answer"]
    for path in resource("suites").iterdir():
        imported = read_suite(path)
        assert imported.problems == ()
        assert imported.other_fields == ()
        assert suite_bytes(imported.suite) == path.read_bytes()


def test_samples_have_enough_items_each_with_a_target_and_a_tag(samples):
    for suite in samples.values():
        assert suite.description
        assert suite.metrics
        assert 12 <= len(suite.items) <= 20
        assert all(item.targets and item.tags for item in suite.items)


def test_samples_repeat_no_input(samples):
    inputs = [item.input for suite in samples.values() for item in suite.items]

    assert len(set(inputs)) == len(inputs)


def test_targets_of_fields_fit_the_schema_that_the_model_is_shown(samples):
    import jsonschema

    for item in samples["Fields as JSON"].items:
        (target,) = item.targets
        jsonschema.validate(json.loads(target), item.metadata["schema"])
        assert json.dumps(item.metadata["schema"]) in item.input[0].content


def test_every_target_is_right_by_the_metrics_of_its_suite_and_a_remark_beside_it_is_not(samples):
    for suite in samples.values():
        metrics = [metric_from_json(document) for document in suite.metrics]
        for item in suite.items:
            for target in item.targets:
                assert [metric.score(item, Output(target)).value for metric in metrics] == [
                    1.0 for _ in metrics
                ]
                assert metrics[0].score(item, Output(f"Sure: {target}")).value == 0.0


def test_no_answer_of_one_item_is_right_for_another_with_none_in_common(samples):
    suite = samples["Read and answer"]
    (metric,) = [metric_from_json(document) for document in suite.metrics]
    for item in suite.items:
        others = [
            target
            for other in suite.items
            if not set(other.targets) & set(item.targets)
            for target in other.targets
        ]
        assert {metric.score(item, Output(target)).value for target in others} == {0.0}
