"""What Cairn's engine is measured against: llama.cpp with as little around it as can be.

    python -m tests.benchmarks.bare_loop MODEL [--threads N] [--prompt-tokens N] [--tokens N]
    python -m tests.benchmarks.bare_loop MODEL --serve [--high-level]

Without `--serve` it runs once and prints its figures as JSON. With it, it reads one request a line
from its input and answers each with one line, so that it can take turns with Cairn. A request is
`{"prompts": [text, ...], "tokens": n}`: the prompts are decoded in one batch. With `--high-level`
it is `{"chats": [[message, ...], ...], "tokens": n}`, and the `Llama` class answers them one after
the other. `OMP_WAIT_POLICY` is taken from the environment, where llama.cpp looks for it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import llama_cpp  # noqa: TID253  # a program of its own

Answer = dict[str, float]

_FLASH_ATTENTION = {"auto": -1, "off": 0, "on": 1}
_KV_TYPES = {"f16": 1, "bf16": 30}  # ggml_type


class BareLoop:
    """A model and a context; prompts go in as text, tokens come out and are thrown away."""

    def __init__(self, chosen: argparse.Namespace) -> None:
        params = llama_cpp.llama_model_default_params()
        params.n_gpu_layers = 0
        params.use_extra_bufts = not chosen.own_order
        self._model: Any = llama_cpp.llama_model_load_from_file(os.fsencode(chosen.model), params)
        if not self._model:
            raise SystemExit(f"{chosen.model} cannot be loaded")
        self._vocabulary: Any = llama_cpp.llama_model_get_vocab(self._model)
        self._context: Any = llama_cpp.llama_init_from_model(self._model, _context_params(chosen))
        self._batch: int = chosen.batch
        self._memory: Any = llama_cpp.llama_get_memory(self._context)
        chain = llama_cpp.llama_sampler_chain_default_params()
        self._sampler: Any = llama_cpp.llama_sampler_chain_init(chain)
        llama_cpp.llama_sampler_chain_add(self._sampler, llama_cpp.llama_sampler_init_greedy())

    def close(self) -> None:
        """Give the memory back."""
        llama_cpp.llama_sampler_free(self._sampler)
        llama_cpp.llama_free(self._context)
        llama_cpp.llama_model_free(self._model)

    def answer(self, request: dict[str, Any]) -> Answer:
        """Read the prompts, then write so many tokens after each, all in one batch."""
        prompts = [self._tokenize(text) for text in request["prompts"]]
        llama_cpp.llama_memory_clear(self._memory, False)
        if len(prompts) == 1:
            return self._alone(prompts[0], request["tokens"])
        return self._together(prompts, request["tokens"])

    def _alone(self, prompt: Sequence[int], tokens: int) -> Answer:
        begun = time.perf_counter()
        for start in range(0, len(prompt), self._batch):
            part = prompt[start : start + self._batch]
            tokens_of_part = (llama_cpp.llama_token * len(part))(*part)
            self._decode(llama_cpp.llama_batch_get_one(tokens_of_part, len(part)))
        one = (llama_cpp.llama_token * 1)()
        one[0] = llama_cpp.llama_sampler_sample(self._sampler, self._context, -1)
        first = time.perf_counter()
        batch = llama_cpp.llama_batch_get_one(one, 1)
        for _ in range(tokens - 1):
            self._decode(batch)
            one[0] = llama_cpp.llama_sampler_sample(self._sampler, self._context, -1)
        return _answer(len(prompt), begun, first, tokens - 1)

    def _together(self, prompts: Sequence[Sequence[int]], tokens: int) -> Answer:
        begun = time.perf_counter()
        last = [self._read(sequence, prompt) for sequence, prompt in enumerate(prompts)]
        first = time.perf_counter()
        with _batch(len(prompts)) as batch:
            for step in range(tokens - 1):
                for row, prompt in enumerate(prompts):
                    _set(batch, row, last[row], len(prompt) + step, row, wanted=True)
                self._decode(batch)
                last = [
                    llama_cpp.llama_sampler_sample(self._sampler, self._context, row)
                    for row in range(len(prompts))
                ]
        count = sum(len(prompt) for prompt in prompts)
        return _answer(count, begun, first, (tokens - 1) * len(prompts))

    def _read(self, sequence: int, prompt: Sequence[int]) -> int:
        with _batch(len(prompt)) as batch:
            for row, token in enumerate(prompt):
                _set(batch, row, token, row, sequence, wanted=row == len(prompt) - 1)
            self._decode(batch)
        return int(llama_cpp.llama_sampler_sample(self._sampler, self._context, -1))

    def _decode(self, batch: Any) -> None:
        result = llama_cpp.llama_decode(self._context, batch)
        if result != 0:
            raise SystemExit(f"llama_decode gave {result}")

    def _tokenize(self, text: str) -> list[int]:
        data = text.encode()
        tokens = (llama_cpp.llama_token * (len(data) + 8))()
        count = llama_cpp.llama_tokenize(
            self._vocabulary, data, len(data), tokens, len(tokens), False, True
        )
        return list(tokens[:count])


class HighLevel:
    """The binding's own `Llama`, asked as its manual shows."""

    def __init__(self, chosen: argparse.Namespace) -> None:
        self._llama: Any = llama_cpp.Llama(
            model_path=chosen.model,
            n_ctx=chosen.context,
            n_threads=chosen.threads or None,
            n_threads_batch=chosen.prefill_threads or chosen.threads or None,
            n_gpu_layers=0,
            verbose=False,
        )

    def close(self) -> None:
        """Give the memory back."""
        self._llama.close()

    def answer(self, request: dict[str, Any]) -> Answer:
        """Answer the chats in turn."""
        begun = time.perf_counter()
        tokens = 0
        for chat in request["chats"]:
            reply = self._llama.create_chat_completion(
                chat, max_tokens=request["tokens"], temperature=0.0
            )
            tokens += reply["usage"]["completion_tokens"]
        return {"seconds": time.perf_counter() - begun, "tokens": tokens}


def _answer(prompt_tokens: int, begun: float, first: float, tokens: int) -> Answer:
    now = time.perf_counter()
    return {
        "prompt_tokens": prompt_tokens,
        "prefill_tokens_per_s": prompt_tokens / (first - begun),
        "decode_tokens_per_s": tokens / (now - first) if tokens else 0.0,
    }


def _context_params(chosen: argparse.Namespace) -> Any:
    params = llama_cpp.llama_context_default_params()
    params.n_ctx = chosen.context
    params.n_batch, params.n_ubatch = chosen.batch, chosen.micro_batch
    params.n_threads = chosen.threads or os.cpu_count()
    params.n_threads_batch = chosen.prefill_threads or params.n_threads
    params.n_seq_max = chosen.streams
    params.kv_unified = not chosen.split_kv
    params.flash_attn_type = _FLASH_ATTENTION[chosen.flash_attention]
    params.type_k = params.type_v = _KV_TYPES[chosen.kv_type]
    params.no_perf = True
    return params


@contextmanager
def _batch(rows: int) -> Iterator[Any]:
    batch = llama_cpp.llama_batch_init(rows, 0, 1)
    batch.n_tokens = rows
    try:
        yield batch
    finally:
        llama_cpp.llama_batch_free(batch)


def _set(batch: Any, row: int, token: int, position: int, sequence: int, *, wanted: bool) -> None:
    batch.token[row], batch.pos[row] = token, position
    batch.n_seq_id[row], batch.seq_id[row][0] = 1, sequence
    batch.logits[row] = wanted


def _serve(answer: Callable[[dict[str, Any]], Answer]) -> None:
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


def main() -> int:
    """Run once, or serve."""
    parser = argparse.ArgumentParser(description=__doc__, add_help=True)
    parser.add_argument("model")
    parser.add_argument("--threads", type=int, default=0, help="0: one for each core")
    parser.add_argument("--prefill-threads", type=int, default=0)
    parser.add_argument("--context", type=int, default=4096)
    parser.add_argument("--batch", type=int, default=2048)
    parser.add_argument("--micro-batch", type=int, default=512)
    parser.add_argument("--streams", type=int, default=1)
    parser.add_argument("--split-kv", action="store_true", help="KV space for each stream")
    parser.add_argument("--flash-attention", choices=_FLASH_ATTENTION, default="auto")
    parser.add_argument("--kv-type", choices=_KV_TYPES, default="f16")
    parser.add_argument("--own-order", action="store_true", help="weights as in the file")
    parser.add_argument("--serve", action="store_true")
    parser.add_argument("--high-level", action="store_true")
    parser.add_argument("--prompt-tokens", type=int, default=512)
    parser.add_argument("--tokens", type=int, default=64)
    chosen = parser.parse_args()
    loop = HighLevel(chosen) if chosen.high_level else BareLoop(chosen)
    try:
        if chosen.serve:
            _serve(loop.answer)
        else:
            print(json.dumps(loop.answer(_once(chosen))))
    finally:
        loop.close()
    return 0


def _once(chosen: argparse.Namespace) -> dict[str, Any]:
    text = " ba" * chosen.prompt_tokens
    if chosen.high_level:
        return {"chats": [[{"role": "user", "content": text}]], "tokens": chosen.tokens}
    return {"prompts": [text] * chosen.streams, "tokens": chosen.tokens}


if __name__ == "__main__":
    sys.exit(main())
