"""Which of the exported encoders runs fastest here without losing quality: measured, remembered."""

from __future__ import annotations

import json
import logging
import os
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from app.library.encoders import Encoder
from app.library.encoders.export import EXPORTER_VERSION, Precision

log = logging.getLogger(__name__)

# Below this, rounded vectors would change which passages are found.
MIN_COSINE: Final = 0.98
ROUNDS: Final = 3

_SENTENCES: Final = (
    "The tenant may end this agreement by giving three months' notice in writing.",
    "Revenue rose by 12 % to 48.3 million, while operating costs stayed flat at 31 million.",
    "Patients in the treatment group received 20 mg twice daily for a period of six weeks.",
    "To replace the filter, switch off the pump, close valve B and wait until it has cooled.",
    "She walked along the harbour until the last of the fishing boats had come in.",
    "The function returns an iterator over the rows and raises ValueError when the file is empty.",
    "Under article 14 the supplier bears the cost of any defect found within two years.",
    "Warm air rises, cools and lets its moisture fall as rain on the western slopes.",
)


@dataclass(frozen=True, slots=True)
class Choice:
    """The encoder to use and what it was chosen on (texts a second)."""

    precision: Precision
    speeds: tuple[tuple[Precision, float], ...]
    cosine: float


def probe_texts() -> tuple[str, ...]:
    """Texts of the length of a chunk, and two short ones."""
    turned = [_SENTENCES[start:] + _SENTENCES[:start] for start in range(len(_SENTENCES))]
    return (*(" ".join(each * 2) for each in turned), *_SENTENCES[:2])


def measure(
    encoders: Mapping[Precision, Encoder], clock: Callable[[], float] = time.perf_counter
) -> Choice:
    """Run each encoder over the same texts, in turns, and take the fastest that is exact enough."""
    texts = probe_texts()
    best = dict.fromkeys(encoders, 0.0)
    vectors = {}
    for _ in range(ROUNDS):
        for precision, encoder in encoders.items():
            started = clock()
            vectors[precision] = encoder.embed(texts)
            best[precision] = max(best[precision], len(texts) / max(clock() - started, 1e-9))
    exact, rounded = vectors[Precision.FP32], vectors[Precision.INT8]
    cosine = float(np.min(np.sum(exact * rounded, axis=1)))
    is_better = best[Precision.INT8] > best[Precision.FP32] and cosine >= MIN_COSINE
    chosen = Precision.INT8 if is_better else Precision.FP32
    log.info("embedder speeds %s, cosine %.4f: using %s", best, cosine, chosen)
    return Choice(chosen, tuple(best.items()), cosine)


def recall_choice(path: Path) -> Choice | None:
    """The choice made earlier on this computer with this software, if there is one."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        if stored["computer"] != _computer():
            return None
        speeds = tuple((Precision(name), float(speed)) for name, speed in stored["speeds"])
        return Choice(Precision(stored["precision"]), speeds, float(stored["cosine"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("the remembered embedder choice cannot be read (%s); measuring again", error)
        return None


def remember_choice(path: Path, choice: Choice) -> None:
    """Keep the choice; when it cannot be kept it is measured again at the next start."""
    stored = {
        "computer": _computer(),
        "precision": choice.precision,
        "speeds": choice.speeds,
        "cosine": choice.cosine,
    }
    unfinished = path.with_suffix(".part")
    try:
        unfinished.write_text(json.dumps(stored), encoding="utf-8")
        unfinished.replace(path)
    except OSError as error:
        log.warning("the embedder choice cannot be kept (%s)", error)


def _computer() -> list[str]:
    # Heavy and native; the child has it loaded by now.
    import onnxruntime

    return [
        str(EXPORTER_VERSION),
        onnxruntime.__version__,
        platform.machine(),
        platform.processor(),
        platform.node(),
        str(os.cpu_count()),
    ]
