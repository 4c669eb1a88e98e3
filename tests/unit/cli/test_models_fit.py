"""`models fit`: the words and the JSON that scripts read."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.cli.local_models import add_to
from app.cli.output import Printer
from app.engine.options import LoadOptions
from app.modelhub.entities import GgufFacts
from app.modelhub.estimates import MemoryEstimates
from app.modelhub.fit import Fit
from tests.doubles.memory import MB, MemoryEngine, card


class Models:
    """What `models fit` asks of the service."""

    def __init__(self, engine: MemoryEngine, free_mb: int, options: LoadOptions) -> None:
        self.estimates = MemoryEstimates(engine, free=lambda: free_mb * MB)  # type: ignore[arg-type]  # a double
        self.own = options
        self.listed: list[Any] = []

    def inspect(self, path: Path) -> GgufFacts:
        return GgufFacts(path, 4, 3, "A", "llama", "F16", 1, 65_536, 1, 1, 1, True, ())

    def models(self) -> list[Any]:
        return self.listed

    def options(self, _model_id: int) -> LoadOptions:
        return self.own

    def default_options(self) -> LoadOptions:
        return LoadOptions()

    def estimate_file(self, path: Path, options: LoadOptions, *, trained: int) -> Fit:
        return self.estimates.fit(path, options, trained=trained)


Fitted = Callable[..., Any]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.gguf"
    path.write_bytes(b"GGUF")
    return path


@pytest.fixture
def fitted(file: Path, capsys: pytest.CaptureFixture[str]) -> Fitted:
    def run(
        *words: str,
        free_mb: int = 8000,
        engine: MemoryEngine | None = None,
        own: LoadOptions | None = None,
    ) -> Any:
        models = Models(engine or MemoryEngine(), free_mb, own or LoadOptions())
        if own is not None:
            models.listed = [SimpleNamespace(path=file, id=1)]
        parser = argparse.ArgumentParser()
        common = argparse.ArgumentParser(add_help=False)
        common.add_argument("--json", action="store_true")
        add_to(parser.add_subparsers(), common)
        arguments = parser.parse_args(["models", "fit", str(file), *words])
        services: Any = SimpleNamespace(models=models)
        assert arguments.run(services, arguments, Printer(as_json=arguments.json)) == 0
        printed = capsys.readouterr().out
        return json.loads(printed) if arguments.json else printed

    return run


def test_fit_says_in_words_what_is_needed_by_part(fitted: Fitted):
    text = fitted()
    assert text.startswith("Needs about 2.8 GB of 8.0 GB free memory with room for 4,096 tokens.\n")
    assert "KV cache" in text
    assert text.splitlines()[3].split() == ["Main", "memory", "2.0", "GB", "410", "MB", "300",
                                            "MB", "2.7", "GB"]  # fmt: skip


def test_fit_as_json_has_parts_free_memory_and_verdict(fitted: Fitted, file: Path):
    data = fitted("--json")
    assert data["file"] == str(file)
    assert data["verdict"] == "fits"
    assert data["context_length"] == 4096
    assert data["proposal"] is None
    assert data["free"] == {"main_memory": 8000 * MB, "devices": []}
    (one,) = data["need"]["devices"]
    assert one["device"] == "CPU"
    assert one["weights"] + one["kv_cache"] + one["compute"] == one["total"]
    assert data["need"]["main_memory"] == one["total"] + data["need"]["process"]


def test_fit_with_more_context_needs_more(fitted: Fitted):
    usual, long = fitted("--json"), fitted("--json", "--context", "32768")
    assert long["context_length"] == 32_768
    assert long["need"]["main_memory"] > usual["need"]["main_memory"]


def test_fit_that_fails_proposes_what_would_fit(fitted: Fitted):
    data = fitted("--json", "--context", "32768", free_mb=3200)
    assert data["verdict"] == "does_not_fit"
    assert data["proposal"] == {
        "words": "Load with room for 4,096 tokens",
        "options": {"context_length": 4096},
    }
    text = fitted("--context", "32768", free_mb=3200)
    assert text.startswith("Does not fit: needs about 5.7 GB of 3.2 GB free memory")
    assert "What would fit: load with room for 4,096 tokens." in text


def test_fit_of_what_can_never_fit_says_so(fitted: Fitted):
    assert "No smaller setting fits." in fitted(free_mb=500)


def test_fit_names_the_cards_that_are_used(fitted: Fitted):
    data = fitted("--json", engine=MemoryEngine(cards=(card(4000),)))
    assert [each["device"] for each in data["need"]["devices"]] == ["CUDA0", "CPU"]
    assert data["free"]["devices"][0]["free"] == 4000 * MB


def test_fit_of_an_imported_file_uses_its_own_options(fitted: Fitted):
    assert fitted("--json", own=LoadOptions(context_length=1024))["context_length"] == 1024


@pytest.mark.parametrize("context", ["0", "-5", "many", "1e3", "99999999"])
def test_fit_with_an_impossible_context_is_bad_usage(fitted: Fitted, context: str, capsys):
    with pytest.raises(SystemExit) as ended:
        fitted(f"--context={context}")
    assert ended.value.code == 2
    assert "256 to 1,048,576" in capsys.readouterr().err
