"""What the readers of calls share: where they read, where they put calls, how calls fail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from app.engine.messages import Tool, ToolCall
from app.engine.replies.dialect import Form
from app.engine.replies.literals import clean_text, read_value
from app.engine.replies.output import Output
from app.engine.replies.stream import Markers, NotACallError, Source

MOST_NAME = 300  # characters of a head; more is no call


class UnreadableCallError(Exception):
    """A call cannot be read; the words say why."""


class CallContext:
    """Reads calls in one form.

    Attributes:
        borders: where a call that cannot be read is over at the latest.
        attempted: calls that were begun to be read, with or without a name.
        completed: of these, how many are complete.
    """

    def __init__(
        self,
        form: Form,
        source: Source,
        output: Output,
        tools: Mapping[str, Tool],
        new_id: Callable[[], str],
        borders: Markers,
    ) -> None:
        self.form = form
        self.source = source
        self.output = output
        self.tools = tools
        self.borders = borders
        self.attempted = 0
        self.completed = 0
        self._new_id = new_id

    @property
    def is_bare(self) -> bool:
        """Whether nothing marks the call; it is one by its content alone."""
        return not self.form.open

    def begin(self, name: str) -> None:
        """The name of a call is known, and that it is one.

        Raises:
            NotACallError: it is not, because no such tool was offered.
        """
        if self.form.known_only and name not in self.tools:
            raise NotACallError
        self.source.release()
        self.output.begin(name)

    def complete(self, name: str, arguments: Mapping[str, Any], own_id: str = "") -> None:
        """The open call is complete."""
        identity = own_id if self._is_good(own_id) else self._new_id()
        while identity in self.output.taken_ids:
            identity = self._new_id()
        self.output.complete(ToolCall(identity, name, dict(arguments)))
        self.completed += 1

    def complete_raw(self, name: str, raw: str, own_id: str = "") -> None:
        """The open call is complete with these arguments, as they were written.

        Raises:
            UnreadableCallError: they are no object.
        """
        self.complete(name, self.read_object(raw), own_id)

    def read_object(self, raw: str) -> Mapping[str, Any]:
        """Arguments as they were written, perhaps wrapped in a text once more.

        Raises:
            UnreadableCallError: they are no object.
        """
        if not raw.strip():
            return {}
        try:
            value = read_value(raw)
            if isinstance(value, str) and value.strip():
                value = read_value(value)
        except ValueError as error:
            raise UnreadableCallError("its arguments are not valid JSON") from error
        if value is None or value == "":
            return {}
        if not isinstance(value, Mapping):
            raise UnreadableCallError("its arguments are not an object")
        return value

    def parameters(self, name: str) -> Mapping[str, Any]:
        """The JSON Schema of a tool's arguments; empty for an unknown tool."""
        tool = self.tools.get(name)
        return tool.parameters if tool is not None else {}

    def _is_good(self, own_id: str) -> bool:
        pattern = self.form.id_pattern
        return bool(own_id) and (pattern is None or pattern.fullmatch(own_id) is not None)


def named_head(form: Form, head: str) -> tuple[str, str]:
    """Name and id in the head of a call.

    Raises:
        NotACallError: there is no name in it.
    """
    match = form.head.fullmatch(head.strip()) if form.head is not None else None
    if match is None:
        raise NotACallError
    groups = match.groupdict()
    name = clean_text((groups["name"] or "").strip())
    if not name:
        raise NotACallError
    return name, groups.get("id") or ""
