from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.engine.llama.native import llama_cpp
from app.engine.llama.vocabulary import Vocabulary
from tests.doubles.scripted_gguf import scripted_gguf


@dataclass(frozen=True, slots=True)
class Native:
    """A scripted model and a context of it, in this process."""

    path: Path
    vocabulary: Vocabulary
    context: Any

    def token(self, text: str) -> int:
        """The one token of a short text."""
        (token,) = self.vocabulary.tokenize(text, parse_special=True)
        return token

    def decode(self, tokens: list[int]) -> None:
        """Compute from the start, with an output for the last token."""
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(self.context), True)
        array = (llama_cpp.llama_token * len(tokens))(*tokens)
        batch = llama_cpp.llama_batch_get_one(array, len(tokens))
        assert llama_cpp.llama_decode(self.context, batch) == 0


@pytest.fixture(scope="session")
def native(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Native]:
    path = scripted_gguf(tmp_path_factory.mktemp("native") / "scripted.gguf")
    model = llama_cpp.llama_model_load_from_file(
        str(path).encode(), llama_cpp.llama_model_default_params()
    )
    params = llama_cpp.llama_context_default_params()
    params.n_ctx, params.n_batch, params.n_ubatch, params.n_threads = 512, 512, 512, 1
    context = llama_cpp.llama_init_from_model(model, params)
    yield Native(path, Vocabulary(model), context)
    llama_cpp.llama_free(context)
    llama_cpp.llama_model_free(model)
