"""LoRA adapters of a loaded model: read once, put in force together, freed when no longer used.

Use: one `AdapterSet` per loaded model; `use` between two decode steps, always with the same
context. State of conversations computed before a change is not valid after it, which is what
`fingerprint()` in their key is for. Close it before the model is freed: the model frees the
adapters that are left, and their handles are then dead.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from app.engine.causes import last_words
from app.engine.errors import AdapterError
from app.engine.llama.gguf_file import FLOAT32, GgufFile, TensorFacts, open_gguf
from app.engine.llama.native import llama_cpp, native_log
from app.engine.options import Adapter

# ggml_type that a weight can have and be multiplied with: floats and the common quantizations.
_USABLE_TYPES = frozenset((0, 1, 2, 3, 6, 7, 8, 10, 11, 12, 13, 14, 20, 30))
_NVFP4 = "39"  # llama_ftype, whose weights take no adapters
_INVOCATION = "adapter.alora.invocation_tokens"
_OTHER_FILE = "Choose an adapter that was made for this very model."
_AGAIN = "The file is damaged or its download was interrupted. Download it again."


@dataclass(frozen=True, slots=True)
class _FileId:
    """A file as it is now; a file that was changed is another one."""

    path: str
    size: int
    time_ns: int


@dataclass(frozen=True, slots=True)
class _Loaded:
    handle: Any
    digest: str


class AdapterSet:
    """The adapters of one model, and which of them are in force."""

    def __init__(self, model: Any) -> None:
        """None is loaded yet.

        Args:
            model: the native model. It must outlive this object.
        """
        self._model = model
        self._architecture = _entry(model, "general.architecture")
        experts = _entry(model, f"{self._architecture}.expert_count")
        self._experts = int(experts) if experts.isdecimal() else 0
        self._loaded: dict[_FileId, _Loaded] = {}
        self._fingerprint = ""

    def use(self, context: Any, adapters: Sequence[Adapter]) -> None:
        """Put exactly these in force; the scales of a file that is named twice are added.

        Raises:
            AdapterError: one cannot be used; those in force before still are.
        """
        scales: dict[_FileId, float] = {}
        wanted: dict[_FileId, _Loaded] = {}
        try:
            for each in adapters:
                file = _identify(each)
                scales[file] = scales.get(file, 0.0) + each.scale
                if file not in wanted:
                    wanted[file] = self._loaded.get(file) or self._load(Path(each.path))
            acting = {file: loaded for file, loaded in wanted.items() if scales[file]}
            _apply(context, [(each.handle, scales[file]) for file, each in acting.items()])
        except AdapterError:
            self._free(wanted, unless_in=self._loaded)
            raise
        former, self._loaded = self._loaded, wanted
        self._free(former, unless_in=wanted)
        parts = sorted(f"{each.digest}*{scales[file]!r}" for file, each in acting.items())
        self._fingerprint = "+".join(parts)

    def fingerprint(self) -> str:
        """Contents and scales of what is in force, for keys; empty for none."""
        return self._fingerprint

    def close(self, context: Any = None) -> None:
        """Free all; take them out of force first where the context lives on."""
        if context is not None:
            _apply(context, [])
        former, self._loaded = self._loaded, {}
        self._fingerprint = ""
        self._free(former, unless_in={})

    def _load(self, path: Path) -> _Loaded:
        native_log.errors.clear()
        with open_gguf(path) as file:
            if file is None:
                raise _refused(path, "It is not a GGUF file, or it is damaged.", _AGAIN)
            self._check(path, file)
        digest = _sha256(path)
        native_log.errors.clear()
        handle = llama_cpp.llama_adapter_lora_init(self._model, os.fsencode(path))
        if not handle:
            raise _load_error(path, list(native_log.errors))
        return _Loaded(handle, digest)

    def _check(self, path: Path, file: GgufFile) -> None:
        """Refuse here, in words, what llama.cpp would refuse or would end the process over."""
        if _entry(self._model, "general.file_type") == _NVFP4:
            raise _refused(
                path,
                "This model's numbers (NVFP4) take no adapters.",
                "Choose another file of the model.",
            )
        if file.text("general.type") != "adapter":
            raise _refused(path, "It is a whole model, not an adapter.", _OTHER_FILE)
        made_for = file.text("general.architecture")
        if made_for != self._architecture:
            raise _refused(
                path,
                f"It was made for models of the kind “{_shown(made_for)}”, and this one is"
                f" “{_shown(self._architecture)}”.",
                _OTHER_FILE,
            )
        if file.text("adapter.type") != "lora":
            raise _refused(path, "It is not a LoRA adapter.", "Choose a LoRA adapter.")
        if file.kind(_INVOCATION) is not None:
            raise _refused(
                path,
                "It acts only from certain words on (“activated LoRA”), which Cairn does not do.",
                "Choose a LoRA adapter of the usual kind.",
            )
        if file.kind("adapter.lora.alpha") not in (None, FLOAT32) or not all(
            self._is_usable(each) for each in file.tensors()
        ):
            raise _refused(path, "Parts of it have an unusual form.", _OTHER_FILE)

    def _is_usable(self, tensor: TensorFacts) -> bool:
        per_expert = "_exps." in tensor.name
        return (
            tensor.type in _USABLE_TYPES
            and tensor.sizes[2] == (self._experts if per_expert else 1)
            and tensor.sizes[3] == 1
        )

    def _free(self, adapters: dict[_FileId, _Loaded], unless_in: dict[_FileId, _Loaded]) -> None:
        for file, each in adapters.items():
            if file not in unless_in:
                llama_cpp.llama_adapter_lora_free(each.handle)


def _apply(context: Any, adapters: Sequence[tuple[Any, float]]) -> None:
    count = len(adapters)
    handles = (llama_cpp.llama_adapter_lora_p_ctypes * count)(*(each for each, _ in adapters))
    scales = (ctypes.c_float * count)(*(scale for _, scale in adapters))
    if llama_cpp.llama_set_adapters_lora(context, handles, count, scales) != 0:
        raise AdapterError("The engine did not take the adapters.", _OTHER_FILE)


def _identify(adapter: Adapter) -> _FileId:
    path = Path(adapter.path)
    if not isfinite(adapter.scale):
        raise _refused(path, f"Its strength, {adapter.scale}, is not a number.", "Set it to 1.")
    try:
        path = path.resolve(strict=True)
        status = path.stat()
    except (OSError, ValueError) as error:
        raise _refused(
            Path(adapter.path), "The file cannot be found.", "Choose it again."
        ) from error
    if not path.is_file():
        raise _refused(path, "It is not a file.", "Choose it again.")
    return _FileId(str(path), status.st_size, status.st_mtime_ns)


# What llama.cpp says -> what happened and what to do. The first that matches is taken.
_CAUSES = (
    (r"does not exist in base model|incorrect shape",
     "It was made for another model of this kind, with other sizes.", _OTHER_FILE),
    (r"not within the file bounds|corrupted or incomplete", "The file is incomplete.", _AGAIN),
    (r"failed to (?:re)?allocate|unable to allocate|out of memory|bad_alloc",
     "There is not enough memory for it.", "Use a smaller adapter, or close other programs."),
    (r"missing one component|unexpected suffix|not transposed",
     "It lacks parts, or was made by a tool that is no longer supported.", _OTHER_FILE),
    (r"failed to open", "The file cannot be opened.", "Choose it again."),
)  # fmt: skip


def _load_error(path: Path, lines: Sequence[str]) -> AdapterError:
    text = "\n".join(lines)
    for pattern, message, hint in _CAUSES:
        if re.search(pattern, text, re.IGNORECASE):
            return _refused(path, message, hint)
    said = last_words(lines)
    return _refused(path, f"The engine says: {said}." if said else "", _OTHER_FILE)


def _refused(path: Path, why: str, hint: str) -> AdapterError:
    return AdapterError(f"“{path.name}” cannot be used as an adapter. {why}".rstrip(), hint)


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _refused(path, "The file cannot be read.", "Choose it again.") from error


def _entry(model: Any, key: str) -> str:
    buffer = ctypes.create_string_buffer(256)
    size = llama_cpp.llama_model_meta_val_str(model, key.encode(), buffer, 256)
    return buffer.value.decode("utf-8", "replace").strip() if size >= 0 else ""


def _shown(text: str) -> str:
    return "".join(each for each in text if each.isprintable())[:40]
