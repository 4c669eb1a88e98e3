"""Reads calls that have a name in a head, and then arguments: an object, tags, or nested tags."""

from __future__ import annotations

from typing import Any

from app.engine.replies.call_context import (
    MOST_NAME,
    CallContext,
    UnreadableCallError,
    named_head,
)
from app.engine.replies.casting import cast, schema_of
from app.engine.replies.dialect import Parameter, Values
from app.engine.replies.literals import clean_text, read_value
from app.engine.replies.scan import MalformedError, gemma_value, json_value
from app.engine.replies.stream import Markers, NotACallError, Reading


def read_named_call(call: CallContext) -> Reading[None]:
    """Read one call whose arguments are an object.

    Raises:
        NotACallError: there is no name.
        UnreadableCallError: what follows the name is no object.
    """
    form, source = call.form, call.source
    head, marker = yield from source.bounded(
        Markers((*form.head_end, "{", *call.borders.texts)), MOST_NAME
    )
    if marker in form.head_end:
        source.at += len(marker)
    name, own_id = named_head(form, head)
    yield from read_object_call(call, name, own_id)


def read_object_call(call: CallContext, name: str, own_id: str = "") -> Reading[None]:
    """Read the arguments of a call whose name is known."""
    source = call.source
    call.attempted += 1
    call.begin(name)
    char = yield from source.ink(call.output.arguments)
    raw = ""
    if char in '{["':
        reader = gemma_value if call.form.values is Values.GEMMA and char == "{" else json_value
        try:
            raw = yield from reader(source, call.output.arguments)
        except MalformedError as error:
            raise UnreadableCallError("its arguments are not valid JSON") from error
    elif not (yield from is_at(call, call.borders)):
        raise UnreadableCallError("its arguments are not valid JSON")
    call.complete_raw(name, raw, own_id)


def is_at(call: CallContext, markers: Markers) -> Reading[bool]:
    """Whether one of the markers is next; it stays unread."""
    source = call.source
    marker = yield from source.accept(markers)
    source.at -= len(marker)
    return bool(marker)


def read_tagged_call(call: CallContext) -> Reading[None]:
    """Read one call whose arguments stand in tags.

    Raises:
        NotACallError: there is no name.
        UnreadableCallError: a tag cannot be read.
    """
    form, source = call.form, call.source
    if form.parameter is None:
        raise NotACallError
    name, own_id = yield from read_head(call, (form.parameter.open,))
    arguments: dict[str, Any] = {}
    steps = Markers((form.parameter.open, *form.close, *call.borders.texts))
    while True:
        marker = yield from source.until(steps, call.output.arguments)
        if marker != form.parameter.open:
            if marker in form.close:
                source.at += len(marker)
            call.complete(name, arguments, own_id)
            return
        source.take(source.at + len(marker), call.output.arguments)
        key, value = yield from _parameter(call, form.parameter, name)
        arguments[key] = value


def read_head(call: CallContext, first: tuple[str, ...]) -> Reading[tuple[str, str]]:
    """Read up to the arguments, and begin the call."""
    form, source = call.form, call.source
    ends = form.head_end or (*first, *form.close, *call.borders.texts)
    head, marker = yield from source.bounded(Markers(ends), MOST_NAME)
    if form.head_end:
        source.at += len(marker)
    name, own_id = named_head(form, head)
    call.attempted += 1
    call.begin(name)
    return name, own_id


def _parameter(call: CallContext, how: Parameter, name: str) -> Reading[tuple[str, Any]]:
    source, sink = call.source, call.output.arguments
    parts: list[str] = []
    marker = yield from source.until(Markers((how.head_end, *call.borders.texts)), parts.append)
    head = "".join(parts)
    match = how.head.fullmatch(head.strip())
    if marker != how.head_end or match is None:
        raise UnreadableCallError("an argument has no name")
    sink(head)
    source.take(source.at + len(marker), sink)
    text, is_raw = yield from _value(call, how)
    groups = match.groupdict()
    key = clean_text(groups["key"].strip())
    kind = groups.get("string") or groups.get("type") or ""
    return key, _typed(call, name, key, text, kind="string" if is_raw and not kind else kind)


def _value(call: CallContext, how: Parameter) -> Reading[tuple[str, bool]]:
    source, sink = call.source, call.output.arguments
    parts: list[str] = []

    def put(piece: str) -> None:
        parts.append(piece)
        sink(piece)

    if how.raw and (opening := (yield from source.accept(Markers(how.raw[:1])))):
        sink(opening)
        sink((yield from source.past(Markers(how.raw[1:]), put)))
        sink((yield from source.past(Markers([how.close]), sink)))
        return "".join(parts), True
    marker = yield from source.until(Markers((how.close, *how.until)), put)
    if marker == how.close:
        source.take(source.at + len(marker), sink)
    text = "".join(parts)
    if how.newlines:
        text = text.removeprefix("\n").removesuffix("\n")
    return text, False


def _typed(call: CallContext, name: str, key: str, text: str, *, kind: str) -> Any:
    """The value of an argument; `kind` is what the reply itself says about it."""
    if kind in ("true", "string"):
        return clean_text(text)
    if kind:
        try:
            return read_value(text)
        except ValueError:
            return clean_text(text)
    parameters = call.parameters(name)
    return cast(text, schema_of(parameters, key), parameters)
