"""How a value that anybody may have written is quoted in a sentence: one line, and not too long."""

from __future__ import annotations

_LONGEST_SHOWN = 80


def shown(value: object) -> str:
    """A value in quotation marks on one line, cut if it is long."""
    line = " ".join(str(value)[: 4 * _LONGEST_SHOWN].split())
    line = "".join(each if each.isprintable() else "�" for each in line)
    return f"“{line}”" if len(line) <= _LONGEST_SHOWN else f"“{line[:_LONGEST_SHOWN]}…”"
