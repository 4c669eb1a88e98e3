"""Models for work beside the chat: shared where it is the one in use, opened and closed else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from app.base.paths import DataPaths
from app.bootstrap import Children, Services, build
from app.engine.errors import EngineStopped, NoModelLoaded
from app.engine.messages import Role, Turn
from app.engine.options import LoadOptions
from app.engine.protocol import Generate
from app.engine.remote.keys import Keys
from app.modelhub.borrowing import Borrowed, Wanted
from app.modelhub.endpoints import EndpointDraft
from app.modelhub.entities import LocalModel
from app.modelhub.serving import NotAgreed
from tests.doubles.keyring import KeyringDouble
from tests.doubles.openai_server import CHAT, OpenAiServer, as_vllm, said
from tests.doubles.scripted_engine import Script, scripted_engine
from tests.doubles.scripted_gguf import scripted_gguf
from tests.doubles.scripted_library import scripted_library


@pytest.fixture
def services(data_paths: DataPaths) -> Iterator[Services]:
    script = Script({"": "From here."})
    children = Children(scripted_library, scripted_engine, (script,))
    services = build(data_paths, children, Keys(KeyringDouble()))
    yield services
    services.close()


@pytest.fixture
def imported(services: Services, tmp_path: Path) -> Callable[[str], LocalModel]:
    def make(name: str) -> LocalModel:
        file = tmp_path / f"{name}.gguf"
        scripted_gguf(file, {"": "Hello."})
        return services.models.import_file(file)

    return make


def ask(borrowed: Borrowed, text: str = "Hello?") -> str:
    return borrowed.engine.generate(Generate((Turn(Role.USER, text),))).text


def engines() -> int:
    return len(psutil.Process().children())


def test_model_in_use_is_shared(services, imported):
    model = imported("one")
    services.models.load(model.id)
    before = engines()
    for wanted in (Wanted(), Wanted(model.id), Wanted(model.id, options=LoadOptions())):
        with services.lending.borrow(wanted) as borrowed:
            assert borrowed.is_shared
            assert borrowed.used == services.models.loaded
            assert ask(borrowed) == "From here."
            assert engines() == before
    assert services.models.loaded is not None


def test_other_model_is_opened_beside_it_and_closed_again(services, imported):
    used, other = imported("used"), imported("other")
    services.models.load(used.id)
    before = engines()
    with services.lending.borrow(Wanted(other.id)) as borrowed:
        assert not borrowed.is_shared
        assert borrowed.used.name == other.name
        assert [each.model.id for each in services.lending.opened] == [other.id]
        assert services.models.loaded.model.id == used.id
        assert ask(borrowed) == "From here."
        assert engines() == before + 1
    assert services.lending.opened == ()
    assert engines() == before


def test_same_model_with_other_options_is_another(services, imported):
    model = imported("one")
    services.models.load(model.id)
    with services.lending.borrow(
        Wanted(model.id, options=LoadOptions(context_length=256))
    ) as borrowed:
        assert not borrowed.is_shared


def test_without_a_model_in_use_there_is_nothing_to_borrow(services):
    with pytest.raises(NoModelLoaded), services.lending.borrow(Wanted()):
        pytest.fail("it was lent")


def test_failure_in_the_work_still_closes_the_model(services, imported):
    model = imported("one")
    before = engines()
    with pytest.raises(RuntimeError), services.lending.borrow(Wanted(model.id)):
        raise RuntimeError("the work failed")
    assert (services.lending.opened, engines()) == ((), before)


def test_engine_that_dies_meanwhile_is_an_error_of_the_work_alone(services, imported):
    used, other = imported("used"), imported("other")
    services.models.load(used.id)
    with services.lending.borrow(Wanted(other.id)) as borrowed:
        psutil.Process(borrowed.engine.pid).kill()
        with pytest.raises((EngineStopped, NoModelLoaded)):
            ask(borrowed)
    assert services.lending.opened == ()
    with services.lending.borrow(Wanted()) as borrowed:
        assert ask(borrowed) == "From here."


def test_server_is_asked_without_being_put_in_use(services, imported):
    local = imported("one")
    services.models.load(local.id)
    with OpenAiServer() as server:
        as_vllm(server, "qwen").on(CHAT, said("From there."))
        endpoint = services.endpoints.add(EndpointDraft(server.base_url))
        with services.lending.borrow(Wanted(endpoint=endpoint.id), sends_passages=True) as borrowed:
            assert ask(borrowed) == "From there."
            assert borrowed.sha256 == ""
    assert services.models.in_use.name == local.name


def test_passages_go_to_another_computer_only_when_agreed(services, imported, monkeypatch):
    monkeypatch.setattr("app.modelhub.in_use.is_loopback", lambda _url: False)
    with OpenAiServer() as server:
        as_vllm(server, "qwen").on(CHAT, said("From there."))
        endpoint = services.endpoints.add(EndpointDraft(server.base_url))
        wanted = Wanted(endpoint=endpoint.id)
        with pytest.raises(NotAgreed), services.lending.borrow(wanted, sends_passages=True):
            pytest.fail("it was lent")
        with services.lending.borrow(wanted) as borrowed:
            services.served.agree(borrowed.used)
        with services.lending.borrow(wanted, sends_passages=True) as borrowed:
            assert ask(borrowed) == "From there."
