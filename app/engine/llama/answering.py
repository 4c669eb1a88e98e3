"""Turns a request into a stream: renders and tokenizes it, and sets up all that a reply needs."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.base.jobs import CancelToken
from app.engine.errors import EngineError, NotSupported, PromptTooLong
from app.engine.llama.computing.stream import Guesser, Parser, Stream
from app.engine.llama.computing.task import Prompt
from app.engine.llama.sampling.chain import SamplerChain
from app.engine.llama.vocabulary import Vocabulary
from app.engine.messages import Delta, Image, PromptPiece, Reply, TextDelta, Tool, Turn
from app.engine.protocol import Generate, Grammar, TemplateOptions, ToolChoice
from app.engine.replies.calls import after_thought, call_grammar
from app.engine.replies.catalogue import dialect
from app.engine.replies.dialect import Dialect
from app.engine.replies.parser import ReplyParser
from app.engine.structured import grammar_of
from app.engine.templates import ChatTemplate, Rendered

if TYPE_CHECKING:
    from app.engine.llama.vision.projector import Projector

_GENERIC = "generic"  # the dialect of models that are told about tools in plain words
_TAIL = 200  # characters of a prompt's end, which may have opened the reasoning


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
    """A prompt, how the reply to it is read, and what keeps it in form.

    Attributes:
        visible, end_tokens: texts of control tokens that the parser sees, or that end the reply.
    """

    prompt: Prompt
    parser: Parser
    grammar: Grammar | None
    visible: frozenset[str] = frozenset()
    end_tokens: frozenset[str] = frozenset()
    stops: tuple[str, ...] = ()


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
        self._marks = controls | vocabulary.markup_tokens()

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
        plan = self._raw_plan(request) if request.raw else self._plan(request)
        self.check_length(len(plan.prompt.tokens))
        sampler = SamplerChain(
            self._vocabulary, request.sampling, context_train=self._room, grammar=plan.grammar
        )
        stream = Stream(
            request,
            plan.prompt,
            vocabulary=self._vocabulary,
            sampler=sampler,
            parser=plan.parser,
            visible=self._tokens_of(plan.visible),
            ends=self._tokens_of(plan.end_tokens),
            stops=plan.stops,
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

    def shown(self, rendered: Rendered) -> tuple[PromptPiece, ...]:
        """A rendered prompt without its pictures, cut at the tokens that act as marks in it."""
        pieces: list[PromptPiece] = []
        said = ""
        for piece in rendered.pieces:
            done = 0
            for token in self._vocabulary.tokenize(piece, parse_special=True):
                mark = self._marks.get(token, "")
                begin = piece.find(mark, done) if mark else -1
                if begin < 0:  # no mark, or none that is spelled: the unknown token
                    continue
                pieces += [PromptPiece(said + piece[done:begin]), PromptPiece(mark, True)]
                said, done = "", begin + len(mark)
            said += piece[done:]
        return tuple(each for each in (*pieces, PromptPiece(said)) if each.text)

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
                f"The prompt has {tokens:,} tokens; this model has room for {self._room:,}.",
                "Shorten it, or load the model with a longer context.",
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

    def _raw_plan(self, request: Generate) -> _Plan:
        prompt = Prompt(self.raw_tokens(request.turns))
        grammar = grammar_of(request.output) if request.output is not None else None
        return _Plan(prompt, PlainReply(), grammar)

    def _plan(self, request: Generate) -> _Plan:
        tools = () if request.tool_choice is ToolChoice.NONE else request.tools
        if request.output is not None:
            tools = ()
        rendered = self.render(request.turns, tools, request.template)
        spoken = self._dialect if not tools or self._template.has_tools else dialect(_GENERIC)
        # A given grammar leaves no room for reasoning, even if the prompt has opened it.
        tail = "" if isinstance(request.output, Grammar) else rendered.text[-_TAIL:]
        return _Plan(
            self._prompt(rendered),
            ReplyParser(spoken, tools, tail),
            self._grammar(request, tools, spoken, tail),
            visible=frozenset({*spoken.visible, *spoken.markers}),
            end_tokens=frozenset(spoken.end_tokens),
            stops=self._template.stops,
        )

    def _grammar(
        self, request: Generate, tools: tuple[Tool, ...], spoken: Dialect, tail: str
    ) -> Grammar | None:
        if request.output is not None:
            given = grammar_of(request.output)
            at_once = isinstance(request.output, Grammar) or (
                request.template.thinking is False and not spoken.is_reasoning(tail)
            )
            return given if at_once else after_thought(given, spoken, tail)
        if not tools:
            return None
        grammar = call_grammar(
            spoken, tools, request.tool_choice, tool=request.tool, prompt_tail=tail
        )
        if grammar is None and request.tool_choice is ToolChoice.REQUIRED:
            raise NotSupported(
                "This model's way of calling tools cannot be forced.",
                "Leave the choice to the model, or use another model.",
            )
        return grammar

    def _tokens_of(self, texts: frozenset[str]) -> frozenset[int]:
        return frozenset(self._controls[text] for text in texts if text in self._controls)
