"""llama.cpp, by its low-level interface: one model, one context, one sequence.

The only module that imports `llama_cpp`. It runs in the engine child: llama.cpp ends its process
when it meets something it did not expect.
"""

from __future__ import annotations

import ctypes
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from app.base.errors import Cancelled
from app.base.jobs import CancelToken
from app.engine.causes import load_error
from app.engine.errors import EngineError, ModelLoadError, PromptTooLong
from app.engine.messages import Turn
from app.engine.options import LoadOptions
from app.engine.protocol import FinishReason, Generate, Generated, ModelFacts, Timings
from app.engine.quantization import quantization_name
from app.engine.reply import ReplyText
from app.engine.sampling import Sampling
from app.engine.templates import ChatTemplate, ControlTexts, Guard

# llama.cpp's threads spin at every barrier unless told otherwise, before the library is loaded.
# On a computer that also does something else, spinning makes decoding many times slower.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# Where gdb is installed, ggml runs it on an abort, which takes seconds and fills the log.
os.environ.setdefault("GGML_NO_BACKTRACE", "1")
import llama_cpp  # noqa: TID253  # after the environment is set; this is the child's side

_DEBUG, _ERROR, _CONTINUED = 1, 4, 5  # ggml_log_level
_ABORTED, _NO_ROOM = 2, 1  # results of llama_decode
_UNKNOWN_OR_CONTROL = 1 << 0 | 1 << 3  # llama_token_attr: what parse_special looks for
_MOST_BATCH = 512
_FIRST_SLICE = 64
# A slice of the prompt between two looks at Stop. On the processor Stop also works within a slice.
_SLICE_S, _SLICE_S_ON_GPU = 1.0, 0.15


class LlamaModel:
    """A loaded model that answers."""

    def __init__(
        self,
        path: Path,
        options: LoadOptions,
        cancel: CancelToken,
        guard: Guard = nullcontext,
    ) -> None:
        """Load a GGUF file.

        Args:
            path: the file; of a model in several files the first.
            options: 0 threads and -1 layers on the GPU choose for themselves.
            cancel: gives up loading.
            guard: put around each use of the chat template.

        Raises:
            ModelLoadError: llama.cpp refuses it; why.
            TemplateError: its chat template cannot be used.
        """
        self._model: Any = _load_model(path, options.gpu_layers, cancel)
        self._vocab: Any = llama_cpp.llama_model_get_vocab(self._model)
        self._context: Any = None
        self._stop = _StopFlag()
        try:
            self._template = _chat_template(self._model, guard)
            trained = llama_cpp.llama_model_n_ctx_train(self._model)
            length = min(options.context_length, trained or options.context_length)
            threads = options.threads or _default_threads()
            self._context = self._new_context(path.name, length, threads)
        except BaseException:
            self.close()
            raise
        self._memory: Any = llama_cpp.llama_get_memory(self._context)
        self._live: list[int] = []  # the tokens whose state the context holds
        self._slice_s = _SLICE_S_ON_GPU if llama_cpp.llama_supports_gpu_offload() else _SLICE_S
        self._slice = _FIRST_SLICE
        self.facts = ModelFacts(
            name=self._entry("general.name") or path.stem,
            architecture=self._entry("general.architecture"),
            quantization=quantization_name(_integer(self._entry("general.file_type"))),
            context_length=llama_cpp.llama_n_ctx(self._context),
            trained_context_length=trained,
            threads=threads,
            template_sha256=self._template.sha256,
            engine_build=_build(),
        )

    def close(self) -> None:
        """Give the memory back."""
        if self._context is not None:
            llama_cpp.llama_free(self._context)
            self._context = None
        if self._model is not None:
            llama_cpp.llama_model_free(self._model)
            self._model = None

    def count_tokens(self, texts: Sequence[str]) -> tuple[int, ...]:
        """Tokens of each text as part of a message."""
        return tuple(len(self._tokenize(text, parse_special=False)) for text in texts)

    def count_prompt(self, turns: Sequence[Turn]) -> int:
        """Tokens of the whole prompt.

        Raises:
            TemplateError: the chat template refuses the turns.
        """
        return len(self._prompt(turns))

    def generate(
        self, request: Generate, emit: Callable[[str], None], cancel: CancelToken
    ) -> Generated:
        """Answer the last turn.

        Raises:
            TemplateError: the chat template refuses the turns.
            PromptTooLong: they do not fit into the context.
        """
        started = time.perf_counter()
        prompt = self._prompt(request.turns)
        room = llama_cpp.llama_n_ctx(self._context)
        if len(prompt) >= room:
            raise PromptTooLong(
                f"The question with its passages and history has {len(prompt):,} tokens; this"
                f" model has room for {room:,}.",
                "Ask over fewer documents, start a new conversation, or raise the context length"
                " in Settings and load the model again.",
            )
        reply = ReplyText(emit, (*request.stop, *self._template.stops))
        with self._stop.armed(cancel):
            reused = self._reuse(prompt)
            if self._prefill(prompt[reused:], cancel):
                finish, times = self._decode(request, reply, cancel)
            else:
                finish, times = FinishReason.STOPPED, []
        timings = _timings(started, times, prompt_tokens=len(prompt), reused_tokens=reused)
        return Generated(reply.finish(), finish, timings)

    def _prompt(self, turns: Sequence[Turn]) -> list[int]:
        """The tokens of the rendered turns. No message can spell a control token; see templates."""
        tokens: list[int] = []
        for piece in self._template.pieces(turns):
            tokens += self._tokenize(piece, parse_special=True)
        first = llama_cpp.llama_vocab_bos(self._vocab)
        if llama_cpp.llama_vocab_get_add_bos(self._vocab) and first >= 0 and tokens[:1] != [first]:
            tokens.insert(0, first)
        if not tokens:
            raise EngineError("There is nothing to answer.", "Write a question first.")
        return tokens

    def _tokenize(self, text: str, *, parse_special: bool) -> list[int]:
        data = text.encode("utf-8", "replace")
        size = len(data) + 8  # never more tokens than bytes, but for a space put in front
        tokens = (llama_cpp.llama_token * size)()
        count = llama_cpp.llama_tokenize(
            self._vocab, data, len(data), tokens, size, False, parse_special
        )
        if count < 0:
            tokens = (llama_cpp.llama_token * -count)()
            count = llama_cpp.llama_tokenize(
                self._vocab, data, len(data), tokens, -count, False, parse_special
            )
        return list(tokens[: max(count, 0)])

    def _reuse(self, prompt: list[int]) -> int:
        """Keep the held state as far as the prompt begins the same; how many tokens that is."""
        # The last token is always computed again: its logits are needed.
        common = _common_prefix(self._live, prompt[:-1])
        if common < len(self._live) and not (
            common and llama_cpp.llama_memory_seq_rm(self._memory, 0, common, -1)
        ):
            # Recurrent and hybrid models cannot forget the end alone.
            llama_cpp.llama_memory_clear(self._memory, False)
            common = 0
        del self._live[common:]
        return common

    def _prefill(self, tokens: list[int], cancel: CancelToken) -> bool:
        """Compute the prompt slice by slice; False when cancelled."""
        position = 0
        while position < len(tokens):
            if cancel.is_cancelled:
                return False
            part = tokens[position : position + self._slice]
            started = time.perf_counter()
            if not self._compute(part, cancel):
                return False
            position += len(part)
            self._adapt_slice(len(part), time.perf_counter() - started)
        return True

    def _adapt_slice(self, tokens: int, seconds: float) -> None:
        if tokens == self._slice:
            fitting = int(tokens * self._slice_s / max(seconds, 1e-6))
            self._slice = max(32, min(_MOST_BATCH, 2 * tokens, fitting))

    def _decode(
        self, request: Generate, reply: ReplyText, cancel: CancelToken
    ) -> tuple[FinishReason, list[float]]:
        times: list[float] = []
        room = llama_cpp.llama_n_ctx(self._context)
        with _sampler(request.sampling) as sampler:
            while True:
                token = llama_cpp.llama_sampler_sample(sampler, self._context, -1)
                times.append(time.perf_counter())
                if llama_cpp.llama_vocab_is_eog(self._vocab, token):
                    return FinishReason.END, times
                if reply.add(_piece(self._vocab, token)):
                    return FinishReason.END, times
                if len(times) >= request.max_tokens or len(self._live) >= room:
                    return FinishReason.LENGTH, times
                if cancel.is_cancelled or not self._compute([token], cancel):
                    return FinishReason.STOPPED, times

    def _compute(self, tokens: list[int], cancel: CancelToken) -> bool:
        """Run the model over more tokens; False when cancelled on the way."""
        array = (llama_cpp.llama_token * len(tokens))(*tokens)
        while True:
            result = llama_cpp.llama_decode(
                self._context, llama_cpp.llama_batch_get_one(array, len(tokens))
            )
            if result == 0:
                self._live += tokens
                return True
            self._forget_unfinished()
            if result != _ABORTED:
                raise EngineError(
                    "The engine could not go on with this answer"
                    + (" because its memory is full." if result == _NO_ROOM else f" ({result})."),
                    "Start a new conversation, or load the model again.",
                )
            if cancel.is_cancelled:
                return False
            self._stop.lower()  # a late Stop of the request before this one

    def _forget_unfinished(self) -> None:
        if not llama_cpp.llama_memory_seq_rm(self._memory, 0, len(self._live), -1):
            llama_cpp.llama_memory_clear(self._memory, False)
            self._live.clear()

    def _entry(self, key: str) -> str:
        buffer = ctypes.create_string_buffer(256)
        size = llama_cpp.llama_model_meta_val_str(self._model, key.encode(), buffer, 256)
        return buffer.value.decode("utf-8", "replace").strip() if size >= 0 else ""

    def _new_context(self, name: str, length: int, threads: int) -> Any:
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = length
        params.n_batch = params.n_ubatch = min(_MOST_BATCH, length)
        params.n_threads = params.n_threads_batch = threads
        params.no_perf = True
        params.abort_callback = self._stop.callback
        params.abort_callback_data = self._stop.address
        _log.errors.clear()
        context = llama_cpp.llama_init_from_model(self._model, params)
        if not context:
            raise load_error(name, [*_log.errors, "failed to allocate the context"])
        if llama_cpp.llama_get_memory(context) is None:
            llama_cpp.llama_free(context)
            raise ModelLoadError(
                f"“{name}” is not a chat model: it turns text into vectors.",
                "Choose a model whose name says “instruct”, “chat” or “it”.",
            )
        return context


def check(path: Path, cancel: CancelToken, guard: Guard = nullcontext) -> None:
    """Read all of a file that can be read without taking memory for its weights.

    Raises:
        ModelLoadError: llama.cpp refuses it; why.
        TemplateError: its chat template cannot be used.
    """
    model = _load_model(path, 0, cancel, without_weights=True)
    try:
        _chat_template(model, guard)
    finally:
        llama_cpp.llama_model_free(model)


def _chat_template(model: Any, guard: Guard) -> ChatTemplate:
    vocab = llama_cpp.llama_model_get_vocab(model)
    source = llama_cpp.llama_model_chat_template(model, None) or b""
    controls = ControlTexts(
        _text(vocab, token)
        for token in range(llama_cpp.llama_vocab_n_tokens(vocab))
        if llama_cpp.llama_vocab_get_attr(vocab, token) & _UNKNOWN_OR_CONTROL
    )
    return ChatTemplate.of_model(
        source.decode("utf-8", "replace"),
        controls=controls,
        bos=_text(vocab, llama_cpp.llama_vocab_bos(vocab)),
        eos=_text(vocab, llama_cpp.llama_vocab_eos(vocab)),
        guard=guard,
    )


def _text(vocab: Any, token: int) -> str:
    return _piece(vocab, token, special=True).decode("utf-8", "replace") if token >= 0 else ""


def _piece(vocab: Any, token: int, *, special: bool = False) -> bytes:
    """The bytes a token stands for; none for a control token unless `special`."""
    buffer = ctypes.create_string_buffer(64)
    size = llama_cpp.llama_token_to_piece(vocab, token, buffer, 64, 0, special)
    if size < 0:
        buffer = ctypes.create_string_buffer(-size)
        size = llama_cpp.llama_token_to_piece(vocab, token, buffer, -size, 0, special)
    return buffer.raw[: max(size, 0)]


def _load_model(
    path: Path, gpu_layers: int, cancel: CancelToken, *, without_weights: bool = False
) -> Any:
    params = llama_cpp.llama_model_default_params()
    params.n_gpu_layers = gpu_layers
    params.load_mode = llama_cpp.LLAMA_LOAD_MODE_MMAP
    if without_weights:
        params.no_alloc = True
        params.load_mode = llama_cpp.LLAMA_LOAD_MODE_NONE
    go_on = llama_cpp.llama_progress_callback(lambda _share, _data: not cancel.is_cancelled)
    params.progress_callback = go_on
    _log.errors.clear()
    model = llama_cpp.llama_model_load_from_file(os.fsencode(path), params)
    if cancel.is_cancelled:
        if model:
            llama_cpp.llama_model_free(model)
        raise Cancelled
    if not model:
        raise load_error(path.name, _log.errors)
    if llama_cpp.llama_model_has_encoder(model) or not llama_cpp.llama_model_has_decoder(model):
        llama_cpp.llama_model_free(model)
        raise ModelLoadError(
            f"“{path.name}” is not a chat model.",
            "Choose a model whose name says “instruct”, “chat” or “it”.",
        )
    return model


class _StopFlag:
    """Lets another thread interrupt llama.cpp in the middle of a computation."""

    def __init__(self) -> None:
        self._flag = ctypes.create_string_buffer(2)
        self.address = ctypes.addressof(self._flag)
        # llama.cpp asks after each of some thousand steps a token. A Python function there would
        # cost a few percent; strlen of a text that is empty, or one character long, costs nothing.
        library = ctypes.cdll.msvcrt if sys.platform == "win32" else ctypes.CDLL(None)
        self.callback = ctypes.cast(library.strlen, llama_cpp.ggml_abort_callback)

    @contextmanager
    def armed(self, cancel: CancelToken) -> Iterator[None]:
        """Raise the flag when `cancel` is, until the end of the block."""
        self.lower()
        forget = cancel.on_cancel(self._raise)
        try:
            yield
        finally:
            forget()
            self.lower()

    def lower(self) -> None:
        self._flag[0] = b"\0"

    def _raise(self) -> None:
        self._flag[0] = b"\1"


@contextmanager
def _sampler(sampling: Sampling) -> Iterator[Any]:
    chain = llama_cpp.llama_sampler_chain_init(llama_cpp.llama_sampler_chain_default_params())
    try:
        for each in _samplers(sampling):
            llama_cpp.llama_sampler_chain_add(chain, each)  # the chain owns it from here on
        yield chain
    finally:
        llama_cpp.llama_sampler_free(chain)


def _samplers(sampling: Sampling) -> Iterator[Any]:
    if sampling.temperature <= 0:
        yield llama_cpp.llama_sampler_init_greedy()
        return
    yield llama_cpp.llama_sampler_init_top_k(sampling.top_k)
    yield llama_cpp.llama_sampler_init_top_p(sampling.top_p, 1)
    yield llama_cpp.llama_sampler_init_min_p(sampling.min_p, 1)
    yield llama_cpp.llama_sampler_init_temp(sampling.temperature)
    # The largest seed would mean "another one each time".
    yield llama_cpp.llama_sampler_init_dist(sampling.seed % 0xFFFFFFFF)


class _NativeLog:
    """Sends llama.cpp's log to the child's, without debug lines, and keeps the errors."""

    def __init__(self) -> None:
        self.errors: deque[str] = deque(maxlen=20)
        self._level = _DEBUG
        self.callback = llama_cpp.llama_log_callback(self._write)

    def _write(self, level: int, text: bytes, _data: object) -> None:
        self._level = self._level if level == _CONTINUED else level
        if self._level == _DEBUG:
            return
        os.write(2, text)
        if self._level == _ERROR:
            self.errors.append(text.decode("utf-8", "replace").rstrip())


_log = _NativeLog()
llama_cpp.llama_log_set(_log.callback, ctypes.c_void_p(0))


def _default_threads() -> int:
    """One for each core that is ours, less one on larger machines for the window."""
    import psutil  # type: ignore[import-untyped]  # the package ships no types

    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    cores = min(psutil.cpu_count(logical=False) or 1, allowed or 1)
    return cores - 1 if cores > 2 else cores


def _build() -> str:
    engine = llama_cpp.llama_version().decode("utf-8", "replace")
    return f"llama.cpp {engine} (llama-cpp-python {llama_cpp.__version__})"


def _common_prefix(one: Sequence[int], other: Sequence[int]) -> int:
    for index, (first, second) in enumerate(zip(one, other, strict=False)):
        if first != second:
            return index
    return min(len(one), len(other))


def _timings(
    started: float, times: Sequence[float], *, prompt_tokens: int, reused_tokens: int
) -> Timings:
    per_token = (times[-1] - times[0]) / (len(times) - 1) if len(times) > 1 else 0.0
    ttft = times[0] - started if times else 0.0
    return Timings(ttft, per_token, prompt_tokens, reused_tokens, len(times))


def _integer(text: str) -> int | None:
    return int(text) if text.isdecimal() else None
