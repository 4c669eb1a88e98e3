"""The sheet of a new evaluation, used as a person does, on the real services."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QWidget

from app.base.paths import DataPaths
from app.bootstrap import Services
from app.engine.messages import Role
from app.evals.runs.entities import PromptChoice, Run, SuiteId, Task
from app.prompts.entities import Content, Part, Prompt
from app.ui.evals.new_run.prompts import PromptList
from app.ui.evals.new_run.sheet import NewRunSheet
from app.ui.evals.new_run.text import stored_text
from app.ui.evals.presets import Preset
from tests.ui.evals.suites.services import capitals, put_model, question, real_services

Open = Callable[..., NewRunSheet]
TEXT = "The notice period is three months. It begins with the end of a month.\n\n" * 60


@pytest.fixture
def services(request, paths: DataPaths) -> Iterator[Services]:
    """With the real engine where a test asks for it: the scripted one cannot read texts."""
    with real_services(paths, has_real_engine=hasattr(request, "param")) as built:
        yield built


@pytest.fixture
def open_sheet(qtbot, context, services: Services) -> Open:
    """Open the sheet, and wait until it has worked out what there is."""
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(1280, 880)
    window.show()

    def open_it(preset: Preset = Preset.NONE, suite: SuiteId | None = None) -> NewRunSheet:
        sheet = NewRunSheet(window, context, services, suite, preset)
        sheet.open()
        settle(qtbot, sheet)
        return sheet

    return open_it


def settle(qtbot, sheet: NewRunSheet) -> None:
    """Wait until all is read and worked out."""
    for _round in range(2):
        qtbot.waitUntil(
            lambda: not sheet.is_busy and sheet._context.jobs.running == 0, timeout=9000
        )
        QApplication.processEvents()


def tutor(services: Services, *texts: str) -> Prompt:
    """A prompt with a version of each text."""
    made = services.prompts.create("tutor", content(texts[0]), note="")
    for text in texts[1:]:
        services.prompts.save_draft(made.id, content(text))
        services.prompts.keep_version(made.id)
    return services.prompts.get(made.id)


def content(text: str) -> Content:
    return Content((Part(Role.SYSTEM, text),))


def started(qtbot, sheet: NewRunSheet) -> Run:
    with qtbot.waitSignal(sheet.started, timeout=9000) as signal:
        sheet.foot.start.click()
    assert signal.args is not None
    run: Run = signal.args[0]
    return run


def test_sheet_without_anything_says_what_to_do_first(open_sheet: Open):
    sheet = open_sheet()
    assert not sheet.foot.start.isEnabled()
    assert "Make or import one first" in sheet.foot.problem_words[0]
    assert sheet.fields.models._nothing.isVisible()


def test_sheet_says_what_it_would_take_and_what_cannot_be_scored(
    qtbot, open_sheet: Open, services: Services, tmp_path: Path
):
    suite = capitals(services, 10)
    put_model(services, tmp_path, "one")
    put_model(services, tmp_path, "two")
    sheet = open_sheet(Preset.NONE, suite.id)
    assert sheet.foot.start.text().strip() == "Start: generate 10 answers"
    assert "1 item has no right answer" in sheet.foot.problem_words[0]
    sheet.fields.models.lines[1].box.setChecked(True)
    sheet.fields.settings.repeats.setValue(3)
    settle(qtbot, sheet)
    assert sheet.foot.start.text().strip() == "Start: generate 60 answers"
    assert "60 requests" in sheet.foot.facts.text()
    assert all("memory" in line.fit.whole_text for line in sheet.fields.models.lines)
    sheet.fields.items.which.setCurrentIndex(1)
    sheet.fields.items.which.activated.emit(1)
    settle(qtbot, sheet)
    assert sheet.foot.start.text().strip() == "Start: generate 30 answers"
    for line in sheet.fields.models.lines:
        line.box.setChecked(False)
    assert sheet.foot.problem_words == ("Tick a model.",)
    assert not sheet.foot.start.isEnabled()
    sheet.fields.models.lines[0].box.setChecked(True)
    assert not sheet.foot.problem_words  # at once, not with the next estimate


def test_own_settings_are_checked_and_used(qtbot, open_sheet: Open, services, tmp_path: Path):
    capitals(services)
    put_model(services, tmp_path, "one")
    sheet = open_sheet()
    settings = sheet.fields.settings
    assert settings.way.currentIndex() == 0
    settings.way.setCurrentIndex(1)
    settings.way.activated.emit(1)
    settings.temperature.setText("warm")
    settings.temperature.textEdited.emit("warm")
    assert "temperature has to be a number" in sheet.foot.problem_words[0]
    settings.temperature.setText("0,7")
    settings.temperature.textEdited.emit("0,7")
    settings.thinking.setCurrentIndex(1)
    own = sheet.fields.draft.plan.settings[0]
    assert own is not None
    assert (own.sampling.temperature, own.thinking) == (0.7, False)


def test_metric_that_is_not_set_right_stops_the_start(
    qtbot, open_sheet: Open, services: Services, tmp_path: Path
):
    capitals(services)
    put_model(services, tmp_path, "one")
    sheet = open_sheet()
    card = sheet.fields.metrics.add("regular_expression")
    settle(qtbot, sheet)
    assert sheet.foot.start.isEnabled()
    pattern = next(
        each for each in card.form.findChildren(QWidget) if each.accessibleName() == "Pattern"
    )
    qtbot.keyClicks(pattern, "(")
    qtbot.waitUntil(lambda: not sheet.foot.start.isEnabled() and bool(card.problem.text()))
    assert "cannot be read" in card.problem.text()
    qtbot.keyClicks(pattern, "a)")
    qtbot.waitUntil(sheet.foot.start.isEnabled, timeout=9000)
    assert {"metric": "regular_expression", "pattern": "(a)"} in sheet.fields.draft.plan.metrics


def test_two_versions_of_a_prompt_are_chosen_and_run_on_one_model(
    qtbot, open_sheet: Open, services: Services, tmp_path: Path
):
    suite = capitals(services)
    put_model(services, tmp_path, "one")
    prompt = tutor(services, "Be brief.", "Answer in one word.", "Think, then answer.")
    sheet = open_sheet(Preset.BETTER_PROMPT, suite.id)
    assert sheet.fields.prompts.choices == (PromptChoice(prompt.id, 2), PromptChoice(prompt.id, 3))
    run = started(qtbot, sheet)
    assert services.evals.wait(run.id, 20)
    assert [each.label for each in run.candidates] == ["tutor version 2", "tutor version 3"]
    assert run.name == "Did “tutor” get better? Version 2 to 3"
    assert services.evals.run(run.id).samples == 6
    assert not sheet.isVisible()


def test_production_stands_against_the_latest_version(open_sheet: Open, services, tmp_path: Path):
    capitals(services)
    put_model(services, tmp_path, "one")
    prompt = tutor(services, "Be brief.", "Answer in one word.", "Think, then answer.")
    services.prompts.label(prompt.id, "production", 1)
    sheet = open_sheet(Preset.BETTER_PROMPT)
    assert sheet.fields.prompts.choices == (PromptChoice(prompt.id, 1), PromptChoice(prompt.id, 3))


def test_prompt_with_one_version_says_to_keep_another(open_sheet: Open, services, tmp_path: Path):
    capitals(services)
    put_model(services, tmp_path, "one")
    tutor(services, "Be brief.")
    sheet = open_sheet(Preset.BETTER_PROMPT)
    assert "has one version only" in sheet.foot.problem_words[0]
    assert not sheet.foot.start.isEnabled()


def test_prompt_that_items_cannot_fill_in_stops_the_start(
    qtbot, open_sheet: Open, services: Services, tmp_path: Path
):
    capitals(services)
    put_model(services, tmp_path, "one")
    sheet = open_sheet()
    prompts = sheet.fields.prompts
    assert isinstance(prompts, PromptList)
    line = prompts.add()
    names = [line.prompt.itemText(at) for at in range(line.prompt.count())]
    line.prompt.setCurrentIndex(names.index("answer-from-text"))  # wants a text and a question
    line.prompt.activated.emit(0)
    settle(qtbot, sheet)
    assert "cannot be asked" in sheet.foot.problem_words[0]
    assert not sheet.foot.start.isEnabled()


def test_files_of_one_model_are_ticked_and_a_text_asked_for(
    qtbot, open_sheet: Open, services: Services, tmp_path: Path
):
    put_model(services, tmp_path, "one")
    put_model(services, tmp_path, "two")
    sheet = open_sheet(Preset.WHICH_QUANT)
    assert sheet.foot.problem_words == ("Paste a text, or choose one.",)
    assert len(sheet.fields.draft.plan.models) == 2
    sheet.fields.text.set_value(TEXT)
    settle(qtbot, sheet)
    assert sheet.foot.start.text().strip() == "Start: read 6 passages"
    assert "smaller differences" in sheet.foot.problem_words[0]


@pytest.mark.parametrize("services", ["real engine"], indirect=True)
def test_own_text_is_stored_as_a_suite_once_and_read(
    qtbot, open_sheet: Open, services: Services, tmp_path: Path
):
    put_model(services, tmp_path, "one")
    sheet = open_sheet(Preset.WHICH_QUANT)
    sheet.fields.text.set_value(TEXT[:400])
    settle(qtbot, sheet)
    run = started(qtbot, sheet)
    assert services.evals.wait(run.id, 30)
    assert run.task is Task.READ
    assert stored_text(services.evals.suites, TEXT[:400].strip()).id == run.suite_id
    assert run.suite_name.startswith("Text: The notice period")
    result = services.evals.results(run.id).candidates[0]
    assert [each.metric.name for each in result.metrics] == ["perplexity", "bits_per_byte"]
    assert all(each.estimate.value for each in result.metrics)


def test_file_dropped_on_the_sheet_is_read(qtbot, open_sheet: Open, services, tmp_path: Path):
    put_model(services, tmp_path, "one")
    path = tmp_path / "mine.txt"
    path.write_text(TEXT, encoding="utf-8")
    sheet = open_sheet(Preset.WHICH_QUANT)
    assert sheet.take_drop([path])
    settle(qtbot, sheet)
    assert sheet.foot.start.isEnabled()
    assert not open_sheet().take_drop([path])


def test_suite_can_be_read_in_place_of_a_text(open_sheet: Open, services, tmp_path: Path):
    put_model(services, tmp_path, "one")
    suite = services.evals.suites.create("Letters", [question("a", TEXT), question("b", TEXT[:99])])
    sheet = open_sheet(Preset.WHICH_QUANT, suite.id)
    assert sheet.foot.start.text().strip() == "Start: read 2 passages"
