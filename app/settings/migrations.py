"""Older settings files, brought up to date. Renames are data; unknown keys are left alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# schema_version -> {"old_group.old_name": "new_group.new_name"}
RENAMES: dict[int, dict[str, str]] = {
    2: {"chat.temperature": "sampling.temperature"},
}


def migrate(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the file's content in the present schema."""
    data = {key: dict(value) if isinstance(value, Mapping) else value for key, value in raw.items()}
    version = data.get("schema_version", 1)
    for step in sorted(RENAMES):
        if not isinstance(version, int) or version >= step:
            continue
        for old, new in RENAMES[step].items():
            old_group, old_name = old.split(".")
            new_group, new_name = new.split(".")
            if old_name in data.get(old_group, {}):
                data.setdefault(new_group, {})[new_name] = data[old_group].pop(old_name)
    return data
