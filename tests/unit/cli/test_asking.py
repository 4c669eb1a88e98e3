from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path

import pytest

from app.cli import asking
from app.cli.output import Printer
from tests.doubles.scripted_engine import Script
from tests.doubles.scripted_gguf import scripted_gguf


def test_json_of_an_answer_has_its_thoughts_and_all_timings(
    start, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "tiny.gguf"
    scripted_gguf(model, {"": "Hello."})
    services = start(Script({"": "Twelve."}, reasoning={"": "Let me see."}))
    arguments = Namespace(question="How many?", paths=[], model=str(model), top_k=None)
    assert asking._ask(services, arguments, Printer(as_json=True)) == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["answer"], data["reasoning"]) == ("Twelve.", "Let me see.")
    assert {"queue_s", "peak_memory_bytes", "guessed_tokens", "reused_tokens", "thinking_s"} <= set(
        data["timings"]
    )
