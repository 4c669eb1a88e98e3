"""Reads the header of a GGUF file: what the model is, and whether the file is whole.

Standard library only, because it runs in the window's process. The file is untrusted: every count
and length is checked before it is believed, and nothing is kept that is not shown.
"""

from __future__ import annotations

import os
import re
import stat
import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from app.engine.quantization import UNKNOWN, quantization_name
from app.modelhub.entities import GgufFacts
from app.modelhub.errors import GgufError, GgufIncomplete

_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
# Generous: real files have some 60 entries, 1,500 tensors and 800,000 array elements.
_MOST_ENTRIES = 10_000
_MOST_TENSORS = 100_000
_MOST_ELEMENTS = 8_000_000  # strings and lists in arrays, over the whole header
_LIST_COST = 8  # a list in a list takes as long as so many strings
_LONGEST_KEY = 1024
_LONGEST_ALIGNMENT = 1 << 20
_DEEPEST_ARRAY = 4
_SHOWN_TEXT = 200
_CHUNK = 1 << 20

_STRING, _ARRAY, _BOOL = 8, 9, 7
_SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<B",
            10: "<Q", 11: "<q", 12: "<d"}  # fmt: skip

# ggml_type -> (name, weights in a block, bytes of a block)
_TENSOR_TYPES = {
    0: ("F32", 1, 4), 1: ("F16", 1, 2), 2: ("Q4_0", 32, 18), 3: ("Q4_1", 32, 20),
    6: ("Q5_0", 32, 22), 7: ("Q5_1", 32, 24), 8: ("Q8_0", 32, 34), 9: ("Q8_1", 32, 40),
    10: ("Q2_K", 256, 84), 11: ("Q3_K", 256, 110), 12: ("Q4_K", 256, 144), 13: ("Q5_K", 256, 176),
    14: ("Q6_K", 256, 210), 15: ("Q8_K", 256, 292), 16: ("IQ2_XXS", 256, 66),
    17: ("IQ2_XS", 256, 74), 18: ("IQ3_XXS", 256, 98), 19: ("IQ1_S", 256, 50),
    20: ("IQ4_NL", 32, 18), 21: ("IQ3_S", 256, 110), 22: ("IQ2_S", 256, 82),
    23: ("IQ4_XS", 256, 136), 24: ("I8", 1, 1), 25: ("I16", 1, 2), 26: ("I32", 1, 4),
    27: ("I64", 1, 8), 28: ("F64", 1, 8), 29: ("IQ1_M", 256, 56), 30: ("BF16", 1, 2),
    34: ("TQ1_0", 256, 54), 35: ("TQ2_0", 256, 66), 39: ("MXFP4", 32, 17), 40: ("NVFP4", 64, 36),
    41: ("Q1_0", 128, 18),
}  # fmt: skip

_PART = re.compile(r"-(\d{5})-of-(\d{5})\.gguf$", re.IGNORECASE)


def read_gguf_facts(path: Path) -> GgufFacts:
    """Say what a GGUF file holds. A model in several files is given by its first.

    Raises:
        GgufError: it is no usable GGUF model file, or not whole; the message says why.
    """
    header = _read_header(path)
    facts = _facts(path, header)
    for part in _other_parts(path, header):
        more = _read_header(part)
        facts = replace(
            facts,
            size_bytes=facts.size_bytes + more.file_size,
            parameters=facts.parameters + more.parameters,
        )
    return facts


@dataclass(slots=True)
class _Header:
    file_size: int
    version: int = 0
    values: dict[str, str | int | float | bool] = field(default_factory=dict)
    array_lengths: dict[str, int] = field(default_factory=dict)
    parameters: int = 0
    weights_by_type: Counter[int] = field(default_factory=Counter)
    data_end: int = 0  # of the tensor data, from its start

    def integer(self, key: str) -> int:
        value = self.values.get(key, 0)
        return value if isinstance(value, int) and 0 <= value < 1 << 63 else 0

    def text(self, key: str) -> str:
        value = self.values.get(key, "")
        return value if isinstance(value, str) else ""


class _Reader:
    """Reads little-endian values off a file, a chunk in memory at a time."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._size = size
        self._chunk = b""
        self._chunk_start = 0
        self._at = 0  # in the chunk
        self._elements_left = _MOST_ELEMENTS

    @property
    def position(self) -> int:
        return self._chunk_start + self._at

    def number(self, code: str) -> int | float:
        need = struct.calcsize(code)
        if self._at + need > len(self._chunk):
            self._load(need)
        (value,) = struct.unpack_from(code, self._chunk, self._at)
        self._at += need
        return value  # type: ignore[no-any-return]  # the codes above give int or float

    def count(self, code: str = "<Q") -> int:
        return int(self.number(code))

    def string(self, keep: int) -> str:
        """A string, of which at most `keep` bytes are kept."""
        length = self.count()
        self._must_have(length)
        kept = min(length, keep)
        if self._at + kept > len(self._chunk):
            self._load(kept)
        text = self._chunk[self._at : self._at + kept].decode("utf-8", "replace")
        self.skip(length)
        return text

    def skip(self, length: int) -> None:
        self._must_have(length)
        self._at += length
        if self._at > len(self._chunk):
            position = self.position
            self._chunk, self._chunk_start, self._at = b"", position, 0

    def spend(self, elements: int) -> None:
        """Count what takes a step each, so that no header takes for ever."""
        self._elements_left -= elements
        if self._elements_left < 0:
            raise _damaged("its lists are too long")

    def skip_strings(self, count: int) -> None:
        self.spend(count)
        while count:
            count -= self._skip_strings_in_chunk(count)
            if count:
                self.skip(self.count())
                count -= 1

    def _skip_strings_in_chunk(self, count: int) -> int:
        """The tight loop for vocabularies: strings that lie in the chunk as a whole."""
        chunk, at, end, done = self._chunk, self._at, len(self._chunk), 0
        length_of = _LENGTH.unpack_from
        while done < count and at + 8 <= end:
            after = at + 8 + length_of(chunk, at)[0]
            if after > end:
                break
            at = after
            done += 1
        self._at = at
        return done

    def _load(self, need: int) -> None:
        self._must_have(need)
        position = self.position
        self._file.seek(position)
        self._chunk = self._file.read(max(need, _CHUNK))
        self._chunk_start, self._at = position, 0
        if len(self._chunk) < need:  # it shrank while we read it
            raise _incomplete_header(self._size)

    def _must_have(self, length: int) -> None:
        if self.position + length > self._size:
            raise _incomplete_header(self._size)


_LENGTH = struct.Struct("<Q")


def _read_header(path: Path) -> _Header:
    try:
        # Asked before opening, because opening a pipe or a device could wait for ever.
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise GgufError(f"“{path.name}” is not a file.", "Choose a file that ends in .gguf.")
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            return _parse(_Reader(file, size), size)
    except OSError as error:
        raise GgufError(
            f"“{path.name}” cannot be read ({error.strerror or error}).",
            "Check that the file is still there and that you may open it.",
        ) from error
    except GgufError as error:
        raise _named(path, error) from error.__cause__


def _parse(reader: _Reader, size: int) -> _Header:
    if size < 4 or _magic(reader) != _MAGIC:
        raise GgufError(
            "This file is not a GGUF model.",
            "Cairn runs models in the GGUF format. Look for a download that ends in .gguf.",
        )
    header = _Header(size, version=_version(reader))
    tensors, entries = reader.count(), reader.count()
    if entries > _MOST_ENTRIES or tensors > _MOST_TENSORS:
        raise _damaged("its counts are impossible")
    for _ in range(entries):
        _read_entry(reader, header)
    for _ in range(tensors):
        _read_tensor(reader, header)
    _check_whole(reader, header)
    return header


def _magic(reader: _Reader) -> bytes:
    return bytes(reader.count("<B") for _ in range(4))


def _version(reader: _Reader) -> int:
    version = reader.count("<I")
    if version in _VERSIONS:
        return version
    if version and version & 0xFFFF == 0:
        raise GgufError(
            "This file was made for big-endian computers.",
            "Download the ordinary (little-endian) GGUF of this model.",
        )
    if version == 1:
        raise GgufError(
            "This file is in the first GGUF version, which is no longer read.",
            "Download a newer GGUF of this model.",
        )
    raise GgufError(
        f"This file has GGUF version {version}, which this Cairn does not know.",
        "Update Cairn, or download another GGUF of this model.",
    )


def _read_entry(reader: _Reader, header: _Header) -> None:
    key = reader.string(_LONGEST_KEY)
    kind = reader.count("<I")
    if key in header.values or key in header.array_lengths:
        raise _damaged(f"the entry “{_clean(key)[:60]}” is there twice")
    if kind == _ARRAY:
        header.array_lengths[key] = _skip_array(reader)
    else:
        header.values[key] = _scalar(reader, kind)


def _scalar(reader: _Reader, kind: int) -> str | int | float | bool:
    if kind == _STRING:
        return reader.string(_SHOWN_TEXT * 4)
    if kind not in _SCALARS:
        raise _damaged(f"it uses an unknown type of entry ({kind})")
    value = reader.number(_SCALARS[kind])
    return bool(value) if kind == _BOOL else value


def _skip_array(reader: _Reader, depth: int = 1) -> int:
    if depth > _DEEPEST_ARRAY:
        raise _damaged("its lists are nested too deeply")
    kind, length = reader.count("<I"), reader.count()
    if kind == _STRING:
        reader.skip_strings(length)
    elif kind == _ARRAY:
        reader.spend(length * _LIST_COST)
        for _ in range(length):
            _skip_array(reader, depth + 1)
    elif kind in _SCALARS:
        reader.skip(length * struct.calcsize(_SCALARS[kind]))
    else:
        raise _damaged(f"it uses an unknown type of entry ({kind})")
    return length


def _read_tensor(reader: _Reader, header: _Header) -> None:
    reader.string(0)  # its name
    dimensions = reader.count("<I")
    if dimensions > 4:
        raise _damaged(f"a tensor has {dimensions} dimensions")
    weights = 1
    for _ in range(dimensions):
        weights *= reader.count()
    if weights >= 1 << 63:
        raise _damaged("a tensor is impossibly large")
    kind, offset = reader.count("<I"), reader.count()
    _name, block, block_bytes = _TENSOR_TYPES.get(kind, ("", 1, 0))
    header.parameters += weights
    header.weights_by_type[kind] += weights
    header.data_end = max(header.data_end, offset + weights // block * block_bytes)


def _check_whole(reader: _Reader, header: _Header) -> None:
    alignment = header.values.get("general.alignment", 32)
    if type(alignment) is not int or not 1 <= alignment <= _LONGEST_ALIGNMENT:
        raise _damaged("its alignment is impossible")
    start = (reader.position + alignment - 1) // alignment * alignment
    if header.data_end and start + header.data_end > header.file_size:
        raise GgufIncomplete(
            f"This file is incomplete: {header.file_size:,} of {start + header.data_end:,} bytes"
            " are there.",
            "The download was probably interrupted. Download it again.",
        )


def _facts(path: Path, header: _Header) -> GgufFacts:
    architecture = _clean(header.text("general.architecture"))[:60]
    if not architecture:
        raise _named(path, _damaged("it does not say which kind of model it is"))
    vocabulary = header.array_lengths.get("tokenizer.ggml.tokens", 0)
    return GgufFacts(
        path=path,
        size_bytes=header.file_size,
        version=header.version,
        name=_clean(header.text("general.name"))[:120] or path.stem,
        architecture=architecture,
        quantization=_quantization(header),
        parameters=header.parameters,
        context_length=header.integer(f"{architecture}.context_length"),
        layers=header.integer(f"{architecture}.block_count"),
        embedding_length=header.integer(f"{architecture}.embedding_length"),
        vocabulary=vocabulary or header.integer(f"{architecture}.vocab_size"),
        has_chat_template=bool(header.text("tokenizer.chat_template")),
        metadata=tuple(_shown(header)),
    )


def _quantization(header: _Header) -> str:
    """What the file says, else the type that most of its weights have."""
    named = quantization_name(header.values.get("general.file_type"))
    if named != UNKNOWN or not header.weights_by_type:
        return named
    ((kind, _weights),) = header.weights_by_type.most_common(1)
    return _TENSOR_TYPES.get(kind, (UNKNOWN, 1, 0))[0]


def _shown(header: _Header) -> Iterator[tuple[str, str]]:
    for key, value in header.values.items():
        text = _clean(str(value))
        yield _clean(key), text if len(text) <= _SHOWN_TEXT else text[: _SHOWN_TEXT - 1] + "…"
    for key, length in header.array_lengths.items():
        yield _clean(key), f"[{length} values]"


def _clean(text: str) -> str:
    """One line without control or invisible characters, since it comes from the file."""
    return "".join(each for each in " ".join(text.split()) if each.isprintable())


def _other_parts(path: Path, header: _Header) -> Iterator[Path]:
    count = header.integer("split.count")
    if count <= 1:
        return
    number = header.integer("split.no")
    named = _PART.search(path.name)
    if number != 0 or count > _MOST_ENTRIES or not named:
        raise GgufError(
            f"“{path.name}” is part {number + 1} of a model in {count} files.",
            "Keep the parts in one folder under their own names and choose the first one.",
        )
    for each in range(2, count + 1):
        part = path.with_name(f"{path.name[: named.start()]}-{each:05d}-of-{count:05d}.gguf")
        if not part.exists():
            raise GgufIncomplete(
                f"“{path.name}” is the first of {count} files, and “{part.name}” is missing.",
                "Put all parts into one folder.",
            )
        yield part


def _damaged(detail: str) -> GgufError:
    return GgufError(f"This file is damaged: {detail}.", "Download it again.")


def _incomplete_header(size: int) -> GgufIncomplete:
    return GgufIncomplete(
        f"This file is incomplete or damaged: it ends after {size:,} bytes, in its header.",
        "The download was probably interrupted. Download it again.",
    )


def _named(path: Path, error: GgufError) -> GgufError:
    return type(error)(error.message.replace("This file", f"“{path.name}”", 1), error.hint)
