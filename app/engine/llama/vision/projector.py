"""Pictures for models that see: the projector that turns them into what the model reads.

Owns the projector and the decoding of image files. The KV space is the caller's.

Use: one `Projector` per loaded model; close it before the model. `read` turns the pieces of a
prompt, images among them, into tokens, with
negative placeholders where pictures are, and says which picture begins where; it decodes nothing,
so a conversation whose pictures are in the KV space already costs nothing. When the computation
comes to a picture, `evaluate` (or a `Sight`, which knows its context) decodes, encodes and computes
it and says where the text goes on. A file that is damaged inside is noticed only then.

A picture takes `tokens` cells of the KV space and as many positions as it has placeholders; with
M-RoPE the two differ. Placeholders come from the bytes of the file, so equal pictures compare as
equal tokens, and `fingerprint()` belongs into the key of stored state. The tokens that a model
wants around a picture are added here; a chat template that writes its own would double them.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.base.errors import Cancelled
from app.engine.errors import EngineError
from app.engine.llama.computing.context import Computed
from app.engine.llama.native import llama_cpp, native_log
from app.engine.llama.vision.image_file import read_image_facts
from app.engine.llama.vision.image_tokens import (
    ImageTokens,
    NativeChunk,
    decoded_bitmap,
    mtmd,
    placeholder_bitmap,
)
from app.engine.llama.vision.projector_file import (
    OTHER_FILE,
    check_projector,
    projector_error,
    refused,
)
from app.engine.llama.vocabulary import Vocabulary
from app.engine.messages import Image

_FIRST_PLACEHOLDER = 1 << 61

Piece = str | Image


@dataclass(frozen=True, slots=True)
class ImageChunk:
    """A picture, or one tile of it, as the model takes it.

    Attributes:
        image: the file.
        tile: number of the tile.
        tokens: cells of the KV space.
        placeholders: a negative number for each position.
    """

    image: Image = field(repr=False)
    tile: int
    tokens: int
    placeholders: tuple[int, ...] = field(repr=False)

    @property
    def positions(self) -> int:
        """Positions it takes."""
        return len(self.placeholders)


class Projector:
    """A loaded vision projector."""

    def __init__(
        self,
        path: Path,
        model: Any,
        *,
        threads: int,
        use_gpu: bool = True,
        most_tokens: int = 1024,
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        """Load it.

        Args:
            path: of the mmproj file.
            model: the native model; it must outlive this object.
            threads: that encode a picture.
            use_gpu: compute on the first graphics card, where there is one.
            most_tokens: of one picture, for models that take pictures of any size; larger ones
                are made smaller.
            is_cancelled: gives up loading.

        Raises:
            ProjectorError: it does not go with the model, or cannot be loaded.
            Cancelled: loading was given up.
        """
        mtmd.mtmd_helper_log_set(native_log.callback, None)
        self._path = path
        self._fingerprint = ""
        self._looked_at: tuple[Image, ImageTokens] | None = None
        check_projector(path)
        params = mtmd.mtmd_context_params_default()
        params.use_gpu = use_gpu
        params.n_threads = threads
        params.print_timings = False
        params.warmup = False  # the first picture makes room for itself
        params.image_max_tokens = most_tokens
        go_on = mtmd.mtmd_progress_callback(lambda _share, _data: not is_cancelled())
        params.progress_callback = go_on
        native_log.errors.clear()
        self._context: Any = mtmd.mtmd_init_from_file(os.fsencode(path), model, params)
        if is_cancelled():
            self.close()
            raise Cancelled
        if not self._context:
            raise projector_error(path, list(native_log.errors))
        if not mtmd.mtmd_support_vision(self._context):
            self.close()
            raise refused(path, "It hears, but does not see.", OTHER_FILE)

    def fingerprint(self) -> str:
        """SHA-256 of the file, for keys of stored state. The first call reads all of it."""
        if not self._fingerprint:
            with self._path.open("rb") as file:
                self._fingerprint = hashlib.file_digest(file, "sha256").hexdigest()
        return self._fingerprint

    def chunks(self, pieces: Sequence[Piece]) -> list[list[int] | ImageChunk]:
        """The pieces of a prompt as runs of tokens and pictures. May be called from any thread.

        Control tokens are read out of the text, as in a prompt without pictures.

        Raises:
            ImageError: a file is no image, or too large.
        """
        images = [each for each in pieces if isinstance(each, Image)]
        facts = iter([read_image_facts(each.data) for each in images])
        parts = [
            each if isinstance(each, str) else placeholder_bitmap(next(facts)) for each in pieces
        ]
        with ImageTokens(self._context, parts) as found:
            return [
                _image_chunk(images[each.image], each) if each.image >= 0 else each.text_tokens
                for each in found.chunks
            ]

    def read(
        self, pieces: Sequence[Piece], vocabulary: Vocabulary
    ) -> tuple[list[int], Mapping[int, ImageChunk]]:
        """The tokens of a prompt, the begin token in front, and where each picture begins.

        Raises:
            ImageError: a file is no image, or too large.
        """
        tokens: list[int] = []
        images: dict[int, ImageChunk] = {}
        runs = self.chunks(pieces)
        begins = [vocabulary.bos]
        if vocabulary.adds_bos and vocabulary.bos >= 0 and _first(runs) != begins:
            tokens += begins
        for run in runs:
            if isinstance(run, ImageChunk):
                images[len(tokens)] = run
                tokens += run.placeholders
            else:
                tokens += run
        return tokens, images

    def evaluate(self, context: Any, chunk: ImageChunk, sequence: int, position: int) -> int:
        """Compute a picture into the KV space; the position after it.

        Args:
            context: the native context.
            chunk: from `chunks`.
            sequence: number of the sequence.
            position: of the first of its placeholders.

        Raises:
            ImageError: the file is damaged.
            EngineError: there is no room for it, or it cannot be computed.
            Cancelled: it was interrupted. Nothing of it is left then, nor after an error.
        """
        native = self._look_at(chunk)
        batch = self._batch(context, native)
        if mtmd.mtmd_encode_chunk(self._context, native.handle) != 0:
            raise EngineError("The picture cannot be encoded.", "Try a smaller one.")
        end = llama_cpp.llama_pos(position)
        result = mtmd.mtmd_helper_decode_image_chunk(
            self._context,
            context,
            native.handle,
            mtmd.mtmd_get_output_embd(self._context),
            position,
            sequence,
            batch,
            ctypes.byref(end),
            mtmd.mtmd_helper_post_decode_callback(),
            None,
        )
        if result == Computed.DONE:
            if chunk.tile == self._last_tile:
                self._look_away()
            return int(end.value)
        memory = llama_cpp.llama_get_memory(context)
        llama_cpp.llama_memory_seq_rm(memory, sequence, position, -1)
        raise _failed(result)

    def close(self) -> None:
        """Give the memory back."""
        self._look_away()
        if self._context:
            mtmd.mtmd_free(self._context)
            self._context = None

    @property
    def _last_tile(self) -> int:
        chunks = self._looked_at[1].chunks if self._looked_at is not None else ()
        return max((each.tile for each in chunks if each.image >= 0), default=-1)

    def _look_at(self, chunk: ImageChunk) -> NativeChunk:
        """The tile with its pixels. The tiles of a picture are cut at one go and come in turn."""
        if self._looked_at is None or self._looked_at[0] is not chunk.image:
            self._look_away()
            data = chunk.image.data
            bitmap = decoded_bitmap(self._context, data, read_image_facts(data))
            self._looked_at = chunk.image, ImageTokens(self._context, [bitmap])
        tiles = [each for each in self._looked_at[1].chunks if each.image >= 0]
        for each in tiles:
            if (each.tile, each.tokens, each.positions) == (
                chunk.tile,
                chunk.tokens,
                chunk.positions,
            ):
                return each
        raise EngineError("The model cuts this picture in another way now.", "Ask again.")

    def _look_away(self) -> None:
        if self._looked_at is not None:
            self._looked_at[1].close()
            self._looked_at = None

    def _batch(self, context: Any, chunk: NativeChunk) -> int:
        """Tokens that are computed at one go."""
        if not mtmd.mtmd_decode_use_non_causal(self._context, chunk.handle):
            return int(llama_cpp.llama_n_batch(context))
        # Its parts see one another, so it cannot be cut; llama.cpp would end the process over it.
        most = int(min(llama_cpp.llama_n_batch(context), llama_cpp.llama_n_ubatch(context)))
        if chunk.tokens > most:
            raise EngineError(
                f"The picture has {chunk.tokens:,} tokens, which this model takes at one go; the"
                f" batch holds {most:,}.",
                "Choose a larger batch in Settings and load the model again.",
            )
        return most


class Sight:
    """A projector with the context it computes into."""

    def __init__(self, projector: Projector, context: Any) -> None:
        self._projector = projector
        self._context = context

    def evaluate(self, chunk: ImageChunk, sequence: int, position: int) -> int:
        """Compute a picture at this position; the position after it. See `Projector.evaluate`."""
        return self._projector.evaluate(self._context, chunk, sequence, position)


def _image_chunk(image: Image, native: NativeChunk) -> ImageChunk:
    about = hashlib.blake2b(image.data, digest_size=8, salt=native.tile.to_bytes(8, "little"))
    # Far below zero, and far from those of any other picture.
    first = int.from_bytes(about.digest(), "little") % _FIRST_PLACEHOLDER + _FIRST_PLACEHOLDER
    numbers = tuple(-(first + index) for index in range(native.positions))
    return ImageChunk(image, native.tile, native.tokens, numbers)


def _first(runs: Sequence[list[int] | ImageChunk]) -> list[int]:
    return runs[0][:1] if runs and isinstance(runs[0], list) else []


def _failed(result: int) -> EngineError | Cancelled:
    if result == Computed.ABORTED:
        return Cancelled()
    if result == Computed.NO_ROOM:
        return EngineError(
            "There is no room for the picture.",
            "Start a new conversation, or load the model with a longer context.",
        )
    return EngineError(f"The picture could not be computed ({result}).", "Load the model again.")
