"""Files to searchable index, everything included, against a plain fp32 sentence-transformers loop.

`python -m tests.benchmarks.ingestion`. The child reads, cuts, embeds and stores real files; the
loop only embeds the very same chunks. Both run at the same priority, in turns. Wanted: 1.5 times.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from multiprocessing.connection import Connection
from pathlib import Path

from app.base.child import ChildProcess
from app.library.child import NICENESS, library_child
from app.library.index import Index
from app.library.ingest import embedded_text
from app.library.protocol import (
    DescribeEmbedder,
    Ingest,
    IngestItem,
    ItemEvent,
    ItemIndexed,
    KeepOnly,
    LibraryChildOptions,
)
from app.settings.schema import EmbedderPrecision
from tests.benchmarks.corpus import write_files
from tests.benchmarks.embedding import reference
from tests.benchmarks.report import print_table, scratch_folder

ROUNDS = 2


def ingest(folder: Path, files: list[Path], round_: int) -> tuple[float, int]:
    """Seconds from the request to the last document searchable, and chunks."""
    options = LibraryChildOptions(
        str(folder / f"index {round_}"), str(folder / "artifacts"), EmbedderPrecision.AUTOMATIC
    )
    child = ChildProcess("library", library_child, options, log_path=folder / "library.log")
    indexed: list[ItemIndexed] = []

    def listen(event: ItemEvent) -> None:
        if isinstance(event, ItemIndexed):
            indexed.append(event)

    try:
        # The embedder is exported once an installation and the child is up before the files come.
        child.call(DescribeEmbedder()).result()
        child.call(KeepOnly(())).result()
        started = time.perf_counter()
        items = tuple(IngestItem(key, str(path)) for key, path in enumerate(files))
        child.call(Ingest(items), listen).result()
        took = time.perf_counter() - started
    finally:
        child.stop()
    assert len(indexed) == len(files)
    return took, sum(each.chunks for each in indexed)


def stored_texts(folder: Path) -> list[str]:
    index = Index(folder / "index 0")
    rows = index._chunks.search().select(["title", "text"]).limit(1_000_000).to_arrow().to_pylist()
    return [embedded_text(each["title"], each["text"]) for each in rows]


def plain_loop(texts: list[str], answer: Connection) -> None:
    os.nice(NICENESS)
    embed = reference()
    embed(texts[:8])
    started = time.perf_counter()
    embed(texts)
    answer.send(time.perf_counter() - started)


def baseline(texts: list[str]) -> float:
    ours, theirs = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(target=plain_loop, args=(texts, theirs))
    process.start()
    took: float = ours.recv()
    process.join()
    return took


def main() -> None:
    with scratch_folder() as folder:
        files = write_files(folder)
        rows: list[list[object]] = []
        for round_ in range(ROUNDS):
            took, chunks = ingest(folder, files, round_)
            texts = stored_texts(folder)
            plain = baseline(texts)
            rows.append([round_ + 1, len(files), chunks, chunks / took, len(texts) / plain,
                         plain / took])  # fmt: skip
        head = ["round", "files", "chunks", "Cairn chunks/s", "plain loop chunks/s", "ratio"]
        print_table("Ingestion", head, rows)


if __name__ == "__main__":
    main()
