"""The sheet in which a prompt is filled in, for a question or as the persona of a chat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.base.errors import AppError
from app.prompts.entities import Content, Prompt
from app.ui.forms.variable_form import VariableForm
from app.ui.pane import PaneContext
from app.ui.widgets.buttons import Button
from app.ui.widgets.info_bar import Bars, InfoBar
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import ScrollPage, row
from app.ui.widgets.sheet import Sheet

if TYPE_CHECKING:
    from app.library.service import LibraryService

_WIDTH = 560


class PromptSheet(Sheet):
    """Used once; stays open while what is filled in is no good.

    Signals:
        filled: the values, by the names of the variables.
    """

    filled = Signal(object)

    def __init__(
        self,
        window: QWidget,
        context: PaneContext,
        prompt: Prompt,
        content: Content,
        words: str,
        *,
        done: str,
    ) -> None:
        """Make it.

        Args:
            window: it covers.
            context: of the pane.
            prompt: what it is called and for.
            content: with the variables to ask for.
            words: what will come of it.
            done: what the button says.
        """
        super().__init__(window, context.icons, prompt.name, width=_WIDTH)
        self._icons = context.icons
        self._bars = Bars()
        self._bars.reshaped.connect(self.place)
        self.form = VariableForm(context)
        self.form.show_variables(content.variables)
        self.form.submitted.connect(self._on_done_clicked)
        self._page = ScrollPage("Values", margins=(0, 0, 12, 4), width=_WIDTH)
        self._page.body.addWidget(self.form)
        self._page.body.addStretch(1)
        self._done = Button(done, "primary")
        self._done.clicked.connect(self._on_done_clicked)
        back = Button("Cancel")
        back.clicked.connect(self.dismiss)
        self.body.setSpacing(12)
        if prompt.description:
            self.body.addWidget(Label(prompt.description, "body2", wrap=True))
        self.body.addWidget(self._page, 1)
        self.body.addWidget(Label(words, "caption", wrap=True))
        self.body.addWidget(self._bars)
        self.body.addWidget(row(None, back, self._done))
        self.closed.connect(self.deleteLater)

    def attach(self, library: LibraryService) -> None:
        """Documents can be chosen."""
        self.form.attach(library)

    def remember(self, values: Mapping[str, object]) -> None:
        """Fill in what was filled in the last time."""
        self.form.set_values(values)

    def show_problem(self, error: AppError) -> None:
        """Say why the prompt cannot be used like this."""
        self._done.setEnabled(True)
        self._bars.show_only(InfoBar.for_error(self._icons, error))

    def first_focus(self) -> QWidget | None:
        fields = self.form.findChildren(QWidget)
        wanted = [each for each in fields if each.focusProxy() is not None]
        return wanted[0] if wanted else self._done

    def card_height(self, width: int) -> int:
        # A scroll area has no height of its own to speak of.
        inner = self._page.widget()
        wanted = inner.sizeHint().height() - self._page.sizeHint().height() if inner else 0
        return super().card_height(width) + max(wanted, 0) + 8

    def _on_done_clicked(self) -> None:
        if not self.form.problems():
            self._bars.clear()
            self._done.setEnabled(False)
            self.filled.emit(self.form.values())
