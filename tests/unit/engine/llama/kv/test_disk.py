import os
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engine.llama.kv.disk import StateFiles, StateKey
from app.engine.llama.kv.memory import ContextMemory
from tests.doubles import native, random_gguf

KEY = StateKey("a" * 64, "build 1", (("kv_k", "f16"), ("adapters", "")))
OTHER = StateKey("b" * 64, "build 1", (("kv_k", "f16"), ("adapters", "")))
TOKENS = [5, 6, 7]
STATE = bytes(range(256)) * 4
HEAD = 72 + 3 * 8 + 16  # fixed part, three tokens, digest
PLENTY = 1 << 30


class Clock:
    def __init__(self) -> None:
        self.time = 1_700_000_000.0

    def __call__(self) -> float:
        self.time += 1.0
        return self.time


def state_files(
    folder: Path,
    key: StateKey = KEY,
    budget: int = PLENTY,
    now: Callable[[], float] | None = None,
) -> StateFiles:
    return StateFiles(folder, key, budget, left_free_bytes=0, now=now or Clock())


def only_file(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


def size_of(count: int) -> int:
    return HEAD + (count - 3) * 8 + len(STATE)


def test_state_written_before_a_restart_is_read_after_it(tmp_path):
    assert state_files(tmp_path / "new" / "folder").write(TOKENS, STATE)

    after = state_files(tmp_path / "new" / "folder")
    (entry,) = after.index()

    assert list(entry.tokens) == TOKENS
    assert entry.size_bytes == len(STATE)
    assert after.read(entry) == STATE


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_write_takes_any_buffer(tmp_path, kind):
    files = state_files(tmp_path)
    assert files.write(TOKENS, kind(STATE))
    assert files.read(files.index()[0]) == STATE


@settings(max_examples=60, deadline=None)
@given(
    tokens=st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=80),
    state=st.binary(max_size=300),
)
def test_any_tokens_and_state_come_back_as_they_were(tokens, state):
    with tempfile.TemporaryDirectory() as folder:
        files = state_files(Path(folder))
        assert files.write(tokens, state)
        (entry,) = files.index()
        assert list(entry.tokens) == tokens
        assert files.read(entry) == state


@pytest.mark.skipif(os.name == "nt", reason="other permissions there")
def test_files_are_for_their_owner_only_and_named_without_content(tmp_path):
    folder = tmp_path / "state"
    state_files(folder).write(TOKENS, STATE)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert only_file(folder).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("offset", range(HEAD + 2))
def test_any_flipped_byte_of_the_header_makes_the_file_go(tmp_path, offset):
    state_files(tmp_path).write(TOKENS, STATE)
    path = only_file(tmp_path)
    content = bytearray(path.read_bytes())
    content[offset] ^= 0x10
    path.write_bytes(content)

    files = state_files(tmp_path)
    entries = files.index()

    assert [files.read(entry) for entry in entries] in ([], [None])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("offset", [0, 1, len(STATE) // 2, len(STATE) - 1])
@pytest.mark.parametrize("bit", range(8))
def test_a_flipped_bit_of_the_state_makes_the_file_go(tmp_path, offset, bit):
    state_files(tmp_path).write(TOKENS, STATE)
    path = only_file(tmp_path)
    content = bytearray(path.read_bytes())
    content[HEAD + offset] ^= 1 << bit
    path.write_bytes(content)

    files = state_files(tmp_path)
    (entry,) = files.index()

    assert files.read(entry) is None
    assert list(tmp_path.iterdir()) == []
    assert files.index() == ()


@pytest.mark.parametrize("length", [*range(HEAD + 2), HEAD + len(STATE) - 1])
def test_a_file_cut_anywhere_is_removed(tmp_path, length):
    state_files(tmp_path).write(TOKENS, STATE)
    path = only_file(tmp_path)
    path.write_bytes(path.read_bytes()[:length])

    assert state_files(tmp_path).index() == ()
    assert list(tmp_path.iterdir()) == []


def test_a_file_with_something_behind_its_end_is_removed(tmp_path):
    state_files(tmp_path).write(TOKENS, STATE)
    path = only_file(tmp_path)
    path.write_bytes(path.read_bytes() + b"x")
    assert state_files(tmp_path).index() == ()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"x", os.urandom(HEAD), os.urandom(5000), b"\xff" * 500])
def test_a_file_of_ours_by_name_alone_is_removed(tmp_path, content):
    state_files(tmp_path).write(TOKENS, STATE)
    only_file(tmp_path).write_bytes(content)
    assert state_files(tmp_path).index() == ()
    assert list(tmp_path.iterdir()) == []


def test_a_header_that_claims_to_be_huge_takes_no_memory(tmp_path):
    state_files(tmp_path).write(TOKENS, STATE)
    path = only_file(tmp_path)
    content = bytearray(path.read_bytes())
    content[48:64] = b"\xff" * 16  # the two sizes
    path.write_bytes(content)
    assert state_files(tmp_path).index() == ()


def test_a_file_damaged_after_it_was_listed_is_not_trusted(tmp_path):
    files = state_files(tmp_path)
    files.write(TOKENS, STATE)
    (entry,) = files.index()
    state_files(tmp_path / "other").write([9, 9, 9], STATE)
    only_file(tmp_path / "other").replace(tmp_path / entry.name)
    assert files.read(entry) is None


def test_files_of_other_owners_are_left_alone(tmp_path):
    files = state_files(tmp_path, budget=10_000)
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "backup.state").write_text("mine too")
    (tmp_path / "folder.state").mkdir()
    files.write(TOKENS, STATE)
    files.index()
    files.clear()
    assert {each.name for each in tmp_path.iterdir()} == {
        "notes.txt",
        "backup.state",
        "folder.state",
    }


@pytest.mark.skipif(os.name == "nt", reason="links need a permission there")
def test_a_link_in_place_of_a_file_is_not_followed(tmp_path):
    files = state_files(tmp_path / "state")
    files.write(TOKENS, STATE)
    path = only_file(tmp_path / "state")
    elsewhere = path.replace(tmp_path / "elsewhere")
    path.symlink_to(elsewhere)
    assert files.index() == ()
    assert elsewhere.exists()


@pytest.mark.parametrize(
    "other",
    [
        StateKey("b" * 64, KEY.build, KEY.settings),
        StateKey(KEY.identity, "build 2", KEY.settings),
        StateKey(KEY.identity, KEY.build, (("kv_k", "q8_0"), ("adapters", ""))),
        StateKey(KEY.identity, KEY.build, (("kv_k", "f16"),)),
        StateKey(KEY.identity, KEY.build, (("kv_k", "f16"), ("adapters", "x 0.5"))),
    ],
    ids=["model", "build", "setting", "fewer", "adapter"],
)
def test_state_of_another_key_is_not_seen_and_stays(tmp_path, other):
    state_files(tmp_path).write(TOKENS, STATE)
    assert state_files(tmp_path, other).index() == ()
    assert len(state_files(tmp_path).index()) == 1


def test_a_file_renamed_to_another_key_is_removed(tmp_path):
    state_files(tmp_path).write(TOKENS, STATE)
    path = only_file(tmp_path)
    path.rename(tmp_path / (OTHER.digest.hex()[:16] + path.name[16:]))
    assert state_files(tmp_path, OTHER).index() == ()
    assert list(tmp_path.iterdir()) == []


def test_the_order_of_settings_makes_no_other_key():
    assert StateKey("a", "b", (("x", "1"), ("y", "2"))).digest == (
        StateKey("a", "b", (("y", "2"), ("x", "1"))).digest
    )


def test_the_same_state_written_twice_is_one_file_used_last(tmp_path):
    files = state_files(tmp_path, now=Clock())
    files.write([1, 1, 1], STATE)
    files.write([2, 2, 2], STATE)
    assert files.write([1, 1, 1], STATE)
    assert [list(each.tokens) for each in files.index()] == [[2, 2, 2], [1, 1, 1]]


def test_longer_state_takes_the_place_of_its_beginnings(tmp_path):
    files = state_files(tmp_path)
    files.write([1, 2, 3], STATE)
    files.write([1, 9, 9], STATE)
    files.write([1, 2, 3, 4], STATE)
    assert sorted(list(each.tokens) for each in files.index()) == [[1, 2, 3, 4], [1, 9, 9]]


def test_state_that_cannot_be_cut_leaves_its_beginnings(tmp_path):
    files = StateFiles(tmp_path, KEY, PLENTY, can_cut=False, left_free_bytes=0)
    files.write([1, 2, 3], STATE)
    files.write([1, 2, 3, 4], STATE)
    assert len(files.index()) == 2


def test_the_budget_is_kept_by_last_use(tmp_path):
    files = state_files(tmp_path, budget=3 * size_of(3), now=Clock())
    for first in range(3):
        files.write([first, 0, 0], STATE)
    oldest = files.index()[0]
    assert list(oldest.tokens) == [0, 0, 0]
    assert files.read(oldest) == STATE  # used now

    files.write([3, 0, 0], STATE)

    assert [each.tokens[0] for each in files.index()] == [2, 0, 3]


def test_states_of_other_models_go_first(tmp_path):
    clock = Clock()
    mine = state_files(tmp_path, budget=3 * size_of(3), now=clock)
    mine.write([1, 1, 1], STATE)
    other = state_files(tmp_path, OTHER, 3 * size_of(3), clock)
    other.write([2, 2, 2], STATE)
    other.write([3, 3, 3], STATE)

    mine.write([4, 4, 4], STATE)

    assert [each.tokens[0] for each in mine.index()] == [1, 4]
    assert [each.tokens[0] for each in other.index()] == [3]


@pytest.mark.parametrize("budget", [0, size_of(3) - 1])
def test_state_larger_than_the_budget_is_not_kept(tmp_path, budget):
    files = state_files(tmp_path, budget=budget)
    assert not files.write(TOKENS, STATE)
    assert list(tmp_path.iterdir()) == []


def test_state_of_no_tokens_is_not_kept(tmp_path):
    assert not state_files(tmp_path).write([], STATE)


def test_the_last_room_of_the_disk_is_not_taken(tmp_path):
    files = StateFiles(tmp_path, KEY, PLENTY, left_free_bytes=1 << 62)
    assert not files.write(TOKENS, STATE)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="needs a limit on file sizes")
def test_a_disk_that_fills_up_while_writing_leaves_nothing_and_says_so(tmp_path, caplog):
    import resource

    files = state_files(tmp_path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        kept = files.write(TOKENS, bytes(100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not kept
    assert "was not kept" in caplog.text
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path, caplog):
    (tmp_path / "file").write_text("")
    files = state_files(tmp_path / "file" / "state")
    assert not files.write(TOKENS, STATE)
    assert "was not kept" in caplog.text
    assert files.index() == ()
    files.clear()


def test_a_file_another_process_removed_is_simply_gone(tmp_path):
    files = state_files(tmp_path)
    files.write(TOKENS, STATE)
    (entry,) = files.index()
    state_files(tmp_path).clear()
    assert files.read(entry) is None
    files.remove(entry)
    assert files.index() == ()


def test_remove_forgets_one_state(tmp_path):
    files = state_files(tmp_path)
    files.write([1, 1, 1], STATE)
    files.write([2, 2, 2], STATE)
    files.remove(files.index()[0])
    assert len(files.index()) == 1


@pytest.mark.parametrize("kind", ["tiny_random", "tiny_recurrent"])
def test_a_conversation_goes_on_from_disk_as_it_would_have_from_memory(tmp_path, kind):
    path = getattr(random_gguf, kind)(tmp_path / "model.gguf")
    tokens, more = list(range(40, 90)), [100, 101]
    files = state_files(tmp_path / "state")
    with native.native_model(path) as model:
        with native.native_context(model) as context:
            native.decode(context, tokens, sequence=1)
            assert files.write(tokens, ContextMemory(context).save(1))
            expected = native.decode(context, more, sequence=1, position=len(tokens))
        with native.native_context(model) as context:
            state = files.read(files.index()[0])
            assert state is not None
            assert ContextMemory(context).restore(2, state)
            said = native.decode(context, more, sequence=2, position=len(tokens))
    assert (said == expected).all()


KILLED = textwrap.dedent("""
    import os, sys
    from pathlib import Path
    from app.engine.llama.kv.disk import StateFiles, StateKey
    os.fsync = lambda number: os.kill(os.getpid(), 9)
    StateFiles(Path(sys.argv[1]), StateKey("a", "b"), 1 << 30).write([1, 2], bytes(1000))
""")


@pytest.mark.skipif(os.name == "nt", reason="no such signal there")
def test_a_writer_killed_halfway_leaves_no_state_and_its_rest_is_cleaned_up(tmp_path):
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert done.returncode == -9
    rest = only_file(tmp_path)
    written = rest.stat().st_mtime
    key = StateKey("a", "b")

    soon = StateFiles(tmp_path, key, PLENTY, now=lambda: written + 5)
    assert soon.index() == ()
    assert rest.exists()  # its writer may still be alive

    later = StateFiles(tmp_path, key, PLENTY, now=lambda: written + 1000)
    assert later.index() == ()
    assert not rest.exists()


RACING = textwrap.dedent("""
    import sys
    from pathlib import Path
    from app.engine.llama.kv.disk import StateFiles, StateKey
    me = int(sys.argv[2])
    files = StateFiles(Path(sys.argv[1]), StateKey("a", "b"), 12_000, left_free_bytes=0)
    read = 0
    for turn in range(60):
        files.write([me, turn, 0], bytes([me]) * 1000)
        for entry in files.index():
            state = files.read(entry)
            read += state is not None
            assert state is None or state == bytes([entry.tokens[0]]) * 1000
    assert read
""")


def test_processes_that_share_a_folder_do_not_break_each_other(tmp_path):
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACING, str(tmp_path), str(number)],
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(3)
    ]
    said = [racer.communicate(timeout=60)[1] for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0, 0], said
    assert not any("damaged" in each for each in said)
    assert sum(each.stat().st_size for each in tmp_path.iterdir()) <= 12_000
