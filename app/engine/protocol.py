"""Messages between an engine and its callers, and between the engine host and its child.

Everything here is a small frozen dataclass that pickles. The values they carry are in `messages`
(what is said), `sampling` (how tokens are chosen) and `options` (how a model is loaded).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import exp, log
from typing import Any

from app.engine.messages import Reply, Tool, ToolCall, Turn
from app.engine.options import Adapter, LoadOptions
from app.engine.sampling import Sampling


@dataclass(frozen=True, slots=True)
class Load:
    """Load a GGUF file. The answer is ModelFacts.

    Attributes:
        state_folder: where parked conversations are kept over a restart; empty for nowhere.
        identity: of the file's content, such as its SHA-256; parked state is keyed by it. Empty
            while it is not known, and then nothing is kept.
    """

    path: str
    options: LoadOptions
    state_folder: str = ""
    identity: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """Read a GGUF file as `Load` would, but take no memory for its weights. The answer is None."""

    path: str
    options: LoadOptions = field(default_factory=LoadOptions)


@dataclass(frozen=True, slots=True)
class Estimate:
    """How much memory `Load` would take. The answer is MemoryNeed."""

    path: str
    options: LoadOptions


@dataclass(frozen=True, slots=True)
class DeviceNeed:
    """Bytes a load takes on one device; `device` is "CPU" for main memory.

    Attributes:
        repacked: of the weights, what is there a second time, in the processor's order.
        driver: what a card's driver takes there for the engine process.
    """

    device: str
    weights: int = 0
    kv_cache: int = 0
    compute: int = 0
    repacked: int = 0
    driver: int = 0

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.kv_cache + self.compute + self.driver


@dataclass(frozen=True, slots=True)
class MemoryNeed:
    """What a load takes, by device.

    Attributes:
        process: bytes of main memory the engine process needs for itself.
    """

    devices: tuple[DeviceNeed, ...]
    process: int = 0

    @property
    def main_memory(self) -> int:
        """Bytes of main memory."""
        return self.process + sum(each.total for each in self.devices if each.device == "CPU")

    @property
    def graphics_memory(self) -> int:
        """Bytes on all graphics cards."""
        return sum(each.total for each in self.devices if each.device != "CPU")


@dataclass(frozen=True, slots=True)
class ListDevices:
    """What can compute here. The answer is tuple[Device, ...]."""


@dataclass(frozen=True, slots=True)
class Device:
    """A processor or graphics card that llama.cpp can use; memory in bytes."""

    name: str
    description: str
    kind: str
    free_bytes: int
    total_bytes: int


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What a loaded model is, for the window and for the record of an answer.

    Attributes:
        threads, prefill_threads: in use; `wait_policy` says what they do while they wait.
        memory_bytes: main memory of the engine process when it was loaded.
        can_cut: state of a conversation can be cut back to any token. Recurrent and hybrid
            models cannot.
        dialect: how replies are read, such as "hermes".
        has_tools: its chat template takes tools.
        thinks: its chat template has a switch for reasoning.
        sees: a vision projector is loaded.
        embeds: it turns text into vectors and does not chat.
        template_variants: names of further templates in the file.
        options: as asked for.
        settled: with what was left to the engine about attention decided.
    """

    name: str
    architecture: str
    quantization: str
    context_length: int
    trained_context_length: int
    threads: int
    template_sha256: str
    engine_build: str
    prefill_threads: int = 0
    wait_policy: str = ""
    gpu_layers: int = 0
    streams: int = 1
    memory_bytes: int = 0
    can_cut: bool = True
    dialect: str = ""
    has_tools: bool = False
    thinks: bool = False
    sees: bool = False
    embeds: bool = False
    template_variants: tuple[str, ...] = ()
    adapters: tuple[Adapter, ...] = ()
    options: LoadOptions = field(default_factory=LoadOptions)
    settled: LoadOptions = field(default_factory=LoadOptions)


@dataclass(frozen=True, slots=True)
class SetAdapters:
    """Use these LoRA adapters from the next request on, without loading again. Answer: None."""

    adapters: tuple[Adapter, ...]


@dataclass(frozen=True, slots=True)
class ForgetParked:
    """Forget every conversation that is not being answered, on disk too. The answer is None."""


class Priority(StrEnum):
    """Who goes first: a person who waits, or work that can."""

    INTERACTIVE = "interactive"
    BACKGROUND = "background"


class ToolChoice(StrEnum):
    """Whether the reply may, must, or must not call a tool."""

    AUTO = "auto"
    NONE = "none"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class TemplateOptions:
    """What a chat template is told beside the messages.

    Attributes:
        variant: of the model's named templates; empty for the default one.
        thinking: switches reasoning on or off where the template has a switch; None leaves it.
        reasoning_effort: "low", "medium" or "high" where the template knows it; empty leaves it.
        date: ISO date that the template is to take for today; empty for the real one.
        values: further variables for the template.
    """

    variant: str = ""
    thinking: bool | None = None
    reasoning_effort: str = ""
    date: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Grammar:
    """The reply follows this GBNF grammar.

    Attributes:
        triggers: regular expressions; the grammar begins with the first group of the first that
            matches the reply so far. None means it begins at once.
    """

    gbnf: str
    root: str = "root"
    triggers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class JsonObject:
    """The reply is one JSON object."""


@dataclass(frozen=True, slots=True)
class JsonSchema:
    """The reply is JSON that this schema accepts."""

    schema: Mapping[str, Any]


OutputFormat = Grammar | JsonObject | JsonSchema


@dataclass(frozen=True, slots=True)
class Generate:
    """Answer the last turn. Streams Delta; the answer is Generated.

    Attributes:
        max_tokens: most of the reply; with 0 the prompt is read and nothing written.
        tool: with ToolChoice.REQUIRED, the only tool that may be called; empty for any.
        output: the form of the reply; None leaves it free.
        logprobs: how many alternatives to give for each token; None gives no log-probabilities.
        exact: decode alone and from the start, so that the same request gives the same reply to
            the last bit, whatever else runs.
        raw: take the text of the last turn as the whole prompt, without chat template or parsing.
    """

    turns: tuple[Turn, ...]
    sampling: Sampling = field(default_factory=Sampling)
    max_tokens: int = 1024
    stop: tuple[str, ...] = ()
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = ToolChoice.AUTO
    tool: str = ""
    template: TemplateOptions = field(default_factory=TemplateOptions)
    output: OutputFormat | None = None
    logprobs: int | None = None
    priority: Priority = Priority.INTERACTIVE
    exact: bool = False
    raw: bool = False


class FinishReason(StrEnum):
    """Why a reply ended."""

    END = "end"
    LENGTH = "length"
    TOOL_CALLS = "tool_calls"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Timings:
    """Measured in the engine, seconds and bytes.

    Attributes:
        ttft_s: time to first token, from the moment the engine took the request.
        per_token_s: mean time per output token after the first; 0 for one token.
        prompt_tokens: of which `reused_tokens` were not computed again.
        queue_s: time before the first token of the prompt was computed.
        peak_memory_bytes: most memory of the engine process so far.
        guessed_tokens, accepted_tokens: of speculative decoding.
    """

    ttft_s: float = 0.0
    per_token_s: float = 0.0
    prompt_tokens: int = 0
    reused_tokens: int = 0
    output_tokens: int = 0
    queue_s: float = 0.0
    peak_memory_bytes: int = 0
    guessed_tokens: int = 0
    accepted_tokens: int = 0

    @property
    def tokens_per_second(self) -> float:
        """Decode speed; 0 when unknown."""
        return 1.0 / self.per_token_s if self.per_token_s > 0 else 0.0

    @property
    def acceptance_rate(self) -> float:
        """Share of guessed tokens that were right; 0 when none were guessed."""
        return self.accepted_tokens / self.guessed_tokens if self.guessed_tokens else 0.0


@dataclass(frozen=True, slots=True)
class TokenChoice:
    """A token with its natural-log probability before sampling."""

    token: int
    text: str
    logprob: float


@dataclass(frozen=True, slots=True)
class TokenScore:
    """A generated token and the most probable ones in its place, best first."""

    chosen: TokenChoice
    alternatives: tuple[TokenChoice, ...] = ()


@dataclass(frozen=True, slots=True)
class Rounding:
    """What may have changed the last bits of the computation, and so a close choice of token.

    Attributes:
        batched: some steps were computed together with other requests.
        reused: some of the prompt came from a former computation.
        guessed: tokens were checked several at a time.
    """

    batched: bool = False
    reused: bool = False
    guessed: bool = False

    @property
    def is_exact(self) -> bool:
        """Whether the same request, run `exact`, gives the same reply to the last bit."""
        return not (self.batched or self.reused or self.guessed)


@dataclass(frozen=True, slots=True)
class Generated:
    """A whole reply. A cancelled request ends here too, with its partial text and STOPPED.

    Attributes:
        text: without reasoning and tool calls.
        raw: all of it, as the model wrote it.
        problem: a tool call that could not be read, in words; empty if all could.
    """

    text: str
    finish: FinishReason
    timings: Timings
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    raw: str = ""
    problem: str = ""
    scores: tuple[TokenScore, ...] = ()
    rounding: Rounding = field(default_factory=Rounding)

    @classmethod
    def of_reply(cls, reply: Reply, finish: FinishReason, timings: Timings) -> Generated:
        """The reply as it was parsed."""
        return cls(
            reply.text,
            finish,
            timings,
            reasoning=reply.reasoning,
            tool_calls=reply.tool_calls,
            raw=reply.raw,
            problem=reply.problem,
        )


@dataclass(frozen=True, slots=True)
class CountTokens:
    """Tokens of each text, without special tokens. The answer is tuple[int, ...]."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CountPrompt:
    """Tokens of the rendered prompt of these turns. The answer is int."""

    turns: tuple[Turn, ...]
    tools: tuple[Tool, ...] = ()
    template: TemplateOptions = field(default_factory=TemplateOptions)


@dataclass(frozen=True, slots=True)
class ShowPrompt:
    """The rendered prompt of these turns, control tokens visible. The answer is str."""

    turns: tuple[Turn, ...]
    tools: tuple[Tool, ...] = ()
    template: TemplateOptions = field(default_factory=TemplateOptions)


@dataclass(frozen=True, slots=True)
class ShowPieces:
    """The same without pictures, cut at control tokens. The answer is tuple[PromptPiece, ...]."""

    turns: tuple[Turn, ...]
    tools: tuple[Tool, ...] = ()
    template: TemplateOptions = field(default_factory=TemplateOptions)


@dataclass(frozen=True, slots=True)
class ScoreText:
    """Log-likelihood of a given text, window by window. The answer is TextScore.

    Attributes:
        window: tokens of one window; the first half is context, the second half is scored, as
            llama-perplexity does it. A text shorter than a window is scored from its second token.
    """

    text: str
    window: int = 512
    priority: Priority = Priority.BACKGROUND


@dataclass(frozen=True, slots=True)
class TextScore:
    """Natural-log likelihood of the scored tokens.

    Attributes:
        squared: sum of the squared token log-likelihoods, for the standard error.
        scored_bytes: UTF-8 bytes of the scored tokens.
    """

    log_likelihood: float
    squared: float
    tokens: int
    scored_bytes: int

    @property
    def perplexity(self) -> float:
        """exp of the mean negative log-likelihood per token; only for one tokenizer."""
        return exp(-self.log_likelihood / self.tokens) if self.tokens else float("nan")

    @property
    def perplexity_error(self) -> float:
        """Standard error of the perplexity, by the delta method."""
        if self.tokens < 2:
            return float("nan")
        mean = self.log_likelihood / self.tokens
        variance = max(self.squared / self.tokens - mean * mean, 0.0)
        return float(self.perplexity * (variance / (self.tokens - 1)) ** 0.5)

    @property
    def bits_per_byte(self) -> float:
        """Comparable across tokenizers."""
        return -self.log_likelihood / log(2) / self.scored_bytes if self.scored_bytes else 0.0


@dataclass(frozen=True, slots=True)
class ScoreChoices:
    """How likely each continuation of a prompt is. The answer is tuple[ChoiceScore, ...].

    Attributes:
        turns: rendered with the chat template; a single user turn with `raw` is taken as it is.
    """

    turns: tuple[Turn, ...]
    choices: tuple[str, ...]
    raw: bool = False
    priority: Priority = Priority.BACKGROUND


@dataclass(frozen=True, slots=True)
class ChoiceScore:
    """Natural-log likelihood of one continuation.

    Attributes:
        squared: sum of the squared token log-likelihoods, for the standard error.
        is_greedy: greedy decoding would write it.
    """

    log_likelihood: float
    squared: float
    tokens: int
    text_bytes: int
    is_greedy: bool


@dataclass(frozen=True, slots=True)
class Embed:
    """Vectors of texts, normalised to length 1. The answer is tuple[tuple[float, ...], ...]."""

    texts: tuple[str, ...]
