"""Where things lie: the user's data folder and the read-only resources that ship with Cairn."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path

from app.base.errors import AppError, disk_full, is_disk_full

DATA_DIR_VARIABLE = "CAIRN_DATA_DIR"


@dataclass(frozen=True, slots=True)
class DataPaths:
    """Everything Cairn writes lies under `root`."""

    root: Path

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.root / "cairn.db"

    @property
    def library(self) -> Path:
        """The LanceDB folder."""
        return self.root / "library"

    @property
    def artifacts(self) -> Path:
        """What can be made again: exported embedders, rendered pages."""
        return self.root / "artifacts"

    @property
    def engine_states(self) -> Path:
        """Parked conversations as the engine keeps them; they can be computed again."""
        return self.artifacts / "engine-states"

    @property
    def pictures(self) -> Path:
        """The pictures of conversations, each named by the SHA-256 of its bytes."""
        return self.root / "pictures"

    @property
    def logs(self) -> Path:
        """Log files, one a process."""
        return self.root / "logs"

    @property
    def settings(self) -> Path:
        """The settings file."""
        return self.root / "settings.toml"

    @property
    def mcp(self) -> Path:
        """The MCP servers, in the notation that other programs share."""
        return self.root / "mcp.json"

    @property
    def mcp_consent(self) -> Path:
        """What was agreed to of MCP servers and their tools."""
        return self.root / "mcp_consent.json"

    @property
    def window_state(self) -> Path:
        """Geometry and splitter positions; not settings."""
        return self.root / "window.ini"

    @property
    def open_window(self) -> Path:
        """Exists while a window is open on this folder; after a crash it may be left over."""
        return self.root / "window.open"

    def make(self) -> None:
        """Create the folders.

        Raises:
            AppError: the data folder cannot be created or written.
        """
        folders = (self.root, self.library, self.artifacts, self.logs)
        try:
            for folder in folders:
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            if is_disk_full(error):
                raise disk_full(self.root) from error
            raise _not_writable(self.root, error.strerror or type(error).__name__) from error
        for folder in folders:
            if not os.access(folder, os.W_OK | os.X_OK):
                raise _not_writable(folder, os.strerror(errno.EACCES))


def _not_writable(folder: Path, reason: str) -> AppError:
    return AppError(
        f"Cairn cannot write to its data folder {folder} ({reason}).",
        "Give yourself the right to write there, or choose another folder with --data-dir.",
    )


def data_paths(override: Path | None = None) -> DataPaths:
    """The data folder: `override`, then the environment variable, then the system's place."""
    if override is None and (named := os.environ.get(DATA_DIR_VARIABLE)):
        override = Path(named)
    if override is None:
        from platformdirs import user_data_path  # slow enough to keep out of child processes

        override = user_data_path("Cairn", appauthor=False)
    return DataPaths(override.expanduser().absolute())


def resource(name: str) -> Path:
    """A read-only file that ships with Cairn, such as ``icons/cairn.svg``."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "_resources"
    return (installed if installed.is_dir() else package.parent / "resources") / name
