"""Plain values as YAML and back: texts, numbers, yes and no, nothing, lists and mappings.

Read without trusting the text: no tags, anchors or aliases (with which a few lines become
gigabytes), no name twice, bounded in size and depth. Of YAML 1.1's scalars, dates, times, “yes”
and “no” stay texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from yaml.resolver import Resolver

MOST_CHARACTERS = 200_000  # read in about two seconds
_DEEPEST = 40
_WIDTH = 100

_WORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False,
    "FALSE": False}  # fmt: skip
_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,99})")
_DECIMAL = re.compile(r"[-+]?[0-9]+\.[0-9]*(?:[eE][-+][0-9]+)?")
_BEYOND = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_FOLDED = re.compile(r"[\r\x85\u2028\u2029]")  # line breaks that only double quotes keep
_TEXT_TAG = "tag:yaml.org,2002:str"


class YamlError(Exception):
    """The text is refused: `why`, and in which line, from 1."""

    def __init__(self, why: str, line: int) -> None:
        super().__init__(why)
        self.why = why
        self.line = line


def read(text: str) -> Any:
    """The value in a text; None for an empty one.

    Raises:
        YamlError: it is broken, too large or uses what is not read.
    """
    if len(text) > MOST_CHARACTERS:
        raise YamlError(f"it is longer than {MOST_CHARACTERS:,} characters", 1)
    try:
        events = yaml.parse(text, Loader=yaml.SafeLoader)
        next(events)  # the stream begins
        if isinstance(next(events), yaml.StreamEndEvent):
            return None
        value = _value(events, next(events), 0)
        next(events)  # the document ends
        if not isinstance(after := next(events), yaml.StreamEndEvent):
            raise _refused(after, "there is a second document")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlError(error.problem or "it is broken", mark.line + 1 if mark else 1) from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # "\UFFFFFFFF" is no letter
        raise YamlError("it has characters that may not be there", 1) from error
    return value


def write(value: Any) -> str:
    """The text of a value, which `read` gives back."""
    events = [
        yaml.StreamStartEvent(),
        yaml.DocumentStartEvent(explicit=False),
        *_events(value),
        yaml.DocumentEndEvent(explicit=False),
        yaml.StreamEndEvent(),
    ]
    return str(yaml.emit(events, allow_unicode=True, width=_WIDTH))


def _value(events: Iterator[Any], event: Any, depth: int) -> Any:
    if isinstance(event, yaml.AliasEvent) or event.anchor:
        raise _refused(event, "anchors and aliases (& and *) are not read")
    if event.tag:
        raise _refused(event, "tags (!) are not read")
    if depth > _DEEPEST:
        raise _refused(event, f"it nests deeper than {_DEEPEST} levels")
    if isinstance(event, yaml.ScalarEvent):
        return _scalar(event.value) if event.implicit[0] else event.value
    if isinstance(event, yaml.MappingStartEvent):
        return _mapping(events, depth)
    entries: list[Any] = []
    while not isinstance(each := next(events), yaml.SequenceEndEvent):
        entries.append(_value(events, each, depth + 1))
    return entries


def _mapping(events: Iterator[Any], depth: int) -> dict[str, Any]:
    values: dict[str, Any] = {}
    while not isinstance(each := next(events), yaml.MappingEndEvent):
        name = _value(events, each, depth + 1)
        if not isinstance(name, str) or name in values:
            raise _refused(each, "a name is there twice, or is no text")
        values[name] = _value(events, next(events), depth + 1)
    return values


def _scalar(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    return float(text.replace(".", "")) if _BEYOND.fullmatch(text) else text


def _events(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        yield yaml.MappingStartEvent(None, None, implicit=True, flow_style=not value)
        for name, each in value.items():
            yield _text(name)
            yield from _events(each)
        yield yaml.MappingEndEvent()
    elif isinstance(value, list | tuple):
        yield yaml.SequenceStartEvent(None, None, implicit=True, flow_style=not value)
        for each in value:
            yield from _events(each)
        yield yaml.SequenceEndEvent()
    elif isinstance(value, str):
        yield _text(value)
    else:
        yield yaml.ScalarEvent(None, None, (True, False), _plain(value))


def _text(text: str) -> Any:
    # Quoted also where only another reader of YAML would take it for a date or a yes.
    can_be_plain = Resolver().resolve(yaml.ScalarNode, text, (True, False)) == _TEXT_TAG
    style = '"' if _FOLDED.search(text) else "|" if "\n" in text else None
    return yaml.ScalarEvent(None, None, (can_be_plain, True), text, style=style)


def _plain(value: float | None) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = repr(value)
    if text in ("inf", "-inf", "nan"):
        return text.replace("inf", ".inf").replace("nan", ".nan")
    return text.replace("e", ".0e") if "e" in text and "." not in text else text


def _refused(event: Any, why: str) -> YamlError:
    return YamlError(why, event.start_mark.line + 1)
