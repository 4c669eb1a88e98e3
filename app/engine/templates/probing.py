"""Finds out what a template can do, by rendering small conversations with it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from app.engine.errors import TemplateError
from app.engine.messages import Role, Tool, ToolCall, Turn
from app.engine.protocol import TemplateOptions
from app.engine.sandbox import TEMPLATE_FAILURES, OverBudget
from app.engine.templates.form import REASONING_NAMES, Form

_SYSTEM, _USER = "cairn system probe", "cairn user probe"
_TOOL, _RESULT, _THOUGHT = "cairn_tool_probe", "cairn result probe", "cairn thought probe"
_KEY, _VALUE, _SECOND = "cairn_key", "cairn value probe", "cairn second probe"
_IDS = ("cairn0001", "cairn0002")  # Mistral's templates refuse ids of any other length

_ASKED = Turn(Role.USER, _USER)
_OFFERED = Tool(
    _TOOL,
    "Finds something out.",
    {"type": "object", "properties": {"which": {"type": "string", "description": "Which."}}},
)
_LONGEST_S = 4.0  # processor time for all of it; a known template takes a tenth of a second

_CALLED = (
    _ASKED,
    Turn(Role.ASSISTANT, "", tool_calls=(ToolCall(_IDS[0], _TOOL, {_KEY: _VALUE}),)),
    Turn(Role.TOOL, _RESULT, tool_call_id=_IDS[0], tool_name=_TOOL),
)
_CALLED_TWICE = (
    _ASKED,
    replace(
        _CALLED[1],
        tool_calls=(*_CALLED[1].tool_calls, ToolCall(_IDS[1], _TOOL, {_KEY: _SECOND})),
    ),
    _CALLED[2],
    replace(_CALLED[2], tool_call_id=_IDS[1]),
)


# Renders turns in a form, with tools; raises what the template raises.
Renderer = Callable[[Sequence[Turn], Form, Sequence[Tool], TemplateOptions], str]


class Prober:
    """Probes one template. After one probe that ran too long there are no more."""

    def __init__(
        self, render: Renderer, explained: Callable[[BaseException], TemplateError]
    ) -> None:
        self._render = render
        self._explained = explained
        self._is_spent = False
        self._deadline = time.thread_time() + _LONGEST_S

    def form(self) -> Form:
        """All that can be found out.

        Raises:
            TemplateError: the template fails, or does not show what the user says.
        """
        form = Form(wants_parts=self._wants_parts())
        with_system = self._try([Turn(Role.SYSTEM, _SYSTEM), _ASKED], form)
        form = replace(form, takes_system=_SYSTEM in with_system)
        form = replace(form, takes_tools=self._takes_tools(form))
        form = self._with_calls(form)
        form = replace(form, reasoning=self._reasoning(form))
        return replace(form, thinks=self._thinks(form))

    def _wants_parts(self) -> bool:
        try:
            if _USER in self._once([_ASKED], Form()):
                return False
            if _USER in self._once([_ASKED], Form(wants_parts=True)):
                return True
        except TEMPLATE_FAILURES as error:
            if not isinstance(error, OverBudget) and _USER in self._try(
                [_ASKED], Form(wants_parts=True)
            ):
                return True
            raise self._explained(error) from error
        raise TemplateError(
            "The chat template in this model file leaves out what the user says.",
            "Use another file of this model; a newer one may have a repaired template.",
        )

    def _takes_tools(self, form: Form) -> bool:
        turns = [_ASKED]
        if _TOOL in self._try(turns, form, tools=[_OFFERED]):
            return True
        turns = [Turn(Role.SYSTEM, _SYSTEM), _ASKED]
        return form.takes_system and _TOOL in self._try(turns, form, tools=[_OFFERED])

    def _with_calls(self, form: Form) -> Form:
        """How it takes the arguments of a call, if it shows calls and results at all."""
        for text_arguments in (False, True):
            tried = replace(form, text_arguments=text_arguments, shows_results=True)
            shown = self._try(_CALLED, tried, tools=[_OFFERED] if form.takes_tools else [])
            is_mangled = f"'{_KEY}'" in shown or f'\\"{_KEY}' in shown
            if _RESULT in shown and _VALUE in shown and not is_mangled:
                twice = self._try(
                    _CALLED_TWICE, tried, tools=[_OFFERED] if form.takes_tools else []
                )
                return replace(tried, one_call=bool(twice) and _SECOND not in twice)
        return form

    def _reasoning(self, form: Form) -> str:
        called = [
            replace(turn, reasoning=_THOUGHT) if turn.tool_calls else turn for turn in _CALLED
        ]
        answered = [_ASKED, Turn(Role.ASSISTANT, "cairn answer probe", _THOUGHT)]
        turns = called if form.shows_results else answered
        tools = [_OFFERED] if form.takes_tools else []
        for name in REASONING_NAMES:
            tried = replace(form, reasoning=name)
            if _THOUGHT in self._try(turns, tried, tools=tools):
                return name
        return form.reasoning

    def _thinks(self, form: Form) -> bool:
        texts = [
            self._try([_ASKED], form, options=TemplateOptions(thinking=thinking))
            for thinking in (True, False)
        ]
        return texts[0] != texts[1]

    def _try(
        self,
        turns: Sequence[Turn],
        form: Form,
        *,
        tools: Sequence[Tool] = (),
        options: TemplateOptions | None = None,
    ) -> str:
        """The rendered text; empty where the template fails or refuses."""
        if self._is_spent or time.thread_time() > self._deadline:
            return ""
        try:
            return self._once(turns, form, tools, options)
        except OverBudget:
            self._is_spent = True
            return ""
        except TEMPLATE_FAILURES:
            return ""

    def _once(
        self,
        turns: Sequence[Turn],
        form: Form,
        tools: Sequence[Tool] = (),
        options: TemplateOptions | None = None,
    ) -> str:
        return self._render(turns, form, tools, options or TemplateOptions())
