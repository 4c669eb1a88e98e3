"""Servers out of what a person pasted: a whole file of another program, or a piece of one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from typing import Any, Final

from app.agents.mcp.config import check_name, entry, parse
from app.agents.mcp.errors import ConfigBroken

_LISTS: Final = ("mcpServers", "servers", "context_servers")
_INPUT: Final = re.compile(r"\$\{input:([^{}]+)\}")


def pasted(text: str, name: str = "", taken: Iterable[str] = ()) -> dict[str, dict[str, Any]]:
    """The entries by name. Secrets that VS Code asks for become references to the keyring.

    Args:
        name: for a single entry that is pasted without one.
        taken: names that get a number behind them.

    Raises:
        ConfigBroken: there are none, or one of them is wrong.
    """
    stripped = text.strip().rstrip(",")
    if stripped.startswith('"'):  # `"name": {…}`, cut out of a list
        stripped = f"{{{stripped}}}"
    entries = _entries(parse(stripped, "What was pasted"), name)
    if not entries:
        raise ConfigBroken(
            "What was pasted describes no server.",
            'It should look like {"mcpServers": {"name": {"command": "…"}}}.',
        )
    for each, values in entries.items():
        check_name(each)
        if problem := entry(each, values).problem:
            raise ConfigBroken(problem, "Nothing was added.")
    names = set(taken)
    added: dict[str, dict[str, Any]] = {}
    for each, values in entries.items():
        free = next(name for name in _numbered(each) if name not in names)
        names.add(free)
        added[free] = _own_references(values)
    return added


def _numbered(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}-{number}" for number in count(2))


def _entries(found: Mapping[str, Any], name: str) -> dict[str, Any]:
    inside = found.get("mcp")  # settings of VS Code
    for whole in (found, inside if isinstance(inside, dict) else {}):
        for key in _LISTS:
            if isinstance(whole.get(key), dict):
                return dict(whole[key])
    if "command" in found or "url" in found:
        return {name or _name_of(found): dict(found)}
    return dict(found)


def _name_of(values: Mapping[str, Any]) -> str:
    parts = re.findall(r"[A-Za-z0-9][A-Za-z0-9-]*", str(values.get("command") or values["url"]))
    return str(values.get("name") or (parts[-1] if parts else "server"))


def _own_references(values: Any) -> Any:
    if isinstance(values, str):
        return _INPUT.sub(r"${keyring:\1}", values)
    if isinstance(values, list):
        return [_own_references(each) for each in values]
    if isinstance(values, dict):
        return {key: _own_references(each) for key, each in values.items()}
    return values
