from __future__ import annotations

from dataclasses import replace

import pytest

from app.library.entities import DocumentStatus
from app.ui.library.batch import Batch
from tests.ui.library.fakes import make_document

QUEUED = [make_document(n, status=DocumentStatus.QUEUED) for n in range(4)]


def done(document):
    return replace(document, status=DocumentStatus.INDEXED)


def test_batch_without_pending_documents_is_none():
    assert Batch().update([make_document(1)]) is None


def test_batch_counts_only_what_was_pending_in_it():
    batch, old = Batch(), make_document(9)
    batch.update([old, *QUEUED])
    progress = batch.update([old, done(QUEUED[0]), *QUEUED[1:]])
    assert progress is not None
    assert (progress.done, progress.total) == (1, 4)
    assert progress.fraction == pytest.approx(0.25)


def test_batch_counts_the_part_of_a_document_that_is_embedded():
    half = replace(QUEUED[0], status=DocumentStatus.EMBEDDING, chunks=10, chunks_done=5)
    progress = Batch().update([half])
    assert progress is not None
    assert 0.4 < progress.fraction < 0.6


def test_batch_what_is_added_meanwhile_joins_and_what_is_removed_leaves():
    batch = Batch()
    batch.update(QUEUED[:2])
    progress = batch.update([done(QUEUED[0]), *QUEUED[2:]])
    assert progress is not None
    assert (progress.done, progress.total) == (1, 3)


def test_batch_starts_over_after_it_ended():
    batch = Batch()
    batch.update(QUEUED[:2])
    assert batch.update([done(each) for each in QUEUED[:2]]) is None
    progress = batch.update([done(QUEUED[0]), done(QUEUED[1]), QUEUED[2]])
    assert progress is not None
    assert (progress.done, progress.total) == (0, 1)
