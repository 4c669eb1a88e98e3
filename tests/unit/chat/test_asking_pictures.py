"""Questions with pictures, from the service down to what the engine is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.base.jobs import CancelToken
from app.base.paths import DataPaths
from app.bootstrap import Children, Services, build
from app.chat.entities import Conversation, Message, PictureFile
from app.chat.pictures import CANNOT_SEE, PictureError, PictureMissing, picture_file
from app.chat.repeat import CannotRepeat
from app.engine.local import LocalEngine
from app.engine.messages import Turn
from app.engine.protocol import FinishReason, Generate, Generated
from app.library.entities import Scope
from tests.doubles import images, random_gguf, tiny_vision
from tests.doubles.scripted_engine import Script
from tests.doubles.scripted_library import scripted_library

Start = Callable[..., Services]
SIGN = picture_file(images.png(40, 30), "Sign.png")
MAP = picture_file(images.png(30, 40), "Map.png")


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Turn, ...]]:
    """What the engine was given to answer."""
    seen: list[tuple[Turn, ...]] = []
    real = LocalEngine.generate

    def generate(self: LocalEngine, request: Generate, *args: object) -> Generated:
        seen.append(request.turns)
        return real(self, request, *args)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(LocalEngine, "generate", generate)
    return seen


def ask(
    services: Services,
    text: str,
    *pictures: PictureFile,
    where: Conversation | None = None,
) -> Message:
    conversation = where or services.chat.create()
    return services.chat.ask(
        conversation.id, text, lambda _event: None, CancelToken(), pictures=pictures
    )


def load(services: Services, model_file: Path) -> None:
    services.models.load(services.models.import_file(model_file).id)


def stored(data_paths: DataPaths) -> set[str]:
    folder = data_paths.pictures
    return {each.name for each in folder.iterdir()} if folder.exists() else set()


def shown(turns: tuple[Turn, ...]) -> list[list[bytes]]:
    return [[each.data for each in turn.images] for turn in turns]


def test_picture_reaches_the_engine_and_is_stored_with_the_question(
    start: Start, model_file: Path, data_paths: DataPaths, sent: list[tuple[Turn, ...]]
) -> None:
    services = start(Script(sees=True))
    load(services, model_file)
    answer = ask(services, "what does it say?", SIGN, MAP)
    assert shown(sent[0]) == [[], [SIGN.data, MAP.data]]
    question = services.chat.messages(answer.conversation_id)[0]
    assert question.pictures == (SIGN.picture, MAP.picture)
    assert services.chat.picture(SIGN.picture) == SIGN.data
    assert stored(data_paths) == {SIGN.picture.sha256, MAP.picture.sha256}
    assert answer.record is not None
    assert answer.record.timings.prompt_tokens > 200


def test_question_with_a_picture_and_no_documents_in_scope_is_answered(
    start: Start, add, model_file: Path, sent: list[tuple[Turn, ...]]
) -> None:
    services = start(Script({"": "A sign."}, sees=True))
    (document,) = add(services, contract="The notice period is three months.")
    load(services, model_file)
    where = services.chat.create(Scope(documents=(document,)))
    services.library.remove([document])
    answer = ask(services, "what is this?", SIGN, where=where)
    assert answer.text == "A sign."
    assert sent[0][-1].content == "what is this?"


def test_record_names_the_pictures_and_does_not_hold_their_bytes(
    start: Start, model_file: Path
) -> None:
    services = start(Script(sees=True))
    load(services, model_file)
    answer = ask(services, "what does it say?", SIGN)
    record = services.chat.whole_record(answer.id)
    assert record is not None
    assert record.pictures == ((), (SIGN.picture,))
    assert shown(record.turns) == [[], []]


def test_former_pictures_are_shown_again_to_a_model_that_sees(
    start: Start, model_file: Path, sent: list[tuple[Turn, ...]]
) -> None:
    services = start(Script(sees=True))
    load(services, model_file)
    where = services.chat.create()
    ask(services, "what does it say?", SIGN, where=where)
    ask(services, "and this one, what is it?", MAP, where=where)
    ask(services, "which of them is larger?", where=where)
    assert shown(sent[2]) == [[], [SIGN.data], [], [MAP.data], [], []]


def test_former_pictures_are_only_named_to_a_model_that_does_not_see(
    start: Start, model_file: Path, sent: list[tuple[Turn, ...]]
) -> None:
    services = start(Script(sees=True))
    load(services, model_file)
    where = services.chat.create()
    ask(services, "what does it say?", SIGN, where=where)
    services = start(Script())
    services.models.load(services.models.models()[0].id)
    ask(services, "and what else do you know?", where=where)
    assert shown(sent[1]) == [[], [], [], []]
    assert sent[1][1].content == "[picture: Sign.png]\nwhat does it say?"


def test_former_picture_that_is_lost_is_only_named(
    start: Start, model_file: Path, data_paths: DataPaths, sent: list[tuple[Turn, ...]]
) -> None:
    services = start(Script(sees=True))
    load(services, model_file)
    where = services.chat.create()
    ask(services, "what does it say?", SIGN, where=where)
    (data_paths.pictures / SIGN.picture.sha256).unlink()
    ask(services, "and what else do you know?", where=where)
    assert sent[1][1].content.startswith("[picture: Sign.png]")


@pytest.mark.parametrize("is_loaded", [True, False])
def test_question_about_a_picture_that_nobody_sees_ends_in_words_and_is_kept(
    start: Start, model_file: Path, is_loaded: bool
) -> None:
    services = start(Script())
    if is_loaded:
        load(services, model_file)
    answer = ask(services, "what does it say?", SIGN)
    assert answer.record is not None
    assert answer.record.finish is FinishReason.FAILED
    assert CANNOT_SEE in answer.record.error
    assert services.chat.messages(answer.conversation_id)[0].pictures == (SIGN.picture,)
    services = start(Script({"": "A sign."}, sees=True))
    load(services, model_file)
    again = services.chat.regenerate(answer.id, lambda _event: None, CancelToken())
    assert again.text == "A sign."


def test_answering_again_without_the_picture_ends_in_words(
    start: Start, model_file: Path, data_paths: DataPaths
) -> None:
    services = start(Script(sees=True))
    load(services, model_file)
    answer = ask(services, "what does it say?", SIGN)
    (data_paths.pictures / SIGN.picture.sha256).unlink()
    again = services.chat.regenerate(answer.id, lambda _event: None, CancelToken())
    assert again.record is not None
    assert "“Sign.png” is not in Cairn's data folder" in again.record.error
    with pytest.raises(PictureMissing):
        services.chat.picture(SIGN.picture)


def test_too_many_pictures_are_refused_and_nothing_is_stored(
    start: Start, data_paths: DataPaths
) -> None:
    services = start()
    where = services.chat.create()
    with pytest.raises(PictureError, match="8 pictures"):
        ask(services, "what is this?", *[SIGN] * 9, where=where)
    assert services.chat.messages(where.id) == ()
    assert stored(data_paths) == set()


def test_picture_that_cannot_be_stored_leaves_no_question(
    start: Start, data_paths: DataPaths
) -> None:
    services = start()
    where = services.chat.create()
    data_paths.pictures.write_text("in the way")
    with pytest.raises(PictureError, match="cannot be stored"):
        ask(services, "what is this?", SIGN, where=where)
    assert services.chat.messages(where.id) == ()


def test_deleted_conversation_takes_along_what_no_other_refers_to(
    start: Start, data_paths: DataPaths
) -> None:
    services = start()
    first = ask(services, "what is this?", SIGN, MAP)
    second = ask(services, "and this?", MAP)
    services.chat.delete(first.conversation_id)
    assert stored(data_paths) == {MAP.picture.sha256}
    services.chat.delete(second.conversation_id)
    assert stored(data_paths) == set()


def repeat(services: Services, message: Message) -> Message:
    return services.chat.repeat(message.id, lambda _event: None, CancelToken())


def test_repeat_shows_the_same_pictures_again(
    start: Start, model_file: Path, sent: list[tuple[Turn, ...]]
) -> None:
    services = start(Script(sees=True))
    load(services, model_file)
    first = ask(services, "what does it say?", SIGN)
    again = repeat(services, first)
    assert sent[1] == sent[0]
    assert shown(sent[1]) == [[], [SIGN.data]]
    before, after = services.chat.whole_record(first.id), services.chat.whole_record(again.id)
    assert before is not None
    assert after is not None
    assert (after.turns, after.pictures) == (before.turns, before.pictures)
    assert after.repeat is not None
    assert after.repeat.is_same
    assert repeat(services, again).record is not None


def test_repeat_says_which_picture_is_lost(
    start: Start, model_file: Path, data_paths: DataPaths
) -> None:
    services = start(Script(sees=True))
    load(services, model_file)
    first = ask(services, "what does it say?", SIGN)
    (data_paths.pictures / SIGN.picture.sha256).write_bytes(b"changed")
    with pytest.raises(CannotRepeat, match=r"“Sign\.png”"):
        repeat(services, first)


def test_repeat_with_a_model_that_does_not_see_is_refused(start: Start, model_file: Path) -> None:
    services = start(Script(sees=True))
    load(services, model_file)
    first = ask(services, "what does it say?", SIGN)
    services = start(Script())
    services.models.load(services.models.models()[0].id)
    with pytest.raises(CannotRepeat, match="does not see"):
        repeat(services, first)


@pytest.fixture
def real(data_paths: DataPaths) -> Iterator[Services]:
    """Services with the real engine."""
    services = build(data_paths, Children(scripted_library))
    services.library.start()
    yield services
    services.close()


def test_real_engine_looks_at_the_picture(real: Services, tmp_path: Path) -> None:
    text = random_gguf.tiny_random(tmp_path / "text.gguf")
    projector = tiny_vision.tiny_projector(tmp_path / "projector.gguf")
    model = real.models.import_file(text)
    options = replace(real.models.options(model.id), projector=str(projector))
    real.models.set_options(model.id, options)
    real.settings.change("chat", "max_tokens", 64)
    assert real.models.load(model.id).facts.sees
    seeing = ask(real, "what is this?", SIGN)
    blind = ask(real, "what is this?")
    for answer in (seeing, blind):
        assert answer.record is not None
        assert answer.record.error == ""
        assert answer.record.timings.output_tokens > 0
    assert seeing.record is not None
    assert blind.record is not None
    # 64 by 64 pixels in squares of 8
    grown = seeing.record.timings.prompt_tokens - blind.record.timings.prompt_tokens
    assert grown >= 64
    again = repeat(real, seeing)
    assert again.record is not None
    assert again.record.timings.prompt_tokens == seeing.record.timings.prompt_tokens
