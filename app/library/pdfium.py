"""The one lock around PDFium, which must never run on two threads of a process at once."""

from __future__ import annotations

import threading
from typing import Final

# Re-entrant: a reader that holds it may call a helper that takes it again.
PDFIUM_LOCK: Final = threading.RLock()
