"""A real GGUF file whose model follows a script, run by the real llama.cpp.

Each piece of a canned reply is a vocabulary entry of its own. Attention and feed-forward weights
are zero and embeddings are random ±1 codes, so the last hidden state is the code of the last
token; each row of the output head is the code of the token before it. Decoding, greedy or sampled,
follows the script. The chat template in the file chooses the reply to start with.
"""

from __future__ import annotations

import json
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

END = "<|im_end|>"
_NORMAL, _CONTROL = 1, 3  # gguf.TokenType
_PIECE = 4  # bytes

CITED = "The notice period is three months [1]."
LONG_REPLY = " ".join(f"Sentence {number} of a long reply." for number in range(1, 1200))


@dataclass(frozen=True, slots=True)
class Shape:
    """How much there is to compute; the defaults answer in about a millisecond a token."""

    width: int = 128
    layers: int = 1
    feed_forward: int = 128
    context_length: int = 32768


SMALL = Shape()
# Slow enough that a long prompt takes seconds to read and a reply to write, still one small file.
SLOW = Shape(width=512, layers=4, feed_forward=2048)


@dataclass(slots=True)
class _Vocabulary:
    texts: list[bytes] = field(default_factory=list)
    types: list[int] = field(default_factory=list)
    follows: dict[int, int] = field(default_factory=dict)  # token -> the token before it
    last: list[int] = field(default_factory=list)  # the last token of each reply
    known: set[bytes] = field(default_factory=set)

    def add(self, text: bytes, kind: int = _NORMAL) -> int:
        if text in self.known:
            raise ValueError(f"{text!r} is in the vocabulary twice")
        self.known.add(text)
        self.texts.append(text)
        self.types.append(kind)
        return len(self.texts) - 1

    def add_reply(self, start: int, reply: bytes) -> None:
        before = start
        for piece in self._pieces(reply):
            token = self.add(piece)
            self.follows[token] = before
            before = token
        self.last.append(before)

    def _pieces(self, reply: bytes) -> list[bytes]:
        """Cut where it falls, in the middle of a character too, so that each piece is new."""
        pieces: list[bytes] = []
        seen, position = set(self.known), 0
        while position < len(reply):
            end = position + _PIECE
            while end < len(reply) and reply[position:end] in seen:
                end += 1
            piece = reply[position:end]
            while piece in seen and pieces:  # only the last piece can still be an old one
                seen.remove(pieces[-1])
                piece = pieces.pop() + piece
            seen.add(piece)
            pieces.append(piece)
            position = end
        return pieces


def scripted_gguf(
    path: Path,
    replies: Mapping[str, str] | None = None,
    *,
    template: str | None = None,
    shape: Shape = SMALL,
    repeat_a_token: bool = False,
    metadata: Mapping[str, str] | None = None,
) -> Path:
    """Write the model.

    Args:
        path: where to.
        replies: needle in the last message -> reply; the needle "" is the one for all others.
        template: the chat template; `{{ GO }}`, as plain text, is replaced by the choice of reply.
        shape: how big and slow the model is.
        repeat_a_token: give two vocabulary entries one text, on which llama.cpp aborts.
        metadata: more text entries for the header.
    """
    replies = {"": CITED} | dict(replies or {})
    vocabulary = _vocabulary(replies)
    if repeat_a_token:
        vocabulary.texts[-1] = vocabulary.texts[-2]
    go = _choice(tuple(replies))
    chat = (
        _TEMPLATE.replace("{{ GO }}", go) if template is None else template.replace("{{ GO }}", go)
    )
    _write(path, vocabulary, chat, shape, dict(metadata or {}))
    return path


_TEMPLATE = """{%- for message in messages -%}
<|im_start|>{{ message.role }}
{{ message.content }}<|im_end|>
{% endfor -%}
{%- if add_generation_prompt -%}<|im_start|>assistant
{{ GO }}{%- endif -%}"""

HOSTILE_TEMPLATE = """{%- for a in range(99999) -%}{%- for b in range(99999) -%}
{%- for c in range(99999) -%}{%- set x = a * b * c -%}{%- endfor -%}
{%- endfor -%}{%- endfor -%}"""


def truncated(path: Path, source: Path, share: float = 0.7) -> Path:
    """A copy of a model that lacks its end, as an interrupted download leaves it."""
    content = source.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


def bad_magic(path: Path, source: Path) -> Path:
    """A copy of a model that does not begin with GGUF."""
    path.write_bytes(b"NOPE" + source.read_bytes()[4:])
    return path


def hostile_template(path: Path) -> Path:
    """A model whose chat template does not end."""
    return scripted_gguf(path, template=HOSTILE_TEMPLATE)


def aborting(path: Path) -> Path:
    """A model on which llama.cpp calls abort() while it loads."""
    return scripted_gguf(path, repeat_a_token=True)


def slow(path: Path, reply: str = LONG_REPLY, shape: Shape = SLOW) -> Path:
    """A model that takes seconds for a long prompt, and seconds for its long reply."""
    return scripted_gguf(path, {"": reply}, shape=shape)


def _choice(needles: tuple[str, ...]) -> str:
    """Jinja that prints the start token of the first reply whose needle is in the last message."""
    branches = "".join(
        f"{{%- if {json.dumps(needle)} in messages[-1].content -%}}<|go{index}|>{{%- else -%}}"
        for index, needle in enumerate(needles)
        if needle
    )
    ends = "{%- endif -%}" * sum(1 for needle in needles if needle)
    return f"{branches}<|go{needles.index('')}|>{ends}"


def _vocabulary(replies: Mapping[str, str]) -> _Vocabulary:
    vocabulary = _Vocabulary()
    for byte in range(256):
        vocabulary.add(bytes([byte]))
    for first, second in _pairs():
        vocabulary.add(first + second)
    vocabulary.add(b"<|im_start|>", _CONTROL)
    vocabulary.add(END.encode(), _CONTROL)
    starts = [vocabulary.add(f"<|go{index}|>".encode(), _CONTROL) for index in range(len(replies))]
    for start, reply in zip(starts, replies.values(), strict=True):
        vocabulary.add_reply(start, reply.encode())
    return vocabulary


def _pairs() -> Iterator[tuple[bytes, bytes]]:
    """Pairs of letters, so that ordinary text takes about two characters a token."""
    for first in " " + string.ascii_lowercase:
        for second in string.ascii_lowercase:
            yield first.encode(), second.encode()


def _write(
    path: Path, vocabulary: _Vocabulary, template: str, shape: Shape, metadata: dict[str, str]
) -> None:
    import gguf  # brings numpy, which the rest of the suite can do without

    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("Scripted")
    writer.add_context_length(shape.context_length)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(max(1, shape.width // 64))
    writer.add_head_count_kv(max(1, shape.width // 64))
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    end = vocabulary.texts.index(END.encode())
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(
        [_byte_level(*pair) for pair in zip(vocabulary.texts, vocabulary.types, strict=True)]
    )
    writer.add_token_types(vocabulary.types)
    writer.add_token_merges([f"{_letters(first)} {_letters(second)}" for first, second in _pairs()])
    writer.add_eos_token_id(end)
    writer.add_add_bos_token(False)
    writer.add_chat_template(template)
    for key, value in metadata.items():
        writer.add_string(key, value)
    for name, values in _tensors(vocabulary, end, shape):
        writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _tensors(vocabulary: _Vocabulary, end: int, shape: Shape) -> Iterator[tuple[str, Any]]:
    import numpy as np  # as above

    size, width = len(vocabulary.texts), shape.width
    random = np.random.default_rng(7)
    codes = random.choice(np.array([-1, 1], np.float16), size=(size, width))
    codes[vocabulary.last] = codes[vocabulary.last[0]]  # one code says "the end is next"
    head = np.zeros((size, width), np.float16)
    for token, before in vocabulary.follows.items():
        head[token] = codes[before]
    head[end] = codes[vocabulary.last[0]]
    yield "token_embd.weight", codes
    yield "output_norm.weight", np.ones(width, np.float32)
    yield "output.weight", head
    for layer in range(shape.layers):
        for name in ("attn_norm", "ffn_norm"):
            yield f"blk.{layer}.{name}.weight", np.ones(width, np.float32)
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            yield f"blk.{layer}.{name}.weight", np.zeros((width, width), np.float16)
        for name in ("ffn_gate", "ffn_up"):
            yield f"blk.{layer}.{name}.weight", np.zeros((shape.feed_forward, width), np.float16)
        yield f"blk.{layer}.ffn_down.weight", np.zeros((width, shape.feed_forward), np.float16)


def _byte_level(text: bytes, kind: int) -> str:
    return text.decode() if kind == _CONTROL else _letters(text)


def _letters(text: bytes) -> str:
    return "".join(_BYTE_LETTERS[byte] for byte in text)


def _byte_letters() -> dict[int, str]:
    """GPT-2's table: each byte as a visible character."""
    visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in visible]
    table = {byte: chr(byte) for byte in visible}
    return table | {byte: chr(256 + index) for index, byte in enumerate(hidden)}


_BYTE_LETTERS = _byte_letters()
