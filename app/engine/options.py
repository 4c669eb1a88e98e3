"""How a model is loaded: every option of llama.cpp that a person would want to set."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

AUTOMATIC_LAYERS = -1  # as many as fit into the free memory of the graphics cards
ALL_LAYERS = 999
_MANY_STREAMS = 16


class KvType(StrEnum):
    """Numbers the KV cache is kept in. All but `WHOLE_KV_TYPES` need flash attention for V.

    AUTO is bf16, which most models were trained in, on a processor that computes with it and
    without flash attention; else f16.
    """

    AUTO = "auto"
    F16 = "f16"
    BF16 = "bf16"
    F32 = "f32"
    Q8_0 = "q8_0"
    Q5_1 = "q5_1"
    Q5_0 = "q5_0"
    Q4_1 = "q4_1"
    Q4_0 = "q4_0"
    IQ4_NL = "iq4_nl"


WHOLE_KV_TYPES = frozenset({KvType.AUTO, KvType.F16, KvType.BF16, KvType.F32})


class Switch(StrEnum):
    """On, off, or whichever is better here."""

    AUTO = "auto"
    ON = "on"
    OFF = "off"


class SplitMode(StrEnum):
    """How a model is spread over several graphics cards."""

    NONE = "none"
    LAYER = "layer"
    ROW = "row"


class RopeScaling(StrEnum):
    """How positions beyond the trained context are squeezed into it."""

    MODEL = "model"
    NONE = "none"
    LINEAR = "linear"
    YARN = "yarn"


class WaitPolicy(StrEnum):
    """What compute threads do at a barrier: spin, sleep, or what a measurement says is better."""

    AUTO = "auto"
    ACTIVE = "active"
    PASSIVE = "passive"


@dataclass(frozen=True, slots=True)
class Adapter:
    """A LoRA adapter file and how strongly it acts; 1 is as trained, 0 is not at all."""

    path: str
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Rope:
    """Position scaling; zeros take the value from the model file."""

    scaling: RopeScaling = RopeScaling.MODEL
    frequency_base: float = 0.0
    frequency_scale: float = 0.0
    yarn_original_context: int = 0


@dataclass(frozen=True, slots=True)
class Speculation:
    """Guessing tokens ahead and checking them in one batch. The text stays the same.

    Attributes:
        draft_model: path of a small model of the same family; empty for none.
        prompt_lookup: guess by repeating what followed the same words earlier in the context.
        most_tokens: guessed at once.
    """

    draft_model: str = ""
    prompt_lookup: bool = False
    most_tokens: int = 8


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How to load a model.

    Attributes:
        context_length: tokens of KV space, shared by all streams; one request may use all of it.
        batch, micro_batch: most tokens of one decode call, and of one pass through the graph.
        streams: requests that decode at the same time.
        threads, prefill_threads: compute threads for one token and for a prompt; 0 measures.
        gpu_layers: AUTOMATIC_LAYERS, ALL_LAYERS, or a count; 0 is the processor only.
        devices: names of devices to use, as `Devices` lists them; empty for all.
        main_gpu: index into the devices used, when the model is not split.
        tensor_split: share of the model for each device used; empty for by free memory.
        cpu_experts: layers, from the first, whose mixture-of-experts weights stay in main
            memory; ALL_LAYERS for every one.
        parked_mb: main memory for the state of conversations that are not decoding; -1 chooses.
        flash_attention: AUTO is off on processors, as long as there is memory for the scores.
        repack: put the weights into an order that suits the processor, in memory of their own;
            see `repacks`.
        keep_on_disk: whether parked state survives the app.
        projector: path of the vision projector (mmproj) file; empty for none.
    """

    context_length: int = 4096
    batch: int = 2048
    micro_batch: int = 512
    streams: int = 8
    threads: int = 0
    prefill_threads: int = 0
    wait_policy: WaitPolicy = WaitPolicy.AUTO
    gpu_layers: int = AUTOMATIC_LAYERS
    devices: tuple[str, ...] = ()
    split_mode: SplitMode = SplitMode.LAYER
    main_gpu: int = 0
    tensor_split: tuple[float, ...] = ()
    cpu_experts: int = 0
    kv_type_k: KvType = KvType.AUTO
    kv_type_v: KvType = KvType.AUTO
    flash_attention: Switch = Switch.AUTO
    use_mmap: bool = True
    use_mlock: bool = False
    repack: Switch = Switch.AUTO
    rope: Rope = field(default_factory=Rope)
    adapters: tuple[Adapter, ...] = ()
    speculation: Speculation = field(default_factory=Speculation)
    projector: str = ""
    parked_mb: int = -1
    keep_on_disk: bool = True

    @property
    def repacks(self) -> bool:
        """Whether weights are put into another order.

        In it one token at a time is written faster, as much as a quarter. In their own order
        prompts are read half as fast again, and steps of a dozen tokens and more are no slower
        (llama.cpp 0.25, Q4_K_M, AVX-512), so that is taken where many answers share the steps.
        """
        if self.repack is Switch.AUTO:
            return self.streams < _MANY_STREAMS
        return self.repack is Switch.ON

    def room(self, trained: int) -> int:
        """Tokens there will be room for: as many as the model was trained for, unless scaled.

        Args:
            trained: tokens it was trained for; 0 if unknown.
        """
        scaling = self.rope.scaling in (RopeScaling.LINEAR, RopeScaling.YARN)
        if not trained or scaling or self.rope.frequency_base > 0:
            return self.context_length
        return min(self.context_length, trained)
