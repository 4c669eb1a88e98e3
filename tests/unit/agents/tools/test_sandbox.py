"""Python that a model wrote: what it gives, and what it must not reach, take or leave behind."""

from __future__ import annotations

import ast
import sys
import threading
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.agents.tools import sandbox
from app.agents.tools.python import Python
from app.agents.tools.sandbox import run_python, with_value_printed
from app.agents.tools.tool import ToolFault
from app.base.errors import Cancelled
from app.base.jobs import CancelToken
from tests.unit.agents.tools.grants import ran

SECRET = "SECRET-7f3a"


@pytest.fixture(autouse=True)
def _no_process_left() -> object:
    yield
    assert sandbox._processes() == []


def printed(code: str, **values: object) -> str:
    return run_python(code, values, CancelToken())


def fault(code: str) -> str:
    with pytest.raises(ToolFault) as caught:
        printed(code)
    return str(caught.value)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("1 + 1", "2"),
        ("x = 5\nx", "5"),
        ("print(1)\n2", "1\n2"),
        ("print(1,\n2)", "1 2"),
        ("max(\n    3,\n    4,\n)", "4"),
        ("if True:\n    x = 1\nelse:\n    x = 2\nx * 2  # twice", "2"),
        ("x = '''\na\n'''\nx", "\na"),
        ("def twice(n):\n    return 2 * n\n\ntwice(4)\n\n# done\n", "8"),
        ("None", "Nothing was printed. Print the result."),
        ("x = 5", "Nothing was printed. Print the result."),
        ("# nothing", "Nothing was printed. Print the result."),
        ("\n", "Nothing was printed. Print the result."),
        ("import math\nmath.sqrt(16)", "4.0"),
        ("from datetime import date\n(date(2026, 3, 1) - date(2026, 2, 1)).days", "28"),
        ("from decimal import Decimal\nDecimal('1.10') + Decimal('2.20')", "3.30"),
        ("import time\ntime.sleep(1000)\n'slept'", "slept"),
    ],
)
def test_code_gives_what_it_prints_and_the_value_of_its_last_line(code: str, text: str):
    assert printed(code) == text


def test_values_are_variables_of_the_code():
    assert printed("sum(r['n'] for r in rows)", rows=[{"n": 1}, {"n": 2.5}]) == "3.5"


def test_python_tool_passes_data_and_refuses_what_is_no_name():
    result = ran(Python(), code="len(names)", data={"names": ["a", "b"]})
    assert result.text == "2"
    assert not result.is_untrusted
    for name in ("a b", "class", "1"):
        with pytest.raises(ToolFault, match="cannot be a variable"):
            ran(Python(), code="1", data={name: 1})


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (
            "def f(x):\n    return 1 / x\n\nf(\n  0\n)",
            ["division by zero", "Line 4: f(", "Line 2:"],
        ),
        ("1 +", ["SyntaxError", "Line 1: 1 +"]),
        ("print('so far')\nraise ValueError('no')", ["ValueError: no", "Line 2", "so far"]),
        ("import numpy", ["numpy", "only the modules math"]),
        ("def g():\n    yield 1", ["no yield", "Line 2"]),
        ("d = {}\ndel d['a']", ["no del", "Line 2"]),
        ("def f(): return f()\nf()", ["RecursionError", "Use a loop"]),
        ("raise RuntimeError('mine')", ["RuntimeError: mine"]),
    ],
)
def test_code_that_fails_names_the_fault_the_line_and_a_way_out(code: str, words: list[str]):
    said = fault(code)
    assert [each for each in words if each not in said] == []


ESCAPES = """
open('{secret}').read()
import os; os.listdir('/')
import os; os.system('touch {mark}')
import os; os.fork()
import os; os.environ
import os; os.getenv('HOME')
import os; os.remove('{secret}')
import os; os.open('{secret}', 0)
import pathlib; pathlib.Path('{secret}').read_text()
import pathlib; pathlib.Path('{mark}').write_text('x')
open('{mark}', 'w')
open('../../../../../../../../{secret}')
import socket; socket.socket()
import urllib.request; urllib.request.urlopen('http://127.0.0.1:9')
import http.client
import subprocess; subprocess.run(['touch', '{mark}'])
import ctypes
import importlib
import builtins
import multiprocessing
import sys; sys.modules['os']
import sys; sys._getframe()
__import__('os').system('touch {mark}')
__builtins__
__loader__
globals()['__builtins__']
eval("open('{secret}').read()")
exec("import os; os.system('touch {mark}')")
compile('1', 'a', 'eval')
().__class__.__bases__[0].__subclasses__()
(lambda: 0).__globals__
(lambda: 0).__code__
''.format.__self__.__class__
'{{0.__class__.__mro__}}'.format(1).__class__.__mro__
getattr((), '__class__').__base__.__subclasses__()
type('X', (), {{}})().__class__.__base__.__subclasses__()
input()
breakpoint()
import json; json.__loader__.load_module('os')
import re; re.sys.modules
import random; random._os.system('touch {mark}')
import collections; collections._sys.modules['os']
import csv; csv.io.open('{secret}').read()
import dataclasses; dataclasses.sys.modules
import asyncio; asyncio.create_subprocess_shell('touch {mark}').send(None)
"""


def test_corpus_of_sandbox_escapes_has_no_effect(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    secret, mark = tmp_path / "secret.txt", tmp_path / "mark"
    secret.write_text(SECRET)
    lines = ESCAPES.format(secret=secret, mark=mark).strip().splitlines()
    effects = []
    for line in lines:
        statements = line.replace("; ", "\n")
        for code in (
            line,
            statements,
            f"try:\n    {line}\nexcept BaseException as e:\n    print(e)",
        ):
            try:
                said = printed(code)
            except ToolFault as refused:
                said = str(refused).replace(code, "")
            if SECRET in said or mark.exists() or secret.read_text() != SECRET:
                effects.append(code)
    with capsys.disabled():
        tried = 3 * len(lines)
        sys.stdout.write(f"\nsandbox escapes: {tried} tried, {len(effects)} had an effect\n")
    assert effects == []


@pytest.mark.parametrize(
    "code",
    [
        "'a' * 10**9",
        "[0] * 10**9",
        "10 ** 10**8",
        "x = []\nwhile True:\n    x.append('a' * 1000)",
        "x = ['a']\nfor i in range(12):\n    x = [x] * 10\nx",
        "x = ['a']\nfor i in range(12):\n    x = [x] * 10\nstr(x)",
        "'{:>1000000000}'.format('a')",
        "try:\n    x = 'a' * 10**9\nexcept BaseException:\n    x = 'a' * 10**9",
    ],
)
def test_code_that_takes_too_much_memory_is_stopped(code: str):
    before = psutil.Process().memory_info().rss
    assert "too much memory" in fault(code)
    assert psutil.Process().memory_info().rss - before < 50_000_000


@pytest.mark.parametrize(
    "code", ["while True: pass", "while True:\n  try:\n    while True: pass\n  except: pass"]
)
def test_code_that_does_not_end_is_stopped(code: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sandbox, "SECONDS", 0.2)
    assert "took too long" in fault(code)


def test_code_that_prints_too_much_gives_what_it_printed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sandbox, "SECONDS", 0.5)
    text = printed("while True:\n    print('x' * 99)")
    assert text.startswith("xxx")
    assert "more than 20 kB" in text
    assert len(text) < 21_000


@pytest.mark.parametrize("code", ["(" * 9_000, "-" * 9_000 + "1", "+".join(["1"] * 9_000)])
def test_code_that_is_nested_too_deeply_is_a_fault(code: str):
    assert "SyntaxError" in fault(code)


@pytest.mark.parametrize("code", ["while True: pass", "while True: print('x' * 50)"])
def test_cancel_ends_the_code_and_its_process_at_once(code: str):
    cancel = CancelToken()
    started = threading.Timer(0.1, cancel.cancel)
    started.start()
    with pytest.raises(Cancelled):
        run_python(code, {}, cancel)
    started.join()
    assert sandbox._processes() == []


def test_cancelled_before_the_start_runs_nothing():
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        run_python("1", {}, cancel)


def test_several_at_once_are_stopped_each_by_its_own_cancel():
    ended: list[str] = []

    def work(code: str, cancel: CancelToken) -> None:
        try:
            ended.append(run_python(code, {}, cancel))
        except Cancelled:
            ended.append("cancelled")

    endless = [CancelToken() for _ in range(3)]
    jobs = [("while True: pass", each) for each in endless] + [("6 * 7", CancelToken())] * 3
    threads = [threading.Thread(target=work, args=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads[3:]:
        thread.join()
    assert ended == ["42"] * 3
    for each in endless:
        each.cancel()
    for thread in threads[:3]:
        thread.join()
    assert ended[3:] == ["cancelled"] * 3


def test_process_killed_by_another_is_a_fault():
    over = threading.Event()

    def kill() -> None:
        while not over.wait(0.01):  # the first that is seen may be one that an older test left
            for each in sandbox._processes():
                each.kill()

    killer = threading.Thread(target=kill)
    killer.start()
    said = fault("while True: pass")
    over.set()
    killer.join()
    assert said == "Python ended unexpectedly."


def test_runtime_that_is_not_there_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MONTY_BIN", str(tmp_path / "none"))
    assert "cannot be started" in fault("1")


def test_home_that_cannot_be_written_makes_no_difference(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", "/proc/none")
    monkeypatch.setenv("TMPDIR", "/proc/none")
    assert printed("1") == "1"


LINES = [
    "x = 1", "x", "f(", "1,", ")", "(", "[1,", "]", "'''", '"""', "if x:", "    y", "else:", "@f",
    "def f():", "    return 1", "# a", "", "x \\", "+ 1", "'a", "a'", "{", "}", "b)", "=", "x; y",
    "lambda: (", "f'{x}'", "f'''{", "}'''", "print(1,", "2)",
]  # fmt: skip


@given(st.lists(st.sampled_from(LINES), min_size=1, max_size=7).map("\n".join))
def test_printing_the_last_value_never_changes_what_comes_before(code: str):
    try:
        body = ast.parse(code).body
        changed = ast.parse(with_value_printed(code)).body
    except SyntaxError:
        return  # what cannot be parsed runs as it is
    before = [ast.dump(each) for each in body[:-1]]
    assert [ast.dump(each) for each in changed[: len(before)]] == before
