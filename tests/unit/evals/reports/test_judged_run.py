"""A run that a model judged, from the question to the report, with scripted children."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from app.bootstrap import Services
from app.engine.messages import Role, Turn
from app.evals.entities import Item
from app.evals.judging.rubric import CORRECT
from app.evals.reports.writing import ReportFormat, report
from app.evals.runs.entities import ModelChoice, RunId, RunPlan
from tests.doubles.scripted_engine import Script
from tests.doubles.scripted_gguf import scripted_gguf
from tests.unit.conftest import Start

WAIT_S = 60
VERDICT = '{"reason": "It names the capital.", "verdict": "right"}'
METRICS: tuple[dict[str, Any], ...] = (
    {"metric": "judgement", "model": "one.gguf"},
    {"metric": "semantic_similarity"},
    {"metric": "time_to_first_token"},
)


def run_of(services: Services, folder: Path) -> RunId:
    model = services.models.import_file(scripted_gguf(folder / "one.gguf"))
    items = [
        Item(each, (Turn(Role.USER, f"Capital of {each}?"),), ("Paris",))
        for each in ("France", "Gaul")
    ]
    suite = services.evals.suites.create("Capitals", items)
    run = services.evals.start(RunPlan(suite.id, (ModelChoice(model.id),), metrics=METRICS))
    assert services.evals.wait(run.id, WAIT_S)
    return run.id


def test_judged_run_keeps_who_judged_by_what_in_all_reports(start: Start, tmp_path: Path):
    # The judge is asked in the words of its prompt, the candidate in those of the item.
    services = start(Script({"Now judge": VERDICT, "": "Paris"}))
    data = services.evals.report_data(run_of(services, tmp_path))
    lines = [json.loads(each) for each in report(data, ReportFormat.JSONL).splitlines()]
    scores = {each["metric"]["metric"]: each for each in lines[0]["scores"]}
    assert lines[0]["sample"]["text"] == "Paris"
    assert scores["judgement"]["value"] == 1.0
    assert scores["judgement"]["reason"] == "Judged “right”: It names the capital."
    assert scores["judgement"]["details"]["rubric_sha256"] == CORRECT.sha256
    assert scores["judgement"]["metric"]["rubric"] == CORRECT.to_json()
    assert scores["semantic_similarity"]["value"] == 1.0
    assert not scores["time_to_first_token"]["higher_is_better"]
    for form in ReportFormat:
        text = report(data, form).decode()
        assert "France" in text or form is ReportFormat.MARKDOWN
        assert "Correct" in text or form is ReportFormat.JUNIT
    assert "of one family" in report(data, ReportFormat.HTML).decode()
