"""Fills a prompt in: parts and values become the turns that a model gets.

Templates are the user's, but also come from files of others, so they run in the sandbox of chat
templates: time and text are bounded for the prompt as a whole. Values are data: what looks like
template syntax in them stays as it is. Tags on a line of their own leave no empty line behind.
"""

from __future__ import annotations

import re
import time
import traceback
from collections.abc import Mapping, Sequence

from jinja2 import StrictUndefined, nodes
from jinja2.exceptions import SecurityError, TemplateSyntaxError, UndefinedError

from app.engine.messages import Role, Turn
from app.engine.sandbox import TEMPLATE_FAILURES, LimitedEnvironment, Limits, OverBudget
from app.prompts.entities import Content, Part, Value
from app.prompts.errors import PromptError

MOST_TEMPLATE = 100_000  # characters of all parts together; compiled in about two seconds

_LONGEST_S = 2.0  # processor time for all parts together
_MOST_TEXT = 8_000_000  # characters of all parts together, and of any text on the way
_MOST_ON_THE_WAY = 64_000_000
_REACHES_OUT = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)
_UNDEFINED = re.compile(r"'(.+)' is undefined")


class PromptEnvironment(LimitedEnvironment):
    """The sandbox of a prompt: a name without a value is an error, other files do not exist."""

    def __init__(self, limits: Limits | None = None) -> None:
        super().__init__(limits)
        self.undefined = StrictUndefined
        del self.globals["raise_exception"], self.globals["strftime_now"]

    def parsed(self, text: str) -> nodes.Template:
        """The syntax tree of a part.

        Raises:
            TemplateSyntaxError: it is broken, or reaches for another template.
        """
        tree = self.parse(text)
        if reaching := next(tree.find_all(_REACHES_OUT), None):
            raise TemplateSyntaxError("a prompt cannot use other templates", reaching.lineno)
        return tree


def render(content: Content, values: Mapping[str, Value]) -> tuple[Turn, ...]:
    """The turns of a prompt. A part of which nothing but white space is left makes no turn.

    Args:
        content: its examples follow the leading system parts, word for word.
        values: of every variable, as `variables.check` gives them.

    Raises:
        PromptError: a part is broken or does too much; which one, in which line, and why.
    """
    if problem := too_long(content.parts):
        raise PromptError(problem, "Move long texts into variables.")
    deadline, room = time.thread_time() + _LONGEST_S, _MOST_TEXT
    turns: list[Turn] = []
    for index, part in enumerate(content.parts):
        left_s = deadline - time.thread_time()
        limits = Limits(max(round(left_s, 1), 0.1), room, _MOST_ON_THE_WAY)
        environment = PromptEnvironment(limits)
        try:
            if left_s <= 0:
                raise OverBudget(f"the parts before it ran for {_LONGEST_S:g} seconds")
            environment.parsed(part.text)
            text = environment.render(part.text, values)
        except TEMPLATE_FAILURES as error:
            raise _cannot(content.parts, index, error) from error
        room -= len(text)
        if text.strip():
            turns.append(Turn(part.role, text))
    if not turns:
        raise PromptError(
            "Nothing is left of this prompt: all its parts are empty.",
            "Write a user part, or fill in the values that it shows.",
        )
    return _with_examples(turns, content)


def too_long(parts: Sequence[Part]) -> str:
    """What is wrong with the length of the parts, in words; empty if nothing is."""
    size = sum(len(part.text) for part in parts)
    if size <= MOST_TEMPLATE:
        return ""
    return f"This prompt has {size:,} characters; {MOST_TEMPLATE:,} are the most."


def part_name(parts: Sequence[Part], index: int) -> str:
    """What a part is called in messages, such as “user part”; with its number if needed."""
    role = parts[index].role
    is_only = sum(part.role is role for part in parts) == 1
    return f"{role} part" if is_only else f"{role} part (part {index + 1})"


def reason(error: BaseException) -> str:
    """Why a template failed, in words that follow a colon."""
    if isinstance(error, UndefinedError) and (found := _UNDEFINED.search(str(error))):
        return f"“{found[1][:80]}” has no value"
    if isinstance(error, SecurityError) and not isinstance(error, OverBudget):
        return "it reaches for something that prompts may not use"
    if isinstance(error, RecursionError | MemoryError):
        return "its parts are too deep inside one another, or it calls itself without end"
    if isinstance(error, OverflowError):
        return "it counts or computes too far"
    message = error.message if isinstance(error, TemplateSyntaxError) else str(error)
    line = " ".join((message or type(error).__name__).split())
    return "".join(each for each in line if each.isprintable())[:200].rstrip(" .")


def line_of(error: BaseException) -> int:
    """The line of the template that an error comes from, from 1; 0 if that is not known."""
    if isinstance(error, TemplateSyntaxError):
        return error.lineno
    frames = traceback.walk_tb(error.__traceback__)
    lines = [line for frame, line in frames if frame.f_code.co_filename == "<template>"]
    return lines[-1] if lines else 0


def _with_examples(turns: Sequence[Turn], content: Content) -> tuple[Turn, ...]:
    first = next((n for n, turn in enumerate(turns) if turn.role is not Role.SYSTEM), len(turns))
    shown = [
        turn
        for each in content.examples
        for turn in (Turn(Role.USER, each.input), Turn(Role.ASSISTANT, each.output))
    ]
    return (*turns[:first], *shown, *turns[first:])


def _cannot(parts: Sequence[Part], index: int, error: BaseException) -> PromptError:
    name, line = part_name(parts, index), line_of(error)
    place = f" (line {line})" if line else ""
    return PromptError(
        f"The {name} of this prompt cannot be filled in{place}: {reason(error)}.",
        "Correct the prompt, then try again. Nothing was sent to a model.",
        index,
    )
