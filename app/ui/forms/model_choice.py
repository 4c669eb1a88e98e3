"""Which model shall do some work: the one in use, a file of the list, or one on a server."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.modelhub.borrowing import Wanted
from app.modelhub.in_use import ModelInUse
from app.ui.forms.fields import WheelShyBox
from app.ui.icons import Icons
from app.ui.pane import PaneContext

if TYPE_CHECKING:
    from app.base.errors import AppError
    from app.bootstrap import Services

IN_USE = Wanted()


@dataclass(frozen=True, slots=True)
class Offered:
    """A model that can be chosen.

    Attributes:
        can_answer: it is there; a file may be gone, and there may be none in use.
    """

    title: str
    wanted: Wanted
    icon: str = "ph.cube"
    can_answer: bool = True


class ModelChoice(QWidget):
    """Lists the models.

    Signals:
        changed: another one is chosen, or the same one can or cannot answer any more.
        failed: an `AppError`; the list could not be read.
    """

    changed = Signal()
    failed = Signal(object)

    def __init__(self, context: PaneContext, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._services: Services | None = None
        # Until it is known what there is, nothing is said to be missing.
        self._offered: tuple[Offered, ...] = (Offered("The model in use", IN_USE),)
        self._box = WheelShyBox()
        self._box.setAccessibleName(name)
        self.setFocusProxy(self._box)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._box)
        self._fill(IN_USE)
        self._box.currentIndexChanged.connect(lambda _index: self.changed.emit())

    def attach(self, services: Services) -> None:
        """The services are there: read what there is."""
        self._services = services
        self.models_changed()

    def models_changed(self) -> None:
        """Read again what there is."""
        if self._services is not None:
            self._context.jobs.submit(
                read_offers,
                self._services,
                owner=self,
                done=self._on_read,
                failed=self._on_failed,
            )

    @property
    def chosen(self) -> Offered:
        """The chosen model."""
        return self._offered[max(self._box.currentIndex(), 0)]

    @property
    def wanted(self) -> Wanted:
        """The chosen model, as `ModelLending` takes it."""
        return self.chosen.wanted

    def choose(self, wanted: Wanted) -> None:
        """Choose a model; one that is not listed leaves the choice as it is."""
        for at, each in enumerate(self._offered):
            if each.wanted == wanted:
                self._box.setCurrentIndex(at)

    def _on_read(self, offered: tuple[Offered, ...]) -> None:
        if offered == self._offered:
            return
        wanted = self.wanted
        self._offered = offered
        self._box.blockSignals(True)
        self._fill(wanted)
        self._box.blockSignals(False)
        self.changed.emit()

    def _fill(self, wanted: Wanted) -> None:
        self._box.clear()
        for each in self._offered:
            self._box.addItem(_icon(self._context.icons, each), each.title)
        found = [at for at, each in enumerate(self._offered) if each.wanted == wanted]
        self._box.setCurrentIndex(found[0] if found else 0)

    def _on_failed(self, error: AppError) -> None:
        self.failed.emit(error)


def read_offers(services: Services) -> tuple[Offered, ...]:
    """Every model that can be chosen, the one in use first. Reads the database."""
    models = services.models.models()
    titles = Counter((each.name, each.quantization) for each in models)
    files = (
        Offered(
            _joined(
                each.name,
                each.quantization,
                each.path.name if titles[each.name, each.quantization] > 1 else "",
                "" if each.is_present else "file is missing",
            ),
            Wanted(model=each.id),
            can_answer=each.is_present,
        )
        for each in models
    )
    servers = (
        Offered(each.name, Wanted(endpoint=each.id), "ph.hard-drives")
        for each in services.endpoints.endpoints()
    )
    return (in_use_offer(services.models.in_use), *files, *servers)


def in_use_offer(used: ModelInUse | None) -> Offered:
    """The model in use, whichever that is when the work begins."""
    if used is None:
        return Offered("The model in use: none yet", IN_USE, can_answer=False)
    more = used.where if used.host else used.quantization
    return Offered(f"The model in use: {_joined(used.name, more)}", IN_USE, "ph.check-circle")


def _joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


def _icon(icons: Icons, offered: Offered) -> QIcon:
    return icons.icon(offered.icon if offered.can_answer else "ph.warning")
