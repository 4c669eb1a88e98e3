"""The exported encoders in the artifacts folder: made once, checked at every start.

Each file lies beside a note of its size and SHA-256; a file that does not match is made again.
"""

from __future__ import annotations

import json
import logging
import time
from enum import StrEnum
from pathlib import Path
from typing import Final

from app.base.errors import disk_full_explained
from app.library.encoders.graph import build_graph
from app.library.encoders.model_files import WEIGHTS_SHA256, ModelFiles, sha256_of

log = logging.getLogger(__name__)

# Raise it when graph.py or the quantization below changes.
EXPORTER_VERSION: Final = 1


class Precision(StrEnum):
    """What the exported network computes with."""

    FP32 = "fp32"
    INT8 = "int8"


class Exports:
    """Hands out the exported networks, making those that are missing or damaged."""

    def __init__(self, folder: Path, files: ModelFiles) -> None:
        self._folder = folder
        self._files = files

    def path(self, precision: Precision) -> Path:
        """A checked network file, exported now if need be.

        Raises:
            EmbedderDamaged: the weights are not the published ones.
            DiskFull: there is no room for the export.
        """
        path = self._folder / f"minilm-{precision}-{WEIGHTS_SHA256[:8]}-v{EXPORTER_VERSION}.onnx"
        if not _is_whole(path):
            started = time.monotonic()
            with disk_full_explained(self._folder):
                self._folder.mkdir(parents=True, exist_ok=True)
                self._make(precision, path)
            log.info("exported the %s embedder in %.1f s", precision, time.monotonic() - started)
        return path

    def _make(self, precision: Precision, path: Path) -> None:
        unfinished = path.with_suffix(".part")
        try:
            if precision is Precision.FP32:
                self._files.check_weights()
                # Only needed to export; reads the tensors without torch.
                from safetensors.numpy import load_file

                unfinished.write_bytes(build_graph(load_file(self._files.weights)))
            else:
                _quantize(self.path(Precision.FP32), unfinished)
            _write_note(path, unfinished)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)


def _quantize(source: Path, target: Path) -> None:
    # Only needed to export.
    from onnx import TensorProto
    from onnxruntime.quantization import QuantType, quantize_dynamic

    root = logging.getLogger()
    root.addFilter(_is_wanted)
    try:
        quantize_dynamic(
            source,
            target,
            weight_type=QuantType.QInt8,
            per_channel=True,
            # Shapes inside ONNX Runtime's own operators cannot be inferred.
            extra_options={"DefaultTensorType": TensorProto.FLOAT},
        )
    finally:
        root.removeFilter(_is_wanted)
        # What the quantizer leaves beside its source when the disk is full.
        source.with_name(f"{source.stem}-inferred.onnx").unlink(missing_ok=True)


def _is_wanted(record: logging.LogRecord) -> bool:
    # The quantizer talks to the root logger: a line a tensor, and advice our graph does not need.
    return record.levelno >= logging.ERROR or "quantization" not in record.pathname


def _note(path: Path) -> Path:
    return path.with_suffix(".json")


def _write_note(path: Path, written: Path) -> None:
    facts = {"size": written.stat().st_size, "sha256": sha256_of(written)}
    _note(path).write_text(json.dumps(facts), encoding="utf-8")


def _is_whole(path: Path) -> bool:
    try:
        facts = json.loads(_note(path).read_text(encoding="utf-8"))
        return bool(path.stat().st_size == facts["size"] and sha256_of(path) == facts["sha256"])
    except FileNotFoundError:
        return False
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("the exported embedder %s cannot be checked (%s)", path.name, error)
        return False
