"""Tokens of texts and prompts: by the server's own tokenizer where it has one, else an estimate
that is rather too high than too low, so that what is built by it fits.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from app.base.jobs import CancelToken
from app.engine.errors import NotSupported
from app.engine.messages import PromptPiece, Tool, Turn
from app.engine.protocol import TemplateOptions
from app.engine.remote.client import Question, ServerClient
from app.engine.remote.errors import NotOnServer
from app.engine.remote.request import messages, template_fields, tools_field
from app.engine.remote.server import RemoteModel, ServerKind
from app.engine.remote.shapes import items, mapping, text

_TOKENIZERS = (ServerKind.LLAMA_SERVER, ServerKind.VLLM)
_PER_TURN = 12  # role, markers and line ends of the wordiest templates
_PER_PROMPT = 64  # a date, a default system prompt
_PER_IMAGE = 1600  # a large picture in the models that cut it into tiles
_PARTS = re.compile(r"[A-Za-z]+|[^\S\n]+(?=[^A-Za-z])|[^\S\n]{2,}|\n|\S")
_CONTROL = re.compile(r"(<[^<>\s]{1,60}>|\[/?[A-Z_]{2,30}\])")
_ORDINARY_WORD = 14  # letters; longer ones are names of things, or no words


def estimate_tokens(content: str) -> int:
    """About as many tokens as the wordiest of today's tokenizers makes of a text, or more.

    Real texts have a quarter to a half less, Chinese and Cyrillic ones up to three quarters.
    Tokenizers from before 2024 may need more than this for scripts other than Latin.
    """
    return math.ceil(sum(map(_weight, _PARTS.findall(content))))


def spelled_pieces(prompt: str) -> tuple[PromptPiece, ...]:
    """A prompt, cut at what is spelled as control tokens are, such as <|im_start|> or [INST]."""
    pieces = enumerate(_CONTROL.split(prompt))
    return tuple(PromptPiece(piece, is_control=n % 2 == 1) for n, piece in pieces if piece)


def _weight(part: str) -> float:
    if part.isascii():
        if not part.isalpha():
            return 1.0
        is_ordinary = len(part) <= _ORDINARY_WORD and (part.islower() or part.istitle())
        return math.ceil(len(part) / (3 if is_ordinary else 2))
    size = len(part.encode("utf-8", "replace"))
    return 1.2 if size == 2 else 1.5 if size == 3 else 3.0


class TokenCounter:
    """Counts for one model on one server."""

    def __init__(self, client: ServerClient, remote: RemoteModel) -> None:
        """Ask nothing yet."""
        self._client = client
        self._remote = remote
        self._has_tokenizer = remote.kind in _TOKENIZERS

    @property
    def is_exact(self) -> bool:
        """Whether the server counts; else the counts are upper estimates."""
        return self._has_tokenizer

    def texts(self, texts: Iterable[str], cancel: CancelToken | None = None) -> tuple[int, ...]:
        """Tokens of each text, without special tokens."""
        return tuple(self._text(each, cancel) for each in texts)

    def prompt(
        self,
        turns: tuple[Turn, ...],
        tools: tuple[Tool, ...],
        template: TemplateOptions,
        cancel: CancelToken | None = None,
    ) -> int:
        """Tokens of the rendered prompt of these turns. Pictures are estimated."""
        pictures = _PER_IMAGE * sum(len(turn.images) for turn in turns)
        if self._has_tokenizer:
            try:
                return len(self.prompt_ids(turns, tools, template, cancel)) + pictures
            except NotOnServer:
                self._has_tokenizer = False
        texts = [f"{turn.content} {turn.reasoning}" for turn in turns]
        texts += [json.dumps(dict(call.arguments)) for turn in turns for call in turn.tool_calls]
        texts += [json.dumps(each) for each in tools_field(tools)]
        counted = sum(map(estimate_tokens, texts))
        return counted + _PER_TURN * len(turns) + _PER_PROMPT + pictures

    def text_ids(
        self, content: str, *, special: bool, cancel: CancelToken | None = None
    ) -> tuple[int, ...]:
        """Token numbers of a text; `special` adds those that begin a prompt.

        Raises:
            NotOnServer: the server has no tokenizer to ask.
        """
        if self._remote.kind is ServerKind.VLLM:
            body = {"prompt": content, "add_special_tokens": special}
        else:
            body = {"content": content, "add_special": special, "parse_special": special}
        return self._ids(body, cancel)

    def prompt_ids(
        self,
        turns: tuple[Turn, ...],
        tools: tuple[Tool, ...],
        template: TemplateOptions,
        cancel: CancelToken | None = None,
    ) -> tuple[int, ...]:
        """Token numbers of the rendered prompt of these turns, pictures left out.

        Raises:
            NotOnServer: the server has no tokenizer to ask.
        """
        if self._remote.kind is ServerKind.VLLM:
            return self._ids({**self._said(turns, tools, template), **_GENERATION}, cancel)
        return self.text_ids(self._rendered(turns, tools, template, cancel), special=True)

    def rendered(
        self,
        turns: tuple[Turn, ...],
        tools: tuple[Tool, ...],
        template: TemplateOptions,
        cancel: CancelToken | None = None,
    ) -> str:
        """The prompt these turns become.

        Raises:
            NotSupported: the server does not show it.
        """
        if self._remote.kind is ServerKind.LLAMA_SERVER:
            return self._rendered(turns, tools, template, cancel)
        if self._remote.kind is ServerKind.VLLM:
            return self.as_text(self.prompt_ids(turns, tools, template, cancel), cancel)
        raise NotSupported(
            f"{self._remote.kind.label} does not show how it writes a prompt.",
            "llama-server and vLLM do.",
        )

    def as_text(self, tokens: tuple[int, ...], cancel: CancelToken | None = None) -> str:
        """The text of token numbers, by vLLM."""
        body = {"tokens": list(tokens)}
        return text(self._ask("detokenize", body, cancel).get("prompt"))

    def _text(self, content: str, cancel: CancelToken | None) -> int:
        if self._has_tokenizer:
            try:
                return len(self.text_ids(content, special=False, cancel=cancel))
            except NotOnServer:
                self._has_tokenizer = False
        return estimate_tokens(content)

    def _ids(self, body: dict[str, Any], cancel: CancelToken | None) -> tuple[int, ...]:
        found = items(self._ask("tokenize", body, cancel).get("tokens"))
        return tuple(each for each in found if isinstance(each, int))

    def _rendered(
        self,
        turns: tuple[Turn, ...],
        tools: tuple[Tool, ...],
        template: TemplateOptions,
        cancel: CancelToken | None,
    ) -> str:
        answer = self._ask("apply-template", self._said(turns, tools, template), cancel)
        return text(answer.get("prompt"))

    def _said(
        self, turns: tuple[Turn, ...], tools: tuple[Tool, ...], template: TemplateOptions
    ) -> dict[str, Any]:
        without_pictures = (
            Turn(
                turn.role,
                turn.content,
                turn.reasoning,
                turn.tool_calls,
                turn.tool_call_id,
                turn.tool_name,
            )
            for turn in turns
        )
        kind = self._remote.kind
        body: dict[str, Any] = {"messages": messages(without_pictures, kind)}
        body |= template_fields(template, kind)
        return {**body, "tools": tools_field(tools)} if tools else body

    def _ask(
        self, route: str, body: dict[str, Any], cancel: CancelToken | None
    ) -> Mapping[str, Any]:
        url = f"{self._client.address.root}/{route}"
        question = Question(url, {"model": self._remote.model, **body})
        return mapping(self._client.ask(question, cancel))


_GENERATION = {"add_generation_prompt": True, "add_special_tokens": False}
