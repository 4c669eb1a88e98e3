"""Agents in the real app as a process: documents with citations, and a kill in the middle."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests import documents
from tests.doubles.scripted_gguf import LONG_REPLY, SLOW, scripted_gguf
from tests.e2e.conftest import Cairn, environment

SEARCH = '{"tool": "search_documents", "arguments": {"query": "notice period"}}'


def test_agent_answers_from_documents_with_its_source(cairn: Cairn, tmp_path: Path) -> None:
    path = documents.text(tmp_path / "lease.txt", "The notice period is three months.")
    assert cairn("library", "add", path).code == 0
    answer = '{"answer": "Three months [1]."}'
    replies = {"How long": SEARCH, "three months": answer, "": '{"answer": "?"}'}
    model = scripted_gguf(tmp_path / "scripted.gguf", replies)
    task = "How long is the notice?"
    ran = cairn("agent", "run", "Answer from my documents", task, "--model", model, "--json")
    assert ran.code == 0, ran.err
    assert (ran.json["state"], ran.json["answer"]) == ("done", "Three months [1].")
    assert [(each["name"], each["outcome"]) for each in ran.json["calls"]] == [
        ("search_documents", "done")
    ]
    (citation,) = ran.json["citations"]
    assert (Path(citation["file"]).name, citation["number"]) == ("lease.txt", 1)
    assert "three months" in citation["quote"]


def test_killed_run_is_shown_as_interrupted_and_goes_on(
    cairn: Cairn, tmp_path: Path, data_dir: Path
) -> None:
    folder = tmp_path / "things"
    folder.mkdir()
    documents.text(folder / "plan.txt", "A plan.")
    looks = '{"tool": "list_files", "arguments": {}}'
    endless = {"Tidy": looks, "": f'{{"answer": "{LONG_REPLY}"}}'}
    model = scripted_gguf(tmp_path / "slow.gguf", endless, shape=SLOW)
    words = ["agent", "run", "Tidy a folder", "Tidy it.", "--folder", folder, "--model", model]
    command = [sys.executable, "-m", "app", *map(str, words), "--data-dir", str(data_dir)]
    with subprocess.Popen(
        command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stderr is not None
        assert any("list_files" in line for line in running.stderr)  # the slow reply is next
        running.kill()
    shown = cairn("agent", "show", "Tidy a folder", "--json").json
    (run,) = shown["runs"]
    assert run["state"] == "interrupted"
    answers = {"plan.txt": '{"answer": "There is one file."}', "": '{"answer": "?"}'}
    quick = scripted_gguf(tmp_path / "quick.gguf", answers)
    ended = cairn("agent", "continue", run["run"], "--model", quick, "--json")
    assert ended.code == 0, ended.err
    assert (ended.json["state"], ended.json["answer"]) == ("done", "There is one file.")
    assert [each["name"] for each in ended.json["calls"]] == ["list_files"]
