"""The calculator: reads an expression and works it out, without Python's own evaluation.

    sum     = product (("+" | "-") product)*
    product = signed (("*" | "/" | "//" | "%" | "of") signed)*
    signed  = ("+" | "-")* power
    power   = operand (("**" | "^") signed)?
    operand = (number | name | name "(" sum ("," sum)* ")" | "(" sum ")") "%"*

A percent sign is the remainder if an operand follows it, else a hundredth.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Final

from app.agents.entities import Risk
from app.agents.tools.arithmetic import Number, as_text, number, power, too_large
from app.agents.tools.functions import FUNCTION_NAMES, call, constant
from app.agents.tools.tool import Arguments, ToolFault, ToolResult, ToolSpec
from app.base.jobs import CancelToken
from app.engine.messages import Tool as OfferedTool

_LONGEST: Final = 1_000
_DEEPEST: Final = 40
_LARGEST_EXPONENT: Final = 1_000  # of a number as it is written
_TOKEN: Final = re.compile(
    r"\s*(?:(?P<number>(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[^\W\d]\w*)|(?P<sign>\*\*|//|[-+*/%^(),]))"
)
_SAME: Final = str.maketrans({"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-"})  # noqa: RUF001
_END: Final = ""


class Calculator:
    """The tool that calculates."""

    def __init__(self) -> None:
        offered = OfferedTool(
            "calculator",
            "Work out an expression exactly, such as (1499.99 - 20) * 1.19 or 15% of 80. "
            "It knows + - * / // % ** and parentheses, pi, e, and the functions "
            f"{', '.join(FUNCTION_NAMES)}. log is natural, log(x, 2) to a base; angles are in "
            "radians; round goes half up. 15% is 0.15; before a number, % is the remainder.",
            {
                "type": "object",
                "properties": {
                    "expression": {"type": "string", "minLength": 1, "maxLength": _LONGEST}
                },
                "required": ["expression"],
                "additionalProperties": False,
            },
        )
        self.spec = ToolSpec(offered, Risk.COMPUTE, "Calculate")

    def run(self, arguments: Arguments, cancel: CancelToken) -> ToolResult:
        """Work it out."""
        cancel.check()
        return ToolResult(calculate(arguments["expression"]))


def calculate(expression: str) -> str:
    """The value of an expression, as text.

    Raises:
        ToolFault: it cannot be read, has no value, or one with too many digits.
    """
    if len(expression) > _LONGEST:
        raise ToolFault(f"The expression has more than {_LONGEST} characters.")
    return as_text(_Reader(_tokens(expression.translate(_SAME).replace("math.", ""))).whole())


def _tokens(text: str) -> list[str]:
    tokens, position, text = [], 0, text.rstrip()
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            rest = text[position:].strip()
            raise ToolFault(f"“{rest[:20]}” cannot be read.", "Use numbers, signs and functions.")
        tokens.append(found[0].strip())
        position = found.end()
    return [*tokens, _END]


class _Reader:
    """Works out the tokens one by one; each method takes what its rule in the module says."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._position = 0
        self._depth = 0

    def whole(self) -> Number:
        result = self._sum()
        if self._next != _END:
            raise self._unexpected()
        return result

    @property
    def _next(self) -> str:
        return self._tokens[self._position]

    def _took(self, *wanted: str) -> str:
        token = self._next
        if token not in wanted:
            return _END
        self._position += 1
        return token

    def _sum(self) -> Number:
        left = self._product()
        while sign := self._took("+", "-"):
            right = self._product()
            # 1 + 15% is the same either way.
            if right.is_percent and not left.is_percent and left.value != 1:
                raise ToolFault(
                    "A percentage can be added to a number in two ways.",
                    "For 15% more write x * (1 + 15%), for 0.15 more write x + 0.15.",
                )
            value = left.value + (right.value if sign == "+" else -right.value)
            result = number(value, left.is_exact and right.is_exact)
            left = Number(result.value, result.is_exact, left.is_percent and right.is_percent)
        return left

    def _product(self) -> Number:
        left = self._signed()
        while sign := self._took("*", "/", "//", "%", "of"):
            left = _multiplied(sign, left, self._signed())
        return left

    def _signed(self) -> Number:
        is_negative = False
        while sign := self._took("+", "-"):
            is_negative ^= sign == "-"
        found = self._power()
        return Number(-found.value, found.is_exact, found.is_percent) if is_negative else found

    def _power(self) -> Number:
        base = self._operand()
        if not self._took("**", "^"):
            return base
        return power(base, self._deeper(self._signed))

    def _operand(self) -> Number:
        found = self._plain_operand()
        while self._next == "%" and not self._is_operand(self._tokens[self._position + 1]):
            self._position += 1
            found = Number(found.value / 100, found.is_exact, is_percent=True)
        return found

    def _plain_operand(self) -> Number:
        token = self._next
        if not self._is_operand(token):
            raise self._unexpected()
        self._position += 1
        if token == "(":
            inside = self._deeper(self._sum)
            self._close()
            return Number(inside.value, inside.is_exact)
        if token[0].isdecimal() or token[0] == ".":
            return _literal(token)
        return self._named(token)

    def _named(self, name: str) -> Number:
        if self._took("("):
            arguments = [self._deeper(self._sum)]
            while self._took(","):
                arguments.append(self._deeper(self._sum))
            self._close()
            return call(name.lower(), arguments)
        found = constant(name.lower())
        if found is None:
            raise ToolFault(f"“{name[:40]}” has no value.", "Put in the number itself.")
        return found

    def _deeper(self, rule: Callable[[], Number]) -> Number:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ToolFault("The expression is too deeply nested.")
        result = rule()
        self._depth -= 1
        return result

    def _close(self) -> None:
        if not self._took(")"):
            raise self._unexpected()

    @staticmethod
    def _is_operand(token: str) -> bool:
        return token != "of" and (token[:1].isalnum() or token[:1] in ("(", ".", "_"))

    def _unexpected(self) -> ToolFault:
        if self._next == _END:
            return ToolFault("The expression ends too early.")
        hint = "Write numbers without commas." if self._next == "," else ""
        return ToolFault(f"“{self._next[:20]}” is not expected there.", hint)


def _literal(token: str) -> Number:
    digits, _, exponent = token.replace("_", "").lower().partition("e")
    # An exponent is short to write and long to work out.
    if len(exponent) > 6 or abs(int(exponent or 0)) > _LARGEST_EXPONENT:
        raise too_large()
    return number(Fraction(digits) * Fraction(10) ** int(exponent or 0))


def _multiplied(sign: str, left: Number, right: Number) -> Number:
    is_exact = left.is_exact and right.is_exact
    a, b = left.value, right.value
    if sign in ("*", "of"):
        return number(a * b, is_exact)
    if b == 0:
        raise ToolFault("That divides by zero.")
    match sign:
        case "/":
            return number(a / b, is_exact)
        case "//":
            return number(a // b, is_exact)
        case _:
            return number(a % b, is_exact)
