"""What the widgets of a transcript draw with."""

from __future__ import annotations

from dataclasses import dataclass

from app.ui.icons import Icons
from app.ui.text.prose import ProseStyle
from app.ui.theme import ThemeKeeper


@dataclass(frozen=True, slots=True)
class Look:
    """Colours, icons and text formats of one theme."""

    theme: ThemeKeeper
    icons: Icons
    prose: ProseStyle

    @classmethod
    def of(cls, theme: ThemeKeeper, icons: Icons) -> Look:
        """The look of the theme as it is now; a changed theme takes a new one."""
        return cls(theme, icons, ProseStyle(theme))
