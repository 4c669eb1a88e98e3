"""Turns a conversation into the text a model was trained on, by the template in its file."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

from app.engine.errors import TemplateError
from app.engine.messages import Image, Role, Tool, Turn
from app.engine.protocol import TemplateOptions
from app.engine.sandbox import TEMPLATE_FAILURES, LimitedEnvironment, Limits, OverBudget, Refusal
from app.engine.templates.adapting import (
    Change,
    content_with_reasoning,
    ids_of_nine,
    merged_neighbours,
    one_call_a_turn,
    system_in_first_user,
    with_descriptions,
    with_tools_in_words,
    without_tools,
)
from app.engine.templates.controls import ControlTexts, Marks
from app.engine.templates.form import Form, definitions
from app.engine.templates.probing import Prober
from app.engine.templates.sources import CHATML, DIALOGUE, DIALOGUE_STOPS
from app.engine.templates.values import Plain, clock, mapped, texts_in, variables

Guard = Callable[[], AbstractContextManager[None]]

TOOL_VARIANT = "tool_use"  # the name that models with a template of its own for tools give it

_AS_IT_IS = TemplateOptions()
_HINT = "Use another file of this model; a newer one may have a repaired template."
# What is tried, one on top of the other, when a template does not take a conversation.
_CHANGES: tuple[Change, ...] = (
    merged_neighbours,
    ids_of_nine,
    one_call_a_turn,
    content_with_reasoning,
    without_tools,
    merged_neighbours,
)


@dataclass(frozen=True, slots=True)
class PlacedImage:
    """A picture that stands before the piece with this index; at the end if there is none."""

    before: int
    image: Image


@dataclass(frozen=True, slots=True)
class Rendered:
    """A prompt.

    Attributes:
        pieces: each is to be tokenized for itself. Control tokens may be looked for in all of
            them, since what anybody said about them was cut apart.
        text: all of it, for the eye and for the reader of the reply, which needs its end.
        images: where the pictures are.
    """

    pieces: tuple[str, ...]
    text: str
    images: tuple[PlacedImage, ...] = ()


class ChatTemplate:
    """The chat template of one loaded model, with its named variants.

    Attributes:
        sha256: of the default template's text, for the record of an answer.
        source: the template that is used with tools; how replies are written is told by it.
        stops: texts at which a reply ends, besides the model's own end tokens.
        variants: names of further templates.
        has_tools: tools are shown in the model's own way; if not, they are explained in words, and
            a grammar must force the form of the reply.
        thinks: there is a switch for reasoning.
    """

    def __init__(
        self,
        source: str,
        *,
        controls: ControlTexts,
        variants: Mapping[str, str] | None = None,
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
        self._sources = {"": source, **(variants or {})}
        self.variants = tuple(sorted(self._sources.keys() - {""}))
        self._controls = controls
        self._special = {"bos_token": bos, "eos_token": eos, "add_generation_prompt": True}
        self._environment = LimitedEnvironment(limits)
        self._guard = guard
        self._forms: dict[str, Form] = {}
        default = self._form("")
        self._tool_variant = self._variant_for_tools()
        with_tools = self._form(self._tool_variant)
        self.source = self._sources[self._tool_variant]
        self.has_tools = with_tools.takes_tools
        self.thinks = default.thinks or with_tools.thinks

    @classmethod
    def of_model(
        cls,
        source: str,
        *,
        controls: ControlTexts,
        variants: Mapping[str, str] | None = None,
        bos: str = "",
        eos: str = "",
        guard: Guard = nullcontext,
    ) -> ChatTemplate:
        """The template in the file; without one, ChatML or a plain dialogue.

        Raises:
            TemplateError: as the constructor.
        """
        stops: tuple[str, ...] = ()
        variants = {name: text for name, text in (variants or {}).items() if text.strip()}
        source = source if source.strip() else variants.get("default", "")
        if not source:
            knows_chatml = "<|im_start|>" in controls and "<|im_end|>" in controls
            source = CHATML if knows_chatml else DIALOGUE
            stops = () if knows_chatml else DIALOGUE_STOPS
        return cls(
            source,
            controls=controls,
            variants=variants,
            bos=bos,
            eos=eos,
            stops=stops,
            guard=guard,
        )

    def pieces(
        self,
        turns: Sequence[Turn],
        tools: Sequence[Tool] = (),
        options: TemplateOptions = _AS_IT_IS,
    ) -> tuple[str, ...]:
        """The pieces of the prompt; see `render`."""
        return self.render(turns, tools, options).pieces

    def render(
        self,
        turns: Sequence[Turn],
        tools: Sequence[Tool] = (),
        options: TemplateOptions = _AS_IT_IS,
    ) -> Rendered:
        """The prompt for an answer to these turns.

        Raises:
            TemplateError: the template fails on these turns, or refuses them, or has no variant
                of this name; or tools or arguments are no plain JSON.
        """
        turns, tools = _plain_turns(turns), _plain_tools(tools)
        variant = self._chosen(turns, tools, options)
        form = self._form(variant)
        first: BaseException | None = None
        for candidate, shown in _candidates(form, turns, tools):
            try:
                return self._render(variant, candidate, form, shown, options)
            except OverBudget as error:
                raise _explained(error) from error
            except TEMPLATE_FAILURES as error:
                first = first or error
        assert first is not None
        raise _explained(first) from first

    def _variant_for_tools(self) -> str:
        """The variant that is taken when there are tools."""
        if TOOL_VARIANT not in self._sources:
            return ""
        try:
            form = self._form(TOOL_VARIANT)
        except TemplateError:
            return ""  # a broken one is an error only for who asks for it by name
        return TOOL_VARIANT if form.takes_tools else ""

    def _chosen(
        self, turns: Sequence[Turn], tools: Sequence[Tool], options: TemplateOptions
    ) -> str:
        if not options.variant:
            has_calls = any(turn.tool_calls or turn.role is Role.TOOL for turn in turns)
            return self._tool_variant if tools or has_calls else ""
        if options.variant not in self._sources:
            names = ", ".join(self.variants) or "none with a name"
            raise TemplateError(
                f"This model file has no chat template with the name “{options.variant[:80]}”.",
                f"It has: {names[:300]}.",
            )
        return options.variant

    def _form(self, variant: str) -> Form:
        if variant not in self._forms:

            def render(
                turns: Sequence[Turn],
                form: Form,
                tools: Sequence[Tool],
                options: TemplateOptions,
            ) -> str:
                return self._render(variant, turns, form, tools, options).text

            self._forms[variant] = Prober(render, _explained).form()
        return self._forms[variant]

    def _render(
        self,
        variant: str,
        turns: Sequence[Turn],
        form: Form,
        tools: Sequence[Tool],
        options: TemplateOptions,
    ) -> Rendered:
        """Render once; raises what the template raises."""
        given = variables(options)
        marks = Marks(list(_texts(turns, tools, given)))

        def cut(text: str) -> str:
            return self._controls.cut(text, marks.cut)

        values: dict[str, Any] = {
            name: mapped(value, cut) for name, value in given.items()
        } | self._special
        values["messages"] = form.messages(turns, cut, marks.image)
        values["strftime_now"] = clock(options)
        if tools:
            values["tools"] = definitions(tools, cut)
        if _takes_functions(self._sources[variant]):
            values["functions"] = json.dumps(definitions(tools, cut), ensure_ascii=False, indent=4)
        with self._guard():
            text = self._environment.render(self._sources[variant], values)
        images = [image for turn in turns for image in turn.images]
        return _rendered(marks.restored(text), marks, images)


def _takes_functions(source: str) -> bool:
    """Some old templates take the tools as JSON text, in a variable of another name."""
    return re.search(r"\bfunctions\b", source) is not None and not re.search(r"\btools\b", source)


def _candidates(
    form: Form, turns: Sequence[Turn], tools: Sequence[Tool]
) -> Iterator[tuple[list[Turn], Sequence[Tool]]]:
    """The conversation as it is, if it can be; then in other words."""
    current = list(turns)
    if tools and not form.takes_tools:
        current, tools = with_tools_in_words(current, tools), ()
    elif not form.shows_results:
        current = without_tools(current)
    if not form.takes_system:
        current = system_in_first_user(current)
    if form.one_call:
        current = one_call_a_turn(current)
    yield current, tools
    if tools and (described := with_descriptions(tools)) != tools:
        tools = described
        yield current, tools
    for change in _CHANGES:
        changed = change(current)
        if changed != current:
            current = changed
            yield current, tools


def _plain_turns(turns: Sequence[Turn]) -> list[Turn]:
    plain = Plain("the arguments of a tool call")
    return [
        replace(
            turn,
            tool_calls=tuple(
                replace(call, arguments=plain.copy(call.arguments)) for call in turn.tool_calls
            ),
        )
        if turn.tool_calls
        else turn
        for turn in turns
    ]


def _plain_tools(tools: Sequence[Tool]) -> list[Tool]:
    plain = Plain("the tools")
    return [replace(tool, parameters=plain.copy(tool.parameters)) for tool in tools]


def _texts(
    turns: Sequence[Turn], tools: Sequence[Tool], values: Mapping[str, Any]
) -> Iterator[str]:
    """All that somebody said."""
    for turn in turns:
        yield from (turn.content, turn.reasoning, turn.tool_call_id, turn.tool_name)
        for call in turn.tool_calls:
            yield from (call.id, call.name, *texts_in(call.arguments))
    for tool in tools:
        yield from (tool.name, tool.description, *texts_in(tool.parameters))
    yield from texts_in(dict(values))


def _rendered(text: str, marks: Marks, images: Sequence[Image]) -> Rendered:
    if text.count(marks.image) != len(images):
        raise TemplateError(
            "The chat template in this model file leaves out a picture, or shows it twice.", _HINT
        )
    pieces: list[str] = []
    placed: list[PlacedImage] = []
    for part in re.split(f"([{marks.cut}{marks.image}])", text):
        if part == marks.image:
            placed.append(PlacedImage(len(pieces), images[len(placed)]))
        elif part and part != marks.cut:
            pieces.append(part)
    shown = text.replace(marks.cut, "").replace(marks.image, "[image]")
    return Rendered(tuple(pieces), shown, tuple(placed))


def _explained(error: BaseException) -> TemplateError:
    if isinstance(error, Refusal):
        return TemplateError(
            f"The chat template in this model file refuses this conversation: {_reason(error)}.",
            "Start a new conversation, or use another model.",
        )
    return TemplateError(
        f"The chat template in this model file cannot be used: {_reason(error)}.", _HINT
    )


def _reason(error: BaseException) -> str:
    """One line from the template or from Jinja, which is to be shown."""
    if isinstance(error, RecursionError):
        return "it calls itself without end"
    line = " ".join(str(error).split()) or type(error).__name__
    return "".join(each for each in line if each.isprintable())[:200].rstrip(" .")
