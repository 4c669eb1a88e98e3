"""A person at a terminal who allows what an agent wants to do, and answers what it asks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from app.cli.output import Printer

if TYPE_CHECKING:
    from app.agents.approvals import ApprovalRequest, Decision
    from app.agents.tools.asking import Question
    from app.base.jobs import CancelToken

_CHOICES = {"y": "yes, once", "a": "always", "e": "change the arguments", "n": "no"}


class Terminal:
    """Asks on the terminal. No answer, or one that is not understood, is a no."""

    def __init__(self, printer: Printer) -> None:
        self._printer = printer

    def approve(self, request: ApprovalRequest, cancel: CancelToken) -> Decision:
        """Show the call whole, and wait for a line."""
        from app.agents.approvals import Decision
        from app.agents.trace import Verdict

        self._show(request)
        offered = {
            key: words
            for key, words in _CHOICES.items()
            if key != "a" or Verdict.ALWAYS in request.verdicts
        }
        chosen = self._line(", ".join(f"{key} = {words}" for key, words in offered.items()), cancel)
        match chosen.strip().lower()[:1]:
            case "y":
                return Decision(Verdict.ONCE)
            case "a" if "a" in offered:
                return Decision(Verdict.ALWAYS)
            case "e":
                return self._edited(cancel)
        return Decision(Verdict.DENY, reason=self._line("Why not? (may be empty)", cancel).strip())

    def answer(self, question: Question, cancel: CancelToken) -> str | None:
        """Show the question, and wait for a line."""
        options = f" ({' / '.join(question.options)})" if question.options else ""
        return self._line(f"{question.text}{options}", cancel).strip() or None

    def _show(self, request: ApprovalRequest) -> None:
        title = request.preview.title if request.preview else request.spec.title
        server = f" of the server {request.spec.server}" if request.spec.server else ""
        note = self._printer.note
        note(f"\n{request.agent} wants to use {request.spec.name}{server}: {title}")
        note(json.dumps(dict(request.arguments), ensure_ascii=False, indent=2))
        if request.preview and request.preview.diff:
            note(request.preview.diff)
        note(request.why)
        if request.problem:
            note(request.problem)

    def _edited(self, cancel: CancelToken) -> Decision:
        from app.agents.approvals import Decision
        from app.agents.trace import Verdict

        try:
            arguments = json.loads(self._line("The arguments as JSON on one line", cancel))
        except ValueError:
            arguments = None
        if isinstance(arguments, dict):
            return Decision(Verdict.ONCE, arguments)
        return Decision(Verdict.DENY, reason="The changed arguments could not be read.")

    def _line(self, prompt: str, cancel: CancelToken) -> str:
        self._printer.note(f"{prompt}:")
        try:
            line = input()
        except EOFError:
            line = ""
        cancel.check()
        return line
