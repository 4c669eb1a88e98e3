"""Opens a prompt file of any notation."""

from __future__ import annotations

from pathlib import Path

from app.prompts.files.front_matter import MOST_TEXT
from app.prompts.files.markdown import read_markdown
from app.prompts.files.prompt_file import PromptFile, PromptFileError
from app.prompts.files.prompty import read_prompty

_READERS = {
    ".prompty": read_prompty,
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".txt": read_markdown,
}
_MOST_BYTES = MOST_TEXT * 4


def open_prompt(path: Path) -> PromptFile:
    """The prompt in a file; without a name in it, it gets that of the file.

    Raises:
        PromptFileError: it cannot be opened, is of another kind, too large or broken.
    """
    read = _READERS.get(path.suffix.lower())
    if read is None:
        raise PromptFileError(
            f"{path.name} is no prompt file that Cairn can read.",
            f"It reads {', '.join(_READERS)}.",
        )
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)  # the reader refuses what is longer
    except OSError as error:
        raise PromptFileError(
            f"{path.name} cannot be opened ({error.strerror or type(error).__name__}).",
            "Check that it is there and that you may read it.",
        ) from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PromptFileError(
            f"{path.name} is no text in UTF-8.",
            "Save it as UTF-8 in a text editor, then import it again.",
        ) from error
    return read(text, path.stem)
