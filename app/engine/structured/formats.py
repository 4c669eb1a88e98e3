"""The formats of strings and numbers that are enforced, some of them in a stricter form.

In JSON Schema a format is a remark unless a checker is told otherwise; who writes one means it. So
what is not listed here is an error, and not left to chance. Dates know leap years; times have no
leap seconds; IPv6 addresses are written out; URIs name a host.
"""

from __future__ import annotations

from decimal import Decimal

_YEAR = "([0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)"
_LEAP_YEAR = "([0-9]{2}(0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26])00)"
_DATE = (
    f"({_YEAR}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    f"|02-(0[1-9]|1[0-9]|2[0-8]))|{_LEAP_YEAR}-02-29)"
)
_HOUR_MINUTE = "([01][0-9]|2[0-3]):[0-5][0-9]"
_TIME = rf"{_HOUR_MINUTE}:[0-5][0-9](\.[0-9]{{1,6}})?(Z|[+-]{_HOUR_MINUTE})"
_BYTE = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,20}[A-Za-z0-9])?"
_HOST = rf"({_LABEL}\.){{0,3}}[A-Za-z]([A-Za-z0-9]{{0,20}})"
_PATH = "([A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-F]{2})"
_MORE = "([A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-F]{2})*"

_STRINGS = {
    "date": _DATE,
    "time": _TIME,
    "date-time": f"{_DATE}T{_TIME}",
    "uuid": "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "ipv4": rf"{_BYTE}(\.{_BYTE}){{3}}",
    "ipv6": "[0-9a-f]{1,4}(:[0-9a-f]{1,4}){7}",
    "hostname": _HOST,
    "email": rf"[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*@({_LABEL}\.){{1,3}}[A-Za-z]{{2,20}}",
    "uri": rf"[a-z][a-z0-9+.-]*://{_HOST}(:[1-9][0-9]{{0,3}})?(/{_PATH}*)*(\?{_MORE})?(#{_MORE})?",
}

# OpenAPI's formats for numbers, with the least and the greatest one.
_INTEGERS = {
    "int8": (-(2**7), 2**7 - 1),
    "int16": (-(2**15), 2**15 - 1),
    "int32": (-(2**31), 2**31 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint8": (0, 2**8 - 1),
    "uint16": (0, 2**16 - 1),
    "uint32": (0, 2**32 - 1),
    "uint64": (0, 2**64 - 1),
}
_REMARKS = frozenset({"float", "double", "password"})  # say how a value is stored or shown


def string_pattern(name: str) -> str | None:
    """The regular expression of a format of strings; None if it constrains no string.

    Raises:
        KeyError: the format is not known here.
    """
    if name in _REMARKS or name in _INTEGERS:
        return None
    return f"^{_STRINGS[name]}$"


def number_bounds(name: str) -> tuple[Decimal, Decimal] | None:
    """The bounds of a format of numbers; None if it constrains no number.

    Raises:
        KeyError: the format is not known here.
    """
    if name in _REMARKS or name in _STRINGS:
        return None
    low, high = _INTEGERS[name]
    return Decimal(low), Decimal(high)
