"""Takes one reply apart while it comes. What a dialect means by its markers is read here; how a
call is written is read by the readers of calls."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Iterable, Mapping

from app.engine.messages import Delta, Reply, Tool
from app.engine.replies.call_context import CallContext, UnreadableCallError
from app.engine.replies.dialect import Dialect, Form, Messages, Part, Reasoning, Syntax
from app.engine.replies.json_calls import read_json_calls
from app.engine.replies.literals import clean_text
from app.engine.replies.named_calls import read_named_call, read_object_call, read_tagged_call
from app.engine.replies.nested_calls import read_nested_call
from app.engine.replies.output import Output
from app.engine.replies.python_calls import read_python_calls
from app.engine.replies.stream import (
    EndOfReplyError,
    Markers,
    NotACallError,
    Reading,
    Sink,
    Source,
)

_MOST_HEAD = 300
_ID_LENGTH = 9  # the templates of Mistral refuse any other
_READERS: Mapping[Syntax, Callable[[CallContext], Reading[None]]] = {
    Syntax.JSON: read_json_calls,
    Syntax.NAMED: read_named_call,
    Syntax.TAGGED: read_tagged_call,
    Syntax.PYTHON: read_python_calls,
    Syntax.NESTED: read_nested_call,
}


def random_id() -> str:
    """An id for a call that every chat template takes."""
    letters = string.ascii_letters + string.digits
    return "".join(secrets.choice(letters) for _ in range(_ID_LENGTH))


class ReplyParser:
    """Reads one reply.

    The text deltas joined are `Reply.text`, and so for reasoning; the calls of the ToolCallDone
    are `Reply.tool_calls`. A call that turns out unreadable, or that the reply breaks off in, has
    a ToolCallBegun and no ToolCallDone, and `Reply.problem` names it.

    Attributes:
        is_over: the reply has reached its end; what still comes is ignored but for `Reply.raw`.
    """

    def __init__(
        self,
        dialect: Dialect,
        tools: Iterable[Tool] = (),
        prompt_tail: str = "",
        new_id: Callable[[], str] = random_id,
    ) -> None:
        """Begin a reply.

        Args:
            tools: that the request offered.
            prompt_tail: the end of the rendered prompt, which may have opened the reasoning.
        """
        self.is_over = False
        self._dialect = dialect
        self._tools = {tool.name: tool for tool in tools}
        self._new_id = new_id
        self._raw: list[str] = []
        self._source = Source()
        self._output = Output()
        self._forms = [form for form in dialect.calls if self._tools or not form.needs_tools]
        self._bare = [form for form in self._forms if not form.open]
        self._openings = {text for form in self._forms for text in form.open}
        frame = dialect.messages
        self._frame_ends = frozenset(frame.end if frame else ())
        self._frame_starts = frozenset(frame.start if frame else ())
        self._frame = Markers(self._frame_ends | self._frame_starts)
        self._pairs = {pair.open: pair for pair in dialect.reasoning}
        self._ends = frozenset(dialect.ends)
        self._mentioned: set[str] = set()
        stray = {text for form in dialect.calls for text in form.close}
        stray |= {text for pair in dialect.reasoning for text in pair.close}
        self._markers = Markers(
            {*stray, *dialect.strip, *self._openings, *self._ends, *self._pairs} | self._frame.texts
        )
        self._borders = Markers({*stray, *self._openings, *self._ends} | self._frame.texts)
        self._run = self._reply(prompt_tail)

    def feed(self, text: str) -> tuple[Delta, ...]:
        """Read on; what has become certain by it."""
        if not text:
            return ()
        self._raw.append(text)
        if not self.is_over and not self._source.passed_on(text):
            self._source.add(text)
            self._advance()
        return self._output.take()

    def finish(self) -> tuple[tuple[Delta, ...], Reply]:
        """Read what was held back; the rest of the deltas, and the whole reply."""
        if not self.is_over:
            self._source.ended = True
            self._advance()
        return self._output.take(), self._output.reply("".join(self._raw))

    def _advance(self) -> None:
        try:
            next(self._run)
        except StopIteration:
            self.is_over = True

    def _reply(self, prompt_tail: str) -> Reading[None]:
        try:
            if self._dialect.messages is not None:
                yield from self._messages(self._dialect.messages)
            for pair in self._dialect.reasoning:
                if pair.is_opened_by(prompt_tail):
                    yield from self._reason(pair)
                    break
            yield from self._body()
        except EndOfReplyError:
            return

    def _body(self) -> Reading[str]:
        """Text with reasoning and calls in it; the head of the next message where it ends."""
        source, output = self._source, self._output
        while True:
            if self._bare and not output.has_text:
                yield from self._bare_calls()
            marker = yield from source.until(self._markers, output.text)
            if marker in self._ends:
                raise EndOfReplyError
            if marker in self._frame.texts:
                head = yield from self._next_head(marker)
                if head is not None:
                    return head
                output.text(marker)
            elif marker in self._openings:
                yield from self._marked_call(marker)
            else:
                source.at += len(marker)
                yield from self._mark(marker)

    def _mark(self, marker: str) -> Reading[None]:
        """A marker that was read: reasoning begins, or it is no part of the answer."""
        pair = self._pairs.get(marker)
        if pair is not None:
            if pair.anywhere or self._output.is_between_pieces:
                yield from self._reason(pair)
                return
            self._mentioned.update(pair.close)  # the answer is about such marks
        elif marker not in self._mentioned:
            return
        self._mentioned.discard(marker)
        self._output.text(marker)

    def _reason(self, pair: Reasoning) -> Reading[None]:
        others = self._ends | (self._openings if pair.ends_at_call else frozenset())
        markers = Markers({pair.open, *pair.close, *others})
        while True:
            marker = yield from self._source.until(markers, self._output.reasoning)
            if marker in others:
                return
            self._source.at += len(marker)
            if marker in pair.close:
                return

    # Calls

    def _bare_calls(self) -> Reading[None]:
        char = yield from self._source.ink()
        for form in self._bare:
            if char in form.first:
                self._source.keep()
                yield from self._call(form)
                return

    def _marked_call(self, marker: str) -> Reading[None]:
        source = self._source
        source.keep()
        source.at += len(marker)
        for form in self._forms:
            if marker in form.open and (yield from self._begins(form)):
                if (yield from self._call(form)):
                    return
                break
        source.back()
        source.at += len(marker)
        self._output.text(marker)

    def _begins(self, form: Form) -> Reading[bool]:
        if not form.first:
            return True
        try:
            return (yield from self._source.ink()) in form.first
        except NotACallError:
            return False  # endless space; the other forms find it, too
        except EndOfReplyError:
            self._output.problem(_broken_off(None))
            raise

    def _call(self, form: Form) -> Reading[bool]:
        """Read calls in one form; False if they are none, and then nothing was read."""
        source = self._source
        call = self._context(form)
        try:
            yield from _READERS[form.syntax](call)
            yield from self._after(form)
        except NotACallError:
            was_kept = source.is_kept
            source.back()
            return not was_kept
        except UnreadableCallError as error:
            yield from self._skip_unreadable(error)
        except EndOfReplyError:
            if source.is_kept and call.is_bare:
                source.back()
                return False
            if call.attempted == 0 or call.attempted > call.completed:
                self._output.problem(_broken_off(self._output.open_call))
            raise
        return True

    def _after(self, form: Form) -> Reading[None]:
        markers = Markers((*form.close, *form.junk))
        while True:
            yield from self._source.ink()
            if not (yield from self._source.accept(markers)):
                return

    def _skip_unreadable(self, error: UnreadableCallError) -> Reading[None]:
        name = self._output.open_call
        which = f"The call of “{name}”" if name else "A tool call"
        self._output.problem(f"{which} could not be read: {error}.")
        self._source.forget()
        yield from self._source.until(self._borders)

    def _context(self, form: Form) -> CallContext:
        return CallContext(
            form, self._source, self._output, self._tools, self._new_id, self._borders
        )

    # Messages with heads

    def _messages(self, frame: Messages) -> Reading[None]:
        head = yield from self._head(frame, is_first=True)
        while True:
            head = yield from self._message(frame, head or "")
            self._output.end_piece()

    def _message(self, frame: Messages, head: str) -> Reading[str]:
        for route in frame.routes:
            match = route.head.search(head)
            if match is None:
                continue
            if route.to is Part.REASONING:
                return (yield from self._rest_of_message(self._output.reasoning))
            if route.to is Part.CALL:
                groups = match.groupdict()
                yield from self._message_call(clean_text(groups["name"]), groups.get("id") or "")
                return (yield from self._rest_of_message(None))
            break
        return (yield from self._body())

    def _message_call(self, name: str, own_id: str) -> Reading[None]:
        call = self._context(Form(Syntax.NAMED))
        try:
            yield from read_object_call(call, name, own_id)
        except UnreadableCallError as error:
            yield from self._skip_unreadable(error)
        except EndOfReplyError:
            self._output.problem(_broken_off(name))
            raise

    def _rest_of_message(self, sink: Sink | None) -> Reading[str]:
        while True:
            marker = yield from self._source.until(self._frame, sink)
            head = yield from self._next_head(marker)
            if head is not None:
                return head
            if sink is not None:
                sink(marker)

    def _next_head(self, marker: str) -> Reading[str | None]:
        """Read the head that begins here; None if the marker is text, which is then read."""
        source, frame = self._source, self._dialect.messages
        if frame is None:
            return None
        if marker in self._frame_ends:
            source.at += len(marker)
            self._output.end_piece()
            return (yield from self._head(frame)) or ""
        head = yield from self._head(frame)
        if head is None:
            source.at += len(marker)
        return head

    def _head(self, frame: Messages, *, is_first: bool = False) -> Reading[str | None]:
        """Read a head; None, and nothing read, if it is none."""
        source = self._source
        source.keep()
        try:
            head, marker = yield from source.bounded(Markers(frame.head_end), _MOST_HEAD)
            source.at += len(marker)
            is_head = self._is_head(frame, head)
        except NotACallError:
            is_head = False
        except EndOfReplyError:
            rest = source.kept_text()
            is_markup = any(text in rest for text in self._dialect.visible)
            if not is_first and not frame.valid:
                is_markup = True
            if is_markup or (frame.valid is not None and self._is_head(frame, rest)):
                raise
            is_head = False
        if not is_head:
            source.back()
            return None
        source.release()
        return head

    def _is_head(self, frame: Messages, head: str) -> bool:
        return frame.valid is None or frame.valid.fullmatch(head.strip()) is not None


def _broken_off(name: str | None) -> str:
    if name is None:
        return "The reply ends in the middle of a tool call."
    return f"The reply ends in the middle of the call of “{name}”."
