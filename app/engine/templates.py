"""Turns a conversation into the text a model was trained on, by the template in its file.

What people and documents say can never act as a control token: wherever a control token is spelled
out in a message, the result is cut in the middle of it, and the pieces are tokenized one by one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from itertools import groupby
from typing import Any

from app.engine.errors import TemplateError
from app.engine.messages import Role, Turn
from app.engine.sandbox import TEMPLATE_FAILURES, LimitedEnvironment, Limits, Refusal

CHATML = """{%- for message in messages -%}
<|im_start|>{{ message.role }}
{{ message.content }}<|im_end|>
{% endfor -%}
{%- if add_generation_prompt -%}<|im_start|>assistant
{% endif -%}"""

# For models that were never taught a form: a dialogue that any text model goes on with.
DIALOGUE = """{%- for message in messages -%}
{%- if message.role == 'system' -%}{{ message.content }}

{% else -%}{{ message.role | capitalize }}: {{ message.content }}

{% endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}Assistant:{%- endif -%}"""
_DIALOGUE_STOPS = ("\nUser:", "\nSystem:")

# Until Cairn shows reasoning apart from the answer, models that can leave it out are asked to.
_ARGUMENTS = {"enable_thinking": False, "thinking": False}

_SYSTEM_PROBE, _USER_PROBE = "cairn system probe", "cairn user probe"
Guard = Callable[[], AbstractContextManager[None]]

_HINT = "Use another file of this model; a newer one may have a repaired template."


class ChatTemplate:
    """The chat template of one loaded model.

    Attributes:
        sha256: of the template's text, for the record of an answer.
        stops: texts at which a reply ends, besides the model's own end tokens.
    """

    def __init__(
        self,
        source: str,
        *,
        controls: ControlTexts,
        bos: str = "",
        eos: str = "",
        stops: tuple[str, ...] = (),
        limits: Limits | None = None,
        guard: Guard = nullcontext,
    ) -> None:
        """Compile a template and find out what it can do.

        Raises:
            TemplateError: it is broken, hostile, or does not show what the user says.
        """
        self.sha256 = hashlib.sha256(source.encode("utf-8", "replace")).hexdigest()
        self.stops = stops
        self._source = source
        self._controls = controls
        self._values = {"bos_token": bos, "eos_token": eos, "add_generation_prompt": True}
        self._environment = LimitedEnvironment(limits)
        self._guard = guard
        self._wants_parts = False
        self._takes_system = True
        self._probe()

    @classmethod
    def of_model(
        cls,
        source: str,
        *,
        controls: ControlTexts,
        bos: str = "",
        eos: str = "",
        guard: Guard = nullcontext,
    ) -> ChatTemplate:
        """The template in the file; without one, ChatML or a plain dialogue.

        Raises:
            TemplateError: as the constructor.
        """
        stops: tuple[str, ...] = ()
        if not source.strip():
            knows_chatml = "<|im_start|>" in controls and "<|im_end|>" in controls
            source = CHATML if knows_chatml else DIALOGUE
            stops = () if knows_chatml else _DIALOGUE_STOPS
        return cls(source, controls=controls, bos=bos, eos=eos, stops=stops, guard=guard)

    def pieces(self, turns: Sequence[Turn]) -> tuple[str, ...]:
        """The prompt for an answer to these turns; each piece is to be tokenized for itself.

        Control tokens may be looked for in all of them, since what a message says about them
        was cut apart.

        Raises:
            TemplateError: the template fails on these turns, or refuses them.
        """
        if not self._takes_system:
            turns = _system_in_first_user(turns)
        cut = _unused_character(self._source, *(turn.content for turn in turns))
        safe = [replace(turn, content=self._controls.cut(turn.content, cut)) for turn in turns]
        try:
            text = self._render(safe)
        except Refusal as refusal:
            merged = _merged_neighbours(safe)
            if len(merged) == len(safe):
                raise _refused(refusal) from refusal
            text = self._render_or_explain(merged)
        return tuple(piece for piece in text.split(cut) if piece)

    def _probe(self) -> None:
        user = Turn(Role.USER, _USER_PROBE)
        if _USER_PROBE not in self._render_or_explain([user]):
            self._wants_parts = True
            if _USER_PROBE not in self._render_or_explain([user]):
                raise TemplateError(
                    "The chat template in this model file leaves out what the user says.", _HINT
                )
        try:
            with_system = self._render([Turn(Role.SYSTEM, _SYSTEM_PROBE), user])
        except (Refusal, TemplateError):
            self._takes_system = False
        else:
            self._takes_system = _SYSTEM_PROBE in with_system

    def _render_or_explain(self, turns: Sequence[Turn]) -> str:
        try:
            return self._render(turns)
        except Refusal as refusal:
            raise _refused(refusal) from refusal

    def _render(self, turns: Sequence[Turn]) -> str:
        messages = [{"role": str(turn.role), "content": self._content(turn)} for turn in turns]
        try:
            values = _ARGUMENTS | self._values | {"messages": messages}
            with self._guard():
                return self._environment.render(self._source, values)
        except Refusal:
            raise
        except TEMPLATE_FAILURES as error:
            raise TemplateError(
                f"The chat template in this model file cannot be used: {_reason(error)}.", _HINT
            ) from error

    def _content(self, turn: Turn) -> Any:
        return [{"type": "text", "text": turn.content}] if self._wants_parts else turn.content


class ControlTexts:
    """The spellings of a model's control tokens."""

    def __init__(self, texts: Iterable[str]) -> None:
        # A control token of one character cannot be cut; no known model has one.
        self._texts = frozenset(text for text in texts if len(text) > 1)
        self._lengths = sorted({len(text) for text in self._texts})
        self._beginnings = frozenset(
            text[:end] for text in self._texts for end in range(1, len(text))
        )
        firsts = "".join(re.escape(first) for first in sorted({text[0] for text in self._texts}))
        self._first = re.compile(f"[{firsts}]") if firsts else None

    def __contains__(self, text: str) -> bool:
        return text in self._texts

    def cut(self, text: str, mark: str) -> str:
        """Put `mark` into every control token that `text` spells out or ends with a part of."""
        if self._first is None:
            return text
        longest = self._lengths[-1]
        end = len(text.rstrip())  # templates strip what people say
        cuts = [
            match.start() + 1
            for match in self._first.finditer(text)
            if self._begins_at(text, match.start())
            or (end - match.start() < longest and text[match.start() : end] in self._beginnings)
            or (len(text) - match.start() < longest and text[match.start() :] in self._beginnings)
        ]
        ends = [*cuts, len(text)]
        starts = [0, *cuts]
        return mark.join(text[start:stop] for start, stop in zip(starts, ends, strict=True))

    def _begins_at(self, text: str, start: int) -> bool:
        return any(text[start : start + length] in self._texts for length in self._lengths)


def _unused_character(*texts: str) -> str:
    """A private-use character that none of the texts has; the same one for the same texts."""
    used = set().union(*map(set, texts))
    return next(each for each in map(chr, range(0x10F000, 0x10FFFE)) if each not in used)


def _system_in_first_user(turns: Sequence[Turn]) -> list[Turn]:
    system = "\n\n".join(turn.content for turn in turns if turn.role is Role.SYSTEM)
    rest = [turn for turn in turns if turn.role is not Role.SYSTEM]
    if not system:
        return rest
    for index, turn in enumerate(rest):
        if turn.role is Role.USER:
            rest[index] = replace(turn, content=f"{system}\n\n{turn.content}")
            return rest
    return [Turn(Role.USER, system), *rest]


def _merged_neighbours(turns: Sequence[Turn]) -> list[Turn]:
    """For templates that insist on question, answer, question: after a Stop there may be none."""
    return [
        Turn(role, "\n\n".join(turn.content for turn in group if turn.content))
        for role, group in groupby(turns, key=lambda turn: turn.role)
    ]


def _refused(refusal: Refusal) -> TemplateError:
    return TemplateError(
        f"The chat template in this model file refuses this conversation: {_reason(refusal)}.",
        "Start a new conversation, or use another model.",
    )


def _reason(error: BaseException) -> str:
    """One line from the template or from Jinja, which is to be shown."""
    if isinstance(error, RecursionError):
        return "it calls itself without end"
    line = " ".join(str(error).split()) or type(error).__name__
    return "".join(each for each in line if each.isprintable())[:200].rstrip(" .")
