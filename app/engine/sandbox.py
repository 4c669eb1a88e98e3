"""Runs a Jinja template from a model file without trusting it: no reach, bounded time and memory.

Jinja's immutable sandbox keeps a template from reaching into Python. It does not keep one from
looping for hours or from growing a string to terabytes, so here everything that can repeat or grow
is counted: the template's syntax tree is rewritten so that loops, joins, slices, comparisons and
output pass through functions that draw on a budget, and calls, filters, tests and operators do too.
"""

from __future__ import annotations

import functools
import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from jinja2 import Template, nodes, pass_context
from jinja2.exceptions import TemplateError
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.runtime import Context, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment, SandboxedFormatter
from jinja2.visitor import NodeTransformer

from app.engine.budget import Budget, Limits, OverBudget

__all__ = [
    "MOST_SOURCE",
    "TEMPLATE_FAILURES",
    "LimitedEnvironment",
    "Limits",
    "OverBudget",
    "Refusal",
]

MOST_SOURCE = 256_000  # characters; the longest template of a known model has 17,000

# What a template that is not in our hands may raise while it is compiled or run.
TEMPLATE_FAILURES = (TemplateError, ArithmeticError, AssertionError, AttributeError, LookupError,
    MemoryError, NameError, RuntimeError, SyntaxError, TypeError, ValueError)  # fmt: skip


class Refusal(TemplateError):
    """The template itself says, with `raise_exception`, that it does not take these messages."""


# Methods of text that a template may call; the rest either grow text or are of no use there.
_TEXT_METHODS = frozenset({
    "strip", "lstrip", "rstrip", "split", "rsplit", "splitlines", "startswith", "endswith",
    "lower", "upper", "title", "capitalize", "swapcase", "casefold", "replace", "join", "find",
    "rfind", "index", "rindex", "count", "partition", "rpartition", "removeprefix",
    "removesuffix", "isdigit", "isalpha", "isalnum", "isnumeric", "isspace", "isupper", "islower",
    "isdecimal", "istitle", "isascii", "isidentifier", "isprintable", "format",
})  # fmt: skip
# These compare each position with the whole argument, so the argument must be short.
_SHORT_ARGUMENT = frozenset(
    {"strip", "lstrip", "rstrip", "rsplit", "rfind", "rindex", "rpartition"}
)
_LONGEST_ARGUMENT = 256
_LONGEST_INTEGER_BITS = 256
_WIDEST_FIELD = 1000
_WIDTH = re.compile(r"\d{4,}|\*")

# Some templates keep a queue of calls. They may, but not change what they were given.
_LIST_CHANGES = frozenset({"append", "pop"})
_MOST_COMPILED = 4  # a model has few variants of its template

_FRAME_ARGUMENTS = {"_loop_vars", "_block_vars"}  # added to calls by Jinja's compiler

_FILTERS = (
    "abs", "attr", "capitalize", "count", "d", "default", "dictsort", "e", "escape", "first",
    "float", "groupby", "int", "items", "last", "length", "list", "lower", "map", "max", "min",
    "reject", "rejectattr", "reverse", "select", "selectattr", "sort", "title", "trim", "unique",
    "upper", "wordcount",
)  # fmt: skip


class LimitedEnvironment(ImmutableSandboxedEnvironment):
    """A sandbox for chat templates in which everything that repeats or grows is counted."""

    intercepted_binops = frozenset(["+", "-", "*", "/", "//", "**", "%"])

    def __init__(self, limits: Limits | None = None) -> None:
        super().__init__(
            trim_blocks=True,
            lstrip_blocks=True,
            # Constants are not folded: that would run filters while compiling, uncounted.
            optimized=False,
            finalize=_finalize,
            extensions=[loopcontrols, _Generation],
        )
        self._limits = limits or Limits()
        self._budget: Budget | None = None
        self._lock = threading.Lock()
        self._compiled: dict[str, Template] = {}
        self._given: frozenset[int] = frozenset()
        own: dict[str, Callable[..., Any]] = {
            "cairn_concat": self._concat,
            "cairn_each": self._each,
            "cairn_slice": _slice,
            "cairn_weighed": _itself,
            "from_json": json.loads,
            "fromjson": json.loads,
            "indent": self._indent,
            "join": self._join,
            "replace": self._replace,
            "round": _round,
            "safe": str,
            "strip": _strip,
            "string": _plain_text,
            "sum": _sum,
            "tojson": _tojson,
        }
        offered: dict[str, Any] = {name: self.filters[name] for name in _FILTERS} | own
        self.filters = {name: self._counted(each) for name, each in offered.items()}
        tests: dict[str, Any] = dict(self.tests)
        self.tests = {name: self._counted(each) for name, each in tests.items()}
        del self.globals["lipsum"]
        self.globals["raise_exception"] = _raise_exception
        self.globals["strftime_now"] = _strftime_now

    @property
    def budget(self) -> Budget:
        """The budget of the rendering under way."""
        if self._budget is None:
            raise OverBudget("it runs before it is used")
        return self._budget

    def render(self, source: str, values: Mapping[str, Any]) -> str:
        """Compile and run a template.

        Raises:
            Exception: one of TEMPLATE_FAILURES.
        """
        if len(source) > MOST_SOURCE:
            raise OverBudget(f"it is {len(source):,} characters long")
        with self._lock:
            template = self._template(source)
            self._budget = Budget(self._limits)
            self._given = frozenset(_lists_in(values))
            try:
                return self._bounded(template.generate(dict(values)))
            finally:
                self._budget = None

    def _template(self, source: str) -> Template:
        if source not in self._compiled:
            compiled = self.from_string(source)
            while len(self._compiled) >= _MOST_COMPILED:
                self._compiled.pop(next(iter(self._compiled)))
            self._compiled[source] = compiled
        return self._compiled[source]

    def _bounded(self, pieces: Iterable[str]) -> str:
        result: list[str] = []
        size = 0
        for piece in pieces:
            size += len(piece)
            self.budget.room(size)
            result.append(piece)
        return "".join(result)

    def _generate(
        self, source: nodes.Template, name: str | None, filename: str | None,
        defer_init: bool = False,
    ) -> str:  # fmt: skip
        rewritten = _Counting().visit(source)
        rewritten.set_environment(self)
        return super()._generate(rewritten, name, filename, defer_init)

    def _counted(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A filter or test that draws on the budget for what it gets and for what it makes."""

        @functools.wraps(function)  # keeps Jinja's marks for context and environment arguments
        def run(*arguments: Any, **named: Any) -> Any:
            budget = self.budget
            budget.check_time()  # one filter may walk a hundred thousand entries
            for each in (*arguments, *named.values()):
                if each is not self and not isinstance(each, Context):
                    budget.weigh(each)
            return budget.made(function(*arguments, **named))

        return run

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Of text only what cannot blow it up; lists change only if the template made them."""
        if isinstance(obj, str):
            return attr in _TEXT_METHODS
        if type(obj) is list and attr in _LIST_CHANGES:
            return id(obj) not in self._given
        return super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """A `str.format` that reaches for no attribute and pads to no great width."""
        if getattr(value, "__name__", "") not in ("format", "format_map"):
            return None
        text = getattr(value, "__self__", None)
        if not isinstance(text, str):
            return None
        formatter = _NarrowFormatter(self)

        def run(*arguments: Any, **named: Any) -> str:
            return formatter.vformat(text, arguments, named)

        return run

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        """Count a call, and refuse one that would take or make too much."""
        budget = __self.budget
        budget.tick()
        owner = getattr(__obj, "__self__", None)
        for each in (*args, *(kwargs[name] for name in kwargs if name not in _FRAME_ARGUMENTS)):
            budget.weigh(each)
        if isinstance(owner, str):
            __self._check_text_method(owner, getattr(__obj, "__name__", ""), args)
        elif type(owner) is list and getattr(__obj, "__name__", "") in _LIST_CHANGES:
            budget.made(owner)
        elif isinstance(owner, (list, tuple, dict)):
            budget.weigh(owner)
        return budget.made(super().call(__context, __obj, *args, **kwargs))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Count an operation, and refuse one that would make too much."""
        self.budget.tick()
        if operator == "%" and isinstance(left, str):
            self.budget.weigh(right)
            if _WIDTH.search(left):
                raise OverBudget("it pads text too far")
        if isinstance(left, (int, float)) and isinstance(right, (int, float)):
            _check_numbers(operator, left, right)
        elif operator == "*":
            for sequence, times in ((left, right), (right, left)):
                if isinstance(sequence, (str, list, tuple)) and isinstance(times, int):
                    self.budget.room(len(sequence) * times)
        return self.budget.made(super().call_binop(context, operator, left, right))

    def _check_text_method(self, text: str, name: str, arguments: Sequence[Any]) -> None:
        if name == "replace" and len(arguments) >= 2:
            self._check_replace(text, str(arguments[0]), str(arguments[1]))
        elif name == "join" and arguments:
            self._check_join(text, arguments[0])
        elif name in _SHORT_ARGUMENT and arguments:
            given = arguments[0]
            if isinstance(given, str) and len(given) > _LONGEST_ARGUMENT:
                raise OverBudget(f"it calls {name} with a long text")

    def _check_replace(self, text: str, old: str, new: str) -> None:
        self.budget.room(len(text) + text.count(old) * len(new))

    def _check_join(self, separator: str, values: Any) -> None:
        if isinstance(values, Sequence):
            self.budget.room(len(separator) * len(values))
        elif separator:
            raise OverBudget("it joins something that is not a list")

    def _each(self, values: Any) -> Iterator[Any]:
        for each in values:
            self.budget.tick()
            yield each

    def _concat(self, values: Sequence[Any]) -> str:
        texts = [_plain_text(each) for each in values]
        self.budget.room(sum(map(len, texts)))
        return "".join(texts)

    def _join(self, values: Any, separator: str = "", attribute: str | None = None) -> str:
        if isinstance(values, Undefined):
            return ""
        entries = self.budget.made(list(self._each(values)))
        if attribute is not None:
            entries = [self.getitem(each, attribute) for each in entries]
        self.budget.weigh(entries)
        self.budget.room(len(separator) * len(entries))
        return separator.join(map(_plain_text, entries))

    def _replace(self, text: Any, old: str, new: str, count: int | None = None) -> str:
        text = _plain_text(text)
        self._check_replace(text, old, new)
        return cast(str, text.replace(old, new, -1 if count is None else count))

    def _indent(
        self, text: Any, width: int | str = 4, first: bool = False, blank: bool = False
    ) -> str:
        margin = " " * min(width, _WIDEST_FIELD) if isinstance(width, int) else width
        lines = (_plain_text(text) + "\n").splitlines()  # a last empty line stays
        self.budget.room(len(lines) * len(margin))
        return "\n".join(
            margin + line if (line or blank) and (index or first) else line
            for index, line in enumerate(lines)
        )


class _NarrowFormatter(SandboxedFormatter):
    def format_field(self, value: Any, format_spec: str) -> Any:
        """Refuse great widths."""
        if _WIDTH.search(format_spec):
            raise OverBudget("it pads text too far")
        return super().format_field(value, format_spec)


class _Generation(Extension):
    """`{% generation %}` marks what a model was trained on; here it is just its content."""

    tags = {"generation"}

    def parse(self, parser: Parser) -> list[nodes.Node]:
        """Keep what is between the tags."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


class _Counting(NodeTransformer):
    """Sends whatever repeats or grows, and has no hook of its own, through a counting filter."""

    def visit_For(self, node: nodes.For) -> nodes.Node:
        node = cast(nodes.For, self.generic_visit(node))
        node.iter = _through("cairn_each", cast(nodes.Expr, node.iter))
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        node = cast(nodes.Concat, self.generic_visit(node))
        return _through("cairn_concat", nodes.List(node.nodes, lineno=node.lineno))

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:
        node = cast(nodes.Compare, self.generic_visit(node))
        node.expr = _through("cairn_weighed", node.expr)
        for each in node.ops:
            each.expr = _through("cairn_weighed", each.expr)
        return node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:
        node = cast(nodes.Getitem, self.generic_visit(node))
        if not isinstance(node.arg, nodes.Slice):
            return node
        nothing = nodes.Const(None, lineno=node.lineno)
        ends = (node.arg.start, node.arg.stop, node.arg.step)
        arguments: list[nodes.Expr] = [each or nothing for each in ends]
        return _through("cairn_slice", node.node, arguments)

    def visit_Output(self, node: nodes.Output) -> nodes.Node:
        node = cast(nodes.Output, self.generic_visit(node))
        # Fixed text skips `finalize`; as a constant it is counted like the rest.
        node.nodes = [
            nodes.Const(each.data, lineno=each.lineno)
            if isinstance(each, nodes.TemplateData)
            else each
            for each in node.nodes
        ]
        return node


def _through(name: str, value: nodes.Expr, arguments: list[nodes.Expr] | None = None) -> nodes.Expr:
    return nodes.Filter(value, name, arguments or [], [], None, None, lineno=value.lineno)


@pass_context  # because Jinja would fold constants through a finalizer without a context
def _finalize(context: Context, value: Any) -> str:
    budget = cast(LimitedEnvironment, context.environment).budget
    budget.tick()
    budget.weigh(value)
    return cast(str, budget.made(_plain_text(value)))


def _plain_text(value: Any) -> str:
    if isinstance(value, str):
        return str(value)
    if isinstance(value, (int, float, list, tuple, dict, Undefined)) or value is None:
        return str(value)
    return f"<{type(value).__name__}>"


def _sum(values: Iterable[Any], attribute: Any = None, start: float = 0) -> float:
    """Of numbers only: a sum of lists would copy them again and again."""
    entries = [each if attribute is None else each[attribute] for each in values]
    if not all(isinstance(each, (int, float)) for each in (*entries, start)):
        raise ValueError("sum takes numbers here")
    return sum(entries, start)


def _lists_in(values: Any) -> Iterator[int]:
    """The identities of all lists in values that come from outside."""
    ahead = [values]
    while ahead:
        each = ahead.pop()
        if isinstance(each, Mapping):
            ahead.extend(each.values())
        elif isinstance(each, (list, tuple)):
            ahead.extend(each)
            yield id(each)


def _itself(value: Any) -> Any:
    return value


def _strip(value: Any) -> str:
    return _plain_text(value).strip()


def _slice(value: Any, start: Any, stop: Any, step: Any) -> Any:
    return value[start:stop:step]


def _check_numbers(operator: str, left: float, right: float) -> None:
    """Keep integers small; floats overflow by themselves."""
    if not (isinstance(left, int) and isinstance(right, int)):
        return
    bits = {"**": left.bit_length() * max(right, 1), "*": left.bit_length() + right.bit_length()}
    if bits.get(operator, 0) > _LONGEST_INTEGER_BITS:
        raise OverBudget("it computes with impossibly large numbers")


def _round(value: float, precision: int = 0, method: str = "common") -> float:
    if method != "common" or not -20 <= precision <= 20:
        raise ValueError("round takes a precision up to 20 here")
    return round(value, precision)


def _tojson(
    value: Any, ensure_ascii: bool = False, indent: int | None = None,
    separators: tuple[str, str] | None = None, sort_keys: bool = False,
) -> str:  # fmt: skip
    if indent is not None and indent > 16:
        raise OverBudget("it indents too far")
    # Plain JSON, as chat templates mean it; Jinja's own filter escapes for HTML.
    return json.dumps(
        value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )


def _raise_exception(message: str) -> None:
    raise Refusal(_plain_text(message)[:300])


def _strftime_now(pattern: str) -> str:
    return datetime.now().astimezone().strftime(str(pattern)[:200])
