"""A model on a server as an engine: the same calls as the local one, over HTTP."""

from __future__ import annotations

import math
from collections.abc import Callable

from app.base.errors import Cancelled
from app.base.jobs import CancelToken
from app.engine.errors import EngineError, EngineStopped
from app.engine.messages import Delta, PromptPiece, Tool, Turn
from app.engine.protocol import (
    ChoiceScore,
    FinishReason,
    Generate,
    Generated,
    ModelFacts,
    ScoreChoices,
    ScoreText,
    TemplateOptions,
    TextScore,
)
from app.engine.remote.address import parse_address
from app.engine.remote.client import EventStream, Question, ServerClient
from app.engine.remote.counting import TokenCounter, spelled_pieces
from app.engine.remote.errors import RequestRefused
from app.engine.remote.exchange import Timeouts
from app.engine.remote.failures import broken, dropped, senseless
from app.engine.remote.keys import Key
from app.engine.remote.parameters import ignored_settings
from app.engine.remote.request import chat_body, completion_body
from app.engine.remote.retries import Retries
from app.engine.remote.scoring import Scorer
from app.engine.remote.server import ASSUMED_CONTEXT, RemoteModel
from app.engine.remote.shapes import items, mapping, number, whole
from app.engine.remote.streamed import StreamedReply
from app.engine.sampling import Sampling

_TEXTS_AT_ONCE = 64
_LAST_WORDS_S = 2.0  # for the counts that may follow a finished reply


class RemoteEngine:
    """Answers with a model on a server. Needs no loading; each call stands for itself."""

    def __init__(
        self,
        remote: RemoteModel,
        key: str = "",
        *,
        timeouts: Timeouts | None = None,
        retries: Retries | None = None,
    ) -> None:
        """Connect to nothing yet.

        Raises:
            BadAddress: the address cannot be used.
            BadKey: the key cannot be sent.
        """
        address = parse_address(remote.base_url, allow_plain_http=remote.allow_plain_http)
        self._remote = remote
        self._client = ServerClient(
            address, Key(key), remote.model, timeouts or Timeouts(), retries or Retries()
        )
        self._counter = TokenCounter(self._client, remote)
        self._scorer = Scorer(self._client, remote, self._counter)

    def __repr__(self) -> str:
        return f"RemoteEngine({self._remote.model!r} at {self._client.address.place})"

    @property
    def remote(self) -> RemoteModel:
        """The model and its server."""
        return self._remote

    @property
    def loaded(self) -> ModelFacts:
        """The model that answers, as far as the server tells of it.

        Where it says nothing of the context, a small one is assumed.
        """
        remote = self._remote
        version = f" {remote.version}" if remote.version else ""
        return ModelFacts(
            name=remote.model,
            architecture=remote.architecture,
            quantization=remote.quantization,
            context_length=remote.context_length or ASSUMED_CONTEXT,
            trained_context_length=remote.trained_context_length,
            threads=0,
            template_sha256="",
            engine_build=f"{remote.kind.label}{version}",
            has_tools=remote.has_tools,
            thinks=remote.thinks,
            sees=remote.sees,
            embeds=remote.embeds,
        )

    @property
    def counts_exactly(self) -> bool:
        """Whether the server counts tokens; else counts are estimates on the high side."""
        return self._counter.is_exact

    def ignored_settings(self, sampling: Sampling) -> tuple[str, ...]:
        """Names of the sampler settings that this server does not know; they are not sent."""
        return ignored_settings(sampling, self._remote.kind)

    def generate(
        self,
        request: Generate,
        on_delta: Callable[[Delta], None] = lambda _delta: None,
        cancel: CancelToken | None = None,
    ) -> Generated:
        """Answer the last turn. A cancelled answer ends with its partial text and STOPPED.

        `exact` is passed on as far as the server can; the reply's `rounding` says that it may
        differ. Log-probabilities are left out where the server gives none.

        Args:
            request: the turns and how to answer.
            on_delta: called for each part of the reply, on this thread.
            cancel: closes the connection, at any moment.

        Raises:
            PromptTooLong: the turns do not fit into the context.
            NotSupported: the server lacks something that was asked for.
            EngineStopped: the reply broke off; the text so far is in the error.
            RemoteError: there was no reply; why.
        """
        cancel = cancel or CancelToken()
        reply = StreamedReply(on_delta)
        if not request.turns:
            raise RequestRefused("There is no message to answer.", "Write one first.")
        if request.raw:
            route, body = "completions", completion_body(request, self._remote)
        else:
            route, body = "chat/completions", chat_body(request, self._remote)
        try:
            url = f"{self._client.address.base}/{route}"
            with self._client.stream(url, body, cancel) as stream:
                return self._read(stream, reply)
        except Cancelled:
            return reply.generated(None if reply.is_whole else FinishReason.STOPPED)
        except EngineError as error:
            if reply.is_whole:
                return reply.generated()
            if reply.has_begun:
                raise EngineStopped(error.message, error.hint, reply.text) from error
            raise

    def count_tokens(
        self, texts: tuple[str, ...], cancel: CancelToken | None = None
    ) -> tuple[int, ...]:
        """Tokens of each text as part of a message; see `counts_exactly`."""
        return self._counter.texts(texts, cancel)

    def count_prompt(
        self,
        turns: tuple[Turn, ...],
        tools: tuple[Tool, ...] = (),
        template: TemplateOptions | None = None,
        cancel: CancelToken | None = None,
    ) -> int:
        """Tokens of the whole prompt that these turns become; see `counts_exactly`."""
        return self._counter.prompt(turns, tools, template or TemplateOptions(), cancel)

    def show_prompt(
        self,
        turns: tuple[Turn, ...],
        tools: tuple[Tool, ...] = (),
        template: TemplateOptions | None = None,
        cancel: CancelToken | None = None,
    ) -> str:
        """The prompt that these turns become, without pictures.

        Raises:
            NotSupported: the server does not show it.
        """
        return self._counter.rendered(turns, tools, template or TemplateOptions(), cancel)

    def prompt_pieces(
        self,
        turns: tuple[Turn, ...],
        tools: tuple[Tool, ...] = (),
        template: TemplateOptions | None = None,
        cancel: CancelToken | None = None,
    ) -> tuple[PromptPiece, ...]:
        """The same, cut at what is spelled as control tokens are; no server says which are some.

        Raises:
            NotSupported: the server does not show it.
        """
        return spelled_pieces(self.show_prompt(turns, tools, template, cancel))

    def score_text(self, request: ScoreText, cancel: CancelToken | None = None) -> TextScore:
        """How likely the model finds a given text.

        Raises:
            NotSupported: the server gives no log-probabilities of a prompt.
        """
        return self._scorer.text(request, cancel)

    def score_choices(
        self, request: ScoreChoices, cancel: CancelToken | None = None
    ) -> tuple[ChoiceScore, ...]:
        """How likely each continuation of a prompt is.

        Raises:
            NotSupported: the server gives no log-probabilities of a prompt.
        """
        return self._scorer.choices(request, cancel)

    def embed(
        self, texts: tuple[str, ...], cancel: CancelToken | None = None
    ) -> tuple[tuple[float, ...], ...]:
        """Vectors of texts, normalised to length 1.

        Raises:
            RemoteError: the server makes none; what it says.
        """
        vectors: list[tuple[float, ...]] = []
        for begin in range(0, len(texts), _TEXTS_AT_ONCE):
            vectors += self._embed(texts[begin : begin + _TEXTS_AT_ONCE], cancel)
        if len({len(vector) for vector in vectors}) > 1:
            raise senseless(self._client.address, "its vectors differ in length")
        return tuple(vectors)

    def _read(self, stream: EventStream, reply: StreamedReply) -> Generated:
        for chunk in stream:
            reply.take(chunk)
            if reply.is_whole:
                stream.idle_s = _LAST_WORDS_S
        if not reply.is_whole:
            # llama-cpp-python ends a reply so when another request comes in.
            place = self._client.address
            raise dropped(place) if stream.is_complete else broken(place)
        return reply.generated()

    def _embed(self, texts: tuple[str, ...], cancel: CancelToken | None) -> list[tuple[float, ...]]:
        body = {"model": self._remote.model, "input": list(texts)}
        wait_s = self._client.timeouts.first_byte_s
        url = f"{self._client.address.base}/embeddings"
        answer = mapping(self._client.ask(Question(url, body, wait_s=wait_s), cancel))
        entries = [mapping(each) for each in items(answer.get("data"))]
        if len(entries) != len(texts):
            raise senseless(self._client.address, "it does not have a vector for each text")
        entries.sort(key=lambda entry: whole(entry.get("index")))
        return [self._unit(entry.get("embedding")) for entry in entries]

    def _unit(self, value: object) -> tuple[float, ...]:
        numbers = [number(each) for each in items(value)]
        vector = [each for each in numbers if each is not None]
        length = math.hypot(*vector)
        if not vector or len(vector) != len(numbers) or not 0 < length < math.inf:
            raise senseless(self._client.address, "a vector is not made of numbers")
        return tuple(each / length for each in vector)
