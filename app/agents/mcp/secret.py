"""What looks like a secret, by its name or by itself, and is not shown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from app.agents.mcp.definitions import shown

Pairs = tuple[tuple[str, str], ...]

HIDDEN: Final = "•••"
_SECRET_NAME: Final = re.compile(
    r"key|token|secret|passw|pwd|auth|credential|cookie|bearer|session|signature", re.IGNORECASE
)
SECRET_VALUE: Final = re.compile(
    r"(?:sk|pk|rk)[-_][\w-]{12,}|gh[opsu]_\w{16,}|github_pat_\w{16,}|hf_\w{16,}|glpat-[\w-]{12,}"
    r"|xox[abprs]-[\w-]{10,}|AKIA[0-9A-Z]{12,}|eyJ[\w-]{10,}\.[\w.-]+|Bearer\s+[\w.~+/-]{8,}=*|Basic\s+[\w+/-]{16,}=*"
)
_PARAMETER: Final = re.compile(r"(?P<name>[^?&=#\s]+)=(?P<value>[^&#\s]+)")
_USER: Final = re.compile(r"(?<=://)[^/@\s]+(?=@)")
_ONLY_REFERENCES: Final = re.compile(r"(?:Bearer |Basic )?(?:\$\{(?:keyring|env):[^{}]+\})+")


def secrets_in(pairs: Pairs) -> tuple[str, ...]:
    """Values that are shown nowhere."""
    return tuple(value for name, value in pairs if _is_secret(name, value))


def _is_secret(name: str, value: str) -> bool:
    return bool(_SECRET_NAME.search(name) or SECRET_VALUE.search(value))


def masked_pairs(pairs: Pairs) -> Pairs:
    """Names with values, secrets masked; references to the keyring are none."""
    return tuple(
        (shown(name), HIDDEN if _hides(name, value) else masked(value)) for name, value in pairs
    )


def _hides(name: str, value: str) -> bool:
    return bool(value) and _is_secret(name, value) and not _ONLY_REFERENCES.fullmatch(value)


def masked_arguments(arguments: Sequence[str]) -> Iterator[str]:
    """Arguments of a command, secrets masked."""
    for before, each in pairwise(("", *arguments)):
        is_value = before.startswith("-") and "=" not in before and not each.startswith("-")
        yield HIDDEN if is_value and _hides(before, each) else masked(each)


def masked(text: str) -> str:
    """A text or URL with what looks like a secret masked, and hidden characters spelled out."""

    def value(found: re.Match[str]) -> str:
        return f"{found['name']}={HIDDEN}" if _hides(found["name"], found["value"]) else found[0]

    return shown(SECRET_VALUE.sub(HIDDEN, _USER.sub(HIDDEN, _PARAMETER.sub(value, text))))
