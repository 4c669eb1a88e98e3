from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from PySide6.QtCore import Qt

from app.base.changes import Notices
from app.chat.entities import Conversation
from app.library.entities import Collection, CollectionId, DocumentId, Scope
from app.ui.chat.items import ConversationItems, period
from app.ui.chat.row_delegate import IS_BUSY, IS_HEADING
from app.ui.chat.scope.items import ScopeItems
from app.ui.icons import Icons
from tests.ui.chat.fakes import FakeChat, make_document

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
CHECK = Qt.ItemDataRole.CheckStateRole


def conversations(*days: int) -> list[Conversation]:
    chat = FakeChat(Notices())
    return [
        replace(chat.add(f"Chat {number}"), updated_at=NOW - timedelta(days=day))
        for number, day in enumerate(days)
    ]


@pytest.fixture
def items(qapp) -> ConversationItems:
    return ConversationItems(lambda: NOW)


def rows(items: ConversationItems | ScopeItems) -> list[str]:
    return [str(items.index(row).data()) for row in range(items.rowCount())]


@pytest.mark.parametrize(
    ("moment", "heading"),
    [
        (NOW, "Today"),
        (NOW + timedelta(minutes=5), "Today"),
        (NOW - timedelta(hours=10), "Yesterday"),
        (NOW - timedelta(days=7), "Previous 7 days"),
        (NOW - timedelta(days=8), "Previous 30 days"),
        (NOW - timedelta(days=31), "Older"),
    ],
)
def test_period_counts_days_of_the_calendar(moment: datetime, heading: str) -> None:
    assert period(moment, NOW) == heading


def test_period_uses_the_local_day() -> None:
    local = NOW.astimezone(timezone(timedelta(hours=12)))  # 21:00 on the same day there
    assert period(NOW - timedelta(hours=10), local) == "Today"


def test_items_group_newest_first(items: ConversationItems) -> None:
    items.set_conversations(conversations(40, 0, 1, 0))
    assert rows(items) == ["Today", "Chat 1", "Chat 3", "Yesterday", "Chat 2", "Older", "Chat 0"]


def test_items_filter_by_all_words_and_drop_empty_groups(items: ConversationItems) -> None:
    items.set_conversations(conversations(0, 1))
    items.set_filter("CHAT 1")
    assert rows(items) == ["Yesterday", "Chat 1"]
    items.set_filter("nothing")
    assert rows(items) == []


def test_items_headings_cannot_be_chosen(items: ConversationItems) -> None:
    items.set_conversations(conversations(0))
    assert items.index(0).data(IS_HEADING)
    assert items.flags(items.index(0)) == Qt.ItemFlag.NoItemFlags
    assert items.flags(items.index(1)) & Qt.ItemFlag.ItemIsSelectable


def test_items_edit_asks_to_rename(qtbot, items: ConversationItems) -> None:
    (first,) = conversations(0)
    items.set_conversations([first])
    with qtbot.waitSignal(items.renamed) as asked:
        assert items.setData(items.index(1), "  New   title ")
    assert asked.args == [first.id, "New title"]
    with qtbot.assertNotEmitted(items.renamed):
        assert not items.setData(items.index(1), "   ")
        assert items.setData(items.index(1), first.title)


def test_items_same_list_is_no_reset(qtbot, items: ConversationItems) -> None:
    listed = conversations(0, 1)
    items.set_conversations(listed)
    with qtbot.assertNotEmitted(items.modelReset):
        items.set_conversations(tuple(listed))


def test_items_busy_is_told(qtbot, items: ConversationItems) -> None:
    (first,) = conversations(0)
    items.set_conversations([first])
    with qtbot.waitSignal(items.dataChanged):
        items.set_busy([first.id])
    assert items.index(1).data(IS_BUSY)


def test_items_keep_the_rules_of_item_models(qtmodeltester, items: ConversationItems) -> None:
    items.set_conversations(conversations(0, 1, 50))
    qtmodeltester.check(items)


@pytest.fixture
def scopes(icons: Icons) -> ScopeItems:
    documents = [make_document(1, "Contract.pdf"), make_document(2, "Notes.md")]
    return ScopeItems(documents, [Collection(CollectionId(5), "Tenders", 3)], Scope(), icons)


def toggle(items: ScopeItems, name: str) -> None:
    items.toggle(items.index(next(row for row, each in enumerate(rows(items)) if name in each)))


def checked(items: ScopeItems) -> list[str]:
    return [
        name
        for row, name in enumerate(rows(items))
        if items.index(row).data(CHECK) == Qt.CheckState.Checked
    ]


def test_scope_items_start_with_everything(scopes: ScopeItems) -> None:
    assert rows(scopes)[0] == "All documents"
    assert checked(scopes) == ["All documents"]
    assert scopes.scope.is_everything


def test_scope_items_choices_make_the_scope(scopes: ScopeItems) -> None:
    toggle(scopes, "Tenders")
    toggle(scopes, "Notes")
    assert scopes.scope == Scope((CollectionId(5),), (DocumentId(2),))
    assert "All documents" not in checked(scopes)
    toggle(scopes, "Notes")
    assert scopes.scope == Scope((CollectionId(5),))


def test_scope_items_all_documents_takes_choices_back(scopes: ScopeItems) -> None:
    toggle(scopes, "Notes")
    toggle(scopes, "All documents")
    assert scopes.scope.is_everything


def test_scope_items_filter_keeps_choices_that_are_not_seen(scopes: ScopeItems) -> None:
    toggle(scopes, "Notes")
    scopes.set_filter("contr")
    assert rows(scopes) == ["Documents", "Contract.pdf"]
    toggle(scopes, "Contract")
    assert scopes.scope.documents == (DocumentId(1), DocumentId(2))


def test_scope_items_heading_cannot_be_chosen(scopes: ScopeItems) -> None:
    row = rows(scopes).index("Documents")
    assert not scopes.is_choosable(scopes.index(row))
    scopes.toggle(scopes.index(row))
    assert scopes.scope.is_everything


def test_scope_items_forget_documents_that_are_gone(icons: Icons) -> None:
    gone = Scope(documents=(DocumentId(1), DocumentId(99)))
    items = ScopeItems([make_document(1)], [], gone, icons)
    assert items.scope == Scope(documents=(DocumentId(1),))


def test_scope_items_keep_the_rules_of_item_models(qtmodeltester, scopes: ScopeItems) -> None:
    qtmodeltester.check(scopes)
