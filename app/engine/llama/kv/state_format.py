"""How the state of one conversation lies in a file: a checked header, then the state itself.

The header has a magic text, a version, the key the state belongs to, the tokens it stands for, the
length and CRC of the state, and a digest of all that. Numbers are in the computer's own order, as
the state is; on a computer of the other order the version reads wrong.
"""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from array import array
from dataclasses import dataclass
from typing import BinaryIO

MOST_TOKENS = 1 << 24

_MAGIC = b"CairnKV\n"
_VERSION = 1
_FIXED = struct.Struct("=8sI4x32sQQI4x")  # magic, version, key, tokens, state bytes, state CRC
_TOKEN_BYTES = 8
_DIGEST_BYTES = 16


class Untrusted(Exception):
    """A file is damaged, or of another kind, version or key."""


@dataclass(frozen=True, slots=True)
class StateHead:
    """What a file says of its state.

    Attributes:
        state_bytes, state_crc: length and CRC-32 of the state.
    """

    tokens: array[int]
    state_bytes: int
    state_crc: int


def head_bytes(tokens: int) -> int:
    """Length of the header for so many tokens."""
    return _FIXED.size + tokens * _TOKEN_BYTES + _DIGEST_BYTES


def make_head(key: bytes, tokens: array[int], state: memoryview) -> bytes:
    """The header of a file; the state follows it."""
    fixed = _FIXED.pack(_MAGIC, _VERSION, key, len(tokens), len(state), zlib.crc32(state))
    head = fixed + tokens.tobytes()
    return head + digest(head)


def read_head(file: BinaryIO, key: bytes) -> StateHead:
    """The header, checked; the file then stands at its state.

    Sizes are compared with the file's before anything of their size is read.

    Raises:
        Untrusted: it is not a whole file of this key.
    """
    fixed = file.read(_FIXED.size)
    if len(fixed) != _FIXED.size:
        raise Untrusted
    magic, version, found_key, count, state_bytes, state_crc = _FIXED.unpack(fixed)
    if magic != _MAGIC or version != _VERSION or found_key != key or not 0 < count <= MOST_TOKENS:
        raise Untrusted
    if os.fstat(file.fileno()).st_size != head_bytes(count) + state_bytes:
        raise Untrusted
    stored = file.read(count * _TOKEN_BYTES)
    if len(stored) != count * _TOKEN_BYTES or file.read(_DIGEST_BYTES) != digest(fixed + stored):
        raise Untrusted
    return StateHead(array("q", stored), state_bytes, state_crc)


def read_state(file: BinaryIO, head: StateHead) -> bytes:
    """The state behind a header, checked.

    Raises:
        Untrusted: it is damaged.
    """
    state = file.read(head.state_bytes)
    if len(state) != head.state_bytes or zlib.crc32(state) != head.state_crc:
        raise Untrusted
    return state


def digest(data: bytes) -> bytes:
    """For headers and names."""
    return hashlib.blake2b(data, digest_size=_DIGEST_BYTES).digest()
