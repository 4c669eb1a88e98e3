"""The tools of an agent: off, asked for each time, or allowed; what each does, and at worst."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import groupby

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.agents.entities import Policy, Risk, ToolPolicy
from app.agents.mcp.definitions import shown as visible
from app.agents.tools.tool import ToolSpec
from app.ui.agents.tool_words import about
from app.ui.agents.words import POLICY_WORDS, RISK_WORDS, one_line
from app.ui.forms.fields import WheelShyBox
from app.ui.icons import Icons
from app.ui.widgets.labels import IconLabel, Label, Tag
from app.ui.widgets.layout import column, row

_HARMLESS = (Risk.COMPUTE, Risk.ASK)
_FREE_WORDS = {Policy.OFF: "Off", Policy.ALLOW: "On"}
_MOST_WORDS = 200


class PolicyBox(WheelShyBox):
    """When a tool may be used.

    Signals:
        edited: a person chose another policy.
    """

    edited = Signal(object)

    def __init__(self, name: str, risk: Risk, policy: Policy) -> None:
        super().__init__()
        # A tool that only computes or asks never needs a person's word: it is on or off.
        words = _FREE_WORDS if risk in _HARMLESS else POLICY_WORDS
        self._policies = list(words)
        self.addItems(list(words.values()))
        is_on = Policy.ALLOW if risk in _HARMLESS and policy is not Policy.OFF else policy
        self.setCurrentIndex(self._policies.index(is_on))
        self.setAccessibleName(f"{name}: when it may be used")
        self.activated.connect(lambda at: self.edited.emit(self._policies[at]))


class ToolRows(QWidget):
    """A row for each tool, under a heading for each server.

    Signals:
        edited: a person changed a policy; `policies` says all.
    """

    edited = Signal()

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icons = icons
        self._policies: dict[str, Policy] = {}
        self._shown: object = None
        self._boxes: dict[str, PolicyBox] = {}
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(6)

    @property
    def policies(self) -> tuple[ToolPolicy, ...]:
        """Those that are not off."""
        return tuple(
            ToolPolicy(name, policy)
            for name, policy in self._policies.items()
            if policy is not Policy.OFF
        )

    def box(self, name: str) -> PolicyBox:
        """The choice of one tool."""
        return self._boxes[name]

    def show_tools(self, specs: Sequence[ToolSpec], policies: Sequence[ToolPolicy]) -> None:
        """Show these tools, and those of the agent that are not there now."""
        shown = (tuple(specs), tuple(policies))
        if shown == self._shown:
            return
        self._shown = shown
        self._policies = {each.name: each.policy for each in policies}
        self._boxes = {}
        while (item := self._layout.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        for server, group in groupby(specs, key=lambda each: each.server):
            words = f"From the server “{one_line(server)}”" if server else "Cairn's own tools"
            self._layout.addWidget(Label(words, "overline"))
            for spec in group:
                self._add(spec)
        known = {each.name for each in specs}
        missing = [each for each in policies if each.name not in known]
        if missing:
            self._layout.addWidget(Label("Not there now", "overline"))
        for each in missing:
            self._add_missing(each)

    def _add(self, spec: ToolSpec) -> None:
        risk = RISK_WORDS[spec.risk]
        title = Label(one_line(spec.title), wrap=True)
        words = Label(one_line(about(spec), _MOST_WORDS), "caption")
        words.setWordWrap(True)
        words.setToolTip(visible(spec.tool.description[:2000]))
        tag = Tag(risk.text, risk.sev)
        tag.setToolTip(risk.more)
        policy = self._policies.get(spec.name, Policy.OFF)
        self._add_row(spec.name, risk.icon, risk.color, (title, words), tag, spec.risk, policy)
        self._boxes[spec.name].setAccessibleName(f"{title.text()}: when it may be used")

    def _add_missing(self, each: ToolPolicy) -> None:
        words = Label("Its server is off, or does not offer it any more.", "caption", wrap=True)
        tag = Tag("Not there", "warn")
        texts = (Label(one_line(each.name)), words)
        self._add_row(each.name, "ph.question", "warn", texts, tag, Risk.SEND, each.policy)

    def _add_row(
        self,
        name: str,
        icon: str,
        color: str,
        texts: tuple[QWidget, ...],
        tag: Tag,
        risk: Risk,
        policy: Policy,
    ) -> None:
        box = self._boxes[name] = PolicyBox(name, risk, policy)
        box.setFixedWidth(118)
        box.edited.connect(partial(self._on_edited, name))
        sign = IconLabel(self._icons.icon(icon, color))
        holder = row(sign, column(*texts, spacing=0), tag, box, spacing=10)
        layout = holder.layout()
        assert layout is not None  # row() has just made it
        layout.setStretch(1, 1)  # type: ignore[attr-defined]  # it is a box
        layout.setAlignment(sign, Qt.AlignmentFlag.AlignVCenter)
        self._layout.addWidget(holder)

    def _on_edited(self, name: str, policy: Policy) -> None:
        self._policies[name] = policy
        if isinstance(self._shown, tuple):
            self._shown = (self._shown[0], self.policies)
        self.edited.emit()
