"""Says in words why a model could not be loaded, from what llama.cpp logged about it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.engine.errors import ModelLoadError, NotEnoughMemory

_AGAIN = "The file is damaged or its download was interrupted. Download it again."
_SMALLER = "Choose a smaller file of this model or a shorter context, or close other programs."
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
    (r"failed to open GGUF file", "The file cannot be opened.",
     "Check that it is still there and that you may open it."),
    (r"this GGUF file is version (\d+) but",
     "It has GGUF version {}, which the engine does not know.",
     "Download another GGUF of this model, or update Cairn."),
    (r"\(TYPE_\S+ REMOVED", "Its numbers are in a form that is no longer in use.", _OTHER),
    (r"gguf_init_from_\w+: |string length \d+ exceeds", "The header of the file is damaged.",
     _AGAIN),
    (r"failed to (?:re)?allocate|unable to allocate|bad_alloc|out of memory|cannot allocate memory",
     "There is not enough memory for this model.", _SMALLER),
    (r"(?:missing tensor|check_tensor_dims: tensor) '([^']*)'(?! has wrong)",
     "The model file lacks a part (“{}”).", _OTHER),
    (r"wrong number of tensors", "The model file has more parts than a model of its kind.", _OTHER),
    (r"key not found in model: (\S+)", "The model file does not say what “{}” is.", _OTHER),
    (r"key (\S+) has wrong (?:type|array type|length|array length)",
     "What the model file says of “{}” has an unusual form.", _OTHER),
    (r"unknown tokenizer: '([^']*)'", "The engine does not know the tokenizer “{}”.", _UPDATE),
    (r"tensor '([^']*)' has wrong shape", "A part of the model file (“{}”) has the wrong size.",
     _OTHER),
    (r"id_to_token\.size\(\) == token_to_id\.size\(\)",
     "The model's vocabulary has two entries with the same text.", _OTHER),
)  # fmt: skip

# Lines that carry a reason, as llama.cpp, ggml and C++ write it.
_REASONS = (
    r"error loading model[^:]*: (.+)",
    r"(GGML_ASSERT\(.+)",
    r"ERROR error: (.+)",
    r"what\(\):\s*(.+)",
    # "ret = 2" and "compute status: 1" come of our own Stop and say nothing of what went wrong.
    r"(\S+: (?:error|failed)(?!.*(?:ret = 2|compute status: 1)$).+)",
)
# What is written as the last thing by a process that ends itself.
_DYING_REASONS = (
    r"(GGML_ASSERT\(.+)",
    r"\S+\.(?:c|cc|cpp|cu|cuh|h|hpp|m|mm):\d+: (.+)",
    r"what\(\):\s*(.+)",
    r"ERROR error: (.+)",
    r"((?:CUDA|ROCm|Vulkan|Metal|SYCL) error.*)",
    r"(.*(?:out of memory|failed to allocate|unable to allocate|bad_alloc).*)",
)
_DYING_LINES = 12
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
            kind = NotEnoughMemory if hint is _SMALLER else ModelLoadError
            return kind(f"“{name}” cannot be loaded. {what}", hint)
    if _MEMORY_SIGNAL in ended:
        return NotEnoughMemory(
            f"“{name}” cannot be loaded. The engine {ended} while it was loading.", _SMALLER
        )
    reason = last_words(lines) or dying_words(lines)
    said = f" The engine says: {reason}." if reason else ""
    how = f" The engine {ended} while it was loading." if ended else ""
    return ModelLoadError(f"“{name}” cannot be loaded.{how}{said}", _OTHER)


def last_words(lines: Sequence[str]) -> str:
    """The line of a native log that says what went wrong; empty if none does."""
    return _first_of(_REASONS, lines)


def dying_words(lines: Sequence[str]) -> str:
    """Why a process that had worked ended, as the end of its log says; empty if it does not.

    Errors of requests, which it had survived, may stand there too, and are not the reason.
    """
    return _first_of(_DYING_REASONS, lines[-_DYING_LINES:])


def _first_of(patterns: Sequence[str], lines: Sequence[str]) -> str:
    for pattern in patterns:
        for line in reversed(lines):
            if found := re.search(pattern, line):
                return _shown(found.group(1))
    return ""


def _shown(text: str) -> str:
    """A line from a log or a file, made fit to be shown."""
    return "".join(each for each in " ".join(text.split()) if each.isprintable())[:200].rstrip(" .")
