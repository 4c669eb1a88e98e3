"""Collects what a reply says: as deltas while it comes, and as a whole at the end.

White space: a piece of text or of reasoning loses it at both ends, and pieces that a call or
reasoning stood between are joined by an empty line. White space that may be an end is held back
until more text follows, so the deltas joined are exactly the whole.
"""

from __future__ import annotations

from app.engine.messages import (
    ArgumentsDelta,
    Delta,
    ReasoningDelta,
    Reply,
    TextDelta,
    ToolCall,
    ToolCallBegun,
    ToolCallDone,
)
from app.engine.replies.stream import SPACE

_BETWEEN_PIECES = "\n\n"
_MOST_PROBLEMS = 3


class _Channel:
    """Text or reasoning. `written` is what was let out; a new piece has none of it yet."""

    def __init__(self) -> None:
        self.written: list[str] = []
        self._held = ""  # white space that may be the end
        self.is_new_piece = True

    def add(self, text: str) -> str:
        """What can be let out now that `text` has come."""
        if self.is_new_piece:
            text = text.lstrip(SPACE)
        body = text.rstrip(SPACE)
        if not body:
            self._held += text
            return ""
        if not self.is_new_piece:
            ready = self._held + body
        else:
            ready = _BETWEEN_PIECES + body if self.written else body
        self._held = text[len(body) :]
        self.is_new_piece = False
        self.written.append(ready)
        return ready

    def end_piece(self) -> None:
        """Something else follows."""
        self._held = ""
        self.is_new_piece = True


class Output:
    """What was read so far.

    Attributes:
        open_call: name of the call that has begun and is not complete; None if there is none.
        taken_ids: ids of the calls so far.
    """

    def __init__(self) -> None:
        self.open_call: str | None = None
        self.taken_ids: set[str] = set()
        self._text = _Channel()
        self._reasoning = _Channel()
        self._calls: list[ToolCall] = []
        self._problems: list[str] = []
        self._begun = 0
        self._deltas: list[Delta] = []
        self._growing: type[TextDelta | ReasoningDelta | ArgumentsDelta] = TextDelta
        self._grown: list[str] = []

    @property
    def has_text(self) -> bool:
        """Whether any text was said."""
        return bool(self._text.written)

    @property
    def is_between_pieces(self) -> bool:
        """Whether no text was said since the last call, reasoning or message."""
        return self._text.is_new_piece

    def text(self, piece: str) -> None:
        """Part of the answer."""
        ready = self._text.add(piece)
        if ready:
            self._reasoning.end_piece()
            self._grow(TextDelta, ready)

    def reasoning(self, piece: str) -> None:
        """Part of the reasoning."""
        ready = self._reasoning.add(piece)
        if ready:
            self._text.end_piece()
            self._grow(ReasoningDelta, ready)

    def end_piece(self) -> None:
        """A message ends; what follows is another piece."""
        self._text.end_piece()
        self._reasoning.end_piece()

    def begin(self, name: str) -> None:
        """A call whose name is known."""
        self.end_piece()
        self._put(ToolCallBegun(self._begun, name))
        self.open_call = name
        self._begun += 1

    def arguments(self, piece: str) -> None:
        """Arguments of the open call, as they are written."""
        if piece:
            self._grow(ArgumentsDelta, piece)

    def complete(self, call: ToolCall) -> None:
        """The open call is complete."""
        self._put(ToolCallDone(self._begun - 1, call))
        self._calls.append(call)
        self.taken_ids.add(call.id)
        self.open_call = None

    def problem(self, words: str) -> None:
        """A call could not be read; if one is open, it stays without an end."""
        self.end_piece()
        self.open_call = None
        if words not in self._problems and len(self._problems) < _MOST_PROBLEMS:
            self._problems.append(words)

    def take(self) -> tuple[Delta, ...]:
        """The deltas since the last time."""
        self._flush()
        deltas = tuple(self._deltas)
        self._deltas.clear()
        return deltas

    def reply(self, raw: str) -> Reply:
        """The whole."""
        return Reply(
            text="".join(self._text.written),
            reasoning="".join(self._reasoning.written),
            tool_calls=tuple(self._calls),
            raw=raw,
            problem=" ".join(self._problems),
        )

    def _grow(self, kind: type[TextDelta | ReasoningDelta | ArgumentsDelta], piece: str) -> None:
        if kind is not self._growing:
            self._flush()
            self._growing = kind
        self._grown.append(piece)

    def _put(self, delta: Delta) -> None:
        self._flush()
        self._deltas.append(delta)

    def _flush(self) -> None:
        if not self._grown:
            return
        text = "".join(self._grown)
        self._grown.clear()
        if self._growing is ArgumentsDelta:
            self._deltas.append(ArgumentsDelta(self._begun - 1, text))
        elif self._growing is TextDelta:
            self._deltas.append(TextDelta(text))
        else:
            self._deltas.append(ReasoningDelta(text))
