"""The real embedder, exported once for all tests of the library."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.library.encoders import Encoder
from app.library.encoders.export import Exports, Precision
from app.library.encoders.model_files import ModelFiles, find_model_files
from app.library.encoders.onnx_encoder import OnnxEncoder
from app.library.encoders.opening import FOLDER
from app.library.encoders.wordpieces import Wordpieces


@pytest.fixture(scope="session")
def files() -> ModelFiles:
    return find_model_files()


@pytest.fixture(scope="session")
def words(files: ModelFiles) -> Wordpieces:
    return Wordpieces(files.tokenizer)


@pytest.fixture(scope="session")
def artifacts(tmp_path_factory: pytest.TempPathFactory, files: ModelFiles) -> Path:
    """An artifacts folder with both exports."""
    folder = tmp_path_factory.mktemp("artifacts")
    exports = Exports(folder / FOLDER, files)
    for precision in Precision:
        exports.path(precision)
    return folder


@pytest.fixture(scope="session")
def exact(artifacts: Path, files: ModelFiles, words: Wordpieces) -> Iterator[Encoder]:
    network = Exports(artifacts / FOLDER, files).path(Precision.FP32)
    encoder = OnnxEncoder("fp32", network, words)
    yield encoder
    encoder.close()


@pytest.fixture(scope="session")
def rounded(artifacts: Path, files: ModelFiles, words: Wordpieces) -> Iterator[Encoder]:
    network = Exports(artifacts / FOLDER, files).path(Precision.INT8)
    encoder = OnnxEncoder("int8", network, words)
    yield encoder
    encoder.close()
