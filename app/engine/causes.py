"""Says in words why a model could not be loaded, from what llama.cpp logged about it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.engine.errors import ModelLoadError

_AGAIN = "The file is damaged or its download was interrupted. Download it again."
_SMALLER = (
    "Choose a smaller file of this model or a shorter context in Settings, or close other programs."
)
_OTHER = "Choose another file of this model, or another model."
_UPDATE = "A newer Cairn may know it. Choose another model for now."

# What llama.cpp says -> what happened and what to do. The first that matches is taken.
_CAUSES = (
    (r"unknown model architecture: '([^']*)'", "The engine does not know models of the kind “{}”.",
     _UPDATE),
    (r"unknown pre-tokenizer type: '([^']*)'", "The engine does not know the tokenizer “{}”.",
     _UPDATE),
    (r"not within the file bounds|corrupted or incomplete", "The model file is incomplete.",
     _AGAIN),
    (r"invalid magic characters", "The file is not a GGUF model.",
     "Cairn runs models in the GGUF format. Look for a download that ends in .gguf."),
    (r"failed to (?:re)?allocate|unable to allocate|bad_alloc|out of memory|cannot allocate memory",
     "There is not enough memory for this model.", _SMALLER),
    (r"missing tensor '([^']*)'", "The model file lacks a part (“{}”).", _OTHER),
    (r"tensor '([^']*)' has wrong shape", "A part of the model file (“{}”) has the wrong size.",
     _OTHER),
    (r"id_to_token\.size\(\) == token_to_id\.size\(\)",
     "The model's vocabulary has two entries with the same text.", _OTHER),
)  # fmt: skip

# Lines that carry a reason, as llama.cpp, ggml and C++ write it.
_REASONS = (
    r"error loading model[^:]*: (.+)",
    r"(GGML_ASSERT\(.+)",
    r"what\(\):\s*(.+)",
    # "ret = 2" and "compute status: 1" come of our own Stop and say nothing of what went wrong.
    r"(\S+: (?:error|failed)(?!.*(?:ret = 2|compute status: 1)$).+)",
)
_MEMORY_SIGNAL = "SIGKILL"


def load_error(name: str, lines: Sequence[str], ended: str = "") -> ModelLoadError:
    """The error for a model that could not be loaded.

    Args:
        name: of the model file.
        lines: what was logged while it was loaded.
        ended: how the engine process ended, in words, if it did.
    """
    text = "\n".join(lines)
    for pattern, message, hint in _CAUSES:
        found = re.search(pattern, text, re.IGNORECASE)
        if found:
            what = message.format(*(_shown(group) for group in found.groups()))
            return ModelLoadError(f"“{name}” cannot be loaded. {what}", hint)
    if _MEMORY_SIGNAL in ended:
        return ModelLoadError(
            f"“{name}” cannot be loaded. The engine {ended} while it was loading.", _SMALLER
        )
    reason = last_words(lines)
    said = f" The engine says: {reason}." if reason else ""
    how = f" The engine {ended} while it was loading." if ended else ""
    return ModelLoadError(f"“{name}” cannot be loaded.{how}{said}", _OTHER)


def last_words(lines: Sequence[str]) -> str:
    """The line of a native log that says what went wrong; empty if none does."""
    for pattern in _REASONS:
        for line in reversed(lines):
            if found := re.search(pattern, line):
                return _shown(found.group(1))
    return ""


def _shown(text: str) -> str:
    """A line from a log or a file, made fit to be shown."""
    return "".join(each for each in " ".join(text.split()) if each.isprintable())[:200].rstrip(" .")
