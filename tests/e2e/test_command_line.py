from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from tests import documents
from tests.doubles import scripted_gguf as models
from tests.e2e import messy
from tests.e2e.conftest import Cairn, environment


def test_messy_folder_is_ingested_and_known_questions_get_the_right_page(
    cairn: Cairn, tmp_path: Path
) -> None:
    folder = tmp_path / "messy"
    messy.good(folder)
    messy.bad(folder)
    letter = messy.wrongly_named(folder)
    added = cairn("library", "add", folder, "--json")
    assert added.code == 0, added.err
    indexed = {Path(each["file"]).name for each in added.json["indexed"]}
    failed = {Path(each["file"]).name: each["reason"] for each in added.json["failed"]}
    assert set(failed) == set(messy.BAD)
    assert all(failed.values())
    assert {"lease.pdf", "umlaut.txt", "prices.xlsx", "book.epub", "letter.docx"} <= indexed
    for known in messy.KNOWN:
        answer = cairn("ask", known.question, "--json").json
        assert answer["mode"] == "quoted"
        top = answer["citations"][0]
        assert Path(top["file"]).name == known.file, known
        assert top["page"] == known.page
        assert known.words in top["quote"]
    nothing = cairn("ask", messy.UNANSWERABLE, "--json").json
    assert nothing["found_nothing"]
    assert nothing["citations"] == []
    ferry = cairn("ask", "When does the ferry leave?", letter, "--json").json
    assert "noon" in ferry["citations"][0]["quote"]


def test_question_over_named_files_is_limited_to_them(cairn: Cairn, tmp_path: Path) -> None:
    one = documents.text(tmp_path / "one.txt", "The ferry leaves at noon.")
    two = documents.text(tmp_path / "two.txt", "The ferry leaves at midnight.")
    assert "noon" in cairn("ask", "When does the ferry leave?", one).out
    answer = cairn("ask", "When does the ferry leave?", two).out
    assert "midnight" in answer
    assert "noon" not in answer


def test_model_answers_with_citation_through_its_own_template(cairn: Cairn, tmp_path: Path) -> None:
    model = tmp_path / "tiny.gguf"
    models.scripted_gguf(model, {"": "I do not know.", "notice": "Three months [1]."})
    messy.good(tmp_path / "docs")
    lease = tmp_path / "docs" / "lease.pdf"
    ran = cairn("ask", "How long is the notice period?", lease, "--model", model, "--json")
    assert ran.code == 0, ran.err
    answer = ran.json
    assert (answer["mode"], answer["answer"]) == ("model", "Three months [1].")
    (citation,) = answer["citations"]
    assert (Path(citation["file"]).name, citation["page"]) == ("lease.pdf", 3)
    assert answer["timings"]["output_tokens"] > 0


def test_library_list_search_and_remove(cairn: Cairn, tmp_path: Path) -> None:
    path = documents.text(tmp_path / "ferry.txt", "The ferry leaves at noon.")
    cairn("library", "add", path, "--collection", "Travel")
    (document,) = cairn("library", "list", "--json").json
    assert (document["status"], document["file"]) == ("indexed", str(path))
    for mode in ("hybrid", "dense", "keyword"):
        (hit,) = cairn("library", "search", "ferry", "--mode", mode, "--json").json
        assert "noon" in hit["text"]
    assert cairn("library", "remove", document["id"]).code == 0
    assert cairn("library", "list", "--json").json == []
    assert cairn("library", "search", "ferry", "--json").json == []
    assert path.exists()


def test_models_import_list_and_inspect(cairn: Cairn, tmp_path: Path) -> None:
    model = tmp_path / "tiny.gguf"
    models.scripted_gguf(model, {"": "Hello."})
    assert cairn("models", "import", model, "--json").json["file"] == str(model)
    (listed,) = cairn("models", "list", "--json").json
    assert listed["is_present"]
    facts = cairn("models", "inspect", model, "--json").json
    assert facts["architecture"] == listed["architecture"]
    assert facts["has_chat_template"]


@pytest.mark.parametrize("make", [models.bad_magic, models.truncated], ids=["magic", "truncated"])
def test_broken_model_is_refused_with_one_line(cairn: Cairn, tmp_path: Path, make) -> None:
    source = tmp_path / "tiny.gguf"
    models.scripted_gguf(source, {"": "Hello."})
    broken = make(tmp_path / "broken.gguf", source)
    ran = cairn("models", "import", broken, "--json")
    assert ran.code == 3
    assert ran.json["error"]
    assert len(ran.err.strip().splitlines()) == 1


@pytest.mark.parametrize("make", [models.aborting, models.hostile_template])
def test_model_that_aborts_or_has_a_hostile_template_ends_with_a_reason(
    cairn: Cairn, tmp_path: Path, make
) -> None:
    path = documents.text(tmp_path / "ferry.txt", "The ferry leaves at noon.")
    ran = cairn("ask", "When?", path, "--model", make(tmp_path / "evil.gguf"))
    assert ran.code == 3
    assert "Traceback" not in ran.err
    assert cairn("ask", "When does the ferry leave?", path).code == 0


@pytest.mark.parametrize(
    "words",
    [["library"], ["library", "nonsense"], ["ask"], ["models", "import"], ["ask", "q", "--nope"]],
)
def test_bad_usage_ends_with_two(cairn: Cairn, words: list[str]) -> None:
    assert cairn(*words).code == 2


@pytest.mark.parametrize(
    "words", [["library", "remove", "7"], ["models", "inspect", "no.gguf"], ["ask", "", "--json"]]
)
def test_expected_failure_ends_with_three_and_one_line(cairn: Cairn, words: list[str]) -> None:
    ran = cairn(*words)
    assert ran.code == 3
    assert len(ran.err.strip().splitlines()) == 1


def test_second_process_on_the_same_folder_is_refused(
    cairn: Cairn, data_dir: Path, tmp_path: Path
) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from app.bootstrap import build; from app.base.paths import DataPaths\n"
        "services = build(DataPaths(Path(sys.argv[1])))\n"
        "print('open', flush=True); sys.stdin.read(); services.close()\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(data_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(),
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "open\n"
    ran = cairn("library", "list")
    holder.communicate("")
    assert ran.code == 3
    assert "Another Cairn" in ran.err
    assert cairn("library", "list").code == 0


def test_database_of_a_newer_version_is_refused_and_not_changed(
    cairn: Cairn, data_dir: Path
) -> None:
    assert cairn("library", "list").code == 0
    database = data_dir / "cairn.db"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    before = database.read_bytes()
    ran = cairn("library", "list")
    assert ran.code == 3
    assert "newer" in ran.err
    assert database.read_bytes() == before


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("after_s", [1.5, 3.0, 4.5])
def test_kill_in_the_middle_of_an_ingestion_loses_and_doubles_nothing(
    cairn: Cairn, data_dir: Path, tmp_path: Path, after_s: float
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(12):
        pages = [f"Page {page} of book {number}. " + "Words go on. " * 80 for page in range(10)]
        documents.pdf(folder / f"book{number}.pdf", pages)
    process = subprocess.Popen(
        [sys.executable, "-m", "app", "library", "add", str(folder), "--data-dir", str(data_dir)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment(),
    )
    threading.Event().wait(after_s)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    added = cairn("library", "add", folder, "--json")
    assert added.code == 0, added.err
    assert len(added.json["indexed"]) == 12
    hits = cairn("library", "search", "words go on", "--top-k", "400", "--json").json
    chunks = sum(each["chunks"] for each in added.json["indexed"])
    places = {(hit["file"], hit["page"], hit["text"]) for hit in hits}
    assert len(places) == len(hits) <= chunks
    assert {Path(hit["file"]).name for hit in hits} == {f"book{n}.pdf" for n in range(12)}


def test_prompt_is_filled_in_from_a_file_and_answered(cairn: Cairn, tmp_path: Path) -> None:
    model = tmp_path / "tiny.gguf"
    models.scripted_gguf(model, {"": "I do not know.", "ferry": "It leaves at noon."})
    text = documents.text(tmp_path / "text.txt", "The ferry leaves at noon.")
    ran = cairn("prompt", "run", "summarise", "-v", f"text=@{text}", "--model", model, "--json")
    assert ran.code == 0, ran.err
    assert ran.json["answer"] == "It leaves at noon."
    missing = cairn("prompt", "run", "summarise")
    assert missing.code == 3
    assert "--model" in missing.err


def test_reader_that_goes_away_ends_the_command_in_silence(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "app", "prompt", "list", "--data-dir", str(tmp_path)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 141
