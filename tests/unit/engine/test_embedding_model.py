"""A model that embeds, through the real child process."""

from __future__ import annotations

from math import hypot
from pathlib import Path

import pytest

from app.base.errors import Cancelled
from app.base.jobs import CancelToken
from app.engine.errors import NotSupported, PromptTooLong
from app.engine.host import EngineHost
from app.engine.messages import Role, Turn
from app.engine.options import LoadOptions
from app.engine.protocol import Generate
from tests.doubles.random_gguf import tiny_embedder
from tests.unit.engine.conftest import MakeHost


@pytest.fixture(params=[False, True], ids=["encoder", "last token"])
def embedder(request: pytest.FixtureRequest, make_host: MakeHost, tmp_path: Path) -> EngineHost:
    host = make_host()
    path = tiny_embedder(tmp_path / "embedder.gguf", causal=request.param)
    host.load(path, LoadOptions(context_length=512, threads=1))
    return host


def test_vectors_have_length_one_and_tell_texts_apart(embedder: EngineHost) -> None:
    assert embedder.loaded is not None
    assert embedder.loaded.embeds
    one, other, again = embedder.embed(("a first text", "quite another one", "a first text"))
    assert hypot(*one) == pytest.approx(1.0, abs=1e-4)
    assert one == pytest.approx(again, abs=1e-3)
    assert one != pytest.approx(other, abs=1e-3)


def test_text_that_is_too_long_is_refused_and_not_cut(embedder: EngineHost) -> None:
    with pytest.raises(PromptTooLong, match="tokens"):
        embedder.embed(("short", "long " * 2000))
    assert len(embedder.embed(("short",))) == 1


def test_model_that_embeds_does_not_chat(embedder: EngineHost) -> None:
    with pytest.raises(NotSupported, match="vectors") as caught:
        embedder.generate(Generate((Turn(Role.USER, "Hello?"),)))
    assert caught.value.hint


def test_embedding_that_was_stopped_raises(embedder: EngineHost) -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        embedder.embed(("text",) * 100, cancel)
