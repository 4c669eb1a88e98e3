from __future__ import annotations

import pytest

from app.ui.text.prose import ProseStyle
from app.ui.theme import ThemeKeeper


@pytest.fixture
def style(theme: ThemeKeeper) -> ProseStyle:
    return ProseStyle(theme)
