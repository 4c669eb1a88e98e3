"""Turns a request into a stream: renders and tokenizes it, and sets up all that a reply needs."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.base.jobs import CancelToken
from app.engine.errors import EngineError, NotSupported, PromptTooLong
from app.engine.llama.sampling import SamplerChain
from app.engine.llama.stream import Guesser, Parser, Stream
from app.engine.llama.task import Prompt
from app.engine.llama.vocabulary import Vocabulary
from app.engine.messages import Delta, Image, Reply, TextDelta, Tool, Turn
from app.engine.protocol import Generate, Grammar, TemplateOptions, ToolChoice
from app.engine.replies.calls import call_grammar
from app.engine.replies.catalogue import dialect
from app.engine.replies.dialect import Dialect
from app.engine.replies.parser import ReplyParser
from app.engine.structured import fallback_tool_grammar, grammar_of
from app.engine.templates import ChatTemplate, Rendered

if TYPE_CHECKING:
    from app.engine.llama.vision import Projector

_GENERIC = "generic"


class PlainReply:
    """The parser of a reply that is taken as it is."""

    def __init__(self) -> None:
        self._parts: list[str] = []

    def feed(self, text: str) -> tuple[Delta, ...]:
        """All of it is text."""
        self._parts.append(text)
        return (TextDelta(text),)

    def finish(self) -> tuple[tuple[Delta, ...], Reply]:
        """Nothing was held back."""
        text = "".join(self._parts)
        return (), Reply(text=text, raw=text)


@dataclass(frozen=True, slots=True)
class _Plan:
    """How a reply is to be read, and what keeps it in form."""

    dialect: Dialect
    tools: tuple[Tool, ...]
    grammar: Grammar | None


class Answering:
    """Makes the streams of one loaded model."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        template: ChatTemplate,
        spoken: Dialect,
        *,
        room: int,
        projector: Projector | None = None,
    ) -> None:
        """Remember what all replies share.

        Args:
            vocabulary: of the model.
            template: its chat template.
            spoken: how the model writes reasoning and calls.
            room: tokens of the context.
            projector: for pictures.
        """
        self._projector = projector
        self._vocabulary = vocabulary
        self._template = template
        self._dialect = spoken
        self._room = room
        controls = vocabulary.control_tokens()
        self._controls = {text: token for token, text in controls.items()}

    def stream(
        self,
        request: Generate,
        emit: Callable[[Delta], None],
        cancel: CancelToken,
        guesser: Guesser | None = None,
    ) -> Stream:
        """A reply that is ready to be computed.

        Raises:
            TemplateError: the chat template refuses the turns.
            PromptTooLong: they do not fit into the context.
            SamplingError, GrammarError, SchemaError: what was asked for cannot be had.
        """
        taken = time.perf_counter()
        if request.raw:
            prompt = Prompt(self.raw_tokens(request.turns))
            stops: tuple[str, ...] = ()
            grammar = grammar_of(request.output) if request.output is not None else None
            parser: Parser = PlainReply()
            visible: frozenset[int] = frozenset()
        else:
            plan = self._plan(request)
            rendered = self._rendered(request, plan)
            prompt = self._prompt(rendered)
            grammar = plan.grammar
            parser = ReplyParser(plan.dialect, plan.tools, rendered.text[-200:])
            visible = self._visible(plan.dialect)
            stops = self._template.stops
        self.check_length(len(prompt.tokens))
        sampler = SamplerChain(
            self._vocabulary, request.sampling, context_train=self._room, grammar=grammar
        )
        stream = Stream(
            request,
            prompt,
            vocabulary=self._vocabulary,
            sampler=sampler,
            parser=parser,
            visible=visible,
            stops=stops,
            room=self._room,
            emit=emit,
            cancel=cancel,
            guesser=guesser,
        )
        stream.clock.taken = taken
        return stream

    def render(
        self, turns: Sequence[Turn], tools: tuple[Tool, ...], options: TemplateOptions
    ) -> Rendered:
        """The prompt for an answer to these turns.

        Raises:
            NotSupported: there are pictures, and the model does not see.
        """
        if self._projector is None and any(turn.images for turn in turns):
            raise NotSupported(
                "This model does not see pictures.",
                "Choose its vision projector (mmproj file) in the load options, or ask without"
                " pictures.",
            )
        return self._template.render(turns, tools, options)

    def tokens(self, rendered: Rendered) -> list[int]:
        """The tokens of a rendered prompt. No message can spell a control token in it."""
        return self._prompt(rendered).tokens

    def raw_tokens(self, turns: tuple[Turn, ...]) -> list[int]:
        """The tokens of a text that is the whole prompt."""
        vocabulary = self._vocabulary
        tokens = vocabulary.tokenize(turns[-1].content if turns else "", parse_special=False)
        if vocabulary.adds_bos and vocabulary.bos >= 0:
            tokens.insert(0, vocabulary.bos)
        if not tokens:
            raise EngineError("There is nothing to go on with.", "Write a beginning first.")
        return tokens

    def check_length(self, tokens: int) -> None:
        """Refuse what does not fit; nothing is ever cut."""
        if tokens >= self._room:
            raise PromptTooLong(
                f"The question with its passages and history has {tokens:,} tokens; this"
                f" model has room for {self._room:,}.",
                "Ask over fewer documents, start a new conversation, or raise the context length"
                " in the load options of the model and load it again.",
            )

    def _prompt(self, rendered: Rendered) -> Prompt:
        if self._projector is not None and rendered.images:
            pieces: list[str | Image] = list(rendered.pieces)
            for placed in reversed(rendered.images):
                pieces.insert(placed.before, placed.image)
            prompt = Prompt(*self._projector.read(pieces, self._vocabulary))
        else:
            prompt = Prompt(self._vocabulary.prompt(rendered.pieces))
        if not prompt.tokens:
            raise EngineError("There is nothing to answer.", "Write a question first.")
        return prompt

    def _plan(self, request: Generate) -> _Plan:
        tools = () if request.tool_choice is ToolChoice.NONE else request.tools
        if request.output is not None:
            return _Plan(self._dialect, (), grammar_of(request.output))
        if not tools:
            return _Plan(self._dialect, (), None)
        if self._template.has_tools:
            grammar = call_grammar(self._dialect, tools, request.tool_choice, tool=request.tool)
            return _Plan(self._dialect, tools, grammar)
        forced = fallback_tool_grammar(tools, request.tool_choice, request.tool)
        return _Plan(dialect(_GENERIC), tools, forced)

    def _rendered(self, request: Generate, plan: _Plan) -> Rendered:
        return self.render(request.turns, plan.tools, request.template)

    def _visible(self, spoken: Dialect) -> frozenset[int]:
        texts = {*spoken.visible, *spoken.markers}
        return frozenset(self._controls[text] for text in texts if text in self._controls)
