"""The search index: chunks with their vectors and the text of every part, in LanceDB.

A content is in the index when its chunks are, and they come in one commit. Parts are written
before; parts without chunks are left over from an interruption and are swept away. One thread
writes at a time, any number may search meanwhile.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from app.base.errors import AppError, NotFound, disk_full_explained, is_disk_full
from app.library.entities import ContentHash
from app.library.index_rows import (
    FOUND_COLUMNS,
    EmbeddedDocument,
    Found,
    chunk_schema,
    chunk_table,
    found,
    part_schema,
    part_table,
)

if TYPE_CHECKING:
    from app.library.encoders import Vectors

log = logging.getLogger(__name__)

T = TypeVar("T")

CHUNKS: Final = "chunks"
PARTS: Final = "parts"
# Below this an exact scan is as fast as an index and needs no upkeep.
VECTOR_INDEX_ROWS: Final = 50_000
# The partitions of a vector index fit the size it was trained for; beyond this growth, train again.
RETRAIN_GROWTH: Final = 4
PROBES: Final = 24
# A search by words reads rows that are not in its index yet one by one, 25 ms a thousand; bringing
# them in rewrites much of the table, so a large table waits for more of them.
LOOSE_ROWS: Final = 1_500
LOOSE_SHARE: Final = 1 / 40
LOOSE_COMMITS: Final = 30
IDLE_LOOSE_ROWS: Final = 256
IDLE_LOOSE_COMMITS: Final = 8
# Longer than any search holds on to the version it began with.
KEEP_VERSIONS: Final = timedelta(seconds=30)
_CONTENTS_PER_STATEMENT: Final = 1_000
_CONFLICT_RETRIES: Final = 3


class IndexDamaged(AppError):
    """The search index cannot be read."""


@dataclass(frozen=True, slots=True)
class _Scope:
    """Which rows to search: SQL, or None for all; wide is more than half of the contents."""

    where: str | None
    is_wide: bool = False
    is_empty: bool = False


class Index:
    """Opens, fills, cleans and searches the index in one folder."""

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Open the index, or make it.

        Raises:
            IndexDamaged: there is something in the folder that cannot be read.
            DiskFull: there is no room to make it.
        """
        self._folder = folder
        self._clock = clock
        self._writing = threading.RLock()
        self._loose_commits = 0
        self._changed_at = clock()
        self._has_old_versions = True
        with self._explained():
            self._database = _connect(folder)
            known = set(self._database.list_tables().tables)
            self._chunks = self._open(known, CHUNKS, chunk_schema)
            self._parts = self._open(known, PARTS, part_schema)
            # Replaced, never changed, so that a search may read it at any moment.
            self._contents = _contents(self._chunks, "ordinal = 0")
            self._leftover_parts = set(_contents(self._parts, "part = 0") - self._contents)
            self._has_words = any(each.index_type == "FTS" for each in self._chunks.list_indices())
            self._loose_rows = self._count_loose_rows()

    @property
    def contents(self) -> frozenset[ContentHash]:
        """Every content that is indexed."""
        return self._contents

    def count_chunks(self, content: ContentHash | None = None) -> int:
        """Chunks of one content, or of all."""
        with self._explained():
            return int(self._chunks.count_rows(None if content is None else _in([content])))

    # Writing

    def write(self, documents: Sequence[EmbeddedDocument]) -> None:
        """Store these documents in one commit; those that are there already are left alone.

        Raises:
            DiskFull: nothing of these documents was stored; all earlier ones are.
        """
        with self._writing, self._explained():
            new = [each for each in documents if each.chunks and each.content not in self._contents]
            if not new:
                return
            names = {each.content for each in new}
            self._sweep(names)
            self._leftover_parts |= names
            try:
                self._parts.add(part_table(new))
                self._merge(chunk_table(new))
            except Exception:
                self._sweep_quietly()
                raise
            self._leftover_parts -= names
            self._contents |= names
            self._loose_rows += sum(len(each.chunks) for each in new)
            self._note_commit()
            self._make_indexes()

    def remove(self, contents: Iterable[ContentHash]) -> None:
        """Delete everything of these contents; unknown ones are no error."""
        with self._writing, self._explained():
            going = self._contents & set(contents)
            for some in _slices(sorted(going)):
                self._delete(self._chunks, some)
                self._contents -= set(some)
                self._leftover_parts |= set(some)
                self._note_commit()
            self._sweep(self._leftover_parts)

    def keep_only(self, contents: Collection[ContentHash]) -> tuple[ContentHash, ...]:
        """Remove every other content; answer those of `contents` that are not in the index."""
        with self._writing:
            kept = set(contents)
            self.remove(self._contents - kept)
            return tuple(sorted(kept - self._contents))

    def tidy(self) -> None:
        """Bring new rows into the indexes and merge small files, when there are enough of them."""
        with self._writing:
            rows = self.count_chunks()
            share = max(1.0, rows * LOOSE_SHARE / LOOSE_ROWS)
            if self._is_loose(LOOSE_ROWS * share, LOOSE_COMMITS * share):
                self._optimize(rows)

    def tidy_when_idle(self) -> None:
        """As `tidy`, but a few new rows are enough; later, versions nobody reads are dropped."""
        with self._writing:
            is_settled = self._clock() - self._changed_at > KEEP_VERSIONS.total_seconds()
            is_due = self._has_old_versions and is_settled
            if is_due or self._is_loose(IDLE_LOOSE_ROWS, IDLE_LOOSE_COMMITS):
                self._optimize(self.count_chunks())
                self._has_old_versions = not is_settled

    # Searching

    def nearest(
        self, vector: Vectors, limit: int, contents: Collection[ContentHash] | None = None
    ) -> list[Found]:
        """The chunks closest in meaning, best first; `score` is the cosine."""
        scope = self._scope(contents)
        if scope.is_empty:
            return []
        with self._explained():
            query = self._chunks.search(vector, vector_column_name="vector").distance_type("dot")
            if scope.where is not None:
                query = query.where(scope.where)
            # The partitions probed may hold nothing of a narrow scope, so that is scanned.
            query = query.nprobes(PROBES) if scope.is_wide else query.bypass_vector_index()
            rows = query.select([*FOUND_COLUMNS, "_distance"]).limit(limit).to_arrow().to_pylist()
        return [found(row, 1 - row["_distance"], 1 - row["_distance"]) for row in rows]

    def matching(
        self,
        words: str,
        limit: int,
        contents: Collection[ContentHash] | None = None,
        *,
        vector: Vectors | None = None,
    ) -> list[Found]:
        """The chunks that share words, best first by BM25; `vector` adds their cosine to it."""
        scope = self._scope(contents)
        if scope.is_empty or not self._has_words or not words.strip():
            return []
        from lancedb.query import MatchQuery  # heavy, native; only in the library child

        columns = [*FOUND_COLUMNS, "_score", *(() if vector is None else ("vector",))]
        with self._explained():
            # A MatchQuery has no syntax of its own: quotes and operators are just characters.
            query = self._chunks.search(MatchQuery(words, "text"), query_type="fts")
            if scope.where is not None:
                query = query.where(scope.where)
            rows = query.select(columns).limit(limit).to_arrow()
        return _with_cosine(rows, vector)

    def part_text(self, content: ContentHash, part: int) -> str:
        """The whole text of a part.

        Raises:
            NotFound: the content was removed, or never had that part.
        """
        if content in self._contents:
            with self._explained():
                query = self._parts.search().where(f"content = '{content}' AND part = {int(part)}")
                rows = query.select(["text"]).limit(1).to_arrow().to_pylist()
            if rows:
                return str(rows[0]["text"])
        raise NotFound(
            "This text is not in the library any more.", "Add the document again to see it."
        )

    # Inner workings

    def _open(self, known: set[str], name: str, schema: Callable[[], Any]) -> Any:
        if name in known:
            return self._database.open_table(name)
        return self._database.create_table(name, schema=schema())

    def _merge(self, rows: Any) -> None:
        # Not `add`: a writer that died in the middle of our commit cannot make rows twice.
        builder = self._chunks.merge_insert("id")
        builder = builder.when_matched_update_all().when_not_matched_insert_all()
        self._retry(lambda: builder.execute(rows))

    def _delete(self, table: Any, contents: Sequence[ContentHash]) -> None:
        self._retry(lambda: table.delete(_in(contents)))

    def _sweep(self, contents: Iterable[ContentHash]) -> None:
        going = self._leftover_parts & set(contents)
        for some in _slices(sorted(going)):
            self._delete(self._parts, some)
            self._leftover_parts -= set(some)

    def _sweep_quietly(self) -> None:
        try:
            self._sweep(self._leftover_parts)
        except (RuntimeError, OSError, ValueError) as error:
            log.warning("leftover parts stay until the next write (%s)", error)

    def _make_indexes(self) -> None:
        if self._has_words:
            return
        from lancedb.index import FTS, BTree  # heavy, native; only in the library child

        for table in (self._chunks, self._parts):
            table.create_index("content", config=BTree())
        # ICU finds words in every script; English stems, as the embedder is English too.
        words = FTS(base_tokenizer="icu", with_position=False)
        self._chunks.create_index("text", config=words)
        self._has_words = True
        self._loose_rows = 0

    def _make_vector_index(self, rows: int) -> None:
        if rows < VECTOR_INDEX_ROWS:
            return
        from lancedb.index import IvfFlat  # heavy, native; only in the library child

        old = [each.name for each in self._chunks.list_indices() if each.columns == ["vector"]]
        if any(rows <= RETRAIN_GROWTH * _trained_rows(name) for name in old):
            return
        self._chunks.create_index(
            "vector", config=IvfFlat(distance_type="dot"), name=f"vector_{rows}"
        )
        for name in old:
            self._chunks.drop_index(name)

    def _is_loose(self, rows: float, commits: float) -> bool:
        return self._loose_rows >= rows or self._loose_commits >= commits

    def _optimize(self, rows: int) -> None:
        with self._explained():
            self._sweep(self._leftover_parts)
            for table in (self._parts, self._chunks):
                self._retry(partial(table.optimize, cleanup_older_than=KEEP_VERSIONS))
            self._make_vector_index(rows)
        self._loose_rows = self._loose_commits = 0

    def _note_commit(self) -> None:
        self._loose_commits += 1
        self._changed_at = self._clock()
        self._has_old_versions = True

    def _count_loose_rows(self) -> int:
        for each in self._chunks.list_indices():
            if each.index_type == "FTS":
                stats = self._chunks.index_stats(each.name)
                return int(stats.num_unindexed_rows) if stats is not None else 0
        return 0

    def _scope(self, contents: Collection[ContentHash] | None) -> _Scope:
        every = self._contents
        wanted = every if contents is None else every.intersection(contents)
        if len(wanted) == len(every):
            return _Scope(None, is_wide=True, is_empty=not wanted)
        if len(wanted) > len(every) / 2:
            return _Scope(_in(sorted(every - wanted), negated=True), is_wide=True)
        return _Scope(_in(sorted(wanted)), is_empty=not wanted)

    def _retry(self, write: Callable[[], T]) -> T:
        # We are the only writer, save for a child whose parent died a moment ago.
        for _ in range(_CONFLICT_RETRIES):
            try:
                return write()
            except (RuntimeError, OSError, ValueError) as error:
                if "conflict" not in str(error).lower():
                    raise
                log.info("the index was written meanwhile; trying again")
                for table in (self._parts, self._chunks):
                    table.checkout_latest()
        return write()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        with disk_full_explained(self._folder):
            try:
                yield
            except (RuntimeError, OSError, ValueError) as error:
                if is_disk_full(error):
                    raise
                log.exception("the index in %s failed", self._folder)
                raise IndexDamaged(
                    "The search index cannot be read; it may be damaged.",
                    f"Close Cairn, rename the folder {self._folder} and start again: the index is "
                    "made anew from your documents. Your files and chats are not touched.",
                ) from error


def _connect(folder: Path) -> Any:
    # Read once, at import: without it every search prints a warning.
    os.environ.setdefault("LANCEDB_LOG", "error")
    import lancedb  # heavy, native; only in the library child

    return lancedb.connect(str(folder), read_consistency_interval=timedelta(0))


def _contents(table: Any, where: str) -> frozenset[ContentHash]:
    rows = table.search().where(where).select(["content"]).limit(1 << 31).to_arrow()
    return frozenset(ContentHash(each) for each in rows["content"].to_pylist())


def _in(contents: Sequence[ContentHash], *, negated: bool = False) -> str:
    listed = ", ".join("'" + each.replace("'", "''") + "'" for each in contents)
    return f"content {'NOT ' if negated else ''}IN ({listed})"


def _slices(contents: Sequence[ContentHash]) -> Iterator[Sequence[ContentHash]]:
    for start in range(0, len(contents), _CONTENTS_PER_STATEMENT):
        yield contents[start : start + _CONTENTS_PER_STATEMENT]


def _trained_rows(index_name: str) -> int:
    digits = index_name.rpartition("_")[2]
    return int(digits) if digits.isdigit() else 0


def _with_cosine(rows: Any, vector: Vectors | None) -> list[Found]:
    if vector is None:
        return [found(row, row["_score"], None) for row in rows.to_pylist()]
    # Arrow hands the vectors over as one array; as Python lists they would cost more than the rest.
    flat = rows["vector"].combine_chunks().flatten().to_numpy()
    cosines = flat.reshape(rows.num_rows, len(vector)) @ vector
    listed = rows.drop_columns(["vector"]).to_pylist()
    return [
        found(row, row["_score"], float(cosine))
        for row, cosine in zip(listed, cosines, strict=True)
    ]
