"""MCP servers for the window, the command line and agents. Nothing starts without consent."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from app.agents.entities import Risk
from app.agents.mcp import listing
from app.agents.mcp.config import Config, ServerEntry
from app.agents.mcp.consent import Consents, ServerConsent, ToolConsent
from app.agents.mcp.definitions import BrokenDefinition
from app.agents.mcp.entities import (
    LaunchTerms,
    Limits,
    Outcome,
    ServerState,
    ServerView,
    ToolReview,
)
from app.agents.mcp.errors import CannotLaunch, McpProblem, NotAgreed
from app.agents.mcp.importing import pasted
from app.agents.mcp.launch import Launch, find_launch, references_of
from app.agents.mcp.runs import Runs, key_name
from app.agents.mcp.terms import launch_text, terms_of
from app.agents.mcp.tools import ServerTool
from app.agents.tools.tool import Tool
from app.base.jobs import CancelToken
from app.base.paths import DataPaths
from app.engine.remote.keys import Keys

log = logging.getLogger(__name__)

_LOG_LINES: Final = 40


class McpServers:
    """The servers of `mcp.json`. Thread-safe; every method may block, but no server blocks one."""

    def __init__(
        self, paths: DataPaths, keys: Keys | None = None, *, limits: Limits | None = None
    ) -> None:
        self._config = Config(paths.mcp)
        self._consents = Consents(paths.mcp_consent)
        self._keys = keys or Keys()
        self._lock = threading.RLock()
        self._listeners: list[Callable[[], None]] = []
        self._runs = Runs(self._consents, self._keys, limits or Limits(), self._lock, self._tell)

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after every change, on any thread; it must return at once.

        The returned function forgets it.
        """
        with self._lock:
            self._listeners.append(listener)

        def forget() -> None:
            with self._lock:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return forget

    def servers(self) -> tuple[ServerView, ...]:
        """All servers, in the order of the file.

        Raises:
            ConfigBroken: the file cannot be read, and where.
        """
        with self._lock:
            return tuple(map(self._view, self._config.read().values()))

    def to_agree(self, name: str) -> LaunchTerms:
        """What would be run, or connected to.

        Raises:
            CannotLaunch: it cannot be found, or its entry is broken.
        """
        with self._lock:
            launch = find_launch(self._entry(name))
            return terms_of(launch, is_agreed=self._consents.of(name).launch == launch.seal)

    def agree(self, name: str, terms_hash: str) -> None:
        """The person agrees to these terms (`LaunchTerms.seal`); nothing is started.

        Raises:
            NotAgreed: they are not the terms any more.
        """
        with self._lock:
            if find_launch(self._entry(name)).seal != terms_hash:
                raise NotAgreed(f"The launch of {name} changed.", "Read it again.")
            kept = self._consents.of(name)
            self._consents.put(name, ServerConsent(terms_hash, kept.is_listed, kept.tools))
        self._tell()

    def start(self, name: str) -> None:
        """Begin to start a server; `servers` tells how far it is.

        Raises:
            NotAgreed: this exact launch was not agreed to.
            CannotLaunch: it is switched off, or a program, folder or key is missing.
        """
        self._runs.begin(self._launch(name))

    def stop(self, name: str) -> None:
        """End a server and all that it started."""
        self._runs.stop(name)

    def set_tool(self, name: str, tool: str, enabled: bool, risk: Risk) -> None:
        """Switch a tool on or off, and say what it can do at worst.

        Raises:
            McpProblem: there is none, or it changed and that was not accepted.
        """
        with self._lock:
            consent = self._consents.of(name)
            listed = self._runs.listed(name) or ()
            self._consents.put(
                name, listing.switched(consent, listed, tool, is_on=enabled, risk=risk)
            )
        self._tell()

    def review_tool(self, name: str, tool: str) -> ToolReview:
        """A tool as it was accepted and as it is listed now.

        Raises:
            McpProblem: it is not listed now.
        """
        with self._lock:
            return listing.review(
                name, self._consents.of(name), self._runs.listed(name) or (), tool
            )

    def accept_tool(self, name: str, tool: str, seal: str) -> None:
        """Accept a tool as it was reviewed (`ToolReview.seal`) and switch it on.

        Raises:
            McpProblem: it changed again.
        """
        with self._lock:
            consent = self._consents.of(name)
            listed = self._runs.listed(name) or ()
            self._consents.put(name, listing.accepted(consent, listed, tool, seal))
        self._tell()

    def add(self, name: str, entry: Mapping[str, Any]) -> None:
        """Add a server. Nothing is started.

        Raises:
            McpProblem: the name is taken or cannot be used, or the entry is wrong.
        """
        with self._lock:
            if name in self._config.read():
                raise McpProblem(f"There is a server {name} already.", "Take another name.")
            self._config.put({name: entry})
        self._tell()

    def values(self, name: str) -> Mapping[str, Any]:
        """The entry of a server as the file has it, for `update`.

        Raises:
            ConfigBroken: there is none, or the file cannot be read.
        """
        with self._lock:
            return self._config.values(name)

    def update(self, name: str, changes: Mapping[str, Any]) -> None:
        """Change values of an entry; None takes one out. What changes a launch stops the server.

        Keys that it no longer refers to are forgotten.

        Raises:
            ConfigBroken: the entry would be wrong.
            AppError: the keyring cannot be written; the entry is changed.
        """
        with self._lock:
            values = {**self._config.values(name), **changes}
            kept = {key: each for key, each in values.items() if each is not None}
            before = references_of(self._entry(name))
            self._config.put({name: kept})
            run, entry = self._runs.of(name), self._entry(name)
        if run is not None and (entry.is_disabled or self._seal(entry) != run.filled.seal):
            self.stop(name)
        try:
            for each in set(before) - set(references_of(entry)):
                self._keys.forget(key_name(name, each))
        finally:
            self._tell()

    def remove(self, name: str) -> None:
        """Stop a server and forget it: its entry, the consent and its keys."""
        with self._lock:
            references = references_of(self._entry(name))
            self._config.remove(name)
            self._consents.forget(name)
        self._runs.forget(name)
        for each in references:
            self._keys.forget(key_name(name, each))
        self._tell()

    def import_json(self, text: str, name: str = "") -> tuple[str, ...]:
        """Add the servers that a person pasted; all or none, and none is started.

        Args:
            name: for an entry that was pasted without one.

        Returns:
            Their names; with a number behind a name that was taken.

        Raises:
            ConfigBroken: what was pasted cannot be read, and where.
        """
        with self._lock:
            entries = pasted(text, name, self._config.read())
            self._config.put(entries)
        self._tell()
        return tuple(entries)

    def keys_missing(self, name: str) -> tuple[str, ...]:
        """Names of the keys that an entry refers to and nobody kept.

        Raises:
            AppError: the keyring cannot be read.
        """
        with self._lock:
            references = references_of(self._entry(name))
        return tuple(each for each in references if not self._keys.read(key_name(name, each)))

    def keep_key(self, name: str, reference: str, text: str, *, this_run: bool = False) -> None:
        """Keep a key that an entry refers to as ${keyring:reference}. Only this server gets it.

        Raises:
            AppError: there is no keyring, or it is locked; `this_run` needs none.
        """
        keep = self._keys.keep_for_this_run if this_run else self._keys.keep
        keep(key_name(name, reference), text.strip())
        self._tell()

    def tools_for(self, names: Iterable[str]) -> tuple[Tool, ...]:
        """The tools of these servers that may be used; a server starts with the first call.

        Servers that are switched off, broken or not agreed to give none.
        """
        with self._lock:
            entries = self._config.read()
            wanted = [entries[name] for name in dict.fromkeys(names) if name in entries]
            return tuple(
                tool
                for entry in wanted
                if not entry.is_disabled
                and self._consents.of(entry.name).launch == self._seal(entry)
                for tool in self._tools(entry.name)
            )

    def all_tools(self) -> tuple[Tool, ...]:
        """The tools of all servers that may be used.

        Raises:
            ConfigBroken: the file cannot be read, and where.
        """
        with self._lock:
            return self.tools_for(self._config.read())

    def close(self) -> None:
        """End all servers and the thread; afterwards nothing can be started."""
        self._runs.close()

    def _view(self, entry: ServerEntry) -> ServerView:
        run, seal, text, problem = self._runs.of(entry.name), "none", "", ""
        try:
            launch = find_launch(entry)
            seal, text = launch.seal, launch_text(launch)
        except CannotLaunch as error:
            problem = str(error)
        if run is not None and not problem:
            problem = run.problem
            if run.is_alive and run.filled.seal != seal:
                problem = "Its entry was changed while it runs. Stop it and start it again."
        return ServerView(
            entry.name,
            entry.transport,
            text,
            run.state if run else ServerState.STOPPED,
            problem,
            self._consents.of(entry.name).launch == seal,
            entry.is_disabled,
            run.printed.tail(_LOG_LINES) if run else (),
            listing.views(entry.name, self._consents.of(entry.name), self._runs.listed(entry.name)),
        )

    def _tools(self, name: str) -> list[Tool]:
        tools: list[Tool] = []
        for each in listing.usable(self._consents.of(name), self._runs.listed(name)):
            try:
                tools.append(ServerTool(name, each, self._call))
            except BrokenDefinition as error:
                log.info("a tool of a server is left out: %s", error.message)
        return tools

    def _call(
        self, name: str, tool: ToolConsent, arguments: Mapping[str, Any], cancel: CancelToken
    ) -> Outcome:
        return self._runs.call(self._launch(name), tool, arguments, cancel)

    def _launch(self, name: str) -> Launch:
        with self._lock:
            entry = self._entry(name)
        if entry.is_disabled:
            raise CannotLaunch(f"The server {name} is switched off.", "Switch it on first.")
        return find_launch(entry)

    def _entry(self, name: str) -> ServerEntry:
        entry = self._config.read().get(name)
        if entry is None:
            raise McpProblem(f"There is no server {name}.", "It may have been removed.")
        return entry

    def _seal(self, entry: ServerEntry) -> str:
        try:
            return find_launch(entry).seal
        except CannotLaunch:
            return "none"

    def _tell(self) -> None:
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener()
