"""Mutants of a source file: the changes that mutmut makes, drawn at random with a fixed seed.

Left out, because no test should have to notice them: docstrings, annotations and aliases of types, imports,
``__all__``, what stands under ``TYPE_CHECKING``, and everything inside a ``raise`` or a warning (their wording).
mutmut leaves out decorated functions, since its trampolines cannot reach them; here they are changed like all others.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.file_mutation import MutationVisitor
from mutmut.mutation.mutators import mutation_operators
from mutmut.mutation.pragma_handling import IgnoredCode


@dataclass(frozen=True)
class Mutant:
    """One change of one file: where it stands, the lines as they were and as they are, and the whole changed text."""

    path: str
    lines: tuple[int, int]
    around: tuple[int, int]
    """Lines of the function or class it stands in."""
    before: str
    after: str
    source: str

    @property
    def change(self) -> str:
        """The change in one line, independent of where it stands in the file."""
        return f"{self.before} => {self.after}"


class _Visitor(MutationVisitor):
    def on_visit(self, node: cst.CSTNode) -> bool:
        return not _untouched(node) and super().on_visit(node)

    def _skip_node_and_children(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.FunctionDef):
            return False
        return bool(super()._skip_node_and_children(node))


def _untouched(node: cst.CSTNode) -> bool:
    match node:
        case cst.Raise() | cst.Import() | cst.ImportFrom():
            return True
        case cst.Expr(value=cst.SimpleString() | cst.ConcatenatedString()):
            return True
        case cst.If(test=cst.Name(value="TYPE_CHECKING")):
            return True
        case cst.Call(func=cst.Attribute(attr=cst.Name(value="warn")) | cst.Name(value="warn")):
            return True
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value="__all__"))]):
            return True
        case cst.Assign(value=cst.Subscript(value=cst.Name(value="Literal" | "Annotated" | "NDArray" | "Callable"))):
            return True
    return False


def drawn(path: Path, name: str, seed: int, per_file: int) -> tuple[list[Mutant], int]:
    """At most ``per_file`` mutants of a file, drawn without replacement, and how many it has in all.

    ``name`` is how the file is called in the results; the mutants come in the order of its text.
    """
    wrapper = MetadataWrapper(cst.parse_module(path.read_text(encoding="utf-8")))
    visitor = _Visitor(mutation_operators, IgnoredCode(set(), set(), set()))
    wrapper.visit(visitor)
    positions = wrapper.resolve(PositionProvider)
    order = list(range(len(visitor.mutations)))
    random.Random(f"{seed} {name}").shuffle(order)
    old = wrapper.module.code
    blocks = [
        (x.start.line, x.end.line) for node, x in positions.items() if isinstance(node, cst.FunctionDef | cst.ClassDef)
    ]
    found = []
    for mutation in (visitor.mutations[i] for i in sorted(order[:per_file])):
        new = wrapper.module.deep_replace(mutation.original_node, mutation.mutated_node).code  # type: ignore[arg-type]
        span = positions.get(mutation.original_node)
        before, after, first, last = _difference(old, new)
        lines = (span.start.line, span.end.line) if span else (first, last)
        outer = [x for x in blocks if x[0] <= lines[0] and lines[1] <= x[1]]
        found.append(Mutant(name, lines, max(outer, default=lines), before, after, new))
    return found, len(order)


def _difference(old: str, new: str) -> tuple[str, str, int, int]:
    """The lines that differ, before and after, and the numbers of the first and the last of them."""
    a, b = old.splitlines(), new.splitlines()
    same = min(len(a), len(b))
    first = next((i for i in range(same) if a[i] != b[i]), same - 1)
    tail = next((i for i in range(same - first) if a[-1 - i] != b[-1 - i]), same - first - 1)
    changed = (a[first : len(a) - tail], b[first : len(b) - tail])
    before, after = (" ".join(line.strip() for line in lines) for lines in changed)
    return before, after, first + 1, len(a) - tail
