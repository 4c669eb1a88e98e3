from __future__ import annotations

import time
from typing import Any

import pytest

from app.engine.sandbox import (
    MOST_SOURCE,
    TEMPLATE_FAILURES,
    LimitedEnvironment,
    Limits,
    OverBudget,
    Refusal,
)

_QUICK = Limits(cpu_s=0.2)
_GROW = "{% set ns = namespace(x=[1], y=[1]) %}{% for i in range(99) %}"
_LISTS = _GROW + "{% set ns.x = [ns.x, ns.x] %}{% set ns.y = [ns.y, ns.y] %}{% endfor %}"

_TOO_MUCH = {
    "loops": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "loops with else": "{% for a in range(99999) %}{% for b in range(99999) if b > a %}"
    "{% endfor %}{% endfor %}",
    "recursive loop": "{% for i in range(9999) recursive %}{% if loop.depth < 4 %}"
    "{{ loop(range(9999)) }}{% endif %}{% endfor %}",
    "macro tree": "{% macro f(n) %}{% if n %}{{ f(n-1) }}{{ f(n-1) }}{% endif %}{% endmacro %}"
    "{{ f(40) }}",
    "sorting": "{% for i in range(9999) %}{% set x = range(99999) | sort %}{% endfor %}",
    "power": "{{ 9 ** 9 ** 9 }}",
    "power of two": "{% set x = 2 ** 10000000 %}",
    "constant text": "{{ 'a' * 10000000000 }}",
    "constant list": "{{ ([1] * 100000) * 100000 }}",
    "joined text": _GROW + "{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
    "added text": "{% set ns = namespace(x='ab') %}{% for i in range(99) %}"
    "{% set ns.x = ns.x + ns.x %}{% endfor %}",
    "added lists": _GROW + "{% set ns.x = ns.x + ns.x %}{% endfor %}",
    "nested lists shown": _LISTS + "{{ ns.x }}",
    "nested lists as JSON": _LISTS + "{{ ns.x | tojson }}",
    "nested lists compared": _LISTS + "{{ ns.x == ns.y }}",
    "nested lists tested": _LISTS + "{{ ns.x is eq ns.y }}",
    "nested lists counted": _LISTS + "{{ [ns.x].count(ns.y) }}",
    "nested lists formatted": _LISTS + "{{ '{}'.format(ns.x) }}",
    "nested lists in percent": _LISTS + "{{ '%s' % ns.x }}",
    "wide format": "{{ '{:>1000000000}'.format(1) }}",
    "wide format by argument": "{{ '{:>{w}}'.format(1, w=1000000000) }}",
    "wide percent": "{{ '%1000000000d' % 1 }}",
    "star percent": "{{ '%*d' % (1000000000, 1) }}",
    "replace": "{% set a = 'a' * 100000 %}{{ a.replace('a', a) }}",
    "replace filter": "{% set a = 'a' * 100000 %}{{ a | replace('a', a) }}",
    "join": "{{ range(99999) | list | join('a' * 1000000) }}",
    "join method": "{{ ('a' * 1000000).join('a' * 1000000) }}",
    "indent": "{{ ('a\\n' * 1000000) | indent(1000) }}",
    "JSON indent": "{{ [1] | tojson(indent=1000000000) }}",
    "fixed text": "{% for i in range(99999) %}" + "x" * 100000 + "{% endfor %}",
    "fixed text in a block": "{% set y %}{% for i in range(99999) %}" + "x" * 100000
    + "{% endfor %}{% endset %}",
    "slices": "{% set a = 'a' * 10000000 %}{% set ns = namespace(l=[]) %}"
    "{% for i in range(99999) %}{% set ns.l = ns.l + [a[1:]] %}{% endfor %}",
    "slow search": "{{ ('a' * 10000000).rfind('b' + 'a' * 5000000) }}",
    "list of long texts": "{% set a = 'a' * 10000000 %}{{ 'b' in [a] * 100000 }}",
    "appending while looping": "{% set ns = namespace(l=[1]) %}{% for x in ns.l %}"
    "{% set _ = ns.l.append(x) %}{% endfor %}",
    "list in itself": "{% set l = [1] %}{% set _ = l.append(l) %}{{ l | tojson }}",
    "list in itself compared": "{% set l = [1] %}{% set _ = l.append(l) %}{{ l == [l] }}",
    "lists appended to one another": "{% set a = [] %}{% set b = [] %}{% for i in range(60) %}"
    "{% set _ = a.append(b) %}{% set _ = b.append(a) %}{% endfor %}{{ a }}",
    "joiner": "{% set j = joiner('a' * 1000000) %}{% for i in range(99999) %}{{ j() }}{% endfor %}",
    "long source": "x" * (MOST_SOURCE + 1),
}  # fmt: skip


@pytest.mark.parametrize("source", _TOO_MUCH.values(), ids=_TOO_MUCH.keys())
def test_template_that_does_too_much_is_ended_soon(source: str) -> None:
    started = time.thread_time()
    with pytest.raises(OverBudget):
        LimitedEnvironment(_QUICK).render(source, {})
    assert time.thread_time() - started < 3


@pytest.mark.parametrize(
    "source",
    [
        "{{ messages.append(1) }}",
        "{{ messages.pop() }}",
        "{{ messages[0].parts.append(1) }}",
        "{{ (messages | first).parts.append(1) }}",
        "{% set a = [1] %}{{ a.extend(a) }}",
        "{% set a = [1] %}{{ a.insert(0, 1) }}",
        "{% set a = {} %}{{ a.update(b=1) }}",
        "{{ [[1], [2]] | sum }}",
        "{{ ['a', 'b'] | sum(start='') }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ self.__init__.__globals__ }}",
        "{{ raise_exception.__globals__.os }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ '{0.__class__.x}'.format(1).y.z }}",
        "{{ 'a'.zfill(1000000000) }}",
        "{{ 'a' | center(1000000000) }}",
        "{{ lipsum(n=1000000) }}",
        "{% include '/etc/passwd' %}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% block a %}{{ self.a() }}{% endblock %}",
        "{{ " + "(" * 50000 + "1" + ")" * 50000 + " }}",
        "{{ " + "not " * 20000 + "1 }}",
        "{{ " + "1+" * 50000 + "1 }}",
        "{% if 1 %}" * 5000 + "{% endif %}" * 5000,
        "{{ range(10**9) }}",
        "{{ 1.5 | round(1000000000, 'ceil') }}",
        "{% for %}",
        "{{ missing.attribute }}",
        "{{ 1 / 0 }}",
    ],
    ids=range(29),
)
def test_template_that_reaches_out_or_is_broken_fails_within_bounds(source: str) -> None:
    with pytest.raises(TEMPLATE_FAILURES):
        LimitedEnvironment(_QUICK).render(source, {"messages": [{"content": "x", "parts": [1]}]})


@pytest.mark.parametrize(
    "source",
    [
        "{{ messages.__class__ }}",
        "{{ '' | attr('__class__') }}",
        "{{ '{0.__class__}'.format(1) }}",
    ],
)
def test_template_that_asks_for_internals_gets_nothing(source: str) -> None:
    assert "class" not in LimitedEnvironment().render(source, {"messages": []})


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("{{ [1, 'ä'] | tojson }}", '[1, "ä"]'),
        ("{{ {'a': '<&>'} | tojson(indent=2) }}", '{\n  "a": "<&>"\n}'),
        ("{{ ' a ' | trim }}|{{ ' a '.strip() }}", "a|a"),
        ("{{ 'a-b-c'.split('-')[-1] }}{{ 'abc'[1:] }}{{ [1,2,3][::-1] }}", "cbc[3, 2, 1]"),
        ("{% for a in [1,2,3] %}{{ a }}{% if loop.last %}!{% endif %}{% endfor %}", "123!"),
        ("{% for a in [1,2,3] %}{% if a == 2 %}{% break %}{% endif %}{{ a }}{% endfor %}", "1"),
        ("{{ 1 ~ 'a' ~ None ~ missing }}", "1aNone"),
        ("{% set ns = namespace(n=0) %}{% for i in range(5) %}{% set ns.n = ns.n + i %}"
         "{% endfor %}{{ ns.n }}", "10"),
        ("{{ [{'r': 'a'}, {'r': 'b'}] | selectattr('r', 'equalto', 'b') | list }}",
         "[{'r': 'b'}]"),
        ("{{ [{'r': 'a'}, {'r': 'b'}] | map(attribute='r') | join(', ') }}", "a, b"),
        ("{{ 'x\ny\n' | indent(2) }}|", "x\n  y\n|"),
        ("{{ 'x' if 'a' in 'cat' else 'y' }}{{ 2 in [1, 2] }}{{ 1 < 2 < 3 }}", "xTrueTrue"),
        ("{% generation %}kept{% endgeneration %}", "kept"),
        ("{{ '{:.2f} {}'.format(1.234, 'a') }}", "1.23 a"),
        ("{% macro m(a, b=2) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}", "12"),
        ("{% set q = [] %}{% set _ = q.append(1) %}{% set _ = q.append(2) %}{{ q.pop(0) }}{{ q }}",
         "1[2]"),
        ("{{ [1, 2.5] | sum }} {{ [{'n': 2}] | sum('n') }}", "3.5 2"),
        ("{{ ('{\"a\": [1]}' | fromjson).a }}", "[1]"),
        ("{{ {'a': 1}.get('b', 2) }}{% for k, v in {'a': 1}.items() %}{{ k }}{{ v }}{% endfor %}"
         "{{ {'a': 1}.keys() | list }}{{ 'xaxx'.strip('x') }}", "2a1['a']a"),
        ("{% if true %}\n  {% set x = 1 %}\nline\n{% endif %}\n", "line\n"),
    ],
)  # fmt: skip
def test_ordinary_template_gives_what_jinja_gives(source: str, result: str) -> None:
    assert LimitedEnvironment().render(source, {}) == result


def test_list_given_to_a_template_is_left_as_it_was() -> None:
    messages = [{"parts": [1]}]
    environment = LimitedEnvironment()
    with pytest.raises(TEMPLATE_FAILURES):
        environment.render("{{ messages[0]['parts'].append(2) }}", {"messages": messages})
    assert messages == [{"parts": [1]}]


def test_strftime_now_gives_a_date() -> None:
    assert LimitedEnvironment().render("{{ strftime_now('%Y') }}", {}).isdigit()


def test_template_that_refuses_says_so_in_its_words() -> None:
    with pytest.raises(Refusal, match="no systems here"):
        LimitedEnvironment().render("{{ raise_exception('no systems here') }}", {})


def test_environment_after_a_hostile_template_still_works() -> None:
    environment = LimitedEnvironment(_QUICK)
    with pytest.raises(OverBudget):
        environment.render(_TOO_MUCH["loops"], {})
    assert environment.render("{{ a }}", {"a": 1}) == "1"


def test_long_conversation_is_well_within_the_budget() -> None:
    messages: list[dict[str, Any]] = [
        {"role": "user" if index % 2 else "assistant", "content": "word " * 400}
        for index in range(1000)
    ]
    source = (
        "{% for m in messages %}{% if m['role'] == 'user' and not loop.first %}[{{ m.role }}]"
        "{% endif %}{{ m.content | trim + '\\n' }}{% endfor %}"
    )
    started = time.thread_time()
    assert len(LimitedEnvironment().render(source, {"messages": messages})) > 1_900_000
    assert time.thread_time() - started < 1
