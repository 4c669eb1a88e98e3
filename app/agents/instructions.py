"""Instructions of an agent from a version of a prompt."""

from __future__ import annotations

from app.agents.errors import BadAgent
from app.engine.messages import Role
from app.prompts.entities import PromptVersion


def instructions_from(version: PromptVersion) -> str:
    """The system parts of a version, filled in with the defaults of its variables.

    Raises:
        BadAgent: it has none, or a variable has no default.
        PromptError: the prompt is broken.
    """
    from app.prompts.rendering import render  # late, with Jinja2
    from app.prompts.variables import check

    checked = check(version.content.variables, {})
    if checked.problems:
        names = ", ".join(checked.problems)
        raise BadAgent(
            f"The prompt has variables without a value: {names}.",
            "Give them defaults, or take a prompt without them.",
        )
    turns = render(version.content, checked.values)
    text = "\n\n".join(turn.content for turn in turns if turn.role is Role.SYSTEM)
    if not text.strip():
        raise BadAgent("The prompt has no system part.", "Write one, or take another prompt.")
    return text.strip()
