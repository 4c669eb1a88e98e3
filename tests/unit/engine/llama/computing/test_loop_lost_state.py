"""Replies that had to step aside and lost their state come out as if nothing had happened."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.base.jobs import CancelToken
from app.engine.llama.kv.memory import ContextMemory
from app.engine.llama.kv.parking import StateBytes
from app.engine.llama.model import LlamaModel
from app.engine.messages import Role, Turn
from app.engine.options import LoadOptions, Speculation
from app.engine.protocol import Generate, Generated, Load, Priority, ScoreText
from app.engine.sampling import Sampling
from tests.doubles.random_gguf import Shape, tiny_random

_TEXTS = tuple(f"{letter * 40}: " for letter in "abcdef")
_WAIT_S = 60.0


def _ask(text: str, *, exact: bool = False) -> Generate:
    return Generate(
        (Turn(Role.USER, text),),
        sampling=Sampling(temperature=0.0),
        max_tokens=60,
        logprobs=5,
        priority=Priority.BACKGROUND,
        exact=exact,
        raw=True,
    )


def _all(model: LlamaModel, requests: list[Generate]) -> list[Generated]:
    futures = [model.generate(each, lambda _delta: None, CancelToken()) for each in requests]
    return [each.result(_WAIT_S) for each in futures]


def _agree(alone: Generated, other: Generated) -> bool:
    """Whether they are the same but for a choice that was close."""
    for one, two in zip(alone.scores, other.scores, strict=True):
        if one.chosen.token != two.chosen.token:
            near = {each.token: each.logprob for each in one.alternatives}
            return near.get(two.chosen.token, -99.0) > one.chosen.logprob - 0.5
    return True


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_random(tmp_path_factory.mktemp("lost") / "model.gguf", Shape(tied=False, layers=3))


@pytest.fixture(params=[False, True], ids=["plain", "guessing"])
def model(file: Path, request: pytest.FixtureRequest) -> Iterator[LlamaModel]:
    """Too little room for all replies at once."""
    options = LoadOptions(
        context_length=256,
        batch=256,
        streams=4,
        threads=1,
        prefill_threads=1,
        speculation=Speculation(prompt_lookup=request.param),
    )
    model = LlamaModel(Load(str(file), options), CancelToken())
    yield model
    model.close()


@pytest.mark.parametrize("trouble", ["none", "not saved", "refused"])
def test_reply_that_stepped_aside_goes_on_as_it_would_have(
    model: LlamaModel, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = _all(model, [_ask(each, exact=True) for each in _TEXTS])
    saved: list[int] = []
    save = ContextMemory.save

    def note(self: ContextMemory, sequence: int) -> StateBytes:
        saved.append(sequence)
        return bytearray() if trouble == "not saved" else save(self, sequence)

    monkeypatch.setattr(ContextMemory, "save", note)
    if trouble == "refused":
        monkeypatch.setattr(ContextMemory, "restore", lambda *_state: False)
    together = _all(model, [_ask(each) for each in _TEXTS])
    assert saved  # or nobody had to step aside
    assert [each.timings.output_tokens for each in together] == [60] * len(_TEXTS)
    assert all(map(_agree, alone, together))


@pytest.mark.parametrize("trouble", ["not saved", "refused"])
def test_scores_that_stepped_aside_are_each_there_once(
    model: LlamaModel, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = ScoreText("Text that is scored in windows, many of them. " * 12, window=120)
    alone = model.score_text(request, CancelToken()).result(_WAIT_S)
    if trouble == "refused":
        monkeypatch.setattr(ContextMemory, "restore", lambda *_state: False)
    else:
        monkeypatch.setattr(ContextMemory, "save", lambda *_state: bytearray())
    beside = model.score_text(request, CancelToken())
    _all(model, [_ask(each) for each in _TEXTS[:3]])
    score = beside.result(_WAIT_S)
    assert score.tokens == alone.tokens > 200
    assert score.log_likelihood == pytest.approx(alone.log_likelihood, rel=1e-3)
