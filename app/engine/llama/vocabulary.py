"""A model's vocabulary: text to tokens, tokens to bytes, and which tokens end or control."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from app.engine.llama.native import llama_cpp

_UNKNOWN_OR_CONTROL = 1 << 0 | 1 << 3  # llama_token_attr: what parse_special looks for
_USER_DEFINED = 1 << 4  # looked for in any text, such as Qwen's <tool_call>
_MARKUP = re.compile(r"[<\[].*[>\]]", re.DOTALL)


class Vocabulary:
    """Tokens of one loaded model. It lives as long as the model.

    Attributes:
        size: number of tokens.
        handle: the native vocabulary.
    """

    def __init__(self, model: Any) -> None:
        self.handle: Any = llama_cpp.llama_model_get_vocab(model)
        self.size: int = llama_cpp.llama_vocab_n_tokens(self.handle)
        self.bos: int = llama_cpp.llama_vocab_bos(self.handle)
        self.eos: int = llama_cpp.llama_vocab_eos(self.handle)
        self.adds_bos: bool = llama_cpp.llama_vocab_get_add_bos(self.handle)
        self._plain: dict[int, bytes] = {}
        self._special: dict[int, bytes] = {}

    def tokenize(self, text: str, *, parse_special: bool) -> list[int]:
        """The tokens of a text; control tokens are read out of it only with `parse_special`."""
        data = text.encode("utf-8", "replace")
        size = len(data) + 8  # never more tokens than bytes, but for a space put in front
        tokens = (llama_cpp.llama_token * size)()
        count = llama_cpp.llama_tokenize(
            self.handle, data, len(data), tokens, size, False, parse_special
        )
        if count < 0:
            tokens = (llama_cpp.llama_token * -count)()
            count = llama_cpp.llama_tokenize(
                self.handle, data, len(data), tokens, -count, False, parse_special
            )
        return list(tokens[: max(count, 0)])

    def prompt(self, pieces: Sequence[str]) -> list[int]:
        """The tokens of a rendered prompt, the begin token in front where the model wants one."""
        tokens: list[int] = []
        for piece in pieces:
            tokens += self.tokenize(piece, parse_special=True)
        if self.adds_bos and self.bos >= 0 and tokens[:1] != [self.bos]:
            tokens.insert(0, self.bos)
        return tokens

    def piece(self, token: int, *, special: bool = False) -> bytes:
        """The bytes a token stands for; none for a control token unless `special`."""
        known = self._special if special else self._plain
        found = known.get(token)
        if found is None:
            found = known[token] = self._read_piece(token, special)
        return found

    def text(self, token: int) -> str:
        """How a token, a control token too, is spelled; empty for none."""
        return self.piece(token, special=True).decode("utf-8", "replace") if token >= 0 else ""

    def is_end(self, token: int) -> bool:
        """Whether a reply ends with this token."""
        return bool(llama_cpp.llama_vocab_is_eog(self.handle, token))

    def control_tokens(self) -> dict[int, str]:
        """Every control token with its spelling."""
        return {token: self.text(token) for token in self._with(_UNKNOWN_OR_CONTROL)}

    def markup_tokens(self) -> dict[int, str]:
        """Tokens that look like markup and are read out of any text, control tokens or not."""
        texts = {token: self.text(token) for token in self._with(_USER_DEFINED)}
        return {token: text for token, text in texts.items() if _MARKUP.fullmatch(text)}

    def _with(self, attributes: int) -> list[int]:
        return [token for token, each in enumerate(self._attributes) if each & attributes]

    @cached_property
    def _attributes(self) -> list[int]:
        attribute = llama_cpp.llama_vocab_get_attr
        return [attribute(self.handle, token) for token in range(self.size)]

    def _read_piece(self, token: int, special: bool) -> bytes:
        buffer = ctypes.create_string_buffer(64)
        size = llama_cpp.llama_token_to_piece(self.handle, token, buffer, 64, 0, special)
        if size < 0:
            buffer = ctypes.create_string_buffer(-size)
            size = llama_cpp.llama_token_to_piece(self.handle, token, buffer, -size, 0, special)
        return buffer.raw[: max(size, 0)]
