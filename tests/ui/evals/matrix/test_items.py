"""The table that holds only the pages that were looked at last."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from PySide6.QtCore import Qt

from app.engine.sampling import Sampling
from app.evals.runs.entities import (
    AnswerSettings,
    Candidate,
    CandidateModel,
    MetricId,
    Run,
    RunId,
    RunMetric,
    RunState,
    Sample,
    SampleId,
    SampleScore,
    SuiteId,
    Task,
)
from app.evals.runs.results import MatrixPage, MatrixRow, ScoredSample
from app.ui.evals.matrix.items import PAGE, MatrixModel, MatrixRole
from tests.ui.evals.doubles import item

METRIC = RunMetric(MetricId(1), {"metric": "exact_match"}, "exact match")
TOTAL = 10_000


@pytest.fixture
def run() -> Run:
    candidates = tuple(
        Candidate(at, f"Q{at}", CandidateModel("m"), AnswerSettings(Sampling(), 8))
        for at in range(6)
    )
    return Run(
        RunId(1), "r", RunState.DONE, Task.ANSWER, SuiteId(1), "s", 1, "", TOTAL, 1, 0, candidates,
        (METRIC,), datetime.now(UTC),
    )  # fmt: skip


def row(at: int) -> MatrixRow:
    scored = ScoredSample(
        Sample(SampleId(at), 0, at, 0, text=f"answer {at}"),
        (SampleScore(MetricId(1), float(at % 2)),),
    )
    return MatrixRow(at, item(f"k{at}", f"q {at}"), {0: (scored,)})


def page(offset: int, total: int = TOTAL) -> MatrixPage:
    return MatrixPage(tuple(row(at) for at in range(offset, min(offset + PAGE, total))), total)


def serve(model: MatrixModel, total: int = TOTAL) -> list[int]:
    """Answer everything that is wanted; the pages in the order in which they were."""
    served = []
    while (wanted := model.next_wanted()) is not None:
        model.put(wanted, page(wanted.offset, total))
        served.append(wanted.page)
    return served


@pytest.fixture
def model(run, qtmodeltester) -> MatrixModel:
    model = MatrixModel()
    model.show_run(run, METRIC)
    serve(model)
    return model


def test_model_is_one_that_qt_accepts(model, qtmodeltester):
    qtmodeltester.check(model)


def test_row_that_is_not_there_is_a_placeholder_until_its_page_comes(model):
    index = model.index(7_777, 0)
    assert index.data(MatrixRole.CELL) is None
    assert index.data() == "being read"
    assert serve(model) == [7_777 // PAGE]
    assert index.data(MatrixRole.CELL).words == "answer 7777"
    assert model.headerData(7_777, Qt.Orientation.Vertical) == "k7777"


def test_page_that_was_seen_last_is_read_first(model):
    for at in (1_000, 2_000, 3_000, 2_001):
        model.row(at)
    assert serve(model) == [2_000 // PAGE, 3_000 // PAGE, 1_000 // PAGE]


def test_refresh_keeps_rows_and_reads_only_what_is_seen(model):
    model.refresh()
    index = model.index(3, 0)
    assert index.data(MatrixRole.CELL).words == "answer 3"
    assert serve(model) == [0]
    assert serve(model) == []


def test_answer_to_an_older_question_is_dropped(model):
    model.row(500)
    wanted = model.next_wanted()
    model.restart()
    model.put(wanted, page(500))
    assert model.total == 0
    serve(model, total=3)
    assert model.rowCount() == 3


def test_memory_is_bounded_however_far_one_scrolls(model):
    for at in range(0, TOTAL, PAGE):
        model.row(at)
        serve(model)
    assert len(model._pages) * PAGE <= 2_000
    assert model.row(0) is None


def test_fewer_rows_after_a_refresh_take_the_rest_away(model):
    model.row(200)
    serve(model)
    model.refresh()
    model.row(0)
    serve(model, total=60)
    assert model.rowCount() == 60
