"""Files dropped on the window: what they are for, and the veil that says so meanwhile."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QMimeData, Qt
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from app.ui.icons import Icons
from app.ui.widgets.labels import IconLabel, Label

DOCUMENTS_TEXT = "PDF, Word, PowerPoint, Excel, web pages, EPUB, Markdown, text and code"
MODEL_ENDING = ".gguf"


@dataclass(frozen=True, slots=True)
class Dropped:
    """Dropped files by what they are for.

    Attributes:
        missing: what is no file or folder on this computer (any more), as it was given.
    """

    documents: tuple[Path, ...] = ()
    models: tuple[Path, ...] = ()
    missing: tuple[str, ...] = ()


def sort_paths(paths: Iterable[Path]) -> Dropped:
    """Tell model files from documents and folders. Looks at the disk."""
    documents: dict[Path, None] = {}
    models: dict[Path, None] = {}
    missing: dict[str, None] = {}
    for path in paths:
        try:
            exists = path.exists()
        except OSError:  # a name the system does not take
            exists = False
        if not exists:
            missing[str(path)] = None
        elif path.suffix.lower() == MODEL_ENDING and not path.is_dir():
            models[path] = None
        else:
            documents[path] = None
    return Dropped(tuple(documents), tuple(models), tuple(missing))


def dropped_paths(mime: QMimeData) -> tuple[Path, ...]:
    """The local files of a drag; empty for a drag of anything else."""
    urls = mime.urls() if mime.hasUrls() else []
    return tuple(Path(url.toLocalFile()) for url in urls if url.isLocalFile())


def refusal(missing: tuple[str, ...]) -> str:
    """One line that names what cannot be read."""
    names = [Path(each).name or each for each in missing]
    shown = ", ".join(f"“{name}”" for name in names[:3])
    rest = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{shown}{rest} cannot be found on this computer."


class DropVeil(QWidget):
    """Covers the window while files are dragged over it."""

    def __init__(self, parent: QWidget, icons: Icons) -> None:
        super().__init__(parent)
        self.setObjectName("veil")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._parent = parent
        self._icon = IconLabel(icons.icon("ph.file-arrow-down", "accent_text"), 44)
        self._title = Label("", "h1")
        self._text = Label("", "body2", wrap=True)
        frame = QFrame()
        frame.setObjectName("drop")
        around = QVBoxLayout(self)
        around.setContentsMargins(16, 16, 16, 16)
        around.addWidget(frame)
        layout = QVBoxLayout(frame)
        layout.setContentsMargins(24, 24, 24, 24)
        layout.setSpacing(8)
        layout.addStretch(1)
        layout.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignHCenter)
        for label in (self._title, self._text):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            layout.addWidget(label)
        layout.addStretch(1)
        self.hide()

    def cover(self, title: str, text: str) -> None:
        """Show it over the whole parent."""
        self._title.setText(title)
        self._text.setText(text)
        self.setGeometry(self._parent.rect())
        self.show()
        self.raise_()
