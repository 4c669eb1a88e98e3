from __future__ import annotations

import errno
import json
import logging
import threading
from pathlib import Path

import numpy as np
import pytest

from app.base.errors import Cancelled, DiskFull
from app.base.jobs import CancelToken
from app.library.encoders import DIMENSIONS, Encoder, choice, export, opening
from app.library.encoders.choice import MIN_COSINE, measure, probe_texts, recall_choice
from app.library.encoders.export import Exports, Precision
from app.library.encoders.model_files import EmbedderDamaged, ModelFiles
from app.library.encoders.onnx_encoder import OnnxEncoder, worker_count
from app.library.encoders.opening import FOLDER, open_encoder
from app.library.encoders.wordpieces import BATCH_TEXTS, Wordpieces
from app.settings.schema import EmbedderPrecision

TEXTS = [
    "The lease ends after three months of notice in writing.",
    "Bees shiver their flight muscles to make heat.",
    "pump " * 600,
    "",
    "Договор аренды 租约 🙂",
    *(f"Sentence number {number} is about glaciers and valleys." for number in range(40)),
]


def _cosines(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.asarray(np.sum(one * other, axis=1))


def test_exported_network_agrees_with_the_published_model(
    exact: Encoder, files: ModelFiles, words: Wordpieces
) -> None:
    # In a process of its own: torch leaves threads and half a gigabyte behind.
    import subprocess
    import sys

    script = (
        "import sys, json\n"
        "from pathlib import Path\n"
        "from app.library.encoders.model_files import find_model_files\n"
        "from app.library.encoders.torch_encoder import TorchEncoder\n"
        "from app.library.encoders.wordpieces import Wordpieces\n"
        "files = find_model_files()\n"
        "encoder = TorchEncoder('torch', files.folder, Wordpieces(files.tokenizer))\n"
        "heard = []\n"
        "rows = encoder.embed(json.load(sys.stdin), on_done=heard.extend)\n"
        "print(json.dumps([rows.tolist(), sorted(heard)]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], input=json.dumps(TEXTS), text=True, capture_output=True,
        check=True, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    rows, heard = json.loads(done.stdout.splitlines()[-1])

    assert heard == list(range(len(TEXTS)))
    assert _cosines(exact.embed(TEXTS), np.array(rows, np.float32)).min() > 0.9999


def test_rounded_network_is_close_to_the_exact_one(exact: Encoder, rounded: Encoder) -> None:
    texts = list(probe_texts())

    assert _cosines(exact.embed(texts), rounded.embed(texts)).min() >= MIN_COSINE


def test_vectors_have_length_one_and_keep_the_order(exact: Encoder) -> None:
    together = exact.embed(TEXTS)
    alone = np.concatenate([exact.embed([each]) for each in TEXTS])

    assert together.shape == (len(TEXTS), DIMENSIONS)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    assert _cosines(together, alone).min() > 0.9999


def test_meaning_decides_what_is_close(rounded: Encoder) -> None:
    question, lease, bees = rounded.embed(["How do I end my tenancy?", TEXTS[0], TEXTS[1]])

    assert question @ lease > question @ bees + 0.2


def test_embedding_nothing_gives_no_rows(exact: Encoder) -> None:
    assert exact.embed([]).shape == (0, DIMENSIONS)


def test_odd_texts_are_embedded(exact: Encoder) -> None:
    odd = ["\ud800 lone", "\x00", "a" * 1_000_000, "\u200b", "｟" * 300]

    assert np.isfinite(exact.embed(odd)).all()


def test_every_text_is_reported_done_once(exact: Encoder) -> None:
    heard: list[int] = []
    exact.embed(TEXTS, on_done=heard.extend)

    assert sorted(heard) == list(range(len(TEXTS)))


def test_cancel_stops_between_batches(exact: Encoder) -> None:
    cancel = CancelToken()
    heard: list[int] = []

    def stop(indexes: object) -> None:
        heard.append(1)
        cancel.cancel()

    with pytest.raises(Cancelled):
        exact.embed(TEXTS * 20, cancel=cancel, on_done=stop)

    assert len(heard) <= 1 + worker_count()
    assert exact.embed(["still works"]).shape == (1, DIMENSIONS)


def test_question_is_embedded_while_a_long_batch_runs(rounded: Encoder) -> None:
    started, cancel = threading.Event(), CancelToken()
    failures: list[BaseException] = []

    def ingest() -> None:
        try:
            rounded.embed(TEXTS * 200, cancel=cancel, on_done=lambda _done: started.set())
        except Cancelled as error:
            failures.append(error)

    thread = threading.Thread(target=ingest)
    thread.start()
    assert started.wait(30)
    alone = rounded.embed(["How long is the notice period?"])
    still_running = thread.is_alive()
    cancel.cancel()
    thread.join()

    assert still_running
    assert failures
    assert _cosines(alone, rounded.embed(["How long is the notice period?"]))[0] > 0.9999


def test_closed_encoder_leaves_no_threads(
    artifacts: Path, files: ModelFiles, words: Wordpieces
) -> None:
    before = set(threading.enumerate())
    network = Exports(artifacts / FOLDER, files).path(Precision.INT8)
    encoder = OnnxEncoder("int8", network, words, workers=3)
    encoder.embed(TEXTS)
    encoder.close()

    assert set(threading.enumerate()) - before == set()


def test_count_tokens_counts_whole_texts_without_marks(exact: Encoder) -> None:
    assert exact.count_tokens(["", "pump", "pump " * 600]) == [0, 1, 600]


def test_batches_are_sorted_and_small(words: Wordpieces) -> None:
    batches = list(words.batches(TEXTS * 3))

    widths = [each.ids.shape[1] for each in batches]
    assert widths == sorted(widths, reverse=True)
    assert max(each.ids.shape[0] for each in batches) <= BATCH_TEXTS
    assert max(each.ids.size for each in batches) <= 2_048
    assert widths[0] == 256


@pytest.mark.parametrize(("cores", "workers"), [(1, 1), (2, 2), (4, 3), (8, 7), (64, 8)])
def test_worker_count_leaves_room(cores: int, workers: int) -> None:
    assert worker_count(cores) == workers


def test_export_is_made_once(artifacts: Path, files: ModelFiles) -> None:
    path = Exports(artifacts / FOLDER, files).path(Precision.INT8)
    before = path.stat().st_mtime_ns

    assert Exports(artifacts / FOLDER, files).path(Precision.INT8).stat().st_mtime_ns == before
    assert not list(path.parent.glob("*.part"))


@pytest.mark.parametrize("damage", ["cut", "changed", "no note", "bad note"])
def test_damaged_export_is_made_again(artifacts: Path, files: ModelFiles, damage: str) -> None:
    exports = Exports(artifacts / FOLDER, files)
    path = exports.path(Precision.INT8)
    whole = path.read_bytes()
    if damage == "cut":
        path.write_bytes(whole[:-1000])
    elif damage == "changed":
        path.write_bytes(whole[:5000] + b"\0\0\0\0" + whole[5004:])
    elif damage == "no note":
        path.with_suffix(".json").unlink()
    else:
        path.with_suffix(".json").write_text("[]")

    assert exports.path(Precision.INT8).read_bytes() == whole
    assert not list(path.parent.glob("*.part"))


def _copied(files: ModelFiles, folder: Path) -> ModelFiles:
    folder.mkdir()
    (folder / "tokenizer.json").write_bytes(files.tokenizer.read_bytes())
    (folder / "model.safetensors").write_bytes(files.weights.read_bytes())
    return ModelFiles(folder)


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_model_that_is_not_the_published_one_is_refused(
    files: ModelFiles, tmp_path: Path, name: str
) -> None:
    forged = _copied(files, tmp_path / "model")
    with (tmp_path / "model" / name).open("r+b") as file:
        file.seek(-1, 2)
        last = file.read(1)
        file.seek(-1, 2)
        file.write(bytes([last[0] ^ 1]))

    with pytest.raises(EmbedderDamaged) as caught:
        open_encoder(tmp_path / "artifacts", EmbedderPrecision.AUTOMATIC, forged)

    assert caught.value.hint
    assert not list((tmp_path / "artifacts").rglob("*.onnx"))


def test_missing_model_is_an_expected_failure(tmp_path: Path) -> None:
    with pytest.raises(EmbedderDamaged):
        open_encoder(tmp_path, EmbedderPrecision.AUTOMATIC, ModelFiles(tmp_path / "nowhere"))


def test_exact_precision_uses_the_exact_network(artifacts: Path) -> None:
    opened = open_encoder(artifacts, EmbedderPrecision.EXACT)
    try:
        assert opened.encoder.name == "all-MiniLM-L6-v2/onnx-fp32"
        assert opened.measured == ()
    finally:
        opened.encoder.close()


def test_choice_is_measured_once_and_remembered(
    artifacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = open_encoder(artifacts, EmbedderPrecision.AUTOMATIC)
    first.encoder.close()

    def not_again(*_args: object) -> None:
        raise AssertionError("measured again")

    monkeypatch.setattr(opening, "measure", not_again)
    second = open_encoder(artifacts, EmbedderPrecision.AUTOMATIC)
    second.encoder.close()

    assert second.encoder.name == first.encoder.name
    assert second.measured == first.measured
    assert len(first.measured) == 2
    assert all(speed > 0 for _, speed in first.measured)


def test_choice_of_another_computer_is_not_taken_over(
    artifacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_encoder(artifacts, EmbedderPrecision.AUTOMATIC).encoder.close()
    file = artifacts / FOLDER / "choice.json"
    assert recall_choice(file) is not None

    monkeypatch.setattr("os.cpu_count", lambda: 97)

    assert recall_choice(file) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"computer": 1}', '"x"'])
def test_unreadable_choice_is_measured_again(tmp_path: Path, text: str) -> None:
    file = tmp_path / "choice.json"
    file.write_text(text)

    assert recall_choice(file) is None


class _Fixed:
    """An encoder that gives one vector and takes `seconds` a call on a clock of its own."""

    name = "fixed"

    def __init__(self, clock: list[float], seconds: float, angle: float = 0.0) -> None:
        self._clock, self._seconds, self._angle = clock, seconds, angle

    def embed(self, texts, *, cancel=None, on_done=None):
        self._clock[0] += self._seconds
        row = np.zeros(DIMENSIONS, np.float32)
        row[0], row[1] = np.cos(self._angle), np.sin(self._angle)
        return np.tile(row, (len(texts), 1))

    def count_tokens(self, texts: list[str]) -> list[int]:
        return [len(each) for each in texts]

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("int8_seconds", "angle", "chosen"),
    [(0.5, 0.1, Precision.INT8), (2.0, 0.1, Precision.FP32), (0.1, 0.25, Precision.FP32)],
    ids=["faster and close", "slower", "faster but far off"],
)
def test_measuring_takes_the_fastest_that_is_exact_enough(
    int8_seconds: float, angle: float, chosen: Precision
) -> None:
    clock = [0.0]
    encoders = {
        Precision.FP32: _Fixed(clock, 1.0),
        Precision.INT8: _Fixed(clock, int8_seconds, angle),
    }

    result = measure(encoders, clock=lambda: clock[0])

    assert result.precision is chosen
    assert dict(result.speeds)[Precision.FP32] == pytest.approx(len(probe_texts()))
    assert result.cosine == pytest.approx(float(np.cos(angle)), abs=1e-4)


def test_choice_that_cannot_be_kept_is_no_failure(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made = choice.Choice(Precision.INT8, ((Precision.INT8, 1.0),), 0.99)
    with caplog.at_level(logging.WARNING):
        choice.remember_choice(tmp_path / "nowhere" / "choice.json", made)

    assert "cannot be kept" in caplog.text


def test_failing_export_falls_back_on_the_reference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def impossible(_weights: object) -> bytes:
        raise ImportError("no onnx here")

    monkeypatch.setattr(export, "build_graph", impossible)
    made: list[str] = []

    class Reference:
        def __init__(self, name: str, folder: Path, words: Wordpieces) -> None:
            made.append(name)

    monkeypatch.setattr("app.library.encoders.torch_encoder.TorchEncoder", Reference)
    with caplog.at_level(logging.ERROR):
        open_encoder(tmp_path, EmbedderPrecision.AUTOMATIC)

    assert made == ["all-MiniLM-L6-v2/torch-fp32"]
    assert "no onnx here" in caplog.text
    assert not list(tmp_path.rglob("*.part"))


def test_full_disk_during_export_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_self: Path, _data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)

    with pytest.raises(DiskFull):
        open_encoder(tmp_path, EmbedderPrecision.AUTOMATIC)


def test_broken_off_quantization_leaves_only_the_exact_network(
    tmp_path: Path, files: ModelFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(source: Path, *_args: object, **_settings: object) -> None:
        source.with_name(f"{source.stem}-inferred.onnx").write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("onnxruntime.quantization.quantize_dynamic", break_off)
    with pytest.raises(DiskFull):
        Exports(tmp_path, files).path(Precision.INT8)
    (network,) = tmp_path.glob("*.onnx")
    assert "fp32" in network.name
