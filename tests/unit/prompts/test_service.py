from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.base.changes import Notice, Notices, Topic
from app.base.errors import NotFound
from app.base.paths import DataPaths
from app.engine.messages import Role
from app.engine.sampling import Sampling
from app.prompts.codec import LARGEST_BYTES
from app.prompts.entities import Content, Example, Part, Prompt, Variable
from app.prompts.errors import BadContent, BadName, NameTaken, NothingNew
from app.prompts.service import PromptService
from app.storage.db import Database

TOLD = frozenset({Topic.PROMPTS})


def content(text: str) -> Content:
    return Content((Part(Role.USER, text),))


@pytest.fixture
def told() -> list[Notice]:
    return []


@pytest.fixture
def service(data_paths: DataPaths, told: list[Notice]) -> Iterator[PromptService]:
    notices = Notices()
    notices.subscribe(told.append)
    database = Database(data_paths.database)
    database.open()
    yield PromptService(database, notices)
    database.close()


@pytest.fixture
def prompt(service: PromptService) -> Prompt:
    """A prompt with two versions."""
    made = service.create("summary", content("first"), note="begun")
    service.save_draft(made.id, content("second"))
    service.keep_version(made.id, "better")
    return service.get(made.id)


def names(prompts: tuple[Prompt, ...]) -> list[str]:
    return [each.name for each in prompts]


def numbers(service: PromptService, prompt: Prompt) -> list[tuple[int, str, int | None]]:
    return [(each.number, each.note, each.parent) for each in service.versions(prompt.id)]


def test_create_without_content_gives_an_empty_draft(
    service: PromptService, told: list[Notice]
) -> None:
    made = service.create(" summary ", description="Short\n and  clear", folder="/office// mail /")
    assert (made.name, made.description, made.folder) == (
        "summary",
        "Short and clear",
        "office/mail",
    )
    assert (made.latest, made.has_draft, made.labels) == (0, True, {})
    assert service.newest_content(made.id) == Content()
    assert told == [TOLD]


def test_create_with_a_note_keeps_version_1_and_everything_in_it(service: PromptService) -> None:
    whole = Content(
        (Part(Role.SYSTEM, "Be {{ tone }}."),),
        (Variable("tone", default="dry"),),
        (Example("a", "b"),),
        {"type": "object"},
        Sampling(seed=7),
    )
    made = service.create("summary", whole, note="begun")
    (version,) = service.versions(made.id)
    assert (version.number, version.note, version.content) == (1, "begun", whole)
    assert (made.latest, made.has_draft) == (1, False)


@pytest.mark.parametrize("name", ["a", "gpt-4", "v1.2_b", "Übersicht", "要約", "नमस्ते", "7"])
def test_name_of_letters_digits_and_joiners_is_taken(service: PromptService, name: str) -> None:
    assert service.find(service.create(name).name).name == name


@pytest.mark.parametrize(
    "name",
    ["", "  ", "two words", "a@b", "a/b", "-a", ".hidden", "a\nb", "\ud800", "é" * 65, "!"],
)
def test_name_that_fits_no_slash_command_is_refused(service: PromptService, name: str) -> None:
    with pytest.raises(BadName) as refused:
        service.create(name)
    assert refused.value.message
    assert refused.value.hint
    assert service.prompts() == ()


@pytest.mark.parametrize(
    ("name", "same"), [("summary", "SUMMARY"), ("Straße", "STRASSE"), ("é", "E\u0301")]
)
def test_name_that_differs_in_case_only_is_taken(
    service: PromptService, name: str, same: str
) -> None:
    made = service.create(name)
    with pytest.raises(NameTaken, match="already"):
        service.create(same)
    assert service.find(same) == made
    assert service.rename(made.id, same).name != name


def test_rename_to_the_name_of_another_is_refused_and_changes_nothing(
    service: PromptService, prompt: Prompt
) -> None:
    other = service.create("other")
    with pytest.raises(NameTaken):
        service.rename(other.id, "Summary")
    assert service.get(other.id) == other


def test_describe_move_and_set_tags_change_just_that(
    service: PromptService, prompt: Prompt
) -> None:
    service.describe(prompt.id, "For mails")
    service.move(prompt.id, "work")
    changed = service.set_tags(prompt.id, ["Mail", " short  one ", "MAIL", ""])
    assert (changed.name, changed.description, changed.folder) == ("summary", "For mails", "work")
    assert changed.tags == ("Mail", "short one")
    assert service.set_tags(prompt.id, ["mail"]).tags == ("mail",)
    assert changed.updated_at > prompt.updated_at
    assert changed.created_at == prompt.created_at


def test_text_that_is_too_long_is_refused_and_not_cut(
    service: PromptService, prompt: Prompt
) -> None:
    service.save_draft(prompt.id, content("third"))
    before = service.get(prompt.id)
    with pytest.raises(BadName, match="description"):
        service.describe(prompt.id, "d" * 1001)
    with pytest.raises(BadName, match="note"):
        service.keep_version(prompt.id, "n" * 2001)
    assert service.get(prompt.id) == before


@pytest.mark.parametrize("folder", ["../up", "a/./b", "f" * 300])
def test_folder_that_is_no_path_is_refused(
    service: PromptService, prompt: Prompt, folder: str
) -> None:
    with pytest.raises(BadName):
        service.move(prompt.id, folder)


@pytest.mark.parametrize("tags", [["t" * 41], [str(number) for number in range(21)]])
def test_tags_beyond_their_limits_are_refused(
    service: PromptService, prompt: Prompt, tags: list[str]
) -> None:
    with pytest.raises(BadName):
        service.set_tags(prompt.id, tags)


def test_folders_and_tags_count_what_the_filters_find(service: PromptService) -> None:
    for name, folder, tags in (
        ("a", "", ["mail"]),
        ("b", "work", ["Mail", "ÖL"]),
        ("c", "work/mail", []),
        ("d", "Work", []),
        ("e", "work-2", ["öl"]),
    ):
        service.create(name, folder=folder, tags=tags)
    assert dict(service.folders()) == {"Work": 1, "work": 2, "work/mail": 1, "work-2": 1}
    assert names(service.prompts(folder="work")) == ["b", "c"]
    assert names(service.prompts(folder="")) == ["a"]
    assert dict(service.tags()) == {"Mail": 2, "ÖL": 2}
    assert names(service.prompts(tag="mail")) == ["a", "b"]
    assert names(service.prompts(tag="Öl", folder="work")) == ["b"]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("", ["Größe", "other"]),
        ("GRÖSSE", ["Größe"]),
        ("umriß", ["Größe"]),
        ("ΣΊΣΥΦΟΣ", ["Größe"]),
        ("etikett aufgabe", ["Größe"]),
        ("etikett missing", []),
        ("100%", ["other"]),
        ("%", ["other"]),
        ("a_b", ["other"]),
        ('it\'s \\ "so"', ["other"]),
        ("NULL", ["other"]),
    ],
)
def test_search_looks_at_everything_whatever_the_case_and_signs(
    service: PromptService, search: str, found: list[str]
) -> None:
    service.create("Größe", content("Σίσυφος"), description="Aufgabe UMRISS", tags=["Etikett"])
    service.create("other", content('100% a_b it\'s \\ "so" a\0null'))
    assert names(service.prompts(search=search)) == found


def test_search_looks_at_the_draft_or_else_at_the_newest_version(
    service: PromptService, prompt: Prompt
) -> None:
    assert service.prompts(search="first") == ()
    assert names(service.prompts(search="second")) == ["summary"]
    service.save_draft(prompt.id, content("third"))
    assert service.prompts(search="second") == ()
    service.discard_draft(prompt.id)
    service.rename(prompt.id, "digest")
    assert names(service.prompts(search="second digest")) == ["digest"]
    assert service.prompts(search="summary") == ()


def test_delete_hides_a_prompt_and_restore_brings_all_of_it_back(
    service: PromptService, prompt: Prompt
) -> None:
    service.label(prompt.id, "production", 1)
    service.save_draft(prompt.id, content("third"))
    before, kept = service.get(prompt.id), service.versions(prompt.id)
    service.delete(prompt.id)
    assert service.prompts() == ()
    assert (service.folders(), service.tags()) == ({}, {})
    for use in (service.get, service.draft, service.versions, service.delete):
        with pytest.raises(NotFound, match="not there any more"):
            use(prompt.id)
    with pytest.raises(NotFound):
        service.save_draft(prompt.id, content("late"))
    restored = service.restore(prompt.id)
    assert (restored.name, restored.labels, restored.has_draft) == (
        before.name,
        before.labels,
        before.has_draft,
    )
    assert service.versions(prompt.id) == kept


def test_restore_after_the_name_was_taken_gives_a_free_one(
    service: PromptService, prompt: Prompt
) -> None:
    service.delete(prompt.id)
    service.create("SUMMARY")
    assert service.restore(prompt.id).name == "summary-2"
    assert service.restore(prompt.id).name == "summary-2"


def test_purge_ends_the_undo(service: PromptService, prompt: Prompt) -> None:
    service.delete(prompt.id)
    service.purge_deleted()
    with pytest.raises(NotFound):
        service.restore(prompt.id)


def test_save_draft_tells_once_for_one_change(
    service: PromptService, prompt: Prompt, told: list[Notice]
) -> None:
    told.clear()
    assert service.save_draft(prompt.id, content("third"))
    assert not service.save_draft(prompt.id, content("third"))
    draft = service.draft(prompt.id)
    assert draft is not None
    assert (draft.content, draft.based_on) == (content("third"), 2)
    assert told == [TOLD]
    assert service.get(prompt.id).has_draft


def test_save_draft_that_went_back_to_the_newest_version_leaves_no_draft(
    service: PromptService, prompt: Prompt
) -> None:
    assert not service.save_draft(prompt.id, content("second"))
    service.save_draft(prompt.id, content("third"))
    assert service.save_draft(prompt.id, content("second"))
    assert service.draft(prompt.id) is None
    assert service.newest_content(prompt.id) == content("second")


def test_save_draft_with_only_the_order_of_schema_fields_changed_keeps_it(
    service: PromptService, prompt: Prompt
) -> None:
    for order in ("ab", "ba"):
        schema: dict[str, dict[str, object]] = {"properties": {name: {} for name in order}}
        assert service.save_draft(prompt.id, Content(output_schema=schema))
        kept = service.newest_content(prompt.id).output_schema
        assert kept is not None
        assert list(kept["properties"]) == list(order)


def test_save_draft_too_large_is_refused_and_the_last_one_kept(
    service: PromptService, prompt: Prompt
) -> None:
    service.save_draft(prompt.id, content("third"))
    with pytest.raises(BadContent, match="too large"):
        service.save_draft(prompt.id, content("a" * LARGEST_BYTES))
    assert service.newest_content(prompt.id) == content("third")


def test_discarded_draft_is_handed_back_and_can_be_saved_again(
    service: PromptService, prompt: Prompt
) -> None:
    service.save_draft(prompt.id, content("third"))
    discarded = service.discard_draft(prompt.id)
    assert service.newest_content(prompt.id) == content("second")
    assert service.discard_draft(prompt.id) is None
    assert discarded is not None
    service.save_draft(prompt.id, discarded.content)
    assert service.newest_content(prompt.id) == content("third")


def test_keep_version_makes_the_draft_the_next_version(
    service: PromptService, prompt: Prompt
) -> None:
    service.save_draft(prompt.id, content("third"))
    kept = service.keep_version(prompt.id, " two\nlines\0 ")
    assert (kept.number, kept.content, kept.note) == (3, content("third"), "two\nlines")
    assert numbers(service, prompt) == [(3, "two\nlines", 2), (2, "better", 1), (1, "begun", None)]
    assert service.draft(prompt.id) is None


def test_keep_version_without_a_change_says_so(service: PromptService, prompt: Prompt) -> None:
    with pytest.raises(NothingNew, match="Version 2, the newest, is the same"):
        service.keep_version(prompt.id)
    empty = service.create("empty")
    with pytest.raises(NothingNew, match="nothing to keep yet"):
        service.keep_version(empty.id)
    with pytest.raises(NothingNew):
        service.create("void", note="begun")
    assert names(service.prompts()) == ["empty", "summary"]


def test_revert_makes_a_new_version_with_the_old_content(
    service: PromptService, prompt: Prompt
) -> None:
    made = service.revert(prompt.id, 1)
    assert (made.number, made.content, made.parent) == (3, content("first"), 1)
    assert made.note == "Version 1 again"
    assert service.newest_content(prompt.id) == content("first")


def test_revert_with_a_draft_keeps_it_as_a_version_first(
    service: PromptService, prompt: Prompt
) -> None:
    service.save_draft(prompt.id, content("third"))
    service.revert(prompt.id, 2)
    assert [each.content for each in service.versions(prompt.id)][:2] == [
        content("second"),
        content("third"),
    ]
    assert service.draft(prompt.id) is None


def test_revert_to_what_there_is_changes_nothing(service: PromptService, prompt: Prompt) -> None:
    with pytest.raises(NothingNew):
        service.revert(prompt.id, 2)
    with pytest.raises(NotFound, match="no version 9"):
        service.revert(prompt.id, 9)
    assert service.get(prompt.id) == prompt


def test_label_moves_from_version_to_version(service: PromptService, prompt: Prompt) -> None:
    assert service.label(prompt.id, "Production", 1).labels == {"production": 1}
    service.label(prompt.id, "own", 1)
    assert service.label(prompt.id, "production", 2).labels == {"own": 1, "production": 2}
    assert service.unlabel(prompt.id, "PRODUCTION").labels == {"own": 1}
    assert service.unlabel(prompt.id, "production").labels == {"own": 1}


@pytest.mark.parametrize("label", ["latest", "LATEST", "3", "two words", ""])
def test_label_that_would_mislead_is_refused(
    service: PromptService, prompt: Prompt, label: str
) -> None:
    with pytest.raises(BadName):
        service.label(prompt.id, label, 1)
    with pytest.raises(BadName):
        service.unlabel(prompt.id, label)


def test_label_on_a_version_that_is_not_there_is_refused(
    service: PromptService, prompt: Prompt
) -> None:
    with pytest.raises(NotFound):
        service.label(prompt.id, "production", 3)


@pytest.mark.parametrize(
    ("reference", "number"),
    [
        ("summary", 2),
        (" SUMMARY @ Latest ", 2),
        ("summary@", 2),
        ("summary@1", 1),
        ("summary@production", 1),
        ("summary@PRODUCTION", 1),
    ],
)
def test_resolve_finds_the_version_that_is_meant(
    service: PromptService, prompt: Prompt, reference: str, number: int
) -> None:
    service.label(prompt.id, "production", 1)
    assert service.resolve(reference) == service.version(prompt.id, number)


@pytest.mark.parametrize("reference", ["summary@3", "summary@0", "summary@own", "no", "", "a@b@c"])
def test_resolve_of_what_is_not_there_says_so(
    service: PromptService, prompt: Prompt, reference: str
) -> None:
    with pytest.raises(NotFound) as refused:
        service.resolve(reference)
    assert refused.value.hint


def test_resolve_of_a_draft_only_asks_for_a_version(service: PromptService) -> None:
    service.create("idea", content("x"))
    with pytest.raises(NotFound, match="only a draft"):
        service.resolve("idea")


def test_duplicate_copies_what_is_shown_and_the_newest_version(
    service: PromptService, prompt: Prompt
) -> None:
    service.move(prompt.id, "work")
    service.set_tags(prompt.id, ["Mail"])
    service.label(prompt.id, "production", 1)
    service.save_draft(prompt.id, content("third"))
    copy = service.duplicate(prompt.id)
    assert (copy.name, copy.folder, copy.tags, copy.labels) == ("summary-2", "work", ("Mail",), {})
    assert numbers(service, copy) == [(1, "Copied from “summary”, version 2", None)]
    assert service.version(copy.id, 1).content == content("second")
    assert service.newest_content(copy.id) == content("third")
    assert service.duplicate(prompt.id).name == "summary-3"


def test_duplicate_of_the_longest_name_stays_within_the_limit(service: PromptService) -> None:
    made = service.create("n" * 64)
    copy = service.duplicate(made.id)
    assert copy.name == "n" * 62 + "-2"
    assert copy.has_draft
