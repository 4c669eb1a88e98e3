"""Every load option in words, as data: the load options sheet is generated from this."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from app.engine.options import (
    ALL_LAYERS,
    AUTOMATIC_LAYERS,
    KvType,
    LoadOptions,
    RopeScaling,
    SplitMode,
    Switch,
    WaitPolicy,
)

GGUF_FILTER = "GGUF files (*.gguf *.GGUF);;All files (*)"


def always(_options: LoadOptions) -> bool:
    """Shown whatever the other options are."""
    return True


@dataclass(frozen=True, slots=True)
class OptionSpec:
    """One option with what a person needs to know about it.

    Attributes:
        name: of the field in LoadOptions; a dot leads into a nested value.
        help: one or two sentences, shown under the title.
        labels: for an enum, the words shown for each value, the default first.
        special: for a number, values that mean something else than a count.
        many: the words for any other number, where `special` has several.
        step: of a number.
        is_shown: whether it matters with these options.
    """

    name: str
    title: str
    help: str = ""
    labels: Mapping[Any, str] = field(default_factory=dict)
    special: Mapping[int, str] = field(default_factory=dict)
    many: str = "Number…"
    step: float = 1
    is_shown: Callable[[LoadOptions], bool] = always


@dataclass(frozen=True, slots=True)
class OptionGroup:
    """Options that belong together.

    Attributes:
        needs_card: only of use with a graphics card.
        is_advanced: hidden until it is asked for.
    """

    title: str
    specs: tuple[OptionSpec, ...]
    needs_card: bool = False
    is_advanced: bool = False


def read_option(options: LoadOptions, name: str) -> Any:
    """The value of an option."""
    value: Any = options
    for part in name.split("."):
        value = getattr(value, part)
    return value


def with_option(options: LoadOptions, name: str, value: Any) -> LoadOptions:
    """The same options with one changed."""
    first, _dot, rest = name.partition(".")
    if not rest:
        return replace(options, **{first: value})
    inner = replace(getattr(options, first), **{rest: value})
    return replace(options, **{first: inner})


def _guesses(options: LoadOptions) -> bool:
    return options.speculation.prompt_lookup or bool(options.speculation.draft_model)


def _uses_card(options: LoadOptions) -> bool:
    return options.gpu_layers != 0


def _is_whole(options: LoadOptions) -> bool:
    return _uses_card(options) and options.split_mode is SplitMode.NONE


def _is_split(options: LoadOptions) -> bool:
    return _uses_card(options) and options.split_mode is not SplitMode.NONE


def _scales(options: LoadOptions) -> bool:
    return options.rope.scaling in (RopeScaling.LINEAR, RopeScaling.YARN)


def _is_yarn(options: LoadOptions) -> bool:
    return options.rope.scaling is RopeScaling.YARN


_KV_LABELS = {
    KvType.AUTO: "Automatic",
    KvType.F16: "f16",
    KvType.BF16: "bf16",
    KvType.F32: "f32 · twice the memory",
    KvType.Q8_0: "q8_0 · half the memory",
    KvType.Q5_1: "q5_1",
    KvType.Q5_0: "q5_0",
    KvType.Q4_1: "q4_1",
    KvType.Q4_0: "q4_0 · a quarter",
    KvType.IQ4_NL: "iq4_nl · a quarter",
}
_SWITCH_LABELS = {Switch.AUTO: "Automatic", Switch.ON: "On", Switch.OFF: "Off"}

_ROOM = OptionGroup(
    "Room",
    (
        OptionSpec(
            "context_length",
            "Context length (tokens)",
            "Room for passages, history and the answer. More needs more memory.",
            step=512,
        ),
        OptionSpec(
            "streams",
            "Answers at the same time",
            "So many requests are worked on together and share the room; others wait.",
        ),
    ),
)
_SPEED = OptionGroup(
    "Speed",
    (
        OptionSpec(
            "threads",
            "Threads for writing",
            "Automatic measures which count is fastest here, and again when it slows down.",
            special={0: "Automatic"},
        ),
        OptionSpec(
            "prefill_threads",
            "Threads for reading",
            "Used while the model reads your question and the passages.",
            special={0: "Automatic"},
        ),
        OptionSpec(
            "wait_policy",
            "Threads that wait",
            "Spinning is a little quicker on an idle computer and much slower on a busy one.",
            labels={
                WaitPolicy.AUTO: "Automatic",
                WaitPolicy.ACTIVE: "Spin",
                WaitPolicy.PASSIVE: "Sleep",
            },
        ),
        OptionSpec(
            "flash_attention",
            "Flash attention",
            "Needs less memory, and is quicker on graphics cards. On the processor it writes more"
            " slowly behind a long text, so automatic leaves it off there while memory allows.",
            labels=_SWITCH_LABELS,
        ),
        OptionSpec(
            "repack",
            "Weights in the processor's order",
            "On writes faster. Off reads faster, loads at once and needs the memory for the weights"
            " only once. Automatic is on for fewer than 16 answers at the same time.",
            labels=_SWITCH_LABELS,
        ),
        OptionSpec("batch", "Batch (tokens)", "Most tokens that are taken up at once.", step=64),
        OptionSpec(
            "micro_batch",
            "Micro-batch (tokens)",
            "Most tokens that are computed at once. Fewer need less memory and take longer.",
            step=32,
        ),
        OptionSpec(
            "speculation.prompt_lookup",
            "Guess ahead from the text",
            "Repeats what followed the same words before and checks it at once. Quicker where"
            " answers quote; the answers stay the same.",
        ),
        OptionSpec(
            "speculation.draft_model",
            "Draft model",
            "A small model of the same family that guesses ahead. The answers stay the same.",
        ),
        OptionSpec("speculation.most_tokens", "Tokens guessed at once", is_shown=_guesses),
    ),
)
_MEMORY = OptionGroup(
    "Memory",
    (
        OptionSpec(
            "kv_type_k",
            "Keys of the KV cache",
            "Smaller numbers need less memory; below q8_0 answers may suffer. Automatic is f16, or"
            " bf16 where the processor is quicker with it.",
            labels=_KV_LABELS,
        ),
        OptionSpec(
            "kv_type_v",
            "Values of the KV cache",
            "As above. Anything smaller than f16 needs flash attention, and reads long texts"
            " several times more slowly on the processor.",
            labels=_KV_LABELS,
        ),
        OptionSpec(
            "parked_mb",
            "Memory for conversations that wait (MB)",
            "Going back to one of them is quick while it is kept.",
            special={-1: "Automatic", 0: "None"},
            step=256,
        ),
        OptionSpec(
            "keep_on_disk",
            "Keep them over a restart",
            "What the model has read stays in the data folder, so that it need not read it again.",
        ),
        OptionSpec(
            "use_mmap",
            "Map the file into memory",
            "Loads faster, and the system may drop parts that are not in use.",
        ),
        OptionSpec(
            "use_mlock",
            "Lock it in memory",
            "The system never moves it out to the disk. May need a permission.",
        ),
    ),
)
_CARD = OptionGroup(
    "Graphics card",
    (
        OptionSpec(
            "gpu_layers",
            "Layers on the graphics card",
            "Every layer there makes answers faster. What does not fit stays in main memory.",
            special={AUTOMATIC_LAYERS: "As many as fit", ALL_LAYERS: "All", 0: "None"},
        ),
        OptionSpec("devices", "Cards to use", is_shown=_uses_card),
        OptionSpec(
            "split_mode",
            "Over several cards",
            "By layers is best for most; by rows can be faster where the cards are linked.",
            labels={
                SplitMode.LAYER: "By layers",
                SplitMode.ROW: "By rows",
                SplitMode.NONE: "One card only",
            },
            is_shown=_uses_card,
        ),
        OptionSpec(
            "main_gpu",
            "The card to use",
            "Counted from 0, among the cards in use.",
            is_shown=_is_whole,
        ),
        OptionSpec(
            "tensor_split",
            "Share of each card",
            "Such as “3, 1” for three quarters on the first. Empty: by free memory.",
            is_shown=_is_split,
        ),
        OptionSpec(
            "cpu_experts",
            "Layers with experts in main memory",
            "Makes room on the card for mixture-of-experts models at little cost in speed.",
            special={0: "None", ALL_LAYERS: "All"},
            is_shown=_uses_card,
        ),
    ),
    needs_card=True,
)
_PARTS = OptionGroup(
    "Adapters and vision",
    (
        OptionSpec(
            "adapters",
            "LoRA adapters",
            "Small files that change how this model answers. 1 is as trained, 0 is not at all.",
        ),
        OptionSpec(
            "projector",
            "Vision projector",
            "The file (often named mmproj) that lets this model see images.",
        ),
    ),
)
_ROPE = OptionGroup(
    "Position scaling (RoPE)",
    (
        OptionSpec(
            "rope.scaling",
            "Scaling",
            "Squeezes more text into the context than the model was trained for.",
            labels={
                RopeScaling.MODEL: "As in the file",
                RopeScaling.NONE: "None",
                RopeScaling.LINEAR: "Linear",
                RopeScaling.YARN: "YaRN",
            },
        ),
        OptionSpec(
            "rope.frequency_base", "Base frequency", special={0: "As in the file"}, step=1000
        ),
        OptionSpec(
            "rope.frequency_scale",
            "Frequency scale",
            "0.5 doubles the reach.",
            special={0: "As in the file"},
            step=0.05,
            is_shown=_scales,
        ),
        OptionSpec(
            "rope.yarn_original_context",
            "Trained context (tokens)",
            special={0: "As in the file"},
            step=1024,
            is_shown=_is_yarn,
        ),
    ),
    is_advanced=True,
)

OPTION_GROUPS = (_ROOM, _SPEED, _MEMORY, _CARD, _PARTS, _ROPE)
