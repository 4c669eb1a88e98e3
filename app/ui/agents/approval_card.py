"""Asks a person whether a call may run. Nothing on it can be allowed by accident.

The focus lands on the card and on none of its buttons, no button is the default, and for a moment
after it appears, or shows something else, nothing can be allowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QLineEdit, QVBoxLayout, QWidget

from app.agents.approvals import ApprovalRequest, Decision
from app.agents.mcp.definitions import shown as visible
from app.agents.tools.tool import checked
from app.agents.trace import Verdict
from app.base.errors import AppError
from app.ui.agents.arguments_form import ArgumentsForm, BadArguments
from app.ui.agents.arguments_view import ArgumentsView
from app.ui.agents.plain_text import DiffText, PagedText
from app.ui.agents.words import RISK_WORDS, of_server, one_line
from app.ui.pane import PaneContext
from app.ui.widgets.buttons import Button
from app.ui.widgets.flow import FlowLayout
from app.ui.widgets.info_bar import announce
from app.ui.widgets.labels import IconLabel, Label, Tag
from app.ui.widgets.layout import ScrollPage, column, row

GUARD_MS: Final = 600
_NARROW: Final = 620
_ALLOWS: Final = {
    Verdict.ALWAYS: "Always allow",
    Verdict.SESSION: "Allow for this session",
    Verdict.ONCE: "Allow once",
}
_TIPS: Final = {
    Verdict.ALWAYS: "This agent may use this tool until you revoke it, under Set up",
    Verdict.SESSION: "This agent may use this tool until Cairn is closed",
    Verdict.ONCE: "Only this one call",
}


class _Content(ScrollPage):
    """Wants to be as high as what is in it."""

    def sizeHint(self) -> QSize:
        content = self.widget()
        layout = content.layout() if content is not None else None
        assert layout is not None  # the page has made both
        return QSize(400, max(layout.totalHeightForWidth(self.viewport().width()), 40))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)


class ApprovalCard(QFrame):
    """Shows one request at a time.

    Signals:
        decided: the `StepId` and the `Decision`.
    """

    decided = Signal(object, object)

    def __init__(self, context: PaneContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._request: ApprovalRequest | None = None
        self._form: ArgumentsForm | None = None
        self.setObjectName("approval")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._guard = QTimer(self, singleShot=True, interval=GUARD_MS)
        self._guard.timeout.connect(self._show_buttons)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(8)
        layout.addWidget(self._build_head())
        layout.addWidget(self._build_content(), 1)
        layout.addWidget(self._build_buttons())

    @property
    def request(self) -> ApprovalRequest | None:
        """What is asked."""
        return self._request

    @property
    def is_guarded(self) -> bool:
        """Whether nothing can be allowed yet."""
        return self._guard.isActive()

    def show_request(self, request: ApprovalRequest) -> None:
        """Ask this; the arguments are written on where what a person wrote cannot be used."""
        self._request = request
        self._guard.start()
        self._reason.clear()
        self._fill_head(request)
        self._fill_content(request)
        if request.problem:
            self._begin_editing()
            self._say(request.problem)
        else:
            self._end_editing()
        said = f"{self._title.text()}. {request.why} Waiting for your decision."
        self.setAccessibleName("Approval")
        self.setAccessibleDescription(said)
        announce(self, said)

    # Its parts

    def _build_head(self) -> QWidget:
        icons = self._context.icons
        self._icon = IconLabel(icons.icon("ph.hand", "warn"), 18, disc=32)
        self._title = Label("", "h3", wrap=True)
        self._tag = Tag("")
        self._tool = Label("", "caption", wrap=True)
        self._why = Label("", "body2", wrap=True)
        words = column(self._title, self._tool, self._why, spacing=2)
        head = row(self._icon, words, self._tag, spacing=12)
        layout = head.layout()
        assert isinstance(layout, QBoxLayout)
        layout.setStretch(1, 1)
        layout.setAlignment(self._icon, Qt.AlignmentFlag.AlignTop)
        layout.setAlignment(self._tag, Qt.AlignmentFlag.AlignTop)
        return head

    def _build_content(self) -> QWidget:
        self._arguments = ArgumentsView(self._context.theme)
        self._diff_place = QVBoxLayout()
        self._form_place = QVBoxLayout()
        self._problem = Label("", "danger", wrap=True)
        self._problem.hide()
        page = _Content("What would be done", width=2000, margins=(0, 0, 8, 0))
        page.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        page.body.setSpacing(8)
        page.body.addLayout(self._form_place)
        page.body.addWidget(self._problem)
        page.body.addLayout(self._diff_place)
        page.body.addWidget(self._arguments)
        page.body.addStretch(1)
        page.setMinimumHeight(self._context.theme.px(90))
        self._page = page
        return page

    def _build_buttons(self) -> QWidget:
        self._allow = {verdict: Button(text) for verdict, text in _ALLOWS.items()}
        for verdict, button in self._allow.items():
            button.setToolTip(_TIPS[verdict])
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(partial(self._on_allowed, verdict))
        self._edit = Button("Edit…", "ghost", self._context.icons.icon("ph.pencil-simple"))
        self._edit.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._edit.clicked.connect(self._begin_editing)
        self._use = Button("Check and use these")
        self._use.clicked.connect(self._on_use_clicked)
        self._back = Button("Leave as it was", "ghost")
        self._back.clicked.connect(self._end_editing)
        self._deny = Button("Deny", "danger")
        self._deny.clicked.connect(self._on_denied)
        self._reason = QLineEdit()
        self._reason.setAccessibleName("Reason for denying")
        self._reason.setPlaceholderText("Why not? The agent is told (optional)")
        self._reason.setAcceptDrops(False)
        self._reason.setMinimumWidth(80)
        self._reason.returnPressed.connect(self._on_denied)
        no = row(self._deny, self._reason)
        yes = QWidget()
        FlowLayout(yes, self._edit, self._back, self._use, *self._allow.values(), at_right=True)
        holder = QWidget()
        self._ways = QBoxLayout(QBoxLayout.Direction.LeftToRight, holder)
        self._ways.setContentsMargins(0, 0, 0, 0)
        self._ways.addWidget(no, 1)
        self._ways.addWidget(yes)
        return holder

    # What is shown

    def _fill_head(self, request: ApprovalRequest) -> None:
        risk = RISK_WORDS[request.spec.risk]
        what = request.preview.title if request.preview else request.spec.title
        self._title.setText(f"“{one_line(request.agent, 64)}” wants to: {one_line(what, 300)}")
        self._tool.setText(f"Tool {one_line(request.spec.name)}, {of_server(request.spec.server)}")
        self._why.setText(visible(request.why))
        self._icon.set_icon(self._context.icons.icon(risk.icon, risk.color))
        self._tag.setText(risk.text)
        self._tag.setProperty("sev", risk.sev)
        self._tag.style().unpolish(self._tag)
        self._tag.style().polish(self._tag)
        self._tag.setToolTip(risk.more)

    def _fill_content(self, request: ApprovalRequest) -> None:
        self._arguments.show_arguments(request.arguments)
        while (item := self._diff_place.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        diff = request.preview.diff if request.preview else ""
        if diff:
            title = Label("What would change", "overline")
            text = DiffText(self._context.theme, "What would change")
            view = PagedText(text, diff)
            self._diff_place.addWidget(title)
            self._diff_place.addWidget(view)
            self._diff_place.addWidget(Label("Arguments", "overline"))
        self._page.verticalScrollBar().setValue(0)

    def _show_buttons(self) -> None:
        request = self._request
        is_editing = self._form is not None
        for verdict, button in self._allow.items():
            is_there = request is not None and verdict in request.verdicts
            button.setVisible(is_there and not is_editing)
            button.setEnabled(not self.is_guarded)
        self._edit.setVisible(not is_editing)
        self._use.setVisible(is_editing)
        self._use.setEnabled(not self.is_guarded)
        self._back.setVisible(is_editing and request is not None and not request.problem)

    def _say(self, words: str) -> None:
        self._problem.setText(words)
        self._problem.setVisible(bool(words))
        if words:
            announce(self, words)

    # What a person does

    def _begin_editing(self) -> None:
        request = self._request
        if request is None or self._form is not None:
            return
        parameters = request.spec.tool.parameters
        self._form = ArgumentsForm(self._context.theme, parameters, request.arguments)
        self._form_place.addWidget(self._form)
        self._arguments.hide()
        self._show_buttons()

    def _end_editing(self) -> None:
        self._say("")
        form, self._form = self._form, None
        if form is not None:
            form.hide()
            form.deleteLater()
        self._arguments.show()
        self._show_buttons()

    def _on_use_clicked(self) -> None:
        request, form = self._request, self._form
        if request is None or form is None:
            return
        try:
            arguments = form.arguments()
        except BadArguments as error:
            self._say(str(error))
            return
        self._use.setEnabled(False)
        self._context.jobs.submit(
            checked,
            request.spec,
            arguments,
            owner=self,
            done=partial(self._on_checked, request),
            failed=self._on_refused,
        )

    def _on_checked(self, request: ApprovalRequest, arguments: Mapping[str, Any]) -> None:
        if request is self._request:  # else it waits no more, or asks something else
            self._decide(Decision(Verdict.ONCE, arguments))

    def _on_refused(self, error: AppError) -> None:
        self._say(error.message)
        self._show_buttons()

    def _on_allowed(self, verdict: Verdict) -> None:
        if not self.is_guarded:
            self._decide(Decision(verdict))

    def _on_denied(self) -> None:
        self._decide(Decision(Verdict.DENY, reason=" ".join(self._reason.text().split())))

    def _decide(self, decision: Decision) -> None:
        request, self._request = self._request, None
        if request is not None:
            self.decided.emit(request.step, decision)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        direction = QBoxLayout.Direction
        is_narrow = self.width() < self._context.theme.px(_NARROW + 200)
        self._ways.setDirection(direction.BottomToTop if is_narrow else direction.LeftToRight)
