"""The use cases of prompts: finding and ordering them, writing, keeping versions, labels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, TypeVar

from app.base.changes import Notices, Topic
from app.base.errors import NotFound
from app.base.folding import fold
from app.prompts import store
from app.prompts.codec import normal
from app.prompts.entities import LATEST, Content, Draft, Prompt, PromptId, PromptVersion
from app.prompts.naming import (
    checked_folder,
    checked_label,
    checked_name,
    checked_tags,
    one_line,
    plain_text,
    within,
)
from app.prompts.tables import PromptRow
from app.storage.db import Database, Session
from app.storage.seeding import Seeding

if TYPE_CHECKING:
    from app.prompts.files.prompt_file import PromptFile

T = TypeVar("T")

_FIRST_NOTE = "Came with Cairn"
_MOST_DIGITS = 9  # of the number of a version
LONGEST_DESCRIPTION = 1_000
LONGEST_NOTE = 2_000


class PromptService:
    """The prompts. All that changes one is a single transaction; `NotFound` if it is gone."""

    def __init__(
        self,
        database: Database,
        notices: Notices,
        seeds: Callable[[], Iterable[PromptFile]] = tuple,
    ) -> None:
        """Serve the prompts of a database.

        Args:
            seeds: what there is to begin with; asked for once, at the first use of a database that
                never held a prompt.
        """
        self._database = database
        self._notices = notices
        self._seeds = seeds
        self._seeding = Seeding(database, PromptRow, self._first_prompts)

    def prompts(
        self, *, folder: str | None = None, tag: str | None = None, search: str = ""
    ) -> tuple[Prompt, ...]:
        """Prompts by name.

        Args:
            folder: only those in it and inside its folders; empty for those in none.
            tag: only those that have it.
            search: only those with all of these words, or parts of words, in their name,
                description, tags or newest text.
        """
        tag = None if tag is None else fold(tag)
        return self._read(lambda s: store.prompts(s, folder, tag, fold(search).split()))

    def get(self, prompt_id: PromptId) -> Prompt:
        """One prompt."""
        return self._read(lambda s: store.prompt(s, prompt_id))

    def find(self, name: str) -> Prompt:
        """The prompt with this name, whatever the case."""
        return self._read(lambda s: store.by_name(s, name.strip()))

    def folders(self) -> Mapping[str, int]:
        """The paths of folders that hold prompts, in order, and how many are inside each."""
        return self._read(store.folders)

    def tags(self) -> Mapping[str, int]:
        """The tags in order, and how many prompts have each."""
        return self._read(store.tags)

    def create(
        self,
        name: str,
        content: Content | None = None,
        *,
        description: str = "",
        folder: str = "",
        tags: Iterable[str] = (),
        note: str | None = None,
    ) -> Prompt:
        """Begin a prompt.

        Args:
            name: unique whatever the case.
            content: to begin with; nothing yet when not said.
            description: what it is for.
            folder, tags: where lists show it; empty for none.
            note: keeps the content as version 1 with this note; None leaves it a draft.

        Raises:
            BadName: one of the texts cannot be used.
            NameTaken: another prompt has the name.
            BadContent: the content is of wrong types or too large.
            NothingNew: an empty content cannot be a version.
        """
        checked = checked_name(name)
        text = _description(description)
        path, chosen = checked_folder(folder), checked_tags(tags)
        begun = normal(content or Content())

        def work(session: Session) -> PromptId:
            prompt_id = store.add(session, checked, text, path)
            store.set_tags(session, prompt_id, chosen)
            store.save_draft(session, prompt_id, begun)
            if note is not None:
                store.keep_draft(session, prompt_id, _note(note))
            return prompt_id

        return self.get(self._write(work))

    def rename(self, prompt_id: PromptId, name: str) -> Prompt:
        """Call a prompt by another name.

        Raises:
            BadName: it cannot be a name.
            NameTaken: another prompt has it.
        """
        checked = checked_name(name)
        return self._change(prompt_id, lambda s: store.change(s, prompt_id, name=checked))

    def describe(self, prompt_id: PromptId, description: str) -> Prompt:
        """Say what a prompt is for.

        Raises:
            BadName: it is too long.
        """
        text = _description(description)
        return self._change(prompt_id, lambda s: store.change(s, prompt_id, description=text))

    def move(self, prompt_id: PromptId, folder: str) -> Prompt:
        """Put a prompt into a folder, which begins to exist with it; empty takes it out.

        Raises:
            BadName: the path cannot be used.
        """
        path = checked_folder(folder)
        return self._change(prompt_id, lambda s: store.change(s, prompt_id, folder=path))

    def set_tags(self, prompt_id: PromptId, tags: Iterable[str]) -> Prompt:
        """Give a prompt these tags and no others.

        Raises:
            BadName: one is too long, or there are too many.
        """
        chosen = checked_tags(tags)
        return self._change(prompt_id, lambda s: store.set_tags(s, prompt_id, chosen))

    def delete(self, prompt_id: PromptId) -> None:
        """Take a prompt away with all of its versions. `restore` brings it back until a purge."""
        self._write(lambda s: store.mark_deleted(s, prompt_id))

    def restore(self, prompt_id: PromptId) -> Prompt:
        """Bring a deleted prompt back, as name-2 if its name was taken meanwhile."""
        return self._change(prompt_id, lambda s: store.restore(s, prompt_id))

    def purge_deleted(self) -> None:
        """Let go of deleted prompts for good; called when Cairn starts, when no undo is left."""
        self._database.write(store.purge)

    def duplicate(self, prompt_id: PromptId) -> Prompt:
        """A copy under a free name: the newest version as its first, and the draft."""

        def work(session: Session) -> PromptId:
            old = store.prompt(session, prompt_id)
            name = store.free_name(session, old.name)
            copy = store.add(session, name, old.description, old.folder)
            store.set_tags(session, copy, checked_tags(old.tags))
            if old.latest:
                kept = store.version(session, prompt_id, old.latest)
                note = f"Copied from “{old.name}”, version {old.latest}"
                store.keep(session, copy, kept.content, note, None)
            store.save_draft(session, copy, store.newest_content(session, prompt_id))
            return copy

        return self.get(self._write(work))

    def draft(self, prompt_id: PromptId) -> Draft | None:
        """What is being written; None when there is nothing beyond the newest version."""
        return self._read(lambda s: store.draft(s, prompt_id))

    def newest_content(self, prompt_id: PromptId) -> Content:
        """What an editor begins with: the draft, or else the newest version, or nothing yet."""
        return self._read(lambda s: store.newest_content(s, prompt_id))

    def save_draft(self, prompt_id: PromptId, content: Content) -> bool:
        """Keep what is being written. A content like the newest version leaves no draft.

        Returns:
            Whether anything is other than before.

        Raises:
            BadContent: the content is of wrong types or too large.
        """
        self._seeding.ensure()
        checked = normal(content)
        is_other = self._database.write(lambda s: store.save_draft(s, prompt_id, checked))
        if is_other:
            self._notices.changed(Topic.PROMPTS)
        return is_other

    def discard_draft(self, prompt_id: PromptId) -> Draft | None:
        """Go back to the newest version. Returns what was discarded, so that it can be saved."""
        return self._write(lambda s: store.discard_draft(s, prompt_id))

    def versions(self, prompt_id: PromptId) -> tuple[PromptVersion, ...]:
        """Every version, newest first."""
        return self._read(lambda s: store.versions(s, prompt_id))

    def version(self, prompt_id: PromptId, number: int) -> PromptVersion:
        """One version."""
        return self._read(lambda s: store.version(s, prompt_id, number))

    def keep_version(self, prompt_id: PromptId, note: str = "") -> PromptVersion:
        """Make the draft a version that never changes.

        Raises:
            NothingNew: there is no draft, or nothing in it.
            BadName: the note is too long.
        """
        checked = _note(note)
        return self._write(lambda s: store.keep_draft(s, prompt_id, checked))

    def revert(self, prompt_id: PromptId, number: int) -> PromptVersion:
        """Make a new version with the content of an old one; a draft is kept as one before.

        Raises:
            NothingNew: the newest version has this content.
        """

        def work(session: Session) -> PromptVersion:
            old = store.version(session, prompt_id, number)
            if store.draft(session, prompt_id) is not None:
                store.keep_draft(session, prompt_id, f"Written before version {number} came back")
            return store.keep(session, prompt_id, old.content, f"Version {number} again", number)

        return self._write(work)

    def label(self, prompt_id: PromptId, label: str, number: int) -> Prompt:
        """Put a label on a version, off the one that has it.

        Raises:
            BadName: it cannot be a label, or is the one of the newest version.
        """
        folded = checked_label(label)
        return self._change(prompt_id, lambda s: store.set_label(s, prompt_id, folded, number))

    def unlabel(self, prompt_id: PromptId, label: str) -> Prompt:
        """Take a label off.

        Raises:
            BadName: it is the one of the newest version.
        """
        folded = checked_label(label)
        return self._change(prompt_id, lambda s: store.remove_label(s, prompt_id, folded))

    def resolve(self, reference: str) -> PromptVersion:
        """The version that is meant by `name`, `name@label` or `name@3`.

        Raises:
            NotFound: no such prompt, label or version; the hint says what there is.
        """
        name, _, which = (each.strip() for each in reference.partition("@"))
        wanted = fold(which) or LATEST

        def work(session: Session) -> PromptVersion:
            found = store.by_name(session, name)
            return store.version(session, found.id, _number(found, wanted))

        return self._read(work)

    def take_in(self, file: PromptFile, note: str) -> PromptVersion:
        """Keep what a file holds: as a new prompt, or as the next version of the one of its name.

        Raises:
            BadName, BadContent: it cannot be kept.
            NothingNew: the prompt of its name is like this already.
        """
        try:
            known = self.find(file.name)
        except NotFound:
            prompt = self.create(
                file.name,
                file.content,
                description=file.description,
                folder=file.folder,
                tags=file.tags,
                note=note,
            )
            return self.version(prompt.id, prompt.latest)
        content, checked = normal(file.content), _note(note)

        def work(session: Session) -> PromptVersion:
            if store.draft(session, known.id) is not None:
                store.keep_draft(session, known.id, "Written before a file was imported")
            store.save_draft(session, known.id, content)
            return store.keep_draft(session, known.id, checked)

        return self._write(work)

    def _read(self, work: Callable[[Session], T]) -> T:
        self._seeding.ensure()
        with self._database.read() as session:
            return work(session)

    def _write(self, work: Callable[[Session], T]) -> T:
        self._seeding.ensure()
        done = self._database.write(work)
        self._notices.changed(Topic.PROMPTS)
        return done

    def _first_prompts(self) -> Callable[[Session], object]:
        seeds = [(seed, normal(seed.content)) for seed in self._seeds()]

        def write(session: Session) -> None:
            for seed, content in seeds:
                prompt_id = store.add(session, seed.name, seed.description, seed.folder)
                store.set_tags(session, prompt_id, checked_tags(seed.tags))
                store.keep(session, prompt_id, content, _FIRST_NOTE, None)

        return write

    def _change(self, prompt_id: PromptId, work: Callable[[Session], None]) -> Prompt:
        self._write(work)
        return self.get(prompt_id)


def _number(prompt: Prompt, wanted: str) -> int:
    if not prompt.latest:
        raise NotFound(f"“{prompt.name}” has only a draft.", "Keep a version of it first.")
    if wanted.isdecimal() and len(wanted) <= _MOST_DIGITS and 0 < int(wanted) <= prompt.latest:
        return int(wanted)
    known = {LATEST: prompt.latest, **prompt.labels}
    if wanted not in known:
        raise NotFound(
            f"“{prompt.name}” has no version “{wanted[:40]}”.",
            f"It has {_numbers(prompt.latest)} and what is labelled {', '.join(known)}.",
        )
    return known[wanted]


def _numbers(latest: int) -> str:
    return "version 1" if latest == 1 else f"the versions 1 to {latest}"


def _description(text: str) -> str:
    return within(one_line(text), LONGEST_DESCRIPTION, "description")


def _note(text: str) -> str:
    return within(plain_text(text), LONGEST_NOTE, "note")
