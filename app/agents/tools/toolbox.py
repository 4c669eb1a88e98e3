"""All tools there are, and the ones that an agent gets in a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from app.agents.entities import Agent, Policy
from app.agents.tools.asking import ASK_USER, Ask, AskUser
from app.agents.tools.calculator import Calculator
from app.agents.tools.clock import AddToDate, CurrentTime, DaysBetween, utc_now
from app.agents.tools.editing import edit_file, write_file
from app.agents.tools.files import ListFiles, ReadFile
from app.agents.tools.folders import Folders
from app.agents.tools.library import READ_DOCUMENT, SEARCH_DOCUMENTS, library_tools
from app.agents.tools.moving import delete_file, make_folder, move_file, restore_file
from app.agents.tools.python import Python
from app.agents.tools.searching import SearchFiles
from app.agents.tools.tables import AnalyseTable, ReadTable
from app.agents.tools.tool import Tool, ToolSpec
from app.chat.entities import Citation
from app.library.service import LibraryService


@dataclass(frozen=True, slots=True)
class ToolEnvironment:
    """What the tools of one run work with.

    Attributes:
        folders: those granted to the agent, as they were when the run began.
        library: None leaves out the tools of the library.
        ask: None leaves out asking the person.
        cited: sources that have their numbers already, when a run goes on.
    """

    folders: Folders = field(default_factory=lambda: Folders(()))
    library: LibraryService | None = None
    ask: Ask | None = None
    now: Callable[[], datetime] = utc_now
    cited: tuple[Citation, ...] = ()


def build_tools(agent: Agent, environment: ToolEnvironment) -> tuple[Tool, ...]:
    """The tools of an agent that are not off and can work here, in the order of `ALL_TOOLS`."""
    folders = environment.folders
    tools: list[Tool] = []
    if environment.library is not None:
        tools += library_tools(environment.library, agent.collections, environment.cited)
    if folders.roots:
        tools += _reading(folders)
    if any(root.granted.can_write for root in folders.roots):
        tools += _writing(folders, environment.now)
    tools += _computing(environment.now)
    if environment.ask is not None:
        tools.append(AskUser(environment.ask))
    return tuple(each for each in tools if agent.policy_for(each.spec.name) is not Policy.OFF)


def _reading(folders: Folders) -> list[Tool]:
    return [
        ListFiles(folders),
        ReadFile(folders),
        SearchFiles(folders),
        ReadTable(folders),
        AnalyseTable(folders),
    ]


def _writing(folders: Folders, now: Callable[[], datetime]) -> list[Tool]:
    return [
        write_file(folders),
        edit_file(folders),
        make_folder(folders),
        move_file(folders),
        delete_file(folders, now),
        restore_file(folders),
    ]


def _computing(now: Callable[[], datetime]) -> list[Tool]:
    return [Calculator(), Python(), CurrentTime(now), DaysBetween(now), AddToDate(now)]


_NO_FOLDERS: Final = Folders(())
ALL_TOOLS: Final[tuple[ToolSpec, ...]] = (
    SEARCH_DOCUMENTS,
    READ_DOCUMENT,
    *(each.spec for each in _reading(_NO_FOLDERS)),
    *(each.spec for each in _writing(_NO_FOLDERS, utc_now)),
    *(each.spec for each in _computing(utc_now)),
    ASK_USER,
)
"""Every tool, in the order of a list of them; what they say of folders names none."""
