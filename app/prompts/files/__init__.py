"""Prompts as files: `.prompty` and Markdown with front matter, in and out.

What a notation or a prompt cannot hold is never dropped in silence: it is listed in `left_out`.
"""

from app.prompts.files.markdown import read_markdown, write_markdown
from app.prompts.files.opening import open_prompt
from app.prompts.files.prompt_file import PromptFile, PromptFileError, Written
from app.prompts.files.prompty import read_prompty, write_prompty
from app.prompts.files.seeds import seed_prompts

__all__ = [
    "PromptFile",
    "PromptFileError",
    "Written",
    "open_prompt",
    "read_markdown",
    "read_prompty",
    "seed_prompts",
    "write_markdown",
    "write_prompty",
]
