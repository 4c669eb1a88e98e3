"""The small words on a card for what a model in use can do."""

from __future__ import annotations

from PySide6.QtWidgets import QBoxLayout

from app.engine.protocol import ModelFacts
from app.ui.models.words import capability_tags
from app.ui.widgets.labels import Tag


class CapabilityTags:
    """Tags in a line of a card, from a place on."""

    def __init__(self, line: QBoxLayout, place: int) -> None:
        self._line, self._place = line, place
        self.tags: list[Tag] = []

    def show_facts(self, facts: ModelFacts | None) -> None:
        """Show what a model can do; nothing while it is not in use."""
        wanted = capability_tags(facts) if facts is not None else ()
        if [tag.text() for tag in self.tags] == [word for word, _tip in wanted]:
            return
        for old in self.tags:
            self._line.removeWidget(old)
            old.hide()
            old.deleteLater()
        self.tags = [Tag(word) for word, _tip in wanted]
        for offset, (tag, (_word, tip)) in enumerate(zip(self.tags, wanted, strict=True)):
            tag.setToolTip(tip)
            self._line.insertWidget(self._place + offset, tag)
