"""What the tests of files share: granted folders, and calls with arguments that were checked."""

from __future__ import annotations

from pathlib import Path

from app.agents.entities import GrantedFolder
from app.agents.tools.folders import Folders
from app.agents.tools.tool import Preview, PreviewedTool, Tool, ToolResult, checked
from app.base.jobs import CancelToken


def granted(*paths: Path, can_write: bool = True) -> Folders:
    return Folders([GrantedFolder(path, can_write) for path in paths])


def ran(tool: Tool, **arguments: object) -> ToolResult:
    return tool.run(checked(tool.spec, arguments), CancelToken())


def previewed(tool: PreviewedTool, **arguments: object) -> Preview:
    return tool.preview(checked(tool.spec, arguments), CancelToken())
