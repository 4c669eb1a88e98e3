"""A model file opened by llama.cpp: its weights, vocabulary and chat template."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path
from typing import Any

from app.base.errors import Cancelled
from app.base.jobs import CancelToken
from app.engine.causes import load_error
from app.engine.llama.fitting.params import model_params
from app.engine.llama.native import llama_cpp, native_log, trained_length
from app.engine.llama.vocabulary import Vocabulary
from app.engine.options import LoadOptions
from app.engine.templates import ChatTemplate, ControlTexts, Guard

_VARIANT = "tokenizer.chat_template."


class Weights:
    """Owns a native model. Contexts made of it must be closed before it.

    Attributes:
        handle: the native model.
        vocabulary: its tokens.
    """

    def __init__(
        self,
        path: Path,
        options: LoadOptions,
        cancel: CancelToken,
        *,
        gpu_layers: int = 0,
        without_weights: bool = False,
    ) -> None:
        """Open a GGUF file.

        Args:
            path: the file; of a model in several files the first.
            options: where the weights go.
            cancel: gives up loading.
            gpu_layers: what an automatic number of layers comes to.
            without_weights: read all that can be read without taking memory for the weights.

        Raises:
            ModelLoadError: llama.cpp refuses it; why.
            Cancelled: `cancel` was.
        """
        self.path = path
        params = model_params(
            options,
            gpu_layers=gpu_layers,
            progress=lambda _share: not cancel.is_cancelled,
            without_weights=without_weights,
        )
        native_log.errors.clear()
        self.handle: Any = llama_cpp.llama_model_load_from_file(os.fsencode(path), params.native)
        if cancel.is_cancelled:
            self.close()
            raise Cancelled
        if not self.handle:
            raise load_error(path.name, native_log.errors)
        self.vocabulary = Vocabulary(self.handle)

    @property
    def trained_length(self) -> int:
        """Tokens of context the model was trained for; 0 if the file does not say."""
        return trained_length(self.handle)

    def entry(self, key: str) -> str:
        """A text entry of the file's header; empty when there is none."""
        return self.entries().get(key, "")

    def entries(self) -> dict[str, str]:
        """Every entry of the header, as text."""
        count = llama_cpp.llama_model_meta_count(self.handle)
        found: dict[str, str] = {}
        for index in range(count):
            key = _read(llama_cpp.llama_model_meta_key_by_index, self.handle, index)
            found[key] = _read(llama_cpp.llama_model_meta_val_str_by_index, self.handle, index)
        return found

    def template(self, guard: Guard) -> ChatTemplate:
        """The chat template of the file, with its named variants.

        Raises:
            TemplateError: it cannot be used.
        """
        vocabulary = self.vocabulary
        source = llama_cpp.llama_model_chat_template(self.handle, None) or b""
        variants = {
            key.removeprefix(_VARIANT): value
            for key, value in self.entries().items()
            if key.startswith(_VARIANT)
        }
        text = source.decode("utf-8", "replace")
        sources = (text, *variants.values())
        # Tokens that the template writes as marks must be nobody else's, whatever their kind.
        marks = {
            each
            for each in vocabulary.markup_tokens().values()
            if any(each in source for source in sources)
        }
        return ChatTemplate.of_model(
            text,
            variants=variants,
            controls=ControlTexts({*vocabulary.control_tokens().values(), *marks}),
            bos=vocabulary.text(vocabulary.bos),
            eos=vocabulary.text(vocabulary.eos),
            guard=guard,
        )

    def close(self) -> None:
        """Give the memory back."""
        if self.handle:
            llama_cpp.llama_model_free(self.handle)
            self.handle = None


def _read(function: Any, model: Any, index: int) -> str:
    """One text of the header, however long."""
    size = max(function(model, index, None, 0), 0)
    buffer = ctypes.create_string_buffer(size + 1)
    function(model, index, buffer, size + 1)
    text: bytes = buffer.value
    return text.decode("utf-8", "replace").strip()
