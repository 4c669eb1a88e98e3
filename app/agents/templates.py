"""Agents to begin with. Their instructions are short and concrete, for small local models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from app.agents.drafts import AgentDraft
from app.agents.entities import Policy, ToolPolicy
from app.base.folding import fold


@dataclass(frozen=True, slots=True)
class AgentTemplate:
    """An agent that can be made in one step.

    Attributes:
        needs_folder: it does nothing before a folder is granted.
        example: of a task.
    """

    draft: AgentDraft
    description: str
    example: str
    needs_folder: bool = False


_DOCUMENTS: Final = """\
You answer questions from the person's own documents.
1. Call search_documents with the important words of the question.
2. If the passages do not answer it, search once more with other words. If a passage breaks off, \
read on with read_document.
3. Answer in a few sentences, in the language of the question. After each sentence put the number \
of the passage that it rests on, like [1].
If the documents do not answer the question, say so. Never answer from memory."""

_TABLE: Final = """\
You answer questions about tables (CSV, TSV and Excel files) in the granted folder.
1. Call list_files to find the table, then read_table to see its columns and some rows.
2. Never calculate in your head. Call analyse_table with Python code that computes over `rows` and \
prints the result. For a single sum use calculator.
3. If the code fails, read the message, correct the code, and call analyse_table again.
4. Answer with the numbers, and say from which file and which columns they are.
If the table does not have what is asked for, say what is missing."""

_TIDY: Final = """\
You tidy a folder for the person. You delete nothing unless they ask for it.
1. Call list_files to see what is there. Open a file with read_file only if its name says nothing.
2. Say the plan in one or two sentences. Then call move_file for one file after the other, into \
folders with plain names such as Invoices or Photos. Keep the names of the files themselves.
3. If something could belong in two places, call ask_user.
4. At the end, say what you moved and what you left."""


def _policies(allowed: str, asked: str = "") -> tuple[ToolPolicy, ...]:
    """The tools with these names; those that only look are allowed, all else asks."""
    free = [ToolPolicy(name, Policy.ALLOW) for name in allowed.split()]
    return (*free, *(ToolPolicy(name, Policy.ASK) for name in asked.split()))


_TEMPLATES: Final = (
    AgentTemplate(
        AgentDraft(
            "Answer from my documents",
            _DOCUMENTS,
            tools=_policies("search_documents read_document calculator current_time"),
        ),
        "Searches your library, reads on where needed, and cites what it found.",
        "What notice period do my contracts have?",
    ),
    AgentTemplate(
        AgentDraft(
            "Analyse a table",
            _TABLE,
            tools=_policies("list_files search_files read_table analyse_table calculator"),
        ),
        "Reads tables in a folder and works out the numbers with Python.",
        "Which month in sales.csv had the highest total?",
        needs_folder=True,
    ),
    AgentTemplate(
        AgentDraft(
            "Tidy a folder",
            _TIDY,
            tools=_policies(
                "list_files read_file search_files ask_user",
                "make_folder move_file delete_file restore_file",
            ),
        ),
        "Sorts files into folders, and asks before each change.",
        "Sort these downloads by what they are.",
        needs_folder=True,
    ),
)


def templates() -> tuple[AgentTemplate, ...]:
    """All of them."""
    return _TEMPLATES


def template_named(name: str) -> AgentTemplate | None:
    """The template with this name, whatever the case."""
    return next((each for each in _TEMPLATES if fold(each.draft.name) == fold(name)), None)
