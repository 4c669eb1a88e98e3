"""Prompts after a slash, and personas, driven by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLabel, QLineEdit, QMenu, QWidget

from app.base.changes import Topic
from app.chat.entities import AnswerMode, AnswerRecord
from app.chat.prompt_use import PromptRef, PromptUse
from app.engine.messages import Role, Turn
from app.library.entities import DocumentId, Scope
from app.prompts.entities import Content, Example, Part, Prompt, PromptId, Variable
from app.settings.schema import Theme
from app.ui.chat.answer_facts import sections_of
from app.ui.chat.pane import ChatPane
from app.ui.chat.personas.chip import PersonaChip
from app.ui.chat.personas.picker import PersonaPicker
from app.ui.chat.prompts.list import PromptList, matches
from app.ui.chat.prompts.picker import PromptPicker
from app.ui.chat.prompts.sheet import PromptSheet
from app.ui.widgets.labels import ElidedLabel
from tests.ui.chat.driving import ask, open_chat, question, shown
from tests.ui.chat.fakes import NOW, FakeServices, make_message
from tests.ui.text.finding import button, child

GREETING = Content((Part(Role.USER, "Say hello to the reader."),))
SUMMARY = Content(
    (Part(Role.SYSTEM, "Be brief."), Part(Role.USER, "Sum up: {{ text }}")),
    (Variable("text", label="Text"),),
    (Example("Long", "Short"),),
)
PIRATE = Content((Part(Role.SYSTEM, "You are a pirate from {{ port }}."),), (Variable("port"),))
CALM = Content((Part(Role.SYSTEM, "Stay calm."), Part(Role.USER, "{{ text }}")))


@pytest.fixture
def pane(open_pane, services: FakeServices) -> ChatPane:
    services.prompts.add("greet", GREETING, description="Says hello")
    services.prompts.add("summarise", SUMMARY, description="Makes a long text short")
    services.prompts.add("pirate", PIRATE, description="Talks like one")
    services.prompts.add("calm", CALM)
    services.prompts.add("unfinished")
    made: ChatPane = open_pane()
    return made


def add_chat(services: FakeServices, title: str, *args: object, **changes: object) -> None:
    """A chat that comes while the pane is open."""
    services.chat.add(title, *args, **changes)  # type: ignore[arg-type]  # passed on
    services.notices.changed(Topic.CONVERSATIONS)


def picker(pane: ChatPane) -> PromptPicker:
    return child(pane.window(), PromptPicker)


def rows(holder: QWidget) -> list[str]:
    """The names in a list of prompts."""
    found = child(holder, PromptList).rows
    return [found.prompt(row).name for row in range(found.rowCount())]


def current(pane: ChatPane) -> Prompt:
    found = picker(pane).list.current
    assert found is not None
    return found


def type_slash(qtbot, pane: ChatPane, text: str) -> None:
    question(pane).setFocus()
    qtbot.waitUntil(question(pane).hasFocus)
    qtbot.keyClicks(question(pane), text)


def use(pane: ChatPane) -> PromptUse:
    found = pane.view.composer.prompt.use
    assert found is not None
    return found


def sheet(qtbot, pane: ChatPane, kind: type[QWidget] = PromptSheet) -> QWidget:
    def visible() -> list[QWidget]:
        return [each for each in pane.window().findChildren(kind) if each.isVisible()]

    qtbot.waitUntil(lambda: len(visible()) == 1)
    return visible()[0]


def words(widget: QWidget) -> str:
    return "\n".join(each.text() for each in widget.findChildren(QLabel) if each.isVisible())


def test_slash_in_an_empty_composer_lists_the_prompts_that_have_a_version(qtbot, pane):
    type_slash(qtbot, pane, "/")
    assert picker(pane).isVisible()
    assert rows(picker(pane)) == ["greet", "summarise", "pirate", "calm"]


def test_letters_after_the_slash_find_by_name_and_by_description(qtbot, pane):
    type_slash(qtbot, pane, "/smr")
    assert rows(picker(pane)) == ["summarise"]
    question(pane).clear()
    type_slash(qtbot, pane, "/hello")
    assert rows(picker(pane)) == ["greet"]


@pytest.mark.parametrize("text", ["and/or", "/greet now", "//", "hello"])
def test_other_texts_bring_no_prompts(qtbot, pane, text):
    type_slash(qtbot, pane, text)
    assert not picker(pane).isVisible()


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Tab])
def test_prompt_without_variables_comes_into_the_composer_at_once(qtbot, pane, services, key):
    type_slash(qtbot, pane, "/gre")
    qtbot.keyClick(question(pane), key)
    qtbot.waitUntil(lambda: question(pane).toPlainText() == "Say hello to the reader.")
    assert use(pane).ref == PromptRef(PromptId(1), 1, "greet")
    assert not picker(pane).isVisible()
    assert services.chat.stored == {}  # nothing was sent


def test_arrows_choose_another_row(qtbot, pane):
    type_slash(qtbot, pane, "/")
    qtbot.keyClick(question(pane), Qt.Key.Key_Down)
    assert current(pane).name == "summarise"
    for _twice in range(2):
        qtbot.keyClick(question(pane), Qt.Key.Key_Up)
    assert current(pane).name == "calm"


def test_escape_closes_the_list_until_the_slash_is_typed_anew(qtbot, pane):
    type_slash(qtbot, pane, "/")
    qtbot.keyClick(question(pane), Qt.Key.Key_Escape)
    qtbot.keyClicks(question(pane), "g")
    assert not picker(pane).isVisible()
    question(pane).clear()
    type_slash(qtbot, pane, "/")
    assert picker(pane).isVisible()


def test_click_on_a_row_takes_the_prompt(qtbot, pane):
    type_slash(qtbot, pane, "/")
    found = picker(pane).list
    area = found.visualRect(found.rows.index(0))
    qtbot.mouseClick(found.viewport(), Qt.MouseButton.LeftButton, pos=area.center())
    qtbot.waitUntil(lambda: question(pane).toPlainText() == "Say hello to the reader.")


def test_slash_that_finds_nothing_can_be_sent_as_it_is(qtbot, pane):
    type_slash(qtbot, pane, "/xyzzy")
    assert not picker(pane).isVisible()
    qtbot.keyClick(question(pane), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(shown(pane)) == 2)
    assert shown(pane)[0].text == "/xyzzy"


def fill_summary(qtbot, pane: ChatPane, text: str) -> None:
    type_slash(qtbot, pane, "/sum")
    qtbot.keyClick(question(pane), Qt.Key.Key_Return)
    form = sheet(qtbot, pane)
    qtbot.keyClicks(child(form, QLineEdit), text)
    qtbot.keyClick(child(form, QLineEdit), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not question(pane).toPlainText().startswith("/"))


def test_prompt_with_variables_asks_by_its_form(qtbot, pane):
    fill_summary(qtbot, pane, "the contract")
    assert question(pane).toPlainText() == "Sum up: the contract"
    assert use(pane).instructions == "Be brief."
    strip = child(pane.view.composer.prompt, ElidedLabel)
    carried = "instructions and 1 example, for this question only"
    assert strip.whole_text == f"summarise (version 1): {carried}"


def test_what_was_typed_stays_when_the_form_is_left(qtbot, pane):
    type_slash(qtbot, pane, "/sum")
    qtbot.keyClick(question(pane), Qt.Key.Key_Return)
    form = sheet(qtbot, pane)
    qtbot.mouseClick(button(form, "Cancel"), Qt.MouseButton.LeftButton)
    assert question(pane).toPlainText() == "/sum"
    assert pane.view.composer.prompt.use is None


def test_missing_value_keeps_the_form_open(qtbot, pane):
    type_slash(qtbot, pane, "/sum")
    qtbot.keyClick(question(pane), Qt.Key.Key_Return)
    form = sheet(qtbot, pane)
    qtbot.mouseClick(button(form, "Put into the question"), Qt.MouseButton.LeftButton)
    assert "This needs a value." in words(form)
    assert form.isVisible()


def test_values_are_remembered_while_cairn_is_open(qtbot, pane):
    fill_summary(qtbot, pane, "the contract")
    pane.view.composer.set_text("")
    type_slash(qtbot, pane, "/sum")
    qtbot.keyClick(question(pane), Qt.Key.Key_Return)
    assert child(sheet(qtbot, pane), QLineEdit).text() == "the contract"


def test_broken_prompt_is_told_in_the_form(qtbot, pane, services):
    broken = replace(SUMMARY, parts=(Part(Role.USER, "{{ text.nothing.at.all }}"),))
    services.prompts.keep(PromptId(2), broken)
    type_slash(qtbot, pane, "/sum")
    qtbot.waitUntil(lambda: current(pane).latest == 2)
    qtbot.keyClick(question(pane), Qt.Key.Key_Return)
    form = sheet(qtbot, pane)
    qtbot.keyClicks(child(form, QLineEdit), "x")
    qtbot.mouseClick(button(form, "Put into the question"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "cannot be filled" in words(form))
    assert button(form, "Put into the question").isEnabled()


def test_question_is_sent_with_the_prompt_and_the_next_one_without(qtbot, pane):
    fill_summary(qtbot, pane, "the contract")
    qtbot.keyClick(question(pane), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(shown(pane)) == 2)
    asked = shown(pane)[0].prompt
    assert asked is not None
    assert asked.ref.title == "summarise (version 1)"
    assert pane.view.composer.prompt.use is None
    ask(qtbot, pane, "And now?")
    qtbot.waitUntil(lambda: len(shown(pane)) == 4)
    assert shown(pane)[2].prompt is None


def test_production_version_is_taken_before_the_newest(qtbot, pane, services):
    prompt, contents = services.prompts.kept[PromptId(1)]
    services.prompts.kept[PromptId(1)] = (replace(prompt, labels={"production": 1}), contents)
    services.prompts.kept[PromptId(1)][1].append(SUMMARY)
    services.prompts.keep(PromptId(1), SUMMARY)
    type_slash(qtbot, pane, "/gre")
    qtbot.waitUntil(lambda: current(pane).latest == 3)
    qtbot.keyClick(question(pane), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: pane.view.composer.prompt.use is not None)
    assert use(pane).ref.number == 1


def test_prompt_is_taken_away_and_the_words_stay(qtbot, pane):
    fill_summary(qtbot, pane, "the contract")
    name = "Ask without this prompt"
    qtbot.mouseClick(button(pane.view.composer, name), Qt.MouseButton.LeftButton)
    assert pane.view.composer.prompt.use is None
    assert question(pane).toPlainText() == "Sum up: the contract"


def test_documents_are_searched_for_a_prompt_only_when_that_is_wanted(qtbot, pane):
    fill_summary(qtbot, pane, "the contract")
    assert not use(pane).searches
    search = button(pane.view.composer.prompt, "Search documents")
    qtbot.mouseClick(search, Qt.MouseButton.LeftButton)
    assert use(pane).searches


def test_documents_that_were_chosen_are_searched(qtbot, pane):
    pane.start_new(Scope(documents=(DocumentId(1),)))
    fill_summary(qtbot, pane, "the contract")
    assert use(pane).searches


def test_prompt_stays_with_the_draft_of_its_chat(qtbot, pane, services):
    add_chat(services, "Other", [make_message(0, "Hi?")])
    fill_summary(qtbot, pane, "the contract")
    open_chat(qtbot, pane, services)
    assert pane.view.composer.prompt.use is None
    pane.start_new()
    assert use(pane).ref.name == "summarise"


def choose_persona(qtbot, pane: ChatPane, letters: str) -> None:
    pane._choose_persona()
    found = sheet(qtbot, pane, PersonaPicker)
    qtbot.waitUntil(lambda: "Looking" not in words(found))
    qtbot.keyClicks(child(found, QLineEdit), letters)
    qtbot.keyClick(child(found, QLineEdit), Qt.Key.Key_Return)


def chip(pane: ChatPane) -> PersonaChip:
    return child(pane.view.header, PersonaChip)


def test_persona_is_chosen_among_the_prompts_that_say_how_to_answer(qtbot, pane):
    pane._choose_persona()
    found = sheet(qtbot, pane, PersonaPicker)
    qtbot.waitUntil(lambda: "Looking" not in words(found))
    assert rows(found) == ["summarise", "pirate", "calm"]


def test_persona_of_a_new_chat_is_stored_with_it(qtbot, pane, services):
    choose_persona(qtbot, pane, "calm")
    qtbot.waitUntil(lambda: chip(pane).isVisible())
    assert "Persona: calm (version 1)" in chip(pane).text()
    ask(qtbot, pane, "Hi?")
    qtbot.waitUntil(lambda: len(shown(pane)) == 2)
    (stored,) = services.chat.stored.values()
    assert stored.persona is not None
    assert stored.persona.instructions == "Stay calm."
    assert chip(pane).isVisible()
    pane.start_new()
    assert not chip(pane).isVisible()


def test_persona_with_variables_asks_for_those_of_its_system_part(qtbot, pane, services):
    add_chat(services, "Chat", [make_message(0, "Hi?")])
    conversation = open_chat(qtbot, pane, services)
    choose_persona(qtbot, pane, "pirate")
    form = sheet(qtbot, pane)
    qtbot.keyClicks(child(form, QLineEdit), "Bristol")
    qtbot.mouseClick(button(form, "Use as persona"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: services.chat.stored[conversation].persona is not None)
    persona = services.chat.stored[conversation].persona
    assert persona.instructions == "You are a pirate from Bristol."


def entries(menu: QMenu) -> dict[str, QAction]:
    return {each.text(): each for each in menu.actions()}


def test_newer_version_of_a_persona_is_offered_and_used(qtbot, pane, services):
    persona = PromptUse(PromptRef(PromptId(4), 1, "calm"), "Stay calm.")
    add_chat(services, "Chat", [make_message(0, "Hi?")], persona=persona)
    conversation = open_chat(qtbot, pane, services)
    assert "Use version 2" not in entries(chip(pane).make_menu())
    services.prompts.keep(PromptId(4), Content((Part(Role.SYSTEM, "Stay very calm."),)))
    qtbot.waitUntil(lambda: "Use version 2" in entries(chip(pane).make_menu()))
    assert "version 2" in chip(pane).accessibleName()
    entries(chip(pane).make_menu())["Use version 2"].trigger()
    qtbot.waitUntil(lambda: services.chat.stored[conversation].persona.ref.number == 2)
    assert services.chat.stored[conversation].persona.instructions == "Stay very calm."


def test_persona_is_removed_and_survives_the_loss_of_its_prompt(qtbot, pane, services):
    persona = PromptUse(PromptRef(PromptId(99), 3, "gone"), "Stay calm.")
    add_chat(services, "Chat", [make_message(0, "Hi?")], persona=persona)
    conversation = open_chat(qtbot, pane, services)
    assert "Persona: gone (version 3)" in chip(pane).text()
    entries(chip(pane).make_menu())["Remove the persona"].trigger()
    qtbot.waitUntil(lambda: services.chat.stored[conversation].persona is None)
    assert not chip(pane).isVisible()


def test_persona_is_only_an_icon_where_there_is_no_room(qtbot, pane, services):
    persona = PromptUse(PromptRef(PromptId(4), 1, "calm"), "Stay calm.")
    add_chat(services, "Chat", [make_message(0, "Hi?")], persona=persona)
    open_chat(qtbot, pane, services)
    pane.resize(480, 700)
    qtbot.waitUntil(lambda: chip(pane).text() == "")
    assert chip(pane).accessibleName() == "Persona: calm (version 1)"


def test_no_prompt_for_a_persona_is_explained_and_leads_to_the_prompts(
    qtbot, open_pane, services, context
):
    pane = open_pane()
    pane._choose_persona()
    found = sheet(qtbot, pane, PersonaPicker)
    qtbot.waitUntil(lambda: "No prompt says how to answer yet" in words(found))
    with qtbot.waitSignal(context.actions.pane_wanted) as caught:
        qtbot.mouseClick(button(found, "Write one"), Qt.MouseButton.LeftButton)
    assert caught.args == ["prompts"]


def test_details_of_an_answer_name_the_prompts_it_was_made_with():
    record = AnswerRecord(
        AnswerMode.MODEL,
        prompt=PromptRef(PromptId(1), 2, "summarise"),
        persona=PromptRef(PromptId(3), 4, "pirate"),
        output_schema={"type": "object"},
    )
    (section,) = [each for each in sections_of(record) if each.title == "Prompts"]
    assert [(each.name, each.value) for each in section.facts][:2] == [
        ("The question was written with", "summarise (version 2)"),
        ("Persona", "pirate (version 4)"),
    ]


def test_recalled_question_comes_with_its_prompt(qtbot, pane, services):
    asked = PromptUse(PromptRef(PromptId(2), 1, "summarise"), "", (Turn(Role.USER, "Hi"),))
    add_chat(services, "Chat", [make_message(0, "Sum up: it", prompt=asked)])
    open_chat(qtbot, pane, services)
    question(pane).setFocus()
    qtbot.keyClick(question(pane), Qt.Key.Key_Up)
    assert use(pane) == asked


def test_matches_rank_names_before_descriptions():
    named = Prompt(PromptId(1), "text-tool", NOW, NOW)
    described = Prompt(PromptId(2), "short", NOW, NOW, description="Makes a text short")
    other = Prompt(PromptId(3), "zebra", NOW, NOW, description="Stripes")
    found = matches((described, other, named), "text")
    assert [prompt.name for prompt, _positions in found] == ["text-tool", "short"]


@pytest.mark.parametrize("look", [Theme.LIGHT, Theme.DARK])
def test_screenshots(qtbot, theme, pane, services, screenshot, look):
    theme.apply(look, 100, reduce_motion=True)
    persona = PromptUse(PromptRef(PromptId(4), 1, "calm"), "Stay calm.")
    add_chat(services, "Chat", [make_message(0, "Hi?")], persona=persona)
    open_chat(qtbot, pane, services)
    type_slash(qtbot, pane, "/")
    screenshot(pane.window(), f"chat_prompts_slash_{look.value}")
    question(pane).clear()
    type_slash(qtbot, pane, "/sum")
    qtbot.keyClick(question(pane), Qt.Key.Key_Return)
    form = sheet(qtbot, pane)
    screenshot(pane.window(), f"chat_prompts_form_{look.value}")
    qtbot.keyClicks(child(form, QLineEdit), "the contract")
    qtbot.keyClick(child(form, QLineEdit), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: pane.view.composer.prompt.use is not None)
    screenshot(pane.window(), f"chat_prompts_filled_{look.value}")
    pane._choose_persona()
    found = sheet(qtbot, pane, PersonaPicker)
    qtbot.waitUntil(lambda: "Looking" not in words(found))
    screenshot(pane.window(), f"chat_prompts_personas_{look.value}")
