from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.base.jobs import CancelToken
from app.bootstrap import Services
from app.chat.entities import AnswerMode, AnswerRecord, AnswerText, EngineSetup, Message
from app.chat.repeat import CannotRepeat, check_repeat
from app.engine.messages import Role, Turn
from app.engine.options import Adapter, KvType, LoadOptions, Rope
from app.engine.protocol import FinishReason, ModelFacts, Rounding
from app.engine.sampling import Sampling
from app.modelhub.entities import LocalModel, ModelId
from app.modelhub.service import LoadedModel
from tests.doubles.scripted_engine import Script
from tests.doubles.scripted_gguf import scripted_gguf

Start = Callable[..., Services]
PATH = Path("files") / "a.gguf"
MODEL = LocalModel(
    ModelId(1), "Qwen3", PATH, 1, "qwen3", "Q4_K_M", 8, 4096, True, None, datetime.now(UTC)
)
SETTLED = LoadOptions(kv_type_k=KvType.F16, kv_type_v=KvType.F16)
FACTS = ModelFacts(
    "Qwen3", "qwen3", "Q4_K_M", 4096, 4096, 2, "template-1", "build-1", settled=SETTLED
)
LOADED = LoadedModel(MODEL, FACTS)
RECORD = AnswerRecord(
    AnswerMode.MODEL,
    model_name="Qwen3",
    model_path=str(PATH),
    model_sha256="aa",
    quantization="Q4_K_M",
    template_sha256="template-1",
    engine_build="build-1",
    sampling=Sampling(),
    turns=(Turn(Role.USER, "Hi"),),
    setup=EngineSetup.of(FACTS, LoadOptions()),
)


def loaded_with(**options: object) -> LoadedModel:
    return replace(LOADED, options=LoadOptions(**options))  # type: ignore[arg-type]  # its fields


def settled_as(kind: KvType) -> LoadedModel:
    settled = replace(LOADED.facts.settled, kv_type_k=kind)
    return replace(LOADED, facts=replace(LOADED.facts, settled=settled))


def test_same_model_and_setup_can_be_repeated_without_a_but() -> None:
    assert check_repeat(RECORD, LOADED, "aa") == ()


@pytest.mark.parametrize(
    ("record", "loaded", "sha256", "words"),
    [
        (replace(RECORD, mode=AnswerMode.QUOTED), LOADED, "aa", "quotes your documents"),
        (replace(RECORD, turns=()), LOADED, "aa", "broke off before"),
        (replace(RECORD, sampling=None), LOADED, "aa", "broke off before"),
        (RECORD, None, "", "No model is loaded"),
        (RECORD, LOADED, "bb", "SHA-256 aa"),
        (replace(RECORD, model_path="other.gguf"), LOADED, "", "made with other.gguf"),
        (replace(RECORD, template_sha256="template-0"), LOADED, "aa", "template-0… and is"),
        (RECORD, loaded_with(adapters=(Adapter("x.gguf", 0.5),)), "aa", "adapter x.gguf (0.5)"),
    ],
)
def test_other_model_is_refused_in_words_that_say_what_differs(
    record: AnswerRecord, loaded: LoadedModel | None, sha256: str, words: str
) -> None:
    with pytest.raises(CannotRepeat) as caught:
        check_repeat(record, loaded, sha256)
    assert words in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("record", "loaded", "sha256", "words"),
    [
        (RECORD, settled_as(KvType.Q8_0), "aa", "KV cache for K: was f16, now q8_0"),
        (RECORD, loaded_with(rope=Rope(frequency_base=1e6)), "aa", "position scaling"),
        (replace(RECORD, engine_build="build-0"), LOADED, "aa", "was build-0, now build-1"),
        (replace(RECORD, rounding=Rounding(batched=True)), LOADED, "aa", "last digits"),
        (replace(RECORD, setup=None), LOADED, "aa", "not recorded"),
        (replace(RECORD, model_sha256=""), LOADED, "aa", "SHA-256"),
        (RECORD, LOADED, "", "SHA-256"),
    ],
)
def test_what_may_change_the_digits_is_noted(
    record: AnswerRecord, loaded: LoadedModel, sha256: str, words: str
) -> None:
    (change,) = check_repeat(record, loaded, sha256)
    assert words in change


def ask(services: Services, text: str) -> Message:
    conversation = services.chat.create()
    return services.chat.ask(conversation.id, text, lambda _event: None, CancelToken())


def repeat(services: Services, message: Message) -> Message:
    return services.chat.repeat(message.id, lambda _event: None, CancelToken())


def test_repeat_sends_the_same_turns_sampling_and_seed_and_becomes_a_sibling(
    start: Start, add, model_file: Path
) -> None:
    services = start(Script({"": "Three months [1]."}, rounding=Rounding(reused=True)))
    add(services, contract="The notice period is three months.")
    services.models.load(services.models.import_file(model_file).id)
    services.settings.change("sampling", "top_k", 7)
    services.settings.change("sampling", "stop", ("###",))
    first = ask(services, "notice period?")
    services.settings.change("sampling", "top_k", 99)
    services.settings.change("sampling", "stop", ())
    services.settings.change("chat", "max_tokens", 2048)
    said: list[str] = []
    again = services.chat.repeat(
        first.id,
        lambda event: said.append(event.text) if isinstance(event, AnswerText) else None,
        CancelToken(),
    )
    assert (again.sibling, again.siblings, again.parent_id) == (2, 2, first.parent_id)
    before, after = services.chat.whole_record(first.id), services.chat.whole_record(again.id)
    assert before is not None
    assert after is not None
    assert (after.turns, after.offered) == (before.turns, before.offered)
    assert (after.sampling, after.stop) == (before.sampling, before.stop)
    assert (after.max_tokens, after.template) == (before.max_tokens, before.template)
    assert before.sampling is not None
    assert (before.sampling.top_k, before.stop, before.exact) == (7, ("###",), False)
    assert after.exact
    assert after.rounding.is_exact
    assert not before.rounding.is_exact
    assert again.text == first.text == "".join(said)
    assert [each.number for each in after.citations] == [1]
    assert after.repeat is not None
    assert (after.repeat.of, after.repeat.is_same) == (first.id, True)
    assert services.chat.messages(first.conversation_id)[-1].id == again.id


def test_repeat_that_comes_out_otherwise_says_so(start: Start, model_file: Path) -> None:
    services = start(Script({"": "One."}))
    services.models.load(services.models.import_file(model_file).id)
    first = ask(services, "say")
    services = start(Script({"": "Two."}))
    services.models.load(services.models.models()[0].id)
    again = repeat(services, first)
    assert again.text == "Two."
    assert again.record is not None
    assert again.record.repeat is not None
    assert not again.record.repeat.is_same


def test_repeat_of_a_stopped_answer_is_the_same_as_far_as_it_went(
    start: Start, model_file: Path
) -> None:
    services = start(Script({"": "word " * 100}, stall_after=10))
    services.models.load(services.models.import_file(model_file).id)
    cancel = CancelToken()
    first = services.chat.ask(
        services.chat.create().id,
        "say",
        lambda event: cancel.cancel() if isinstance(event, AnswerText) else None,
        cancel,
    )
    services = start(Script({"": "word " * 100}))
    services.models.load(services.models.models()[0].id)
    again = repeat(services, first)
    assert len(again.text) > len(first.text)
    assert again.record is not None
    assert again.record.repeat is not None
    assert again.record.repeat.is_same


def test_repeat_with_another_template_or_model_is_refused_and_stores_nothing(
    start: Start, model_file: Path, tmp_path: Path
) -> None:
    services = start()
    services.models.load(services.models.import_file(model_file).id)
    first = ask(services, "say")
    services = start(Script(template="another"))
    services.models.load(services.models.models()[0].id)
    with pytest.raises(CannotRepeat, match="template"):
        repeat(services, first)
    other = tmp_path / "other.gguf"
    scripted_gguf(other, {"": "Another."})
    services.models.load(services.models.import_file(other).id)
    with pytest.raises(CannotRepeat, match="made"):
        repeat(services, first)
    services.models.unload()
    with pytest.raises(CannotRepeat, match="No model is loaded"):
        repeat(services, first)
    assert len(services.chat.messages(first.conversation_id)) == 2
    assert services.chat.messages(first.conversation_id)[-1].siblings == 1


def test_repeat_of_a_question_or_a_quote_is_refused(start: Start, add) -> None:
    services = start()
    add(services, contract="The notice period is three months.")
    quote = ask(services, "notice period?")
    assert quote.parent_id is not None
    with pytest.raises(CannotRepeat, match="quotes"):
        repeat(services, quote)
    question = services.chat.messages(quote.conversation_id)[0]
    with pytest.raises(CannotRepeat, match="Only an answer"):
        repeat(services, question)


def test_repeat_during_which_the_engine_dies_keeps_what_there_is(
    start: Start, model_file: Path
) -> None:
    services = start(Script({"": "partial text " * 20}))
    services.models.load(services.models.import_file(model_file).id)
    first = ask(services, "say")
    services = start(Script({"": "partial text " * 20}, abort_after=12, tokens_per_s=200))
    services.models.load(services.models.models()[0].id)
    again = repeat(services, first)
    assert again.record is not None
    assert again.record.finish is FinishReason.FAILED
    assert again.record.engine_stopped
    assert again.text.startswith("partial")
