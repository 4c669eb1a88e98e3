"""A program that ends without a word in the middle of a run: `crashing.py DATABASE SETTINGS WHERE`.

WHERE is "read" or "write" for in the middle of such a tool, "reply" for in the middle of a reply.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from app.agents.drafts import AgentDraft
from app.agents.entities import Policy, Risk, ToolPolicy
from app.agents.grants import GrantBook
from app.agents.running.runner import Runner
from app.agents.runs import RunService
from app.agents.service import AgentService
from app.base.changes import Notices
from app.settings.store import SettingsStore
from app.storage.db import Database
from tests.unit.agents.doubles import ModelDouble, PersonDouble, ToolDouble, calls


def main(path: str, settings: str, where: str) -> None:
    """Run an agent, and end."""
    database = Database(Path(path))
    database.open()
    grants = GrantBook(database)
    model: Any = ModelDouble(calls("look"), calls("act"))
    if where == "reply":
        model.before = lambda: os._exit(9) if len(model.asked) == 2 else None
    tools = [
        ToolDouble("look"),
        ToolDouble("act", lambda *_: os._exit(9), Risk("write" if where == "write" else "read")),
    ]
    library: Any = None
    runner = Runner(
        SettingsStore(Path(settings)), database, model, library, grants, lambda: tools, 20.0
    )
    policies = (ToolPolicy("look", Policy.ALLOW), ToolPolicy("act", Policy.ALLOW))
    agent = AgentService(database, Notices(), grants).create(AgentDraft("Worker", tools=policies))
    RunService(database, Notices(), runner).run(agent, "Do it.", PersonDouble())


if __name__ == "__main__":
    main(*sys.argv[1:])
