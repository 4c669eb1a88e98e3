"""A test case on its way into a suite, and an example on its way into a prompt."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtWidgets import QComboBox, QLabel, QWidget

from app.base.changes import Notices
from app.base.paths import DataPaths
from app.engine.messages import Role, Turn
from app.evals.entities import Item
from app.evals.suites.service import SuiteService
from app.prompts.entities import Content, Example, Part
from app.prompts.service import PromptService
from app.settings.schema import Theme
from app.storage.db import Database
from app.ui.forms.case_draft import CaseDraft
from app.ui.forms.case_keeper import CaseKeeper
from app.ui.forms.example_keeper import ExampleKeeper
from app.ui.notify import Note
from app.ui.pane import Pane, PaneContext
from app.ui.theme import ThemeKeeper
from app.ui.toasts import ToastStack
from tests.ui.text.finding import button

SYSTEM = Turn(Role.SYSTEM, "Answer from the contract only.")
FIRST = (Turn(Role.USER, "How long is the notice period?"), Turn(Role.ASSISTANT, "Three months."))
ASKED = Turn(Role.USER, "And for interns?")
DRAFT = CaseDraft((SYSTEM, *FIRST, ASKED), ("Two weeks.",), metadata={"from": "chat"})


class QuietPane(Pane):
    pane_id, title, icon = "quiet", "Quiet", "ph.cube"


@pytest.fixture
def database(paths: DataPaths) -> Iterator[Database]:
    opened = Database(paths.database)
    opened.open()
    yield opened
    opened.close()


@pytest.fixture
def suites(database: Database) -> SuiteService:
    return SuiteService(database, Notices())


@pytest.fixture
def prompts(database: Database) -> PromptService:
    return PromptService(database, Notices())


@pytest.fixture
def pane(qtbot, context: PaneContext, suites: SuiteService, prompts: PromptService) -> Pane:
    opened = QuietPane(context)
    qtbot.addWidget(opened)
    opened.resize(1000, 800)
    opened.show()
    services: Any = SimpleNamespace(prompts=prompts, evals=SimpleNamespace(suites=suites))
    opened.attach(services)
    return opened


@pytest.fixture
def keeper(pane: Pane) -> CaseKeeper:
    return CaseKeeper(pane, can_open=True)


def note(pane: Pane, qtbot, starting: str) -> Note:
    """The newest toast, once it has come."""
    notes = pane.context.notify
    qtbot.waitUntil(lambda: bool(notes.notes) and notes.notes[0].text.startswith(starting))
    return notes.notes[0]


def words(sheet: QWidget) -> str:
    return "\n".join(each.text() for each in sheet.findChildren(QLabel) if each.isVisible())


def ready(qtbot, box: QComboBox) -> None:
    qtbot.waitUntil(lambda: box.count() > 0)


def test_case_saved_to_a_suite_is_told_can_be_seen_and_undone(
    qtbot, pane: Pane, keeper: CaseKeeper, suites: SuiteService
):
    suite = suites.create("Contracts")
    sheet = keeper.offer(DRAFT)
    ready(qtbot, sheet.suite)
    sheet.suite.setCurrentText("Contracts")
    sheet.turns.question.setPlainText("And for interns, in weeks?")
    sheet.tags.setText("dates,  contracts , dates")
    button(sheet, "Save test case").click()
    told = note(pane, qtbot, "Saved to “Contracts”")
    (item,) = suites.items(suite.id)
    assert item.input == (Turn(Role.USER, "And for interns, in weeks?"),)
    assert (item.targets, item.tags) == (("Two weeks.",), ("dates", "contracts"))
    assert item.metadata == {"from": "chat"}
    assert told.second is not None
    with qtbot.waitSignal(keeper.suite_wanted) as wanted:
        told.second.run()
    assert wanted.args == [suite.id]
    assert told.choice is not None
    told.choice.run()
    note(pane, qtbot, "The test case is taken out")
    assert suites.items(suite.id) == ()


def test_case_with_the_earlier_turns_switched_on_has_them_as_edited(
    qtbot, pane: Pane, keeper: CaseKeeper, suites: SuiteService
):
    suite = suites.create("Contracts")
    sheet = keeper.offer(DRAFT)
    ready(qtbot, sheet.suite)
    sheet.suite.setCurrentText("Contracts")
    assert "Include the 3 turns before it" in words(sheet)
    sheet.turns.switch.setChecked(True)
    sheet.turns._fields[0].setPlainText("Be brief.")
    sheet.turns._fields[1].setPlainText("")
    sheet.turns._fields[2].setPlainText("")
    button(sheet, "Save test case").click()
    note(pane, qtbot, "Saved to")
    (item,) = suites.items(suite.id)
    assert item.input == (Turn(Role.SYSTEM, "Be brief."), ASKED)


def test_case_of_an_item_keeps_all_of_its_turns(qtbot, keeper: CaseKeeper, suites: SuiteService):
    suites.create("Contracts")
    made = Item("key", (SYSTEM, ASKED), ("one", "two"), ("tag",), {"prompt": "p"})
    sheet = keeper.offer(made)
    ready(qtbot, sheet.suite)
    offered = sheet.item()
    assert (offered.input, offered.targets, offered.tags) == (made.input, made.targets, made.tags)


def test_case_without_any_suite_begins_one_and_undo_takes_it_away_again(
    qtbot, pane: Pane, keeper: CaseKeeper, suites: SuiteService
):
    sheet = keeper.offer(DRAFT)
    ready(qtbot, sheet.suite)
    assert sheet.name.isVisible()
    sheet.name.setText("From the chat")
    button(sheet, "Save test case").click()
    told = note(pane, qtbot, "Saved to “From the chat”")
    assert suites.find("from the chat").items == 1
    assert told.choice is not None
    told.choice.run()
    note(pane, qtbot, "The test case is taken out")
    assert suites.suites() == ()


def test_case_is_kept_at_once_where_the_last_one_went(
    qtbot, pane: Pane, keeper: CaseKeeper, suites: SuiteService
):
    keeper.keep(DRAFT)
    told = note(pane, qtbot, "Saved to “My test cases”")
    (item,) = suites.items(suites.find("My test cases").id)
    assert (item.input, item.targets) == ((ASKED,), DRAFT.targets)
    assert told.choice is not None
    told.choice.run()
    note(pane, qtbot, "The test case is taken out")
    chosen = suites.create("Contracts")
    sheet = keeper.offer(DRAFT)
    ready(qtbot, sheet.suite)
    sheet.suite.setCurrentText("Contracts")
    button(sheet, "Save test case").click()
    note(pane, qtbot, "Saved to “Contracts”")
    keeper.keep(DRAFT)
    note(pane, qtbot, "“Contracts” has this test case already.")
    assert suites.get(chosen.id).items == 1


def test_case_goes_to_a_suite_of_ones_own_at_first(qtbot, keeper: CaseKeeper, suites: SuiteService):
    suites.create("A sample")
    sheet = keeper.offer(DRAFT)
    ready(qtbot, sheet.suite)
    assert sheet.name.isVisible()
    assert sheet.name.text() == "My test cases"
    mine = suites.create("My test cases")
    again = keeper.offer(DRAFT)
    ready(qtbot, again.suite)
    assert again.suite.currentData() == mine.id


def test_case_that_is_there_already_is_said_and_not_offered_to_be_undone(
    qtbot, pane: Pane, keeper: CaseKeeper, suites: SuiteService
):
    suite = suites.create("Contracts")
    for _turn in range(2):
        sheet = keeper.offer(DRAFT)
        ready(qtbot, sheet.suite)
        sheet.suite.setCurrentText("Contracts")
        button(sheet, "Save test case").click()
        qtbot.waitUntil(lambda: pane.context.jobs.running == 0)
    told = note(pane, qtbot, "“Contracts” has this test case already.")
    assert told.choice is not None
    assert told.choice.text == "Open"
    assert suites.get(suite.id).items == 1


def test_case_that_is_refused_stays_in_the_sheet_with_the_reason(
    qtbot, keeper: CaseKeeper, suites: SuiteService
):
    suites.create("Contracts")
    sheet = keeper.offer(DRAFT)
    ready(qtbot, sheet.suite)
    sheet.suite.setCurrentIndex(sheet.suite.count() - 1)
    sheet.name.setText("contracts")
    button(sheet, "Save test case").click()
    qtbot.waitUntil(lambda: "There is a suite “contracts” already." in words(sheet))
    assert sheet.confirm.isEnabled()


def test_case_without_a_question_or_a_name_cannot_be_saved(qtbot, keeper: CaseKeeper):
    sheet = keeper.offer(DRAFT)
    ready(qtbot, sheet.suite)
    assert sheet.confirm.isEnabled()
    sheet.turns.question.setPlainText("  ")
    assert not sheet.confirm.isEnabled()
    sheet.turns.question.setPlainText("What?")
    sheet.name.setText(" ")
    assert not sheet.confirm.isEnabled()


def test_case_several_right_answers_count_each_once(qtbot, keeper: CaseKeeper):
    sheet = keeper.offer(DRAFT)
    ready(qtbot, sheet.suite)
    for text in ("14 days.", "Two weeks.", " "):
        button(sheet, "Add another right answer").click()
        sheet.targets._fields[-1].setPlainText(text)
    assert sheet.item().targets == ("Two weeks.", "14 days.")


def test_case_next_time_the_suite_of_the_last_time_is_chosen(
    qtbot, pane: Pane, keeper: CaseKeeper, suites: SuiteService
):
    suites.create("A")
    last = suites.create("B")
    sheet = keeper.offer(DRAFT)
    ready(qtbot, sheet.suite)
    sheet.suite.setCurrentIndex(1)
    button(sheet, "Save test case").click()
    note(pane, qtbot, "Saved to “B”")
    again = keeper.offer(DRAFT)
    ready(qtbot, again.suite)
    assert again.suite.currentData() == last.id


def test_example_goes_below_those_in_the_draft_and_the_prompt_can_be_opened(
    qtbot, pane: Pane, prompts: PromptService
):
    kept = Content((Part(Role.SYSTEM, "Be brief."),), examples=(Example("a", "b"),))
    prompt = prompts.create("terms", kept, folder="work", note="First")
    keeper = ExampleKeeper(pane)
    sheet = keeper.offer(Example("How long?", "Three months."))
    ready(qtbot, sheet.prompt)
    assert sheet.prompt.currentText() == "work/terms"
    button(sheet, "Add example").click()
    told = note(pane, qtbot, "Added to the draft of “terms”")
    draft = prompts.draft(prompt.id)
    assert draft is not None
    assert draft.content.examples == (Example("a", "b"), Example("How long?", "Three months."))
    assert prompts.version(prompt.id, 1).content.examples == kept.examples
    assert told.choice is not None
    with qtbot.waitSignal(keeper.prompt_wanted) as wanted:
        told.choice.run()
    assert wanted.args == [prompt.id]


def test_example_without_an_answer_or_a_prompt_cannot_be_added(
    qtbot, pane: Pane, prompts: PromptService
):
    sheet = ExampleKeeper(pane).offer(Example("How long?", ""))
    qtbot.waitUntil(lambda: "no prompt yet" in sheet.prompt.placeholderText())
    sheet.output.setPlainText("Three months.")
    assert not sheet.confirm.isEnabled()
    sheet.dismiss()
    prompts.create("terms")
    sheet = ExampleKeeper(pane).offer(Example("How long?", ""))
    ready(qtbot, sheet.prompt)
    assert not sheet.confirm.isEnabled()
    sheet.output.setPlainText("Three months.")
    assert sheet.confirm.isEnabled()


def test_example_that_is_there_already_is_said(qtbot, pane: Pane, prompts: PromptService):
    example = Example("How long?", "Three months.")
    prompt = prompts.create("terms", Content((Part(Role.SYSTEM, "x"),), examples=(example,)))
    sheet = ExampleKeeper(pane).offer(example)
    ready(qtbot, sheet.prompt)
    button(sheet, "Add example").click()
    note(pane, qtbot, "“terms” has this example already.")
    assert prompts.newest_content(prompt.id).examples == (example,)


@pytest.mark.parametrize(
    ("look", "width"), [(Theme.LIGHT, 1000), (Theme.DARK, 1000), (Theme.LIGHT, 480)]
)
def test_sheets_pictures(
    qtbot,
    pane: Pane,
    keeper: CaseKeeper,
    suites: SuiteService,
    prompts: PromptService,
    theme: ThemeKeeper,
    screenshot: Callable[..., Any],
    look: Theme,
    width: int,
):
    theme.apply(look, 100, reduce_motion=True)
    pane.resize(width, 760)
    suites.create("Contracts")
    prompts.create("terms")
    toasts = ToastStack(pane, pane.context.icons, pane.context.notify, theme)
    sheet = keeper.offer(CaseDraft(DRAFT.turns, DRAFT.targets, note="Passages are not part of it."))
    ready(qtbot, sheet.suite)
    screenshot(pane, f"case_sheet_{look}_{width}")
    sheet.turns.switch.setChecked(True)
    sheet.suite.setCurrentIndex(1)
    sheet.name.setText("contracts")
    button(sheet, "Save test case").click()
    qtbot.waitUntil(sheet.confirm.isEnabled)
    screenshot(pane, f"case_sheet_refused_{look}_{width}")
    sheet.suite.setCurrentIndex(0)
    button(sheet, "Save test case").click()
    qtbot.waitUntil(lambda: bool(toasts.toasts))
    example = ExampleKeeper(pane).offer(Example("How long?", "Three months."))
    ready(qtbot, example.prompt)
    assert screenshot(pane, f"example_sheet_{look}_{width}").stat().st_size > 0
    example.dismiss()
    assert screenshot(pane, f"case_saved_{look}_{width}").stat().st_size > 0
