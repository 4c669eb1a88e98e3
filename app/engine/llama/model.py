"""One loaded model with everything that answers, counts, scores and embeds with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from app.base.jobs import CancelToken
from app.engine.causes import load_error
from app.engine.errors import NotSupported
from app.engine.llama.adapters import AdapterSet
from app.engine.llama.answering import Answering
from app.engine.llama.computing.context import Context
from app.engine.llama.computing.loop import EngineLoop, ImageReader
from app.engine.llama.computing.planning import (
    BACKGROUND_SLICE_S,
    SHARED_SLICE_S,
    SOLE_SLICE_S,
    Planner,
)
from app.engine.llama.computing.probe import StepProbe
from app.engine.llama.computing.rereading import Rereading
from app.engine.llama.computing.scores import Scores
from app.engine.llama.computing.task import Task
from app.engine.llama.embedding import Embedder, embeds
from app.engine.llama.fitting.attention import settled
from app.engine.llama.fitting.estimate import automatic_layers
from app.engine.llama.fitting.params import (
    context_params,
    is_on_card,
    model_params,
    output_count,
    sequence_count,
)
from app.engine.llama.fitting.tuning import Tuner, candidates
from app.engine.llama.guessing.drafting import DraftModel
from app.engine.llama.guessing.guessers import Guessing
from app.engine.llama.kv.disk import StateFiles, StateKey
from app.engine.llama.kv.memory import ContextMemory
from app.engine.llama.kv.parking import ParkedStates
from app.engine.llama.kv.sequences import SequencePool
from app.engine.llama.native import can_cut, engine_build
from app.engine.llama.process import memory_bytes, within_free_memory
from app.engine.llama.weights import Weights
from app.engine.messages import Delta, PromptPiece, Tool, Turn
from app.engine.options import AUTOMATIC_LAYERS, Adapter, LoadOptions, Switch
from app.engine.protocol import (
    ChoiceScore,
    Generate,
    Generated,
    Load,
    ModelFacts,
    ScoreChoices,
    ScoreText,
    TemplateOptions,
    TextScore,
)
from app.engine.quantization import quantization_name
from app.engine.replies.catalogue import dialect_for
from app.engine.templates import Guard
from app.engine.waiting import cores

if TYPE_CHECKING:
    from app.engine.llama.vision.projector import Projector

_DRAFT_BATCH = 64  # few, because a Stop has to wait for it
_PARKED_SHARE, _MOST_PARKED = 0.15, 4 << 30  # of the free main memory
_DISK_BUDGET = 8 << 30
_SAVE_S = 5.0  # for writing parked conversations when the model is unloaded


class LlamaModel:
    """A loaded model that answers. All methods but `close` may be called from any thread.

    Attributes:
        facts: what it is; changes with its adapters.
    """

    def __init__(self, load: Load, cancel: CancelToken, guard: Guard = nullcontext) -> None:
        """Load a GGUF file.

        Args:
            load: the file and how to load it.
            cancel: gives up loading.
            guard: put around each use of the chat template.

        Raises:
            ModelLoadError: it cannot be loaded with these options; why.
            TemplateError: its chat template cannot be used.
            Cancelled: `cancel` was.
        """
        self._load = load
        options = load.options
        self._closers: list[Callable[[], None]] = []
        try:
            layers = options.gpu_layers
            if layers == AUTOMATIC_LAYERS:
                layers = automatic_layers(Path(load.path), options, cancel=cancel)
            self._on_card = is_on_card(options, layers)
            # Drivers of graphics cards reserve far more than they use.
            with nullcontext() if self._on_card else within_free_memory():
                self._weights = Weights(Path(load.path), options, cancel, gpu_layers=layers)
                self._closers.append(self._weights.close)
                self.facts = self._facts(layers if self._on_card else 0)
                if embeds(self._weights.handle):
                    self._make_embedder()
                else:
                    self._make_chat(guard, cancel)
        except MemoryError as error:
            self.close()
            raise load_error(Path(load.path).name, ["out of memory"]) from error
        except BaseException:
            self.close()
            raise
        self.facts = replace(self.facts, memory_bytes=memory_bytes())

    def close(self) -> None:
        """Stop what runs, keep what is parked, and give the memory back."""
        while self._closers:
            self._closers.pop()()

    def count_tokens(self, texts: Sequence[str]) -> tuple[int, ...]:
        """Tokens of each text as part of a message."""
        vocabulary = self._weights.vocabulary
        return tuple(len(vocabulary.tokenize(text, parse_special=False)) for text in texts)

    def count_prompt(
        self, turns: tuple[Turn, ...], tools: tuple[Tool, ...], options: TemplateOptions
    ) -> int:
        """Tokens of the whole prompt.

        Raises:
            TemplateError: the chat template refuses the turns.
        """
        answering = self._chat()
        return len(answering.tokens(answering.render(turns, tools, options)))

    def show_prompt(
        self, turns: tuple[Turn, ...], tools: tuple[Tool, ...], options: TemplateOptions
    ) -> str:
        """The whole prompt as text.

        Raises:
            TemplateError: the chat template refuses the turns.
        """
        return self._chat().render(turns, tools, options).text

    def prompt_pieces(
        self, turns: tuple[Turn, ...], tools: tuple[Tool, ...], options: TemplateOptions
    ) -> tuple[PromptPiece, ...]:
        """The whole prompt without pictures, cut at control tokens.

        Raises:
            TemplateError: the chat template refuses the turns.
        """
        answering = self._chat()
        return answering.shown(answering.render(turns, tools, options))

    def generate(
        self, request: Generate, emit: Callable[[Delta], None], cancel: CancelToken
    ) -> Future[Generated]:
        """Answer the last turn; the future has the whole reply.

        Raises:
            EngineError: the request cannot be answered; why.
        """
        stream = self._chat().stream(request, emit, cancel, self._guessing.new())
        self._loop.submit(stream)
        return stream.future

    def score_text(self, request: ScoreText, cancel: CancelToken) -> Future[TextScore]:
        """How likely a text is."""
        self._chat()
        return self._scores.of_text(request, cancel)

    def score_choices(
        self, request: ScoreChoices, cancel: CancelToken
    ) -> Future[tuple[ChoiceScore, ...]]:
        """How likely each continuation of a prompt is."""
        answering = self._chat()
        if request.raw:
            prompt = answering.raw_tokens(request.turns)
        else:
            rendered = answering.render(request.turns, (), TemplateOptions(thinking=False))
            prompt = answering.tokens(rendered)
        return self._scores.of_choices(prompt, request, cancel)

    def embed(self, texts: tuple[str, ...], cancel: CancelToken) -> tuple[tuple[float, ...], ...]:
        """Vectors of texts."""
        if self._embedder is None:
            raise NotSupported(
                "This model writes text and does not turn it into vectors.",
                "Load an embedding model.",
            )
        forget = cancel.on_cancel(self._embedder.flag.lift)
        try:
            return self._embedder.embed(texts, lambda: cancel.is_cancelled)
        finally:
            forget()
            self._embedder.flag.lower()

    def set_adapters(self, adapters: tuple[Adapter, ...]) -> Future[object]:
        """Use these adapters as soon as no reply is under way."""
        self._chat()

        def change() -> ModelFacts:
            self._adapters.use(self._context.handle, adapters)
            self._pool.replace_parked(self._parked())
            self.facts = replace(self.facts, adapters=adapters)
            return self.facts

        return self._loop.when_idle(change)

    def forget_parked(self) -> Future[object]:
        """Forget every conversation that is not being answered, on disk too."""
        self._chat()
        return self._loop.between_steps(self._pool.forget_parked)

    def _facts(self, gpu_layers: int) -> ModelFacts:
        weights, options = self._weights, self._load.options
        kind = weights.entry("general.file_type")
        trained = weights.trained_length
        return ModelFacts(
            name=weights.entry("general.name") or weights.path.stem,
            architecture=weights.entry("general.architecture"),
            quantization=quantization_name(int(kind) if kind.isdecimal() else None),
            context_length=options.room(trained),
            trained_context_length=trained,
            threads=options.threads or cores(),
            prefill_threads=options.prefill_threads or options.threads or _most_threads(),
            wait_policy=options.wait_policy.value,
            template_sha256="",
            engine_build=engine_build(),
            gpu_layers=gpu_layers,
            streams=options.streams,
            can_cut=can_cut(weights.handle),
            options=options,
            settled=options,
        )

    def _make_embedder(self) -> None:
        weights, facts = self._weights, self.facts
        params = context_params(
            self._load.options,
            length=facts.context_length,
            sequences=1,
            threads=facts.threads,
            prefill_threads=facts.prefill_threads,
        )
        self._embedder: Embedder | None = Embedder(
            weights.path.name,
            weights.handle,
            weights.vocabulary,
            context_length=facts.context_length,
            params=params.native,
        )
        self._answering: Answering | None = None
        self._closers.append(self._embedder.close)
        self.facts = replace(facts, embeds=True, context_length=self._embedder.longest)

    def _make_chat(self, guard: Guard, cancel: CancelToken) -> None:
        weights, facts = self._weights, self.facts
        options = settled(
            self._load.options,
            weights.handle,
            length=facts.context_length,
            on_card=self._on_card,
        )
        self.facts = facts = replace(facts, settled=options)
        self._embedder = None
        template = weights.template(guard)
        spoken = dialect_for(template.source, takes_tools=template.has_tools)
        guess = options.speculation
        outputs, sequences = output_count(options), sequence_count(options, facts.can_cut)
        params = context_params(
            options,
            length=facts.context_length,
            sequences=sequences,
            outputs=outputs,
            threads=facts.threads,
            prefill_threads=facts.prefill_threads,
        )
        self._context = Context(weights.path.name, weights.handle, params.native)
        self._closers.append(self._context.close)
        self._tuner = self._tuned()
        self._adapters = AdapterSet(weights.handle)
        self._closers.append(self._adapters.close)
        self._adapters.use(self._context.handle, options.adapters)
        self._guessing = Guessing(
            self._draft(cancel, sequences), guess.prompt_lookup, guess.most_tokens
        )
        self._closers.append(self._guessing.close)
        self._pool = SequencePool(
            ContextMemory(self._context.handle),
            self._parked(),
            count=sequences,
            cells=self._context.length,
            can_cut=facts.can_cut,
            take_over=self._rereading(),
        )
        projector = self._projector(cancel)
        self._loop = self._new_loop(outputs, projector)
        self._closers.append(lambda: self._pool.save_parked(_SAVE_S))
        self._closers.append(self._loop.close)
        self._scores = Scores(weights.vocabulary, self._loop, self._context.length)
        self._answering = Answering(
            weights.vocabulary, template, spoken, room=self._context.length, projector=projector
        )
        self.facts = replace(
            facts,
            context_length=self._context.length,
            threads=self._tuner.threads,
            template_sha256=template.sha256,
            dialect=spoken.name,
            has_tools=template.has_tools,
            thinks=template.thinks,
            sees=projector is not None,
            template_variants=template.variants,
            adapters=options.adapters,
        )

    def _tuned(self) -> Tuner:
        """The number of decoding threads, by a short measurement unless it was chosen."""
        options, context = self._load.options, self._context
        counts = (options.threads,) if options.threads else candidates(cores())
        tuner = Tuner(counts, lambda count: context.set_threads(count, self.facts.prefill_threads))
        probe = StepProbe(context, self._weights.vocabulary.eos)
        # OpenMP makes threads for each thread that computes, and keeps them until that one ends.
        # More of them than processors never spin, so none may be left when the loop computes.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(tuner.choose, probe.seconds).result()
        probe.close()
        return tuner

    def _projector(self, cancel: CancelToken) -> Projector | None:
        options = self._load.options
        if not options.projector:
            return None
        from app.engine.llama.vision.projector import Projector  # loads another native library

        projector = Projector(
            Path(options.projector),
            self._weights.handle,
            threads=self.facts.prefill_threads or self.facts.threads,
            use_gpu=self._on_card,
            is_cancelled=lambda: cancel.is_cancelled,
        )
        self._closers.append(projector.close)
        return projector

    def _new_loop(self, outputs: int, projector: Projector | None) -> EngineLoop:
        options = self._load.options
        batch = self._context.batch
        # On a graphics card a computation under way cannot be interrupted.
        interruptible = not self._on_card and self.facts.can_cut
        planner: Planner[Task] = Planner(
            batch,
            micro_batch=self.facts.settled.micro_batch,
            most_guesses=self._guessing.most if self.facts.can_cut else 0,
            sole_slice_s=SHARED_SLICE_S if self._on_card else SOLE_SLICE_S,
            background_slice_s=SOLE_SLICE_S if interruptible else BACKGROUND_SLICE_S,
        )
        return EngineLoop(
            self._context,
            self._pool,
            planner,
            streams=options.streams,
            width=self._weights.vocabulary.size,
            batch=batch,
            most_outputs=outputs,
            watch=self._tuner,
            images=self._sight(projector),
            interruptible=interruptible,
        )

    def _rereading(self) -> Callable[[int, int], int]:
        if not self._on_card and self.facts.settled.flash_attention is not Switch.OFF:
            return Rereading.of_model(self._weights.handle)
        return lambda known, _length: known

    def _sight(self, projector: Projector | None) -> ImageReader | None:
        if projector is None:
            return None
        from app.engine.llama.vision.projector import Sight  # as above

        return Sight(projector, self._context.handle)

    def _draft(self, cancel: CancelToken, sequences: int) -> DraftModel | None:
        options = self.facts.settled
        if not options.speculation.draft_model:
            return None
        length = self.facts.context_length
        # Both point to memory that has to live until they were used.
        for_model = model_params(options, gpu_layers=self.facts.gpu_layers)
        for_context = context_params(options, length=length, sequences=sequences, outputs=sequences)
        return DraftModel(
            Path(options.speculation.draft_model),
            self._weights.vocabulary,
            context_length=length,
            sequences=sequences,
            batch=_DRAFT_BATCH,
            model_params=for_model.native,
            context_params=for_context.native,
            is_cancelled=lambda: cancel.is_cancelled,
        )

    def _parked(self) -> ParkedStates:
        chosen = self._load.options.parked_mb
        budget = chosen << 20
        if chosen < 0:
            free = int(psutil.virtual_memory().available)
            budget = min(int(free * _PARKED_SHARE), _MOST_PARKED)
        return ParkedStates(budget, self._state_files())

    def _state_files(self) -> StateFiles | None:
        load, options = self._load, self.facts.settled
        if not load.state_folder or not load.identity:
            return None
        settings = {
            "kv": f"{options.kv_type_k} {options.kv_type_v}",
            "flash attention": options.flash_attention.value,
            "repacked": str(options.repacks),
            "rope": repr(options.rope),
            "adapters": self._adapters.fingerprint(),
            "offload": str(self._on_card),
        }
        key = StateKey(load.identity, engine_build(), tuple(settings.items()))
        return StateFiles(Path(load.state_folder), key, _DISK_BUDGET, can_cut=self.facts.can_cut)

    def _chat(self) -> Answering:
        if self._answering is None:
            raise NotSupported(
                "This model turns text into vectors and writes none.",
                "Load a model whose name says “instruct”, “chat” or “it”.",
            )
        return self._answering


def _most_threads() -> int:
    """For prompts: all cores, but for one on larger machines, which the window has."""
    count = cores()
    return count - 1 if count > 4 else count


def check(path: Path, options: LoadOptions, cancel: CancelToken, guard: Guard) -> None:
    """Read all of a file that can be read without taking memory for its weights.

    Raises:
        ModelLoadError: llama.cpp refuses it; why.
        TemplateError: its chat template cannot be used.
    """
    weights = Weights(path, replace(options, gpu_layers=0), cancel, without_weights=True)
    try:
        if not embeds(weights.handle):
            weights.template(guard)
    finally:
        weights.close()
