"""Bytes to text: which encoding a text file has, and whether it is text at all."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from typing import Final

from app.library.errors import ReaderError

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark is the start of this one
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLE_BYTES: Final = 65_536
_CONTROL: Final = bytes(set(range(32)) - {0x08, 0x09, 0x0A, 0x0C, 0x0D, 0x1A, 0x1B} | {0x7F})
_MOST_CONTROL: Final = 0.02
_MOST_NUL: Final = 0.3
# What people's old files are in, most common first: an equal fit goes to the first.
_LATIN_NAMES: Final = """
    cp1252 cp1250 cp1254 cp1257 iso8859_15 iso8859_2 mac_roman cp850 cp852 cp437
"""
_OTHER_NAMES: Final = """
    cp1251 gb18030 shift_jis big5 euc_kr euc_jp cp1253 cp1255 cp1256 cp1258 koi8_r koi8_u cp874
    cp866 iso8859_5 iso8859_7
"""
_LATIN: Final = _LATIN_NAMES.split()
_OTHER: Final = _OTHER_NAMES.split()
# Letters beyond a to z, a language each: the right encoding gives letters of one language.
_WESTERN_LETTERS: Final = """
    äöüß àâæçéèêëîïôœùûüÿ áéíñóúü àáâãçéêíóôõúü àèéìíîòóùú áéëïíóöü åäöéü æøåéö
"""
_OTHER_LETTERS: Final = """
    ąćęłńóśźż áčďéěíňóřšťúůýž áäčďéíĺľňóôŕšťúýž áéíóöőúüű ăâîșțşţ čćđšž çğıöşüâîû ąčęėįšųūž
    āčēģīķļņšūž äõöüšž áðéíóúýþæö
"""
_ALPHABETS: Final = tuple(map(frozenset, f"{_WESTERN_LETTERS} {_OTHER_LETTERS}".split()))
_WESTERN: Final = frozenset(_WESTERN_LETTERS)
_MIXED_WESTERN: Final = 0.95  # several western languages in one file are common, but less likely
_SIGNS: Final = frozenset("§°²³µ·«»“”„‚‘’–—…€£¥©®™•½¼¾×†‰ªº¿¡\u00a0\u00ad")  # noqa: RUF001
_SIGN_IN_WORD: Final = re.compile(r"(?<=[a-z])[^\w\s’\u00ad](?=[a-z])")  # noqa: RUF001
_GOOD_FIT: Final = 0.9
_MOST_ACCENTED: Final = 0.4
_DECLARED: Final = re.compile(
    rb"""<(?:meta[^>]{0,200}?charset|\?xml[^>]{0,100}?encoding)\s*=\s*["']?([\w-]{2,30})""", re.I
)
_LEFTOVERS: Final = re.compile("[\x00\ud800-\udfff]")


def looks_like_text(head: bytes) -> bool:
    """Tell text in any encoding from binary data, by the start of a file."""
    if _bom(head) or _utf16_without_bom(head):
        return True
    nul = head.count(0)
    if nul > _MOST_NUL * len(head):
        return False
    control = len(head) - len(head.translate(None, _CONTROL)) - nul
    return control <= _MOST_CONTROL * len(head)


def decode_text(data: bytes) -> str:
    """Decode a text file.

    Raises:
        ReaderError: no encoding fits.
    """
    return _decode(data, "")


def decode_markup(data: bytes) -> str:
    """Decode HTML or XML, which may name its own encoding."""
    named = _DECLARED.search(data[:4096])
    return _decode(data, named[1].decode("ascii") if named else "")


def _decode(data: bytes, declared: str) -> str:
    if (marked := _bom(data)) is not None:
        bom, encoding = marked
        text = data[len(bom) :].decode(encoding, "replace")
    elif encoding := _utf16_without_bom(data):
        text = data.decode(encoding, "replace")
    else:
        text = _decode_unmarked(data, declared)
    return _LEFTOVERS.sub("", text)


def _decode_unmarked(data: bytes, declared: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        repaired = data.decode("utf-8", "replace")
    broken = repaired.count("\ufffd")
    valid = len(repaired) - len(repaired.encode("ascii", "ignore")) - broken
    # A few broken bytes in UTF-8 are that, not a sign of some old Asian encoding.
    if valid > 4 * broken:
        return repaired
    return data.decode(_known(declared) or _legacy_encoding(data), "replace")


def _known(declared: str) -> str:
    # A stranger's file must not choose a codec that takes quadratic time, such as punycode.
    try:
        name = codecs.lookup(declared).name
    except LookupError:
        return ""
    name = {"iso8859-1": "cp1252", "ascii": "cp1252"}.get(name, name).replace("-", "_")
    return name if name in _LATIN or name in _OTHER else ""


def _legacy_encoding(data: bytes) -> str:
    # Lines that are plain ASCII say nothing about the encoding; those that are not decide.
    telling = [line for line in data[: 64 * _SAMPLE_BYTES].splitlines() if not line.isascii()]
    sample = b"\n".join(telling)[:_SAMPLE_BYTES]
    fits = {encoding: _latin_fit(sample, encoding) for encoding in _LATIN}
    best = max(_LATIN, key=lambda encoding: fits[encoding])
    return best if fits[best] >= _GOOD_FIT else _other_encoding(sample)


def _latin_fit(sample: bytes, encoding: str) -> float:
    """The share of special characters that one European language explains; 0 for no such text."""
    text = sample.decode(encoding, "replace").lower()
    special = Counter(character for character in text if character > "\x7f")
    letters = sum(map(str.isalpha, text))
    accented = sum(count for character, count in special.items() if character.isalpha())
    if accented > _MOST_ACCENTED * letters:
        return 0.0
    signs = sum(count for each, count in special.items() if each in _SIGNS)
    explained: float = max(_covered(special, alphabet) for alphabet in _ALPHABETS)
    explained = max(explained, _MIXED_WESTERN * _covered(special, _WESTERN)) + signs
    misplaced = len([each for each in _SIGN_IN_WORD.findall(text) if each > "\x7f"])
    return (explained - misplaced) / max(1, special.total())


def _covered(special: Counter[str], alphabet: frozenset[str]) -> int:
    return sum(count for each, count in special.items() if each in alphabet)


def _other_encoding(sample: bytes) -> str:
    from charset_normalizer import from_bytes  # slow to import and rarely needed

    best = from_bytes(sample, cp_isolation=[*_OTHER, *_LATIN], threshold=0.6).best()
    if best is None:
        raise ReaderError(
            "The text of this file is in an encoding that could not be recognised.",
            "Open it in its own program, save it as UTF-8 text, and add that.",
        )
    return str(best.encoding)


def _bom(data: bytes) -> tuple[bytes, str] | None:
    return next(((bom, name) for bom, name in _BOMS if data.startswith(bom)), None)


def _utf16_without_bom(data: bytes) -> str:
    sample = data[:4096]
    pairs = len(sample) // 2
    if pairs < 2:
        return ""
    even, odd = sample[0::2].count(0) / pairs, sample[1::2].count(0) / pairs
    if odd > 0.5 and even < 0.05:
        return "utf-16-le"
    if even > 0.5 and odd < 0.05:
        return "utf-16-be"
    return ""
