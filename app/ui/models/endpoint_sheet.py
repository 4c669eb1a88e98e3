"""The sheet where a person connects to a model on a server, or changes such a connection."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLineEdit, QSpinBox, QWidget

from app.base.errors import AppError
from app.modelhub.endpoints import (
    EndpointDraft,
    KeyringMissing,
    KeyringTrouble,
    ServerFacts,
    is_unencrypted_internet,
)
from app.modelhub.entities import Endpoint
from app.ui.amounts import count_text
from app.ui.icons import Icons
from app.ui.widgets.buttons import Button
from app.ui.widgets.choice import Choice
from app.ui.widgets.info_bar import Bars, InfoBar, announce
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import NONE, ScrollPage, column, row
from app.ui.widgets.progress import ProgressBar
from app.ui.widgets.sheet import Sheet

_WIDTH = 560
_AROUND = 48  # the margins of the card and of the sheet's body, left and right
_LEAST_HEIGHT = 120
_LONGEST_TEXT = 2000
_LONGEST_NAME = 120
_MOST_CONTEXT = 10_000_000
_CONTEXT_STEP = 1024
_ABOUT = (
    "Any server that speaks the OpenAI API, such as llama-server, vLLM, Ollama or LM Studio. "
    "What you write goes to that server."
)


@dataclass(frozen=True, slots=True)
class EndpointEntry:
    """What a person entered.

    Attributes:
        key: None leaves the key of a known connection as it is.
        only_this_run: the key is forgotten when Cairn closes.
    """

    draft: EndpointDraft
    key: str | None
    only_this_run: bool = False


class EndpointSheet(Sheet):
    """Shows fields and what was found; knows nothing of servers or keyrings. Used once.

    Signals:
        look_requested: find out what is at the address of this entry. Whoever listens calls
            `show_found` or `show_problem`.
        save_requested: keep this entry. Whoever listens calls `dismiss` or `show_problem`.
    """

    look_requested = Signal(object)
    save_requested = Signal(object)

    def __init__(self, window: QWidget, icons: Icons, endpoint: Endpoint | None = None) -> None:
        title = "Connect to a server" if endpoint is None else "Connection to a server"
        super().__init__(window, icons, title, width=_WIDTH)
        self._icons = icons
        self._is_known = endpoint is not None
        self._bars = Bars()
        self._bars.reshaped.connect(self.place)
        self.address = _field("Address", "http://127.0.0.1:8080/v1")
        self.look = Button("Find models")
        self.allow = QCheckBox("Connect without encryption all the same")
        self.allow.setAccessibleName("Connect without encryption")
        self.key = _field("Key", "Only if the server wants one")
        self.model = QComboBox()
        self.context = QSpinBox()
        self.name = _field("Name", "Model and server", _LONGEST_NAME)
        self.found = Label("", "caption", wrap=True)
        self.busy = ProgressBar("Asking the server")
        self.back = Button("Cancel")
        self.save = Button("Connect" if endpoint is None else "Save", "primary")
        self.page = ScrollPage("Connection", margins=NONE, width=2 * _WIDTH)
        self._set_up()
        self._lay_out()
        self._connect()
        if endpoint is not None:
            self._show_endpoint(endpoint)
        self._on_address_changed()

    @property
    def entry(self) -> EndpointEntry:
        """As it is entered now."""
        key = self.key.text()
        draft = EndpointDraft(
            base_url=self.address.text().strip(),
            model=self.model.currentText(),
            name=self.name.text().strip(),
            context_length=self.context.value(),
            allow_plain_http=self.allow.isVisibleTo(self) and self.allow.isChecked(),
        )
        return EndpointEntry(draft, None if self._is_known and not self.key.isModified() else key)

    def show_found(self, facts: ServerFacts) -> None:
        """Offer the models of the server."""
        self._set_busy(False)
        self._bars.clear()
        wanted = self.model.currentText()
        self.model.clear()
        self.model.addItems([each.id for each in facts.models])
        chats = next((each.id for each in facts.models if not each.embeds), "")
        at = max(self.model.findText(wanted if wanted else chats), 0)
        self.model.setCurrentIndex(at)
        self._say(_found_text(facts))
        self._show_what_can_be_done()
        if facts.models:
            self.model.setFocus()

    def show_problem(self, error: AppError) -> None:
        """Say what went wrong, and let the fields be changed."""
        self._set_busy(False)
        self._say("")
        choice = None
        if isinstance(error, KeyringMissing | KeyringTrouble):
            choice = Choice("Keep it until I close Cairn", self._on_only_this_run_chosen)
        self._bars.show_only(InfoBar.for_error(self._icons, error, choice))
        announce(self, str(error))
        if choice is None:
            self.address.setFocus()

    def card_height(self, width: int) -> int:
        height, content = super().card_height(width), self.page.widget()
        if content is None:
            return height
        room = width - _AROUND
        needed = content.heightForWidth(room) if content.hasHeightForWidth() else -1
        needed = max(needed, content.sizeHint().height())
        return height - self.page.sizeHint().height() + needed

    def first_focus(self) -> QWidget | None:
        return self.address

    def dismiss(self) -> None:
        self.key.clear()  # no longer than it is needed
        super().dismiss()

    def _set_up(self) -> None:
        self.key.setEchoMode(QLineEdit.EchoMode.Password)
        self.key.setInputMethodHints(
            Qt.InputMethodHint.ImhHiddenText
            | Qt.InputMethodHint.ImhSensitiveData
            | Qt.InputMethodHint.ImhNoPredictiveText
        )
        self.model.setAccessibleName("Model")
        self.model.setPlaceholderText("Find the models first")
        self.model.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.context.setRange(0, _MOST_CONTEXT)
        self.context.setSingleStep(_CONTEXT_STEP)
        self.context.setGroupSeparatorShown(True)
        self.context.setSpecialValueText("As the server says")
        self.context.setAccessibleName("Context length in tokens")
        self.context.lineEdit().setAccessibleName("Context length in tokens")
        self.context.lineEdit().setTextMargins(11, 0, 0, 0)
        self.busy.show_progress(0, 0)
        self.busy.hide()
        self.page.setMinimumHeight(_LEAST_HEIGHT)
        self.allow.hide()

    def _lay_out(self) -> None:
        where = row(self.address, self.look)
        kept = Label("Kept in this computer's keyring.", "caption", wrap=True)
        parts = (
            Label(_ABOUT, "body2", wrap=True),
            _titled("Address", self.address, where, self.allow),
            _titled("Key", self.key, self.key, kept),
            _titled("Model", self.model, self.model, self.busy, self.found),
            _side_by_side(
                _titled("Name", self.name, self.name),
                _titled("Context length in tokens", self.context, self.context),
            ),
        )
        self.page.body.setSpacing(14)
        for part in parts:
            self.page.body.addWidget(part)
        self.page.body.addStretch(1)
        self.body.setSpacing(12)
        self.body.addWidget(self.page, 1)
        self.body.addWidget(self._bars)
        self.body.addWidget(row(None, self.back, self.save))

    def _connect(self) -> None:
        self.address.textChanged.connect(self._on_address_changed)
        self.key.textChanged.connect(self._on_server_changed)
        self.allow.clicked.connect(self._on_server_changed)
        self.address.returnPressed.connect(self.look.click)
        self.key.returnPressed.connect(self.look.click)
        self.name.returnPressed.connect(self.save.click)
        self.look.clicked.connect(self._on_look_clicked)
        self.save.clicked.connect(self._on_save_clicked)
        self.back.clicked.connect(self.dismiss)
        self.closed.connect(self.deleteLater)

    def _show_endpoint(self, endpoint: Endpoint) -> None:
        self.address.setText(endpoint.base_url)
        self.allow.setChecked(endpoint.allow_plain_http)
        self.key.setPlaceholderText("As it was")
        self.context.setValue(endpoint.context_length)
        self.name.setText(endpoint.name)
        self.model.addItem(endpoint.model)
        self.model.setCurrentIndex(0)

    def _show_what_can_be_done(self) -> None:
        is_free = self.busy.isHidden()
        has_address = bool(self.address.text().strip())
        for field in (self.address, self.key, self.name):
            field.setReadOnly(not is_free)
        for part in (self.allow, self.context):
            part.setEnabled(is_free)
        self.look.setEnabled(is_free and has_address)
        self.model.setEnabled(is_free and self.model.count() > 0)
        self.save.setEnabled(is_free and has_address and bool(self.model.currentText()))

    def _set_busy(self, is_busy: bool) -> None:
        if is_busy:
            # A button that is disabled hands the focus on, and Cancel would take the next Enter.
            self.address.setFocus()
        self.busy.setVisible(is_busy)
        self._show_what_can_be_done()

    def _say(self, text: str) -> None:
        self.found.setText(text)
        self.found.setVisible(bool(text))
        if text:
            announce(self, text)
        self.place()

    def _on_address_changed(self) -> None:
        self.allow.setVisible(is_unencrypted_internet(self.address.text()))
        self._on_server_changed()

    def _on_server_changed(self) -> None:
        """What was found belongs to another address or key now."""
        if not self._is_known:
            self.model.clear()
        self._bars.clear()
        self._say("")
        self._show_what_can_be_done()

    def _on_look_clicked(self) -> None:
        self._bars.clear()
        self._set_busy(True)
        self._say("Asking the server what it is and which models it has…")
        self.look_requested.emit(self.entry)

    def _on_save_clicked(self) -> None:
        self._request_save(only_this_run=False)

    def _on_only_this_run_chosen(self) -> None:
        self._request_save(only_this_run=True)

    def _request_save(self, *, only_this_run: bool) -> None:
        entry = self.entry
        self._bars.clear()
        self._set_busy(True)
        self._say("Checking that the model answers…")
        self.save_requested.emit(EndpointEntry(entry.draft, entry.key, only_this_run))


def _found_text(facts: ServerFacts) -> str:
    what = f"{facts.kind.label} {facts.version}".strip()
    if not facts.models:
        return f"Found {what}, but it offers no model. Load one there, then look again."
    return f"Found {what} with {count_text(len(facts.models), 'model')}."


def _field(name: str, placeholder: str, longest: int = _LONGEST_TEXT) -> QLineEdit:
    field = QLineEdit()
    field.setAccessibleName(name)
    field.setPlaceholderText(placeholder)
    field.setMaxLength(longest)
    return field


def _side_by_side(*parts: QWidget) -> QWidget:
    holder = QWidget()
    layout = QHBoxLayout(holder)
    layout.setContentsMargins(*NONE)
    layout.setSpacing(12)
    for part in parts:
        layout.addWidget(part, 1, Qt.AlignmentFlag.AlignTop)
    return holder


def _titled(title: str, buddy: QWidget, *parts: QWidget) -> QWidget:
    label = Label(title, "h3")
    label.setBuddy(buddy)
    return column(label, *parts, spacing=6)
