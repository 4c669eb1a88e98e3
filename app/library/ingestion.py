"""Drives documents through the library child. The rows in SQLite are the queue, so it is durable.

One thread takes queued documents in batches, hands them to the child and writes down what became of
them. A row says QUEUED until its document is searchable or given up; "reading" and "embedding" are
only true while this process lives, so they are kept in memory. A kill between the commit of the
index and that of the row costs a look-up, because the child recognises content that it has.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from app.base.changes import Notices, Topic
from app.base.child import ChildBug, ChildProcess, PendingCall
from app.base.errors import AppError, Cancelled, ChildStopped, DiskFull
from app.base.jobs import Activity, Pace
from app.library import store
from app.library.entities import ContentHash, Document, DocumentId, DocumentStatus
from app.library.protocol import (
    Ingest,
    IngestItem,
    ItemEmbedding,
    ItemEvent,
    ItemFailed,
    ItemIndexed,
    ItemReading,
    KeepOnly,
    RemoveContents,
)
from app.storage.db import Database, Session

log = logging.getLogger(__name__)

BATCH = 32
CRASHES_ALLOWED = 1  # the second crash on the same document is its last
STALL_S = 300.0  # longer than any single page or the first export of the embedder takes
TICK_S = 2.0
STARTS_ALLOWED = 3  # a child that dies this often before it did anything will not get better
RETRY_S = 20.0  # after a full disk, whose owner may have made room
NOTICE_INTERVAL_S = 0.25
STAYS_QUEUED = "The documents stay in the queue. Start Cairn again to go on with them."
ACTIVITY_ID = "ingestion"


@dataclass(frozen=True, slots=True)
class Step:
    """How far a document in the child is."""

    status: DocumentStatus
    chunks_done: int = 0
    chunks: int = 0


class IngestionPaused(AppError):
    """Documents are left in the queue because the library process cannot work on them now."""


class _CallEnded:
    """Put into the event queue when the child is done with a batch."""


@dataclass(slots=True)
class _Batch:
    """The batch that is in the child now."""

    open: dict[DocumentId, Document]
    cancelled: set[DocumentId] = field(default_factory=set)
    call: PendingCall | None = None
    events: queue.SimpleQueue[ItemEvent | _CallEnded] = field(default_factory=queue.SimpleQueue)


@dataclass(slots=True)
class _Burst:
    """What the progress line counts: everything since the queue was last empty."""

    sizes: dict[DocumentId, int] = field(default_factory=dict)
    done: set[DocumentId] = field(default_factory=set)
    pace: Pace = field(default_factory=Pace)


class Ingestion:
    """The queue's worker. `wake` it after queuing; `cancel` acts at once."""

    def __init__(self, database: Database, child: ChildProcess, notices: Notices) -> None:
        self._database = database
        self._child = child
        self._notices = notices
        self._changed = threading.Condition()
        self._wanted = True
        self._closing = False
        self._batch: _Batch | None = None
        self._steps: dict[DocumentId, Step] = {}
        self._unwanted: set[ContentHash] = set()
        self._index_lock = threading.Lock()  # held while a batch or a removal is in the child
        self._burst = _Burst()
        self._noticed_at = 0.0
        self._idle_deaths = 0
        self._problem: AppError | None = None
        self._told_problem = ""
        self._thread = threading.Thread(target=self._run, name="ingestion", daemon=True)

    def start(self) -> None:
        """Go on with what was left over last time, then wait for more. Safe to call again."""
        if self._thread.ident is None:
            self._thread.start()

    def close(self) -> None:
        """Stop once the child gave up the present batch; it goes on at the next start."""
        with self._changed:
            self._closing = True
            call = self._batch.call if self._batch else None
            self._changed.notify_all()
        if call is not None:
            call.cancel()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def wake(self) -> None:
        """Say that there may be queued documents; what went wrong before is tried again."""
        with self._changed:
            self._wanted = True
            self._problem, self._told_problem = None, ""
            self._changed.notify_all()

    def seen(self, document: Document) -> Document:
        """The document as it is this moment, with the progress no row knows."""
        step = self._steps.get(document.id)
        if step is None or document.status is not DocumentStatus.QUEUED:
            return document
        return replace(
            document, status=step.status, chunks_done=step.chunks_done, chunks=step.chunks
        )

    def cancel(self, ids: Iterable[DocumentId]) -> None:
        """Take documents out of the queue and out of the child's hands."""
        wanted = set(ids)
        with self._changed:
            batch = self._batch
            inside = wanted & set(batch.open) if batch else set()
            if batch is not None and inside:
                batch.cancelled |= inside
                if batch.call is not None:
                    batch.call.cancel()
        outside = wanted - inside
        self._database.write(lambda session: store.cancel_queued(session, outside))
        with self._changed:
            self._changed.notify_all()
        self._tell(force=True)

    def discard(self, contents: Iterable[ContentHash]) -> None:
        """Take contents out of the index: now, or after the batch that is in the child.

        Not during a batch, which may be about to refer to one of them again. A kill before it is
        done leaves it to the next start.
        """
        with self._changed:
            self._unwanted |= set(contents)
        if self._index_lock.acquire(blocking=False):
            try:
                self._remove_unwanted()
            finally:
                self._index_lock.release()
        else:
            self.wake()

    def wait(self, ids: Iterable[DocumentId], timeout: float | None = None) -> bool:
        """Wait until none of the documents is pending; False when time ran out.

        Raises:
            AppError: the work is paused, and why.
        """
        wanted = set(ids)
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            while wanted & self._pending():
                if self._problem is not None:
                    raise self._problem
                left = None if deadline is None else deadline - time.monotonic()
                if self._closing or (left is not None and left <= 0):
                    return False
                self._changed.wait(left)
        return True

    def _pending(self) -> frozenset[DocumentId]:
        with self._database.read() as session:
            return store.queued_ids(session)

    def _run(self) -> None:
        tidied = False
        while True:
            with self._changed:
                while not self._wanted and not self._closing:
                    is_told = self._changed.wait(RETRY_S if self._pauses_for_the_disk() else None)
                    self._wanted = self._wanted or not is_told
                if self._closing:
                    return
                self._wanted = False
            try:
                self._drain()
                with self._index_lock:
                    self._remove_unwanted()
                if not tidied:
                    tidied = True
                    self.agree_with_index()
            except AppError as error:
                # A full disk, say. The rows are still queued; the next wake-up tries again.
                self._pause(error)
            except Exception:
                # A worker that dies without a word would leave its documents pending for ever.
                log.exception("ingestion met a bug")
                self._pause(IngestionPaused("Cairn met an error of its own.", STAYS_QUEUED))

    def _pause(self, error: AppError) -> None:
        log.error("ingestion paused: %s", error)
        self._idle_deaths = 0
        with self._changed:
            is_news = str(error) != self._told_problem
            self._problem, self._told_problem = error, str(error)
            self._changed.notify_all()
        self._end_burst(str(error) if is_news else "")

    def _pauses_for_the_disk(self) -> bool:
        return isinstance(self._problem, DiskFull)

    def _drain(self) -> None:
        while not self._closing:
            self._count_burst()
            with self._database.read() as session:
                found = store.next_batch(session, BATCH)
            if not found:
                self._end_burst()
                self._problem, self._told_problem = None, ""
                return
            with self._index_lock:
                self._work_on(_Batch({each.id: each for each in found}))
                self._remove_unwanted()

    def _work_on(self, batch: _Batch) -> None:
        with self._changed:
            self._batch = batch
        items = tuple(IngestItem(key, str(each.path)) for key, each in batch.open.items())
        try:
            batch.call = self._child.call(Ingest(items), batch.events.put)
            batch.call.future.add_done_callback(lambda _future: batch.events.put(_CallEnded()))
            if batch.cancelled or self._closing:
                batch.call.cancel()
            self._follow(batch)
            batch.call.result()
        except (Cancelled, ChildStopped, ChildBug) as error:
            self._settle(batch, error)
        finally:
            with self._changed:
                self._batch = None
                self._steps.clear()
                self._changed.notify_all()
            self._tell(force=True)

    def _follow(self, batch: _Batch) -> None:
        """Write down what the child reports until the call ends; one transaction a handful."""
        last_event = time.monotonic()
        while True:
            try:
                events = [batch.events.get(timeout=TICK_S)]
            except queue.Empty:
                if time.monotonic() - last_event > STALL_S:
                    log.error("no progress for %.0f s; ending the library child", STALL_S)
                    self._child.kill()
                continue
            last_event = time.monotonic()
            while not batch.events.empty():
                events.append(batch.events.get())
            self._note(batch, [each for each in events if not isinstance(each, _CallEnded)])
            if any(isinstance(each, _CallEnded) for each in events):
                return

    def _note(self, batch: _Batch, events: list[ItemEvent]) -> None:
        ended = [each for each in events if isinstance(each, ItemIndexed | ItemFailed)]
        for event in events:
            match event:
                case ItemReading(key):
                    self._steps[DocumentId(key)] = Step(DocumentStatus.READING)
                case ItemEmbedding(key, done, total):
                    step = Step(DocumentStatus.EMBEDDING, done, total)
                    self._steps[DocumentId(key)] = step
        if events:
            self._idle_deaths = 0
        if ended:
            unused = self._database.write(lambda session: store.note_ended(session, ended))
            with self._changed:
                self._unwanted |= set(unused)
                for each in ended:
                    self._forget(batch, DocumentId(each.key))
                self._changed.notify_all()
        self._tell()

    def _forget(self, batch: _Batch, key: DocumentId) -> None:
        batch.open.pop(key, None)
        self._steps.pop(key, None)
        self._burst.done.add(key)

    def _remove_unwanted(self) -> None:
        """Remove what was discarded and is still not used; the caller holds the index lock."""
        with self._changed:
            contents, self._unwanted = self._unwanted, set()
        if not contents or self._closing:
            return
        with self._database.read() as session:
            unused = store.unused(session, contents)
        try:
            if unused:
                self._child.call(RemoveContents(unused)).result()
        except ChildStopped as error:
            log.warning("removal waits for the next occasion: %s", error)
            with self._changed:
                self._unwanted |= set(unused)

    def _settle(self, batch: _Batch, error: Cancelled | ChildStopped | ChildBug) -> None:
        """Decide about the documents that the child did not finish."""
        with self._changed:
            left = set(batch.open)
            cancelled = left & batch.cancelled
            suspects = (left & set(self._steps)) - cancelled
        self._database.write(lambda session: store.cancel_queued(session, cancelled))
        match error:
            case ChildStopped() if not self._closing:
                self._note_death(suspects, error)
            case ChildBug():
                log.error("the library child failed on a batch: %s", error)
                last_line = str(error).strip().rsplit("\n", 1)[-1]
                for key in left - cancelled:
                    self._give_up(key, f"Cairn met an error of its own: {last_line}")

    def _note_death(self, suspects: set[DocumentId], error: ChildStopped) -> None:
        for key in suspects:
            self._count_crash(key, error.message)
        if suspects:
            return
        self._idle_deaths += 1
        if self._idle_deaths >= STARTS_ALLOWED:
            raise IngestionPaused(
                f"Documents cannot be read now: {error.message}",
                f"They stay in the queue. The log {self._child.log_path.name} says more.",
            )

    def _count_crash(self, key: DocumentId, message: str) -> None:
        crashes = self._database.write(lambda session: store.note_crash(session, key))
        if crashes > CRASHES_ALLOWED:
            self._give_up(key, f"Reading this file ended the reader twice. {message}")

    def _give_up(self, key: DocumentId, reason: str) -> None:
        hint = "The other documents are not affected. Save the file anew, or leave it out."
        event = ItemFailed(key, reason, hint)
        self._database.write(lambda session: store.note_ended(session, [event]))
        self._burst.done.add(key)

    def agree_with_index(self) -> int:
        """Make the index and the rows agree, after a kill at a bad moment or a lost index.

        Returns:
            how many documents were missing from the index and are queued again.
        """
        with self._index_lock:
            return self._tidy()

    def _tidy(self) -> int:
        with self._database.read() as session:
            used = store.contents_in_use(session)
        if not used or self._closing:
            return 0
        try:
            missing: tuple[ContentHash, ...] = self._child.call(KeepOnly(used)).result()
        except Cancelled:
            return 0

        def requeue(session: Session) -> int:
            return store.requeue_contents(session, missing)

        requeued = self._database.write(requeue)
        if requeued:
            log.warning("%d documents were missing from the index and are read again", requeued)
            self.wake()
        return requeued

    def _count_burst(self) -> None:
        with self._database.read() as session:
            pending = store.by_ids(session, store.queued_ids(session))
        for each in pending:
            self._burst.sizes[each.id] = each.size_bytes
            self._burst.done.discard(each.id)

    def _end_burst(self, problem: str = "") -> None:
        if self._burst.sizes:
            ended = Activity(ACTIVITY_ID, "Indexing documents", finished=True, problem=problem)
            self._notices.activity(ended)
            self._notices.changed(Topic.DOCUMENTS)
        self._burst = _Burst()

    def _tell(self, *, force: bool = False) -> None:
        moment = time.monotonic()
        if not force and moment - self._noticed_at < NOTICE_INTERVAL_S:
            return
        self._noticed_at = moment
        if self._burst.sizes:
            self._notices.activity(self._activity(self._burst))
        self._notices.changed(Topic.DOCUMENTS)

    def _activity(self, burst: _Burst) -> Activity:
        sizes = burst.sizes
        bytes_done = float(sum(size for key, size in sizes.items() if key in burst.done))
        for key, step in tuple(self._steps.items()):
            bytes_done += sizes.get(key, 0) * step.chunks_done / max(1, step.chunks)
        return Activity(
            id=ACTIVITY_ID,
            title=f"Indexing {len(sizes)} {'document' if len(sizes) == 1 else 'documents'}",
            done=len(burst.done & set(sizes)),
            total=len(sizes),
            unit="documents",
            seconds_left=burst.pace.seconds_left(bytes_done, sum(sizes.values())),
            can_cancel=True,
        )
