"""Text and bitmaps as mtmd cuts them into chunks, with everything native freed together."""

from __future__ import annotations

import ctypes
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from app.engine.errors import ImageError
from app.engine.llama.native import llama_cpp
from app.engine.llama.vision.image_file import ImageFacts

__all__ = ["ImageTokens", "NativeChunk", "decoded_bitmap", "mtmd", "placeholder_bitmap"]

# The vision half of llama.cpp's binding. Not an import statement, which would be sorted before
# `native`, and that sets the environment of all native libraries.
mtmd: Any = import_module(f"{llama_cpp.__name__}.mtmd_cpp")

_IMAGE = 1  # mtmd_input_chunk_type
# The library would hand what it cannot decode to a video program, if it found one.
_NOWHERE = os.fsencode(Path(os.devnull) / "none")
_Pixels = ctypes.POINTER(ctypes.c_uint8)


@dataclass(frozen=True, slots=True)
class NativeChunk:
    """A run of text tokens, or a tile of an image.

    Attributes:
        image: number of the bitmap among those given; -1 for text.
        tile: number of the tile of that bitmap.
        tokens: cells it takes.
        positions: it takes.
    """

    handle: Any
    image: int
    tile: int
    tokens: int
    positions: int

    @property
    def text_tokens(self) -> list[int]:
        """The tokens of a text."""
        count = ctypes.c_size_t()
        values = mtmd.mtmd_input_chunk_get_tokens_text(self.handle, ctypes.byref(count))
        return list(values[: count.value]) if count.value else []


class ImageTokens:
    """Chunks of a prompt in order; valid until `close`."""

    def __init__(self, context: Any, parts: Sequence[str | Any]) -> None:
        """Cut.

        Args:
            context: of mtmd.
            parts: texts, and bitmaps, which are owned from here on.

        Raises:
            ImageError: an image cannot be cut for this model.
        """
        self._bitmaps = [each for each in parts if not isinstance(each, str)]
        self._chunks: Any = mtmd.mtmd_input_chunks_init()
        try:
            self._cut(context, parts)
        except BaseException:
            self.close()
            raise
        self.chunks = self._listed()

    def __enter__(self) -> ImageTokens:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the memory back."""
        if self._chunks:
            mtmd.mtmd_input_chunks_free(self._chunks)
            self._chunks = None
        for bitmap in self._bitmaps:
            mtmd.mtmd_bitmap_free(bitmap)
        self._bitmaps = []

    def _cut(self, context: Any, parts: Sequence[str | Any]) -> None:
        for number, bitmap in enumerate(self._bitmaps):
            mtmd.mtmd_bitmap_set_id(bitmap, str(number).encode())
        native = [_native_part(each) for each in parts]
        pointers = (ctypes.POINTER(mtmd.mtmd_input_part) * len(native))(
            *(ctypes.pointer(each) for each in native)
        )
        if mtmd.mtmd_tokenize_from_parts(context, self._chunks, pointers, len(native), False) != 0:
            raise ImageError(
                "The model cannot take this image.", "Try another size, or another image."
            )

    def _listed(self) -> list[NativeChunk]:
        tiles: Counter[int] = Counter()
        found: list[NativeChunk] = []
        for index in range(mtmd.mtmd_input_chunks_size(self._chunks)):
            handle = mtmd.mtmd_input_chunks_get(self._chunks, index)
            image = -1
            if mtmd.mtmd_input_chunk_get_type(handle) == _IMAGE:
                image = int(mtmd.mtmd_input_chunk_get_id(handle))
            found.append(
                NativeChunk(
                    handle,
                    image,
                    tiles[image],
                    int(mtmd.mtmd_input_chunk_get_n_tokens(handle)),
                    int(mtmd.mtmd_input_chunk_get_n_pos(handle)),
                )
            )
            tiles[image] += 1
        return found


def placeholder_bitmap(facts: ImageFacts) -> Any:
    """A bitmap of that size without pixels: enough to count, not to look at."""
    sides = (facts.width, facts.height)
    width, height = sides[::-1] if facts.is_turned else sides
    return mtmd.mtmd_bitmap_init(width, height, None)


def decoded_bitmap(context: Any, data: bytes, facts: ImageFacts) -> Any:
    """The pixels of an image file, turned as it is to be looked at.

    Raises:
        ImageError: it is damaged.
    """
    options = mtmd.mtmd_helper_init_opt_default()
    options.video_params.ffmpeg_bin_dir = _NOWHERE
    content = ctypes.cast(ctypes.c_char_p(data), _Pixels)
    found = mtmd.mtmd_helper_bitmap_init_from_buf_wrapper(
        context, content, len(data), False, options
    )
    bitmap = found.bitmap
    if found.video_ctx:
        mtmd.mtmd_helper_video_free(found.video_ctx)
    elif bitmap and (
        mtmd.mtmd_bitmap_get_nx(bitmap) == facts.width
        and mtmd.mtmd_bitmap_get_ny(bitmap) == facts.height
    ):
        return bitmap if facts.orientation == 1 else _turned(bitmap, facts)
    if bitmap:
        mtmd.mtmd_bitmap_free(bitmap)
    raise ImageError(
        "The image file is damaged, or stored in an unusual way.",
        "Open it in another program, save it as PNG, and add that.",
    )


def _turned(bitmap: Any, facts: ImageFacts) -> Any:
    import numpy as np  # only photographs that lie on their side need it

    pixels = ctypes.cast(mtmd.mtmd_bitmap_get_data(bitmap), _Pixels)
    stored = np.ctypeslib.as_array(pixels, (facts.height, facts.width, 3))
    upright = stored.transpose(1, 0, 2) if facts.is_turned else stored
    # Of the way back to upright, what is left after rows and columns changed places.
    down, across = {2: (1, -1), 3: (-1, -1), 4: (-1, 1), 5: (1, 1), 6: (1, -1), 7: (-1, -1),
                    8: (-1, 1)}[facts.orientation]  # fmt: skip
    upright = np.ascontiguousarray(upright[::down, ::across])
    height, width, _ = upright.shape
    turned = mtmd.mtmd_bitmap_init(width, height, upright.ctypes.data_as(_Pixels))
    mtmd.mtmd_bitmap_free(bitmap)
    return turned


def _native_part(part: str | Any) -> Any:
    if not isinstance(part, str):
        return mtmd.mtmd_input_part(None, part)
    data = part.encode("utf-8", "replace")
    text = mtmd.mtmd_input_text(data, len(data), False, True)
    return mtmd.mtmd_input_part(ctypes.pointer(text), None)
