"""Every name that a module uses is defined there.

Ruff is told not to look for undefined names in gen3d/ and bench/, since the axes that jaxtyping reads look like some;
so this looks, at all but what stands in quotes.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator
from pathlib import Path
from symtable import Symbol, SymbolTable, symtable

import pytest

ROOT = Path(__file__).parents[1]
FILES = [ROOT / "app.py", *sorted(ROOT.glob("gen3d/**/*.py")), *sorted(ROOT.glob("bench/**/*.py"))]
KNOWN = {*dir(builtins), "__file__", "__doc__", "__spec__"}


def undefined(source: str) -> set[str]:
    """Names that code uses and nobody defines, those of annotations included."""
    top = symtable(source, "module", "exec")
    inner = [symbol for table in _all(top) for symbol in table.get_symbols()]
    defined = _bound(top.get_symbols()) | _bound(symbol for symbol in inner if symbol.is_global())
    used = {symbol.get_name() for symbol in inner if symbol.is_global() and symbol.is_referenced()}
    return (used - defined - KNOWN) | (_annotating(source) - _bound(inner) - KNOWN)


def _bound(symbols: Iterable[Symbol]) -> set[str]:
    return {s.get_name() for s in symbols if s.is_assigned() or s.is_imported() or s.is_namespace()}


def _all(table: SymbolTable) -> Iterator[SymbolTable]:
    yield table
    for child in table.get_children():
        yield from _all(child)


def _annotating(source: str) -> set[str]:
    """Names in the annotations of functions and fields, which are not evaluated."""
    trees = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.arg(annotation=tree) | ast.AnnAssign(annotation=tree) if tree:
                trees.append(tree)
            case ast.FunctionDef(returns=tree) if tree:
                trees.append(tree)
    return {node.id for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Name)}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_name_is_defined(path):
    assert undefined(path.read_text(encoding="utf-8")) == set()


def test_the_check_sees_what_is_missing():
    source = "import a\ndef f(x: B) -> C:\n    y: 'h w' = 1\n    return a, x, y, D, [z for z in E]\nclass G:\n    i: H"
    assert undefined(source) == {"B", "C", "D", "E", "H"}
    assert undefined("from a import B\ndef f(x: B[int, 'h w']) -> B:\n    global q\n    q = x\n    return q\n") == set()
