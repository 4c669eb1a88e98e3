"""Pieces of JSON from strangers, checked: objects, texts, lists of texts."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from app.evals.suites.item_json import to_line
from app.evals.suites.suite import MAX_DEPTH, BadItem, check_json


def parse_object(text: str) -> dict[str, Any]:
    """The JSON object that a text is.

    Raises:
        BadItem: it is something else, or holds what cannot be stored.
    """
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise BadItem(f"This is not valid JSON: {error.msg}, character {error.colno}.") from error
    except RecursionError as error:
        raise BadItem(f"Lists and objects are nested more than {MAX_DEPTH} deep.") from error
    except ValueError as error:  # thousands of digits
        raise BadItem("A number is too long.") from error
    if not isinstance(value, dict):
        raise BadItem("This is not a JSON object in braces.")
    check_json(value)
    return value


def as_text(value: Any, name: str) -> str:
    """The text of a field; empty for null.

    Raises:
        BadItem: it is not a text.
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadItem(f"“{name}” is not a text.")
    return value


def as_texts(value: Any, name: str) -> tuple[str, ...]:
    """The texts of a field that holds one or a list; what is not text is written as JSON.

    Raises:
        BadItem: something in the list is null or a list.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return ()
    values = value if isinstance(value, list) else [value]
    if any(each is None or isinstance(each, list) for each in values):
        raise BadItem(f"“{name}” is neither a text nor a list of texts.")
    return tuple(each if isinstance(each, str) else to_line(each) for each in values)


def _refuse_constant(name: str) -> NoReturn:
    raise BadItem(f"{name} is not a number in JSON.")
