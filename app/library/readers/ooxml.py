"""Office Open XML and EPUB packages: XML entries and the relationships between them."""

from __future__ import annotations

import posixpath
from typing import Final
from urllib.parse import unquote

from lxml import etree

from app.library.cleaning import clean_line
from app.library.errors import damaged, too_large
from app.library.readers.archive import Archive

# A parsed tree takes ten times its length in memory.
_LARGEST_TREE_BYTES: Final = 100_000_000
_DC_TITLE: Final = "{http://purl.org/dc/elements/1.1/}title"


def parse_entry(archive: Archive, name: str) -> etree._Element:
    """Parse one XML entry.

    Raises:
        ReaderError: it is missing or malformed, or declares entities.
    """
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_pis=True
    )
    data = archive.read(name)
    if len(data) > _LARGEST_TREE_BYTES:
        raise too_large(archive.what, f"{_LARGEST_TREE_BYTES // 1_000_000} MB of text")
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise damaged(archive.what) from error
    if root.getroottree().docinfo.internalDTD is not None and name.endswith((".xml", ".rels")):
        raise damaged(archive.what)  # office files declare nothing; entities are there to harm
    return root


def local(element: etree._Element) -> str:
    """The tag without its namespace: transitional and strict files differ only there."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def attribute(element: etree._Element | None, name: str) -> str:
    """An attribute by its name without namespace; empty if absent."""
    if element is None:
        return ""
    for key, value in element.attrib.items():
        if str(key).rpartition("}")[2] == name:
            return str(value)
    return ""


def child(element: etree._Element | None, *path: str) -> etree._Element | None:
    """The first descendant along a path of names without namespace."""
    for name in path:
        if element is None:
            return None
        element = next((each for each in element if local(each) == name), None)
    return element


def relationships(archive: Archive, name: str) -> dict[str, tuple[str, str]]:
    """What an entry refers to inside the package: id -> (last word of its type, entry name)."""
    folder, base = posixpath.split(name)
    entry = posixpath.join(folder, "_rels", f"{base}.rels")
    if entry not in archive.names:
        return {}
    found = {}
    for each in parse_entry(archive, entry):
        if each.get("TargetMode") != "External":
            kind = each.get("Type", "").rpartition("/")[2]
            found[each.get("Id", "")] = (kind, resolve(folder, each.get("Target", "")))
    return found


def related(archive: Archive, name: str, kind: str) -> str:
    """The first present entry of a kind that an entry refers to; empty if there is none."""
    for each, target in relationships(archive, name).values():
        if each == kind and target in archive.names:
            return target
    return ""


def resolve(folder: str, target: str) -> str:
    """An entry name from a reference relative to a folder of the package."""
    path = unquote(target.partition("#")[0])
    return posixpath.normpath(posixpath.join("/", folder, path)).lstrip("/")


def package_title(archive: Archive) -> str:
    """The title in the package's properties."""
    name = related(archive, "", "core-properties")
    if not name:
        return ""
    return clean_line(parse_entry(archive, name).findtext(f".//{_DC_TITLE}") or "")
