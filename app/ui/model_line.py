"""The line that says in every pane which models are loaded, and leads to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

from app.base.changes import Topic
from app.ui.jobs import Job, JobRunner

if TYPE_CHECKING:
    from app.bootstrap import Services
    from app.modelhub.in_use import ModelInUse

_FEW = "M" * 12


@dataclass(frozen=True, slots=True)
class Loaded:
    """What is loaded now.

    Attributes:
        used: the model in use, here or on a server.
        lent: those loaded beside it for some work, such as an evaluation.
        is_loading: the next one in use is on its way.
    """

    used: ModelInUse | None = None
    lent: Sequence[ModelInUse] = ()
    is_loading: bool = False

    @property
    def text(self) -> str:
        """In words."""
        parts = [self._in_use()]
        if self.lent:
            parts.append("At work: " + ", ".join(map(_title, self.lent)))
        return "  —  ".join(parts)

    def _in_use(self) -> str:
        if self.is_loading:
            return "Model: loading…"
        return "No model: quoting" if self.used is None else f"Model: {_title(self.used)}"


def read_loaded(services: Services) -> Loaded:
    """What is loaded now. Blocks: for a job."""
    from app.engine.host import EngineStatus  # the window paints without it

    models = services.models
    is_loading = models.state.status is EngineStatus.LOADING
    return Loaded(models.in_use, services.lending.opened, is_loading)


class ModelLine(QPushButton):
    """One line that is shortened where it has no room; a click asks for the models."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "quiet")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self._whole = ""

    @property
    def whole_text(self) -> str:
        """The text without the ellipsis."""
        return self._whole

    def show_loaded(self, loaded: Loaded) -> None:
        """Say what is loaded."""
        self._whole = loaded.text
        self.setAccessibleName(f"{self._whole}. Open the models.")
        self.updateGeometry()
        self._elide()

    def _elide(self) -> None:
        room = max(0, self.width() - self._around())
        shown = self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideRight, room)
        self.setText(shown.replace("&", "&&"))
        self.setToolTip("Open the models" if shown == self._whole else self._whole)

    def _around(self) -> int:
        """Padding and border of the style sheet."""
        return super().sizeHint().width() - self.fontMetrics().horizontalAdvance(self.text())

    def sizeHint(self) -> QSize:
        width = self.fontMetrics().horizontalAdvance(self._whole) + self._around() + 2
        return QSize(width, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        width = self.fontMetrics().horizontalAdvance(_FEW)
        return QSize(min(width, self.sizeHint().width()), super().sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._elide()


class LoadedReader(QObject):
    """Reads what is loaded whenever that may have changed.

    Signals:
        read: what is `Loaded` now.
    """

    read = Signal(object)

    def __init__(self, jobs: JobRunner, parent: QObject) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._services: Services | None = None
        self._job: Job | None = None

    def attach(self, services: Services) -> None:
        """The services are there."""
        self._services = services
        self._read()

    def notice(self, topics: frozenset[Topic]) -> None:
        """Something was written."""
        if Topic.MODELS in topics:
            self._read()

    def _read(self) -> None:
        if self._services is None:
            return
        if self._job is not None:
            self._job.drop()  # it may have looked too early
        self._job = self._jobs.submit(
            read_loaded,
            self._services,
            owner=self,
            done=self.read.emit,
        )


def _title(used: ModelInUse) -> str:
    more = used.where if used.host else used.quantization
    return " · ".join(part for part in (used.name, more) if part)
