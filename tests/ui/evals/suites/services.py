"""All services on a real database, with an engine that follows a script; and things to put in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.base.paths import DataPaths
from app.bootstrap import Children, Services, build
from app.engine.messages import Role, Turn
from app.evals.entities import Item
from app.evals.runs.entities import StoredSuite
from app.modelhub.entities import LocalModel
from app.ui.notices import NoticeRelay
from tests.doubles.scripted_engine import Script, scripted_engine
from tests.doubles.scripted_gguf import scripted_gguf
from tests.doubles.scripted_library import scripted_library

EXACT = {"metric": "exact_match"}


@contextmanager
def real_services(paths: DataPaths, *, has_real_engine: bool = False) -> Iterator[Services]:
    """Build them, without the sample suites, and close them."""
    children = Children(scripted_library, scripted_engine, (Script(),))
    services = build(paths, Children(scripted_library) if has_real_engine else children)
    for each in services.evals.suites.suites():
        services.evals.suites.delete(each.id)
    yield services
    services.close()


@contextmanager
def relayed(services: Services) -> Iterator[NoticeRelay]:
    """Changes as the window tells them."""
    relay = NoticeRelay()
    relay.listen(services.notices)
    yield relay
    relay.close()
    relay.deleteLater()


def question(key: str, text: str, *targets: str, tags: tuple[str, ...] = ()) -> Item:
    """An item that asks one thing."""
    return Item(key, (Turn(Role.USER, text),), targets, tags)


def capitals(services: Services, count: int = 3) -> StoredSuite:
    """A suite of questions about capitals; the last has no right answer."""
    places = (("France", "Paris"), ("Japan", "Tokyo"), ("Kenya", "Nairobi"), ("Peru", "Lima"))
    items = [
        question(
            f"q-{number}",
            f"What is the capital of {places[number % 4][0]}? ({number})",
            *((places[number % 4][1],) if number < count - 1 else ()),
            tags=("easy",) if number % 2 == 0 else ("hard",),
        )
        for number in range(count)
    ]
    return services.evals.suites.create("Capitals", items, metrics=(EXACT,))


def put_model(services: Services, folder: Path, name: str) -> LocalModel:
    """A small model file on the list."""
    path = folder / f"{name}.gguf"
    scripted_gguf(path, {"": name})
    return services.models.import_file(path)
