"""Every number that tunes the method says where it comes from: a measurement, a source, a definition, or an eye."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "gen3d"
ROOMS = ("geometry", "stages", "models/builtin", "splat/fit", "splat/*.py", "settings.py")
FILES = sorted({file for room in ROOMS for file in ROOT.glob(room if room.endswith(".py") else f"{room}/**/*.py")})
ORIGIN = re.compile(r"\b(Measured|From|Follows from|By\s+definition|Chosen\s+by\s+eye)\b")
"""How a constant's docstring says where its number comes from."""
PLAIN = {0.5, 1.0, 2.0}
"""Floats that are halves, means, squares, identities and the like."""
GUARD = 1e-5
"""Smaller floats, and those larger than one over it, keep a division or a logarithm finite."""


def numbers(node: ast.AST) -> Iterator[ast.Constant]:
    """The numeric literals in it, but for zeros, which tune nothing."""
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and type(part.value) in (int, float) and part.value:
            yield part


def docstring(node: ast.stmt | None) -> str:
    """What a string that stands alone says; nothing for any other statement."""
    said = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and node.value.value
    return said if isinstance(said, str) else ""


def without_origin(source: str) -> list[str]:
    """The module-level numeric constants whose docstring does not say where they come from."""
    found, body = [], ast.parse(source).body
    for node, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None and any(numbers(node.value)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)]
            if any(name.strip("_").isupper() for name in names) and not ORIGIN.search(docstring(after)):
                found.append(" ".join(names))
    return found


def inline(source: str) -> list[str]:
    """The floats inside functions that are neither plain nor guards."""
    found = []
    for function in ast.walk(ast.parse(source)):
        if isinstance(function, ast.FunctionDef):
            for number in (number for statement in function.body for number in numbers(statement)):
                size = abs(number.value)
                if isinstance(number.value, float) and size not in PLAIN and GUARD < size < 1 / GUARD:
                    found.append(f"{function.name}: {number.value}")
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_every_constant_says_where_its_number_comes_from(file):
    assert not without_origin(file.read_text(encoding="utf-8"))


INLINE = sorted(file for room in ("geometry", "stages", "splat/fit") for file in (ROOT / room).rglob("*.py"))


@pytest.mark.parametrize("file", INLINE, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_no_number_that_tunes_hides_inside_a_function(file):
    assert not inline(file.read_text(encoding="utf-8"))


def test_a_constant_without_an_origin_is_found():
    said, unsaid = 'A = 0.3\n"""Share. Chosen by eye."""\n', 'B: float = 0.3\n"""Share."""\nC = (4, 5)\n_D = -1.5\n'
    assert without_origin(said + unsaid) == ["B", "C", "_D"]
    assert without_origin('NAMES = ("a", "b")\nT = TypeVar("T")\n') == []


def test_a_number_inside_a_function_is_found():
    source = "def f(x):\n    return max(0.5 * x, 1e-12) + 0.73 * x\n"
    assert inline(source) == ["f: 0.73"]
