"""Opens the best encoder for this computer: exported and chosen by measuring, or the fallback."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.base.errors import AppError
from app.library.encoders import Encoder
from app.library.encoders.choice import Choice, measure, recall_choice, remember_choice
from app.library.encoders.export import Exports, Precision
from app.library.encoders.model_files import MODEL_NAME, ModelFiles, find_model_files
from app.library.encoders.onnx_encoder import OnnxEncoder
from app.library.encoders.wordpieces import Wordpieces
from app.settings.schema import EmbedderPrecision

log = logging.getLogger(__name__)

FOLDER: Final = "embedder"


@dataclass(frozen=True, slots=True)
class OpenedEncoder:
    """An encoder that is ready, and the speeds it was chosen on, by name."""

    encoder: Encoder
    measured: tuple[tuple[str, float], ...]


def open_encoder(
    artifacts: Path, precision: EmbedderPrecision, files: ModelFiles | None = None
) -> OpenedEncoder:
    """Open the encoder; the first time on a computer this exports and measures for some seconds.

    Raises:
        EmbedderDamaged: the model files are missing or not the published ones.
        DiskFull: there is no room for the export.
    """
    files = files or find_model_files()
    files.check_tokenizer()
    words = Wordpieces(files.tokenizer)
    try:
        return _Opening(artifacts / FOLDER, files, words).open(precision)
    except AppError:
        raise
    except Exception:
        # Whatever keeps ONNX from working here, the slower way still does.
        log.exception("no exported embedder can be used; falling back on sentence-transformers")
        return _open_fallback(files, words)


def _open_fallback(files: ModelFiles, words: Wordpieces) -> OpenedEncoder:
    from app.library.encoders.torch_encoder import TorchEncoder

    files.check_weights()
    return OpenedEncoder(TorchEncoder(f"{MODEL_NAME}/torch-fp32", files.folder, words), ())


class _Opening:
    def __init__(self, folder: Path, files: ModelFiles, words: Wordpieces) -> None:
        self._exports = Exports(folder, files)
        self._choice_file = folder / "choice.json"
        self._words = words

    def open(self, precision: EmbedderPrecision) -> OpenedEncoder:
        if precision is EmbedderPrecision.EXACT:
            return OpenedEncoder(self._load(Precision.FP32), ())
        choice = recall_choice(self._choice_file)
        if choice is not None:
            return _opened(self._load(choice.precision), choice)
        encoders = {each: self._load(each) for each in Precision}
        choice = measure(encoders)
        remember_choice(self._choice_file, choice)
        for each, encoder in encoders.items():
            if each is not choice.precision:
                encoder.close()
        return _opened(encoders[choice.precision], choice)

    def _load(self, precision: Precision) -> OnnxEncoder:
        network = self._exports.path(precision)
        return OnnxEncoder(_name(precision), network, self._words)


def _opened(encoder: Encoder, choice: Choice) -> OpenedEncoder:
    return OpenedEncoder(encoder, tuple((_name(each), speed) for each, speed in choice.speeds))


def _name(precision: Precision) -> str:
    return f"{MODEL_NAME}/onnx-{precision}"
