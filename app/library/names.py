"""What the name of a file promises. The only list of endings there is."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from app.library.entities import DocumentKind

_CODE: Final = """
    py pyi pyx ipynb js mjs cjs ts tsx jsx vue svelte java kt kts scala groovy gradle c h cc cpp cxx
    hpp hh cs fs vb go rs swift m mm rb php pl pm lua r jl dart ex exs erl hs ml clj lisp el sh bash
    zsh fish ps1 bat cmd sql css scss sass less json jsonl ndjson json5 yaml yml toml ini cfg conf
    properties env xml xsd xsl wsdl proto graphql tf nix cmake mk asm s v vhd sv f90 f pas diff
    patch
"""
_TEXT: Final = "txt text log rst adoc asciidoc org tex bib srt vtt eml nfo me"
SUFFIXES: Final = (
    {f".{each}": DocumentKind.CODE for each in _CODE.split()}
    | {f".{each}": DocumentKind.TEXT for each in _TEXT.split()}
    | dict.fromkeys((".md", ".markdown", ".mdown", ".mkd", ".qmd", ".rmd"), DocumentKind.MARKDOWN)
    | dict.fromkeys((".html", ".htm", ".xhtml", ".xht"), DocumentKind.WEB)
    | dict.fromkeys((".csv", ".tsv", ".tab", ".xlsx", ".xlsm", ".xltx"), DocumentKind.SHEET)
    | dict.fromkeys((".docx", ".docm", ".dotx"), DocumentKind.WORD)
    | dict.fromkeys((".pptx", ".pptm", ".ppsx", ".potx"), DocumentKind.SLIDES)
    | {".pdf": DocumentKind.PDF, ".epub": DocumentKind.EPUB}
)
_BARE_NAMES: Final = {
    "readme": DocumentKind.TEXT,
    "license": DocumentKind.TEXT,
    "changelog": DocumentKind.TEXT,
    "makefile": DocumentKind.CODE,
    "dockerfile": DocumentKind.CODE,
}


def kind_of_name(path: Path) -> DocumentKind | None:
    """What the name promises; None when it promises nothing that can be read.

    Good enough to choose the files of a folder; `app.library.sniff.identify` looks into the file.
    """
    return SUFFIXES.get(path.suffix.lower()) or _BARE_NAMES.get(path.name.lower())
