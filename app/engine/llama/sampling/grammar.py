"""A GBNF grammar that restricts the next token, at once or from a trigger in the reply on.

llama.cpp ends its process when a grammar is given a token that it does not allow, and on trigger
patterns that it cannot compile; it matches these over the whole reply, with a recursion for each
character. So triggers are looked for here, and every token is tried before it is accepted.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from app.engine.errors import GrammarError
from app.engine.llama.native import llama_cpp, native_log
from app.engine.llama.sampling.candidates import Candidates
from app.engine.llama.sampling.logprobs import Logits, lower_bound
from app.engine.llama.sampling.token_starts import Tokens, token_starts
from app.engine.llama.sampling.triggers import ReplySoFar, Trigger
from app.engine.llama.vocabulary import Vocabulary
from app.engine.protocol import Grammar

_MOST_LETTERS, _MOST_RULES, _MOST_NESTING = 1_000_000, 4_000, 200
_TRIED_FOR_ONE = 8
_NO_TOKENS: Tokens = np.empty(0, np.int32)
_CORRECT = "Correct the grammar or the schema. Nothing was generated."
# Literals, character ranges and comments, in which nothing counts; then what does.
_PARTS = re.compile(
    r'"(?:\\.|[^"\\])*"|\[(?:\\.|[^\]\\])*\]|#[^\n]*'
    r"|(?P<token>[<!])|(?P<rule>::=)|(?P<open>\()|(?P<close>\))|\{\s*(?P<least>\d+)\s*,\s*(?P<most>\d+)\s*\}",
    re.DOTALL,
)


class GrammarGate:
    """Lets only tokens through that the grammar allows. Tokens must be told to it in order."""

    def __init__(self, vocabulary: Vocabulary, grammar: Grammar) -> None:
        """Compile the grammar.

        Raises:
            GrammarError: it, or one of its triggers, cannot be compiled; why.
        """
        self._vocabulary = vocabulary
        self._grammar = grammar
        self._triggers = tuple(Trigger(each) for each in grammar.triggers)
        self._probe = Candidates(1)
        self._bytes: dict[int, int] = {}
        self._starts = token_starts(vocabulary)
        self._native: Any = _native(vocabulary, grammar)
        self._active = not self._triggers
        self._text = ReplySoFar()

    @property
    def is_active(self) -> bool:
        """Whether the grammar restricts the next token; false while it waits for its trigger."""
        return self._active

    def close(self) -> None:
        """Give the memory back."""
        if self._native is not None:
            llama_cpp.llama_sampler_free(self._native)
            self._native = None

    def reset(self) -> None:
        """Start again."""
        llama_cpp.llama_sampler_reset(self._native)
        self._active = not self._triggers
        self._text = ReplySoFar()

    def restrict(self, candidates: Candidates, enough: int = 0) -> None:
        """Leave only tokens that the grammar allows next.

        Args:
            candidates: all tokens, in order.
            enough: so many of the most probable ones are enough; 0 leaves all.
        """
        if not self._active:
            return
        logits = candidates.logits()

        def allowed(tokens: Tokens) -> Tokens:
            # The list is out of use meanwhile.
            candidates.several(tokens, np.zeros(len(tokens), np.float32))
            candidates.apply(self._native)
            return tokens[candidates.possible()]

        tokens = allowed(_best(logits, enough)) if enough else _NO_TOKENS
        if len(tokens) < enough or not enough:
            tokens = allowed(self._starts.possible(allowed))
        candidates.several(tokens, logits[tokens])

    def accept(self, token: int) -> bool:
        """Go on by a token; False, and no change, if the grammar does not allow it."""
        if self._active:
            return self._step(token)
        if self._vocabulary.is_end(token):
            return True
        self._text.add(token, self._vocabulary.piece(token, special=True))
        start = self._text.find(self._triggers)
        if start is None:
            return True
        if self._replay(start):
            self._active = True
            return True
        self._text.remove_last()
        llama_cpp.llama_sampler_reset(self._native)
        return False

    def _step(self, token: int) -> bool:
        if token < 0:
            return False
        self._probe.single(token)
        self._probe.apply(self._native)
        if not self._probe.possible().all():
            return False
        llama_cpp.llama_sampler_accept(self._native, token)
        return True

    def _replay(self, start: int) -> bool:
        """Give the grammar what the reply has from there on, even in the middle of a token."""
        for token, begin, end in self._text.tokens_after(start):
            if begin >= start:
                allowed = self._step(token)
            else:
                rest = self._vocabulary.piece(token, special=True)[start - begin : end - begin]
                allowed = all(self._step(each) for each in self._byte_tokens(rest))
            if not allowed:
                return False
        return True

    def _byte_tokens(self, text: bytes) -> Iterator[int]:
        """Tokens of one byte each that spell the text; -1 for a byte that has none."""
        known = self._bytes
        if any(byte not in known for byte in text):
            for token in range(self._vocabulary.size):
                piece = self._vocabulary.piece(token)
                if len(piece) == 1:
                    known.setdefault(piece[0], token)
                    if all(byte in known for byte in text):
                        break
        return (known.get(byte, -1) for byte in text)


def _best(logits: Logits, count: int) -> Tokens:
    """The most probable tokens, several times as many as are wanted, in no order."""
    wanted = min(_TRIED_FOR_ONE * count, len(logits))
    found: Tokens = np.flatnonzero(logits >= lower_bound(logits, wanted)).astype(np.int32)
    return found


def _native(vocabulary: Vocabulary, grammar: Grammar) -> Any:
    _check(grammar)
    text, root = grammar.gbnf.encode("utf-8", "replace"), grammar.root.encode("utf-8", "replace")
    sampler = llama_cpp.llama_sampler_init_grammar(vocabulary.handle, text, root)
    if sampler:
        return sampler
    # The parser says what is wrong only to the standard error output. Now that it is known to
    # come back, it is asked again and listened to.
    native_log.errors.clear()
    with _heard() as words:
        llama_cpp.llama_sampler_init_grammar(vocabulary.handle, text, root)
    raise _refused(_reason("".join(words)) or "llama.cpp does not accept it")


def _check(grammar: Grammar) -> None:
    """Refuse what llama.cpp would cut short, loop on or overflow its stack on."""
    if "\0" in grammar.gbnf or "\0" in grammar.root:
        raise _refused("it contains a zero byte")
    if not grammar.gbnf.strip():
        raise _refused("it is empty")
    if len(grammar.gbnf) > _MOST_LETTERS:
        raise _refused(f"it is longer than {_MOST_LETTERS:,} letters")
    rules = depth = 0
    for part in _PARTS.finditer(grammar.gbnf):
        if part["token"]:
            # llama.cpp lets tokens through that only begin well before such a place, and then ends.
            raise _refused("it names tokens by “<” or “!”; write their text in quotes instead")
        rules += part["rule"] is not None
        depth += (part["open"] is not None) - (part["close"] is not None)
        if depth > _MOST_NESTING or rules > _MOST_RULES:
            raise _refused("it has too many rules, or too many parentheses within each other")
        if part["least"] and int(part["least"]) > int(part["most"]):
            raise _refused(f"the repetition {part[0]} ends below its beginning")


def _refused(reason: str) -> GrammarError:
    return GrammarError(f"The grammar cannot be used: {reason}.", _CORRECT)


def _reason(words: str) -> str:
    for pattern in (
        r"error parsing grammar: ([^\n]+)",
        r"(?:invalid|unsupported) grammar,? ?:?([^\n]+)",
    ):
        if found := re.search(pattern, words):
            return found[1].strip()[:120]
    return native_log.errors[-1][:120] if native_log.errors else ""


@contextmanager
def _heard() -> Iterator[list[str]]:
    """Collect what is written to the standard error output in the block, instead of writing it."""
    words: list[str] = []
    with tempfile.TemporaryFile() as file:
        kept = os.dup(2)
        os.dup2(file.fileno(), 2)
        try:
            yield words
        finally:
            os.dup2(kept, 2)
            os.close(kept)
        file.seek(0)
        words.append(file.read().decode("utf-8", "replace"))
