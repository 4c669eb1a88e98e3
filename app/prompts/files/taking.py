"""Takes the fields of a file one by one, each as what it has to be, and notes what is left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_LONGEST_NAME = 80


class Fields:
    """Fields of a file. What cannot be taken is added to `left_out`, with its path."""

    def __init__(self, values: Mapping[str, Any], left_out: list[str], path: str = "") -> None:
        self._values = dict(values)
        self._left_out = left_out
        self._path = path

    @property
    def names(self) -> tuple[str, ...]:
        """The fields that nobody took yet."""
        return tuple(self._values)

    def take(self, name: str) -> Any:
        """The value of a field, whatever it is; None if there is none."""
        return self._values.pop(name, None)

    def text(self, name: str) -> str:
        """A text; a number becomes one."""
        value = self.take(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        if value is not None and not isinstance(value, str):
            self.leave(name, "it is no text")
        return value if isinstance(value, str) else ""

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts; one text alone becomes one."""
        value = self.take(name)
        entries = [value] if isinstance(value, str) else value or []
        if isinstance(entries, list) and all(isinstance(each, str) for each in entries):
            return tuple(entries)
        self.leave(name, "it is no list of texts")
        return ()

    def entries(self, name: str) -> list[Any]:
        """A list of anything."""
        value = self.take(name)
        if value is not None and not isinstance(value, list):
            self.leave(name, "it is no list")
        return value if isinstance(value, list) else []

    def inside(self, name: str) -> Fields:
        """The fields inside a field."""
        value = self.take(name)
        if value is not None and not isinstance(value, dict):
            self.leave(name)
        values = value if isinstance(value, dict) else {}
        return Fields(values, self._left_out, f"{self._path}{name}.")

    def named(self, name: str) -> list[tuple[str, Fields]]:
        """Fields that have a name each, from a list with names inside or from a mapping.

        A plain value in a mapping, as Prompty 0.1 has it, is its `default`.
        """
        value = self.take(name)
        if isinstance(value, dict):
            entries = [(each, inner) for each, inner in value.items()]
        else:
            listed = value if isinstance(value, list) else []
            entries = [(each["name"], each) for each in listed if _has_name(each)]
            if len(entries) < len(listed) or (value is not None and not listed):
                self.leave(name, "something in it has no name")
        return [(each, self._named(f"{name}.{each}", inner)) for each, inner in entries]

    def _named(self, path: str, value: Any) -> Fields:
        values = value if isinstance(value, dict) else {"default": value}
        values = {each: inner for each, inner in values.items() if each != "name"}
        return Fields(values, self._left_out, f"{self._path}{path[:_LONGEST_NAME]}.")

    def leave(self, name: str, why: str = "") -> None:
        """Note that a field cannot be carried."""
        reason = f": {why}" if why else ""
        self._left_out.append(f"The field “{self._path}{name[:_LONGEST_NAME]}”{reason}.")

    def leave_rest(self) -> None:
        """Note all fields that nobody took."""
        for name in self._values:
            self.leave(name)


def _has_name(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("name"), str) and value["name"] != ""
