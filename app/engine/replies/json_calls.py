"""Reads calls that are JSON objects: a name, arguments, and what else a dialect has."""

from __future__ import annotations

import re

from app.engine.replies.call_context import MOST_NAME, CallContext, UnreadableCallError
from app.engine.replies.literals import clean_text, read_json, read_value
from app.engine.replies.scan import MalformedError, json_value
from app.engine.replies.stream import EndOfReplyError, Markers, NotACallError, Reading

_HARMLESS_KEYS = frozenset({"type", "id"})
_ANSWER_PLAIN = re.compile(r'[^"\\]+')
_HIGH_SURROGATE = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\Z")


def read_json_calls(call: CallContext) -> Reading[None]:
    """Read calls, lists of calls, and what separates them, up to something else.

    Raises:
        NotACallError: it does not begin like one.
        UnreadableCallError: it does, but goes on otherwise.
    """
    source = call.source
    has_read = False
    while True:
        char = yield from source.ink()
        if char == "{":
            has_read = True
            if call.is_bare:
                source.keep()
            else:
                source.release()
            yield from _JsonCall(call).read()
        elif char in "[,;]}":
            source.at += 1
        elif not has_read:
            if not (yield from source.accept(Markers(call.form.junk))):
                raise NotACallError
        else:
            return


class _JsonCall:
    """One object."""

    def __init__(self, call: CallContext) -> None:
        self._call = call
        self._source = call.source
        self._name = ""
        self._id = ""
        self._has_begun = False
        self._is_answer = False
        self._raw: str | None = None
        self._early: list[str] = []  # arguments that came before the name

    def read(self) -> Reading[None]:
        call = self._call
        call.attempted += not call.form.key_is_name
        self._source.at += 1
        try:
            yield from self._members()
        except MalformedError as error:
            raise _other(call, "its arguments are not valid JSON") from error
        if self._is_answer or call.form.key_is_name:
            return
        if not self._name or (call.source.is_kept and self._raw is None):
            raise _other(call, "it names no tool")
        self._begin()
        call.complete_raw(self._name, self._raw or "", self._id)

    def _members(self) -> Reading[None]:
        source = self._source
        while True:
            char = yield from source.ink()
            if char == '"':
                yield from self._member()
                continue
            if char in "},":
                source.at += 1
                if char == "}":
                    return
                continue
            if self._name and self._raw is not None:
                return  # only the last brace is missing
            raise _other(self._call, "it is not valid JSON")

    def _member(self) -> Reading[None]:
        source = self._source
        key = self._read_text((yield from json_value(source)))
        if (yield from source.ink()) != ":":
            raise _other(self._call, "it is not valid JSON")
        source.at += 1
        yield from source.ink()
        yield from self._value_of(key)

    def _value_of(self, key: str) -> Reading[None]:
        form = self._call.form
        if form.key_is_name:
            yield from self._keyed_call(key)
        elif key in form.name and not self._name:
            yield from self._read_name()
        elif key in form.arguments:
            yield from self._read_arguments()
        elif key in form.answer:
            yield from self._read_answer()
        elif key in form.id:
            raw = yield from json_value(self._source)
            self._id = self._read_text(raw) if raw.startswith('"') else raw
        elif self._call.is_bare and key not in _HARMLESS_KEYS and not self._has_begun:
            raise NotACallError
        else:
            yield from json_value(self._source)

    def _keyed_call(self, key: str) -> Reading[None]:
        call = self._call
        call.attempted += 1
        call.begin(key)
        raw = yield from json_value(self._source, call.output.arguments)
        call.complete_raw(key, raw)

    def _read_name(self) -> Reading[None]:
        raw = yield from json_value(self._source)
        name = self._read_text(raw).strip()
        if not name or len(name) > MOST_NAME:
            raise _other(self._call, "it names no tool")
        self._name = name
        is_certain = not self._call.is_bare or name in self._call.tools or self._raw is not None
        if is_certain:
            self._begin()

    def _read_arguments(self) -> Reading[None]:
        is_open = self._has_begun or not self._call.is_bare
        if not is_open and self._source.text[self._source.at] not in '{"n':
            raise NotACallError
        if self._name:
            self._begin()
        self._raw = yield from json_value(self._source, self._argument)

    def _argument(self, piece: str) -> None:
        if self._has_begun:
            self._call.output.arguments(piece)
        else:
            self._early.append(piece)

    def _begin(self) -> None:
        if self._has_begun:
            return
        self._call.begin(self._name)
        self._has_begun = True
        self._call.output.arguments("".join(self._early))

    def _read_text(self, raw: str) -> str:
        try:
            value = read_value(raw)
        except ValueError as error:
            raise _other(self._call, "it is not valid JSON") from error
        if not isinstance(value, str):
            raise _other(self._call, "it names no tool")
        return value

    def _read_answer(self) -> Reading[None]:
        """Text in a JSON string, let out while it comes."""
        source, output = self._source, self._call.output
        if (yield from source.peek()) != '"':
            raise _other(self._call, "its answer is no text")
        source.release()
        source.at += 1
        self._is_answer = True
        self._call.completed += 1  # an answer that breaks off is no call that does
        while True:
            char = yield from source.peek()
            if char == "\\":
                output.text(decoded((yield from self._escape())))
            elif (plain := _ANSWER_PLAIN.match(source.text, source.at)) is not None:
                source.take(plain.end(), output.text)
            else:
                source.at += 1
                return

    def _escape(self) -> Reading[str]:
        """A whole escape; both halves of one that stands for a surrogate pair."""
        escape = yield from self._characters(2)
        if escape != "\\u":
            return escape
        escape += yield from self._characters(4)
        if _HIGH_SURROGATE.match(escape):
            with_next = yield from self._upcoming(2)
            if with_next == "\\u":
                second = yield from self._upcoming(6)
                if len(second) == 6 and second[2:3] in "dD" and second[3:4] in "cdefCDEF":
                    self._source.at += 6
                    return escape + second
        return escape

    def _characters(self, count: int) -> Reading[str]:
        found = yield from self._upcoming(count)
        if len(found) < count:
            raise EndOfReplyError
        self._source.at += count
        return found

    def _upcoming(self, count: int) -> Reading[str]:
        source = self._source
        while len(source.text) - source.at < count and not source.ended:
            yield from source.more()
        return source.text[source.at : source.at + count]


def decoded(escape: str) -> str:
    """The text that a JSON escape stands for; one that is none stays as it is."""
    try:
        value = read_json(f'"{escape}"')
    except ValueError:
        return escape
    return clean_text(value) if isinstance(value, str) else escape


def _other(call: CallContext, reason: str) -> Exception:
    """How to fail: an unmarked object is just text."""
    if call.source.is_kept and call.is_bare:
        return NotACallError()
    return UnreadableCallError(reason)
