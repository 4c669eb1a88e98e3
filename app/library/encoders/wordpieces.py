"""Text to token ids, and batches of them that waste little padding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from tokenizers import Tokenizer

from app.library.encoders import MAX_TOKENS

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Small batches stay in the processor's cache: on two cores 8 texts of full length beat 32 by a
# quarter. Short texts, such as sentences, share a batch up to the same number of tokens.
BATCH_TOKENS: Final = 8 * 192
BATCH_TEXTS: Final = 32
# Nobody's 256 wordpieces are longer than this; keeps one endless line from being tokenized whole.
MAX_CHARACTERS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Batch:
    """Texts of similar length, padded to the longest; `indexes` say which texts they are."""

    indexes: tuple[int, ...]
    ids: NDArray[np.int64]
    mask: NDArray[np.int64]


class Wordpieces:
    """The model's tokenizer. Safe on several threads."""

    def __init__(self, tokenizer_file: Path) -> None:
        # One for counting, one that cuts: a truncation setting belongs to the whole tokenizer.
        self._counting = _load(tokenizer_file)
        self._cutting = _load(tokenizer_file)
        self._cutting.enable_truncation(MAX_TOKENS)

    def count(self, texts: Sequence[str]) -> list[int]:
        """Wordpieces of each text, without the start and end marks."""
        encoded = self._counting.encode_batch_fast(_clean(texts), add_special_tokens=False)
        return [len(each) for each in encoded]

    def batches(self, texts: Sequence[str]) -> Iterator[Batch]:
        """All texts, longest first."""
        cut = _clean([each[:MAX_CHARACTERS] for each in texts])
        ids = [each.ids for each in self._cutting.encode_batch_fast(cut)]
        order = sorted(range(len(ids)), key=lambda index: -len(ids[index]))
        start = 0
        while start < len(order):
            fitting = BATCH_TOKENS // max(1, len(ids[order[start]]))
            chosen = order[start : start + max(1, min(BATCH_TEXTS, fitting))]
            yield _pad(chosen, ids)
            start += len(chosen)


def _load(tokenizer_file: Path) -> Any:
    tokenizer: Any = Tokenizer.from_file(str(tokenizer_file))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _clean(texts: Sequence[str]) -> list[str]:
    # Lone surrogates, which file names and broken UTF-16 bring, cannot cross into native code.
    return [each.encode("utf-8", "replace").decode("utf-8") for each in texts]


def _pad(indexes: list[int], ids: list[list[int]]) -> Batch:
    width = len(ids[indexes[0]])
    padded = np.zeros((len(indexes), width), np.int64)
    mask = np.zeros_like(padded)
    for row, index in enumerate(indexes):
        padded[row, : len(ids[index])] = ids[index]
        mask[row, : len(ids[index])] = 1
    return Batch(tuple(indexes), padded, mask)
