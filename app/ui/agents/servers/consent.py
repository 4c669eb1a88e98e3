"""The sheet that shows exactly what would run, or be connected to, and asks whether it may."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.agents.mcp.entities import LaunchTerms, Transport
from app.ui.agents.servers.lines import LinesBox
from app.ui.agents.servers.sheet import ServerSheet, titled
from app.ui.agents.servers.words import command_lines, consent_text, one_line, pair_lines, plain
from app.ui.icons import Icons
from app.ui.theme import ThemeKeeper
from app.ui.widgets.buttons import Button
from app.ui.widgets.choice import Severity
from app.ui.widgets.info_bar import InfoBar
from app.ui.widgets.labels import Label


class ConsentSheet(ServerSheet):
    """Shows terms. What was agreed to before is only shown.

    Signals:
        agreed: the person agrees to these terms.
    """

    agreed = Signal()

    def __init__(
        self, window: QWidget, icons: Icons, theme: ThemeKeeper, terms: LaunchTerms
    ) -> None:
        name, is_program = one_line(terms.server), terms.transport is Transport.STDIO
        question = f"Run “{name}”?" if is_program else f"Connect to “{name}”?"
        shown = f"What “{name}” runs" if is_program else f"Where “{name}” is"
        super().__init__(window, icons, shown if terms.is_agreed else question)
        self._theme = theme
        self.run = Button("Run it" if is_program else "Connect")
        self.content.addWidget(Label(consent_text(terms.transport), "body2", wrap=True))
        for warning in terms.warnings:
            bar = InfoBar(icons, plain(warning), Severity.WARN, closable=False)
            self.content.addWidget(bar)
        self._show_program(terms) if is_program else self._show_address(terms)
        if terms.is_agreed:
            self.back.setText("Close")
            self.back.setAccessibleName("Close")
            self.finish()
            return
        words = "You are asked again before anything of this changes."
        self.content.addWidget(Label(words, "caption", wrap=True))
        self.finish(self.run)
        self.arm_later(self.run)
        self.run.clicked.connect(self._on_run_clicked)

    def first_focus(self) -> QWidget | None:
        return self.back

    def _show_program(self, terms: LaunchTerms) -> None:
        program, *arguments = command_lines(terms)
        self._add("Program", [program])
        if arguments:
            self._add("Arguments, one a line", arguments, most=10)
        self._add("Started in the folder", [one_line(terms.folder)])
        hint = f"It also gets these from Cairn: {', '.join(terms.inherited)}."
        environment = pair_lines(terms.environment, " = ") or ("Nothing is added.",)
        self._add("Environment", environment, hint=hint if terms.inherited else "")

    def _show_address(self, terms: LaunchTerms) -> None:
        self._add("Address", [one_line(terms.url)])
        if terms.headers:
            self._add("Sent with every request", pair_lines(terms.headers, ": "))

    def _add(
        self, title: str, lines: list[str] | tuple[str, ...], *, hint: str = "", most: int = 6
    ) -> None:
        box = LinesBox(self._theme, title, most=most)
        box.show_lines(lines)
        self.content.addWidget(titled(title, box, hint=hint))

    def _on_run_clicked(self) -> None:
        self.dismiss()
        self.agreed.emit()
