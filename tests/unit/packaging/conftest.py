"""Makes the launcher's modules importable: packaging/ is a folder of programs, not a package."""

from __future__ import annotations

import sys

from tests.structure.sources import ROOT

sys.path.append(str(ROOT / "packaging"))
