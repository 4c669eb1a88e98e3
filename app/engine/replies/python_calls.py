"""Reads calls that are written like Python: ``[f(a=1, b="x"), g()]``."""

from __future__ import annotations

import re
from typing import Any

from app.engine.replies.call_context import MOST_NAME, CallContext, UnreadableCallError
from app.engine.replies.json_calls import read_json_calls
from app.engine.replies.literals import read_arguments
from app.engine.replies.scan import python_arguments
from app.engine.replies.stream import NotACallError, Reading

_NAME = re.compile(r"[A-Za-z0-9_.\-]+")
_BUILT_IN = ".call"  # Llama writes its built-in tools as methods


def read_python_calls(call: CallContext) -> Reading[None]:
    """Read calls, or a list of them, up to something else.

    Raises:
        NotACallError: it does not begin like one.
        UnreadableCallError: arguments cannot be read.
    """
    source = call.source
    if call.is_bare:
        source.keep()
    is_list = (yield from source.ink()) == "["
    if is_list:
        source.at += 1
        if (yield from source.ink()) == "{":
            yield from read_json_calls(call)
            return
    while True:
        char = yield from source.ink()
        if char in ",;":
            source.at += 1
        elif char == "]" and is_list:
            source.at += 1
            return
        elif _NAME.match(char):
            yield from _python_call(call)
        elif call.attempted == 0:
            raise NotACallError
        else:
            return


def _python_call(call: CallContext) -> Reading[None]:
    source = call.source
    name = ""
    while True:
        char = yield from source.peek()
        match = _NAME.match(source.text, source.at)
        if match is None:
            break
        name += match[0]
        source.at = match.end()
        if len(name) > MOST_NAME:
            raise NotACallError
    char = yield from source.ink()
    if char != "(":
        if call.attempted == 0:
            raise NotACallError
        raise UnreadableCallError("it is not written like a call")
    source.at += 1
    call.attempted += 1
    name = name.removesuffix(_BUILT_IN)
    call.begin(name)
    raw = yield from python_arguments(source, call.output.arguments)
    source.at += 1
    call.complete(name, _by_name(call, name, raw))


def _by_name(call: CallContext, name: str, raw: str) -> dict[str, Any]:
    try:
        found = read_arguments(raw)
    except ValueError as error:
        raise UnreadableCallError("its arguments cannot be read") from error
    properties = call.parameters(name).get("properties")
    keys = list(properties) if isinstance(properties, dict) else []
    arguments: dict[str, Any] = {}
    for place, (key, value) in enumerate(found):
        if not key and place >= len(keys):
            raise UnreadableCallError("an argument has no name")
        arguments[key or keys[place]] = value
    return arguments
