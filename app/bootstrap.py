"""The composition root: the only place that builds services and says who gets what."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.agents.grants import GrantBook
from app.agents.mcp.service import McpServers
from app.agents.running.runner import Runner
from app.agents.runs import RunService
from app.agents.service import AgentService
from app.base.changes import Notices, Topic
from app.base.child_side import Entry, Handler
from app.base.lock import DataFolderLock
from app.base.paths import DataPaths
from app.chat.answers import AnswerMaker
from app.chat.pictures import PictureFolder
from app.chat.service import ChatService
from app.engine.child import engine_child
from app.engine.host import EngineHost
from app.engine.remote.keys import Keys
from app.evals.opening import ModelMetrics
from app.evals.runs.planning import Planner
from app.evals.service import EvalService, Parts
from app.evals.suites.samples import sample_suites
from app.evals.suites.service import SuiteService
from app.library.child import library_child
from app.library.protocol import LibraryChildOptions
from app.library.service import LibraryService
from app.modelhub.borrowing import ModelLending
from app.modelhub.endpoints import EndpointService
from app.modelhub.service import ModelService
from app.modelhub.serving import ServedModels
from app.prompts.service import PromptService
from app.settings.store import SettingsStore
from app.storage.db import Database

if TYPE_CHECKING:
    from app.prompts.files.prompt_file import PromptFile


@dataclass(frozen=True, slots=True)
class Services:
    """Everything the window and the command line work with."""

    paths: DataPaths
    settings: SettingsStore
    notices: Notices
    library: LibraryService
    models: ModelService
    endpoints: EndpointService
    served: ServedModels
    lending: ModelLending
    prompts: PromptService
    chat: ChatService
    agents: AgentService
    agent_runs: RunService
    tool_servers: McpServers
    evals: EvalService
    close: Callable[[], None]

    def start(self) -> None:
        """Go on with what was left over last time, in the background."""
        self.prompts.purge_deleted()  # whoever could undo that is gone
        self.agents.purge_deleted()
        self.evals.purge_deleted()
        self.library.start()
        self.models.hash_in_background()


@dataclass(frozen=True, slots=True)
class Children:
    """What the child processes run. Tests give scripted ones."""

    library: Callable[[LibraryChildOptions], Handler] = library_child
    engine: Entry = engine_child
    engine_args: tuple[object, ...] = ()


def build(paths: DataPaths, children: Children | None = None, keys: Keys | None = None) -> Services:
    """Take the data folder, open it, and build the services. Nothing runs in the background yet.

    Args:
        paths: where the data is.
        children: what the child processes run; tests give scripted ones.
        keys: of servers; the system's keyring if none are given.

    Raises:
        DataFolderInUse: another process has the folder.
        DatabaseTooNew: a newer Cairn wrote it.
        AppError: it cannot be created, read or upgraded.
    """
    run = children or Children()
    paths.make()
    with ExitStack() as undo:
        lock = DataFolderLock(paths)
        lock.acquire()
        undo.callback(lock.release)
        settings = SettingsStore(paths.settings)
        notices = Notices()
        database = Database(paths.database)
        undo.callback(database.close)
        database.open()
        engine = _engine(paths, run, notices)
        undo.callback(engine.close)
        endpoints = EndpointService(database, notices, keys)
        served = ServedModels(endpoints, engine, notices)
        models = ModelService(settings, database, notices, engine, served)
        undo.callback(models.close)
        lending = ModelLending(models, endpoints, served, engine, notices)
        library = LibraryService(paths, settings, database, notices, run.library)
        undo.callback(library.close)
        pictures = PictureFolder(paths.pictures)
        answers = AnswerMaker(settings, library, models, engine, pictures)
        chat = ChatService(database, notices, answers, pictures)
        prompts = PromptService(database, notices, _seed_prompts)
        servers = McpServers(paths, keys)
        undo.callback(servers.close)
        servers.on_change(lambda: notices.changed(Topic.AGENTS))
        grants = GrantBook(database)
        agents = AgentService(database, notices, grants)
        runner = Runner(settings, database, lending, library, grants, servers.all_tools)
        agent_runs = RunService(database, notices, runner)
        undo.callback(agent_runs.close)
        parts = Parts(
            models,
            lending,
            Planner(settings, models, endpoints, prompts),
            ModelMetrics(library.embed, models, endpoints, lending),
        )
        suites = SuiteService(database, notices, sample_suites)
        evals = EvalService(database, notices, suites, parts)
        undo.callback(evals.close)
        close = undo.pop_all().close
    return Services(
        paths=paths,
        settings=settings,
        notices=notices,
        library=library,
        models=models,
        endpoints=endpoints,
        served=served,
        lending=lending,
        prompts=prompts,
        chat=chat,
        agents=agents,
        agent_runs=agent_runs,
        tool_servers=servers,
        evals=evals,
        close=close,
    )


def _engine(paths: DataPaths, run: Children, notices: Notices) -> EngineHost:
    return EngineHost(
        paths.logs,
        run.engine,
        *run.engine_args,
        states=paths.engine_states,
        on_change=lambda _state: notices.changed(Topic.MODELS),
    )


def _seed_prompts() -> tuple[PromptFile, ...]:
    from app.prompts.files.seeds import seed_prompts  # YAML, wanted once in the life of a folder

    return seed_prompts()
