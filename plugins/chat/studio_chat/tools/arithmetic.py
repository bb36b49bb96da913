"""Calculates an expression exactly where that is possible. Parses it; evaluates no code."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from fractions import Fraction

from studio.api import BadInput

MOST_CHARACTERS = 500
_MOST_DIGITS = 1000
"""Of a number on the way: a tower of powers has more than a machine can hold."""
Number = Fraction | float

_TWO: Mapping[type[ast.operator], Callable[[Number, Number], Number]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
}
_REAL: Mapping[str, Callable[[float], float]] = {
    "sqrt": math.sqrt, "exp": math.exp, "ln": math.log, "log10": math.log10, "log2": math.log2,
    "sin": math.sin, "cos": math.cos, "tan": math.tan,
    "asin": math.asin, "acos": math.acos, "atan": math.atan, "log": math.log,
}  # fmt: skip
_CONSTANTS: Mapping[str, float] = {"pi": math.pi, "e": math.e}
_WRITTEN = {"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "^": "**", "π": "pi"}


def calculate(expression: str) -> str:
    """Return the value of ``expression`` in digits, exact for whole numbers and fractions.

    Numbers, ``+ - * / // % ^ ( )``, ``sqrt``, ``exp``, ``ln``, ``log10``, ``log2``, sines and their
    kin in radians, ``abs``, ``round``, ``min``, ``max``, ``factorial``, ``pi``, ``e``; ``15%`` is
    0.15 where nothing follows it.

    Raises:
        BadInput: It is no such expression, or has no value of a size that can be told.
    """
    if len(expression) > MOST_CHARACTERS:
        raise BadInput(
            f"The expression has {len(expression):,} characters; the limit is {MOST_CHARACTERS}.",
            "Calculate it in parts.",
        )
    try:
        parsed = ast.parse(_as_python(expression), mode="eval")
        value = _value(parsed.body)
        return _written(value)
    except ZeroDivisionError as error:
        raise BadInput(f"“{expression}” divides by zero.", "Change the expression.") from error
    except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError) as error:
        raise BadInput(
            f"“{expression}” cannot be calculated.",
            "Write numbers, + - * / ^ ( ), and functions such as sqrt(2).",
        ) from error


def _as_python(expression: str) -> str:
    text = expression.strip().rstrip("=").strip()
    for written, meant in _WRITTEN.items():
        text = text.replace(written, meant)
    return _percents(text)


def _percents(text: str) -> str:
    """Return ``text`` with each percent sign that no number follows as a hundredth."""
    expression = ""
    for place, character in enumerate(text):
        after = text[place + 1 :].lstrip()
        is_rest = after[:1].isalnum() or after[:1] in ("(", ".")
        expression += "/100" if character == "%" and not is_rest else character
    return expression


def _value(node: ast.expr) -> Number:
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return _bounded(Fraction(str(value)) if math.isfinite(value) else _refuse())
        case ast.Name(id=name) if name in _CONSTANTS:
            return _CONSTANTS[name]
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -_value(inner)
        case ast.UnaryOp(op=ast.UAdd(), operand=inner):
            return _value(inner)
        case ast.BinOp(left=left, op=op, right=right):
            return _bounded(_combined(op, _value(left), _value(right)))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
            return _bounded(_called(name, [_value(argument) for argument in args]))
    raise ValueError("no arithmetic")


def _combined(op: ast.operator, left: Number, right: Number) -> Number:
    if simple := _TWO.get(type(op)):
        return simple(left, right)
    if isinstance(op, ast.Div):
        return left / right
    if isinstance(op, ast.FloorDiv):
        return Fraction(math.floor(left / right))
    if isinstance(op, ast.Mod):
        return left - right * math.floor(left / right)
    if isinstance(op, ast.Pow):
        return _power(left, right)
    raise ValueError("no arithmetic")


def _power(base: Number, exponent: Number) -> Number:
    whole = isinstance(exponent, Fraction) and exponent.denominator == 1
    if not (whole and isinstance(base, Fraction)):
        value = float(base) ** float(exponent)
        return value if isinstance(value, float) else _refuse()
    size = max(abs(base.numerator), base.denominator)
    if abs(float(exponent)) * math.log10(size if size > 1 else 1.1) > _MOST_DIGITS:
        _refuse()
    return base ** int(exponent)


def _called(name: str, values: list[Number]) -> Number:
    if name in _REAL and len(values) == 1:
        root = _exact_root(values[0]) if name == "sqrt" else None
        return root if root is not None else _REAL[name](float(values[0]))
    if name == "abs" and len(values) == 1:
        return max(values[0], -values[0])
    if name == "round" and len(values) in (1, 2):
        return Fraction(round(Fraction(values[0]), int(values[1]) if len(values) == 2 else 0))
    if name in ("min", "max") and values:
        return min(values) if name == "min" else max(values)
    if name == "factorial" and len(values) == 1 and values[0] == int(values[0]) <= 400:
        return Fraction(math.factorial(int(values[0])))
    raise ValueError("no function of ours")


def _exact_root(value: Number) -> Fraction | None:
    if not isinstance(value, Fraction) or value < 0:
        return None
    root = Fraction(math.isqrt(value.numerator), math.isqrt(value.denominator))
    return root if root * root == value else None


def _bounded(value: Number) -> Number:
    if isinstance(value, float):
        return value if math.isfinite(value) else _refuse()
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > _MOST_DIGITS * 4:
        _refuse()
    return value


def _refuse() -> Fraction:
    raise OverflowError


def _written(value: Number) -> str:
    if isinstance(value, float):
        return f"{value:.12g}"
    if value.denominator == 1:
        return str(value.numerator)
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    if rest == 1 and value.denominator < 10**12:  # its decimals come to an end
        digits = f"{value.numerator * 10**12 // value.denominator:d}"
        sign, digits = ("-", digits[1:]) if digits.startswith("-") else ("", digits)
        digits = digits.rjust(13, "0")
        return f"{sign}{digits[:-12]}.{digits[-12:]}".rstrip("0")
    return f"{float(value):.12g}"
