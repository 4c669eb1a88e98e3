"""Reads and writes settings.toml. A damaged file is set aside, never overwritten."""

from __future__ import annotations

import logging
import tomllib
from collections.abc import Mapping
from dataclasses import Field, asdict, fields, replace
from math import isfinite
from pathlib import Path
from typing import Any

from app.base.errors import AppError
from app.base.files import write_whole
from app.settings.migrations import migrate
from app.settings.schema import SCHEMA_VERSION, Settings, group_names

log = logging.getLogger(__name__)

MOST_TEXTS, LONGEST_TEXT = 100, 500


class SettingsError(AppError):
    """A value that a setting does not take."""


class SettingsStore:
    """The current settings and their file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.problems: tuple[str, ...] = ()
        self.current = self._load()

    def change(self, group: str, name: str, value: object) -> Settings:
        """Set one value, store it, and return all settings.

        Raises:
            SettingsError: there is no such setting, or it does not take this value.
        """
        old = getattr(self.current, group, None)
        if old is None or name not in {each.name for each in fields(old)}:
            raise SettingsError(f"There is no setting “{group}.{name}”.")
        section = replace(old, **{name: _checked(old, name, value)})
        self.current = replace(self.current, **{group: section})
        self._save()
        return self.current

    def reset(self, group: str) -> Settings:
        """Give every setting of a group its default, store that, and return all settings.

        Raises:
            SettingsError: there is no such group.
        """
        if group not in group_names():
            raise SettingsError(f"There are no settings “{group}”.")
        self.current = replace(self.current, **{group: getattr(Settings(), group)})
        self._save()
        return self.current

    def _load(self) -> Settings:
        try:
            raw = tomllib.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return Settings()
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            aside = self._path.with_suffix(".damaged.toml")
            self._path.replace(aside)
            self.problems = (f"settings.toml could not be read and was kept as {aside.name}.",)
            log.info("settings file set aside: %s", error)
            return Settings()
        settings, problems = _parse(migrate(raw))
        self.problems = problems
        return settings

    def _save(self) -> None:
        import tomli_w  # only needed when something is changed

        data = {"schema_version": SCHEMA_VERSION} | {
            group: {name: _plain(value) for name, value in asdict(section).items()}
            for group in group_names()
            for section in (getattr(self.current, group),)
        }
        write_whole(self._path, tomli_w.dumps(data).encode())


def _parse(raw: Mapping[str, Any]) -> tuple[Settings, tuple[str, ...]]:
    settings, problems = Settings(), []
    for group in group_names():
        section = getattr(settings, group)
        given = raw.get(group, {})
        for each in fields(section):
            if not isinstance(given, Mapping) or each.name not in given:
                continue
            try:
                section = replace(
                    section, **{each.name: _checked(section, each.name, given[each.name])}
                )
            except SettingsError as error:
                problems.append(error.message)
        settings = replace(settings, **{group: section})
    return settings, tuple(problems)


def _checked(section: object, name: str, value: object) -> object:
    spec = next(each for each in fields(section) if each.name == name)  # type: ignore[arg-type]  # a group is a dataclass
    kind = type(spec.default)
    if kind is tuple:
        return _texts(spec, value)
    if kind is float and type(value) is int:
        value = float(value)
    if issubclass(kind, str) and kind is not str:
        try:
            return kind(value)
        except ValueError as error:
            raise _refused(spec, value) from error
    if type(value) is not kind:
        raise _refused(spec, value)
    if isinstance(value, (int, float)):
        _check_bounds(spec, value)
    return value


def _check_bounds(spec: Field[Any], value: float) -> None:
    low, high = spec.metadata["low"], spec.metadata["high"]
    if not isfinite(value):
        raise _refused(spec, value)
    if (low is not None and value < low) or (high is not None and value > high):
        raise SettingsError(f"“{spec.metadata['title']}” must lie between {low} and {high}.")


def _texts(spec: Field[Any], value: object) -> tuple[str, ...]:
    """A list of texts; where the schema says which there are, each at most once."""
    if not isinstance(value, (list, tuple)):
        raise _refused(spec, value)
    title, known = spec.metadata["title"], spec.metadata["labels"]
    for each in value:
        if not isinstance(each, str) or not each or (known and each not in known):
            raise _refused(spec, each)
        if len(each) > LONGEST_TEXT:
            raise SettingsError(f"“{title}” takes texts of at most {LONGEST_TEXT} characters.")
    if len(value) > MOST_TEXTS:
        raise SettingsError(f"“{title}” takes at most {MOST_TEXTS} texts.")
    if len(set(value)) < len(value):
        raise SettingsError(f"“{title}” names something twice.")
    return tuple(value)


def _refused(spec: Field[Any], value: object) -> SettingsError:
    return SettingsError(f"“{spec.metadata['title']}” does not take the value “{value}”.")


def _plain(value: object) -> object:
    return str(value) if isinstance(value, str) else value
