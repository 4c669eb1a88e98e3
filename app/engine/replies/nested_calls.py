"""Reads calls whose arguments are tags named by their keys, with objects and lists as tags within.

What a tag holds is known when it ends: other tags make it an object, or a list if all of them are
items; anything else is text, which the tool's JSON Schema gives its type.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from app.engine.replies.call_context import CallContext, UnreadableCallError
from app.engine.replies.casting import allowed_types, cast, schema_of
from app.engine.replies.named_calls import read_head
from app.engine.replies.stream import Markers, NotACallError, Reading

ITEM = "item"  # the tag of an entry of a list
_MOST_NESTED = 100
_TAG = re.compile(r"<(/?)([^<>/\s]+)>")
_TAG_END = Markers([">"])
_MOST_TAG = 300


class _Open:
    """A tag that has begun."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.text: list[str] = []
        self.members: list[tuple[str, Any]] = []


def read_nested_call(call: CallContext) -> Reading[None]:
    """Read one call.

    Raises:
        NotACallError: there is no name.
        UnreadableCallError: the tags do not fit into one another.
    """
    form, source = call.form, call.source
    name, own_id = yield from read_head(call, (form.tag,))
    steps = Markers((form.tag, *form.close, *call.borders.texts))
    sink = call.output.arguments
    stack = [_Open("")]
    while True:
        marker = yield from source.until(steps, lambda piece: _put(stack[-1], piece, sink))
        if marker != form.tag:
            break
        source.take(source.at + len(marker), sink)
        try:
            inner, _ = yield from source.bounded(_TAG_END, _MOST_TAG)
        except NotACallError as error:
            raise UnreadableCallError("a tag has no end") from error
        source.at += 1
        sink(f"{inner}>")
        _step(stack, f"{inner}>")
    if len(stack) > 1:
        raise UnreadableCallError("an argument has no end")
    if marker in form.close:
        source.at += len(marker)
    root = call.parameters(name)
    arguments = {key: _typed(value, schema_of(root, key), root) for key, value in stack[0].members}
    call.complete(name, arguments, own_id)


def _put(tag: _Open, piece: str, sink: Any) -> None:
    tag.text.append(piece)
    sink(piece)


def _step(stack: list[_Open], tag: str) -> None:
    match = _TAG.fullmatch(tag)
    if match is None:
        raise UnreadableCallError("an argument has no name")
    if not match[1]:
        if len(stack) > _MOST_NESTED:
            raise UnreadableCallError("its arguments are nested too deeply")
        stack.append(_Open(match[2]))
        return
    done = stack.pop()
    if not stack or done.key != match[2]:
        raise UnreadableCallError("its arguments are not nested properly")
    stack[-1].members.append((done.key, done.members or "".join(done.text)))


def _typed(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any]) -> Any:
    if isinstance(value, str):
        return cast(value, schema, root) if value else _empty(allowed_types(schema, root))
    if all(key == ITEM for key, _ in value):
        items = schema.get("items")
        item_schema = items if isinstance(items, Mapping) else {}
        return [_typed(each, item_schema, root) for _, each in value]
    return {key: _typed(each, schema_of(schema, key), root) for key, each in value}


def _empty(types: frozenset[str]) -> Any:
    """What nothing between two tags stands for."""
    if "null" in types:
        return None
    if "string" in types or not types & {"array", "object"}:
        return ""
    return [] if "array" in types else {}
