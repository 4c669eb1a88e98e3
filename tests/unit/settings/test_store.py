from __future__ import annotations

import tomllib
from dataclasses import fields
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.settings.migrations import RENAMES, migrate
from app.settings.sampling import SAMPLER_TITLES
from app.settings.schema import SCHEMA_VERSION, Settings, Theme, group_names, group_title
from app.settings.store import SettingsError, SettingsStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "settings.toml"


def test_change_is_there_after_a_restart(path: Path) -> None:
    SettingsStore(path).change("appearance", "theme", Theme.DARK)
    assert SettingsStore(path).current.appearance.theme is Theme.DARK
    assert tomllib.loads(path.read_text())["schema_version"] == SCHEMA_VERSION


@pytest.mark.parametrize(
    ("group", "name", "value"),
    [
        ("appearance", "text_scale", 500),
        ("appearance", "text_scale", "big"),
        ("appearance", "theme", "purple"),
        ("chat", "enter_sends", 1),
        ("chat", "no_such", 1),
        ("nothing", "theme", 1),
        ("sampling", "temperature", float("nan")),
        ("sampling", "temperature", float("inf")),
        ("sampling", "top_k", True),
        ("sampling", "stop", "###"),
        ("sampling", "stop", ("",)),
        ("sampling", "stop", (1,)),
        ("sampling", "stop", ("a", "a")),
        ("sampling", "stop", ("x" * 501,)),
        ("sampling", "stop", tuple(map(str, range(101)))),
        ("sampling", "order", ("top_k", "magic")),
        ("sampling", "order", ("top_k", "top_k")),
        ("sampling", "mirostat", "v1"),
    ],
)
def test_bad_value_is_refused_and_nothing_changes(
    path: Path, group: str, name: str, value: object
) -> None:
    store = SettingsStore(path)
    with pytest.raises(SettingsError):
        store.change(group, name, value)
    assert store.current == Settings()
    assert not path.exists()


def test_damaged_file_is_set_aside_not_overwritten(path: Path) -> None:
    path.write_text("theme = [unclosed")
    store = SettingsStore(path)
    store.change("appearance", "text_scale", 110)
    assert (path.parent / "settings.damaged.toml").read_text() == "theme = [unclosed"
    assert "settings.damaged.toml" in store.problems[0]


def test_one_bad_value_in_the_file_leaves_the_others(path: Path) -> None:
    path.write_text('[appearance]\ntheme = "purple"\ntext_scale = 120\n')
    store = SettingsStore(path)
    assert store.current.appearance.text_scale == 120
    assert store.current.appearance.theme is Theme.SYSTEM
    assert store.problems == ("“Theme” does not take the value “purple”.",)


def test_whole_number_in_the_file_is_taken_for_a_float(path: Path) -> None:
    path.write_text("[sampling]\ntemperature = 1\n")
    assert SettingsStore(path).current.sampling.temperature == 1.0


def test_no_temporary_files_stay(path: Path) -> None:
    SettingsStore(path).change("sampling", "temperature", 0.5)
    assert [each.name for each in path.parent.iterdir()] == ["settings.toml"]


@given(
    st.lists(st.text(min_size=1, max_size=20), unique=True, max_size=5),
    st.permutations(list(SAMPLER_TITLES)),
    st.floats(0, 5),
)
@settings(deadline=None, max_examples=50)
def test_lists_and_numbers_come_back_exactly(
    texts: list[str], order: list[str], number: float
) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "settings.toml"
        store = SettingsStore(path)
        store.change("sampling", "banned", texts)
        store.change("sampling", "order", order[:4])
        store.change("sampling", "temperature", number)
        back = SettingsStore(path)
    assert back.problems == ()
    assert back.current == store.current
    assert (back.current.sampling.banned, back.current.sampling.order) == (
        tuple(texts),
        tuple(order[:4]),
    )


def test_reset_gives_one_group_its_defaults(path: Path) -> None:
    store = SettingsStore(path)
    store.change("sampling", "top_k", 7)
    store.change("chat", "max_tokens", 2048)
    store.reset("sampling")
    assert SettingsStore(path).current.sampling == Settings().sampling
    assert SettingsStore(path).current.chat.max_tokens == 2048
    with pytest.raises(SettingsError):
        store.reset("nothing")


def test_temperature_of_the_first_cairn_is_found_where_it_is_now(path: Path) -> None:
    path.write_text("schema_version = 1\n[chat]\ntemperature = 0.9\nmax_tokens = 99\n")
    current = SettingsStore(path).current
    assert (current.sampling.temperature, current.chat.max_tokens) == (0.9, 99)


def test_rename_moves_the_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RENAMES, 2, {"look.colours": "appearance.theme"})
    assert migrate({"schema_version": 1, "look": {"colours": "dark"}})["appearance"] == {
        "theme": "dark"
    }


def test_every_setting_has_words_for_people() -> None:
    for group in group_names():
        section = getattr(Settings(), group)
        assert group_title(section)
        for each in fields(section):
            assert each.metadata["title"], each.name
