"""Asks once before something that cannot be undone."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from app.ui.icons import Icons
from app.ui.widgets.buttons import Button
from app.ui.widgets.choice import Choice
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import row
from app.ui.widgets.sheet import Sheet


class ConfirmSheet(Sheet):
    """A question over the window, answered by one button or by going back. Used once."""

    def __init__(
        self,
        window: QWidget,
        icons: Icons,
        title: str,
        text: str,
        choice: Choice,
        *,
        is_dangerous: bool = False,
        back: str = "Cancel",
    ) -> None:
        super().__init__(window, icons, title, width=440)
        self._choice = choice
        self.back = Button(back)
        self.back.clicked.connect(self.dismiss)
        kind = "danger" if is_dangerous else "primary"
        self.confirm = Button(choice.text, kind, choice.icon)
        self.confirm.clicked.connect(self._on_confirm_clicked)
        self.body.setSpacing(20)
        self.body.addWidget(Label(text, "body2", wrap=True))
        self.body.addWidget(row(None, self.back, self.confirm))
        self.closed.connect(self.deleteLater)

    def first_focus(self) -> QWidget | None:
        return self.back

    def _on_confirm_clicked(self) -> None:
        self.dismiss()
        self._choice.run()
