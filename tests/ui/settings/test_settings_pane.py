from __future__ import annotations

from dataclasses import fields

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QLabel, QListWidget, QScrollArea

from app.base.changes import Topic
from app.base.paths import DataPaths
from app.settings.schema import SearchMode, Settings, Theme, group_names
from app.settings.store import SettingsStore
from app.ui.pane import PaneContext
from app.ui.settings.fields import DecimalBox, NumberBox
from app.ui.settings.pane import SettingsPane
from app.ui.widgets.buttons import Button
from app.ui.widgets.info_bar import InfoBar
from app.ui.widgets.labels import Tag
from app.ui.widgets.switch import Switch
from tests.ui.shell import FakeServices, child, fake_services


@pytest.fixture
def services(paths: DataPaths) -> FakeServices:
    services = fake_services(paths)
    assert isinstance(services, FakeServices)
    return services


@pytest.fixture
def pane(context: PaneContext, services: FakeServices, qtbot) -> SettingsPane:
    pane = SettingsPane(context)
    pane.resize(900, 800)
    qtbot.addWidget(pane)
    pane.show()
    pane.attach(services)  # type: ignore[arg-type]  # a stand-in
    return pane


def stored(paths: DataPaths, group: str, name: str) -> object:
    return getattr(getattr(SettingsStore(paths.settings).current, group), name)


def test_pane_has_a_row_for_every_setting_of_the_schema(pane: SettingsPane):
    texts = [label.text() for label in pane.findChildren(QLabel)]
    for group in group_names():
        for spec in fields(getattr(Settings(), group)):
            assert pane.setting_row(group, spec.name)
            assert spec.metadata["title"] in texts
            if spec.metadata["help"]:
                assert spec.metadata["help"] in texts


def test_choice_clicked_is_stored_and_told(
    pane: SettingsPane, services: FakeServices, paths: DataPaths, qtbot
):
    told: list[object] = []
    services.notices.subscribe(told.append)
    row = pane.setting_row("appearance", "theme")
    dark = next(each for each in row.findChildren(Button) if each.text() == "Dark")
    qtbot.mouseClick(dark, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: told == [frozenset({Topic.SETTINGS})])
    assert stored(paths, "appearance", "theme") is Theme.DARK
    assert dark.isChecked()


def test_switch_clicked_is_stored(pane: SettingsPane, paths: DataPaths, qtbot):
    switch = child(pane.setting_row("chat", "enter_sends"), Switch)
    qtbot.mouseClick(switch, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: stored(paths, "chat", "enter_sends") is False)


def test_number_typed_counts_when_it_is_finished(pane: SettingsPane, paths: DataPaths, qtbot):
    box = child(pane.setting_row("library", "passages"), NumberBox)
    box.setFocus()
    box.selectAll()
    qtbot.keyClicks(box, "12")
    assert stored(paths, "library", "passages") == 8
    qtbot.keyClick(box, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: stored(paths, "library", "passages") == 12)


def test_number_beyond_its_bounds_cannot_be_chosen(pane: SettingsPane):
    box = child(pane.setting_row("sampling", "temperature"), DecimalBox)
    box.setValue(99)
    assert box.value() == 5
    whole = child(pane.setting_row("engine", "context_length"), NumberBox)
    whole.setValue(1)
    assert whole.value() == 512


def test_reset_shows_only_for_changed_values_and_brings_the_default_back(
    pane: SettingsPane, paths: DataPaths, qtbot
):
    row = pane.setting_row("library", "search_mode")
    assert not row.reset.isVisible()
    words = next(each for each in row.findChildren(Button) if each.text() == "Words only")
    qtbot.mouseClick(words, Qt.MouseButton.LeftButton)
    assert row.reset.isVisible()
    qtbot.mouseClick(row.reset, Qt.MouseButton.LeftButton)
    assert not row.reset.isVisible()
    qtbot.waitUntil(lambda: not pane._is_storing)
    assert stored(paths, "library", "search_mode") is SearchMode.HYBRID


def test_group_is_reset_with_one_click_and_others_stay(pane: SettingsPane, paths: DataPaths, qtbot):
    group = pane.group("sampling")
    assert not group.reset.isVisible()
    group.rows["top_k"].edited.emit(7)
    group.rows["dry_multiplier"].edited.emit(0.8)
    pane.setting_row("chat", "max_tokens").edited.emit(2048)
    qtbot.waitUntil(lambda: not pane._is_storing and group.reset.isVisible())
    group.reset.click()
    assert group.rows["top_k"].reset.isHidden()
    qtbot.waitUntil(lambda: not pane._is_storing)
    assert SettingsStore(paths.settings).current.sampling == Settings().sampling
    assert stored(paths, "chat", "max_tokens") == 2048
    assert not group.reset.isVisible()


def test_rare_settings_are_folded_away_and_say_when_they_are_changed(
    pane: SettingsPane, services: FakeServices, qtbot
):
    group = pane.group("sampling")
    assert not group.rows["xtc_probability"].isVisible()
    services.settings.change("sampling", "xtc_probability", 0.5)
    pane.notice(frozenset({Topic.SETTINGS}))
    assert group.fold.text().strip() == "Advanced · 1 changed"
    group.fold.click()
    assert group.rows["xtc_probability"].isVisible()
    assert group.rows["top_k"].isVisible()
    group.fold.click()
    assert not group.rows["xtc_probability"].isVisible()


def test_value_that_switches_a_sampler_off_is_marked(pane: SettingsPane, qtbot):
    line = pane.setting_row("sampling", "top_k")
    assert not any(each.isVisible() for each in line.findChildren(Tag))
    line.edited.emit(0)
    (mark,) = [each for each in line.findChildren(Tag) if each.isVisible()]
    assert mark.text() == "Off"


def test_order_follows_what_the_samplers_are_set_to(pane: SettingsPane, paths: DataPaths, qtbot):
    steps = child(pane.setting_row("sampling", "order"), QListWidget)
    dry = next(each for each in map(steps.item, range(9)) if each.text().startswith("DRY"))
    assert "does nothing" in dry.text()
    pane.setting_row("sampling", "dry_multiplier").edited.emit(0.8)
    qtbot.waitUntil(lambda: dry.text() == "DRY")
    steps.setCurrentItem(dry)
    qtbot.keyClick(steps, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: not pane._is_storing)
    order = stored(paths, "sampling", "order")
    assert isinstance(order, tuple)
    assert order[:2] == ("dry", "penalties")


def test_narrow_pane_puts_controls_below_instead_of_beyond_its_edge(pane: SettingsPane, qtbot):
    pane.resize(564, 800)  # in a window of 640
    area = next(each for each in pane.findChildren(QScrollArea))
    widget = area.widget()
    assert widget is not None
    qtbot.waitUntil(lambda: widget.width() <= area.viewport().width())


def test_change_that_needs_a_restart_says_so(pane: SettingsPane, qtbot):
    row = pane.setting_row("library", "precision")
    exact = next(each for each in row.findChildren(Button) if "Exact" in each.text())
    qtbot.mouseClick(exact, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(pane.findChildren(InfoBar)))
    assert "next start" in child(pane, InfoBar).text


def test_many_changes_at_once_are_all_stored(pane: SettingsPane, paths: DataPaths, qtbot):
    for value in range(85, 150, 5):
        pane.setting_row("appearance", "text_scale").edited.emit(value)
        pane.setting_row("chat", "max_tokens").edited.emit(value * 10)
    qtbot.waitUntil(lambda: not pane._is_storing and not pane._waiting)
    assert stored(paths, "appearance", "text_scale") == 145
    assert stored(paths, "chat", "max_tokens") == 1450


def test_store_that_fails_says_why_and_shows_the_old_value(
    pane: SettingsPane, services: FakeServices, monkeypatch, qtbot
):
    from app.base.errors import DiskFull

    def fail(*_args: object) -> None:
        raise DiskFull("There is no room left.", "Free some space.")

    monkeypatch.setattr(services.settings, "change", fail)
    switch = child(pane.setting_row("chat", "enter_sends"), Switch)
    qtbot.mouseClick(switch, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(pane.findChildren(InfoBar)))
    assert "no room" in child(pane, InfoBar).text
    assert switch.isChecked()


def test_changed_elsewhere_is_shown(pane: SettingsPane, services: FakeServices):
    services.settings.change("appearance", "reduce_motion", True)
    pane.notice(frozenset({Topic.SETTINGS}))
    assert child(pane.setting_row("appearance", "reduce_motion"), Switch).isChecked()


def test_wheel_over_a_field_without_focus_scrolls_the_page(pane: SettingsPane):
    box = child(pane.setting_row("library", "passages"), NumberBox)
    point = QPointF(5, 5)
    event = QWheelEvent(
        point,
        point,
        QPoint(0, 0),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(box, event)
    assert box.value() == 8


def test_pane_before_the_services_cannot_be_edited(context: PaneContext, qtbot):
    pane = SettingsPane(context)
    qtbot.addWidget(pane)
    pane.show()
    assert not pane.isEnabled()
