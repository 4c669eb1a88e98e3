"""The encoders against sentence-transformers in fp32: speed as a ratio, and the vectors' cosine.

`python -m tests.benchmarks.embedding`. All run over the same chunks, in turns, in one process.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from app.library.encoders.export import Precision
from app.library.encoders.model_files import find_model_files
from tests.benchmarks.corpus import chunk_texts
from tests.benchmarks.report import onnx_encoders, print_table, scratch_folder

ROUNDS = 3
CHUNKS = 96


def reference() -> Callable[[list[str]], np.ndarray]:
    """A plain loop: fp32 weights, the defaults of `encode`, batches of 32."""
    from sentence_transformers import SentenceTransformer

    transformer = SentenceTransformer(
        str(find_model_files().folder), device="cpu", local_files_only=True
    )
    return lambda texts: np.asarray(transformer.encode(texts, show_progress_bar=False))


def main() -> None:
    with scratch_folder() as folder, onnx_encoders(folder) as encoders:
        texts = chunk_texts(encoders[Precision.FP32], CHUNKS)
        run: dict[str, Callable[[list[str]], np.ndarray]] = {"sentence-transformers": reference()}
        for precision, encoder in encoders.items():
            run[f"onnx {precision}"] = encoder.embed
        best = dict.fromkeys(run, 0.0)
        vectors = {}
        for _ in range(ROUNDS):
            for name, embed in run.items():
                started = time.perf_counter()
                vectors[name] = embed(texts)
                best[name] = max(best[name], len(texts) / (time.perf_counter() - started))
        base = next(iter(run))
        rows = []
        for name in run:
            cosines = np.sum(vectors[name] * vectors[base], axis=1)
            rows.append([name, best[name], best[name] / best[base], cosines.mean(), cosines.min()])
        print_table(
            f"{len(texts)} chunks", ["encoder", "chunks/s", "ratio", "mean cosine", "least"], rows
        )


if __name__ == "__main__":
    main()
