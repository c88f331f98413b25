"""Which checks a change of a submission can affect. In doubt, all of them.

A check is an entry to its file; from there, whatever is mentioned may be reached, in the checks, in the probes and in
the submission, by any name that is the same. So a verdict is kept only where nothing leads to what changed.
"""

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from grader.catalog import Exercise
from grader.watch.units import DEFINITION, Definition, Units, looks_around, units_of

LOOKS_FOR_NAMES = ("getattr", "hasattr", "setattr", "vars", "dir")


@dataclass(frozen=True)
class Questions:
    """What the checks of an exercise may mention, by the names of their functions."""

    mentions: Mapping[str, frozenset[str]]
    unforeseeable: frozenset[str]
    """functions that look at a submission by names that stand nowhere"""


def questions_of(exercise: Exercise) -> Questions:
    """The checks and probes of an exercise, and what else lies beside them; not the oracle, which names the same."""
    mentions: dict[str, frozenset[str]] = {}
    unforeseeable: set[str] = set()
    for path in sorted(exercise.folder.glob("*.py")):
        if path in (exercise.stub, exercise.oracle) or exercise.is_for_gpu(path):
            continue
        source = path.read_bytes()
        units = units_of(source, str(path))
        for name, found in units.mentions.items():
            mentions[name] = mentions.get(name, frozenset()) | found
        for node in ast.parse(source).body:
            if isinstance(node, DEFINITION) and (looks_around(node) or _looks_for_names(node)):
                unforeseeable.add(node.name)
    return Questions(mentions, frozenset(unforeseeable))


def _looks_for_names(node: Definition) -> bool:
    """Whether a probe asks its first argument, the submission, for an attribute by a computed name, or for all."""
    if isinstance(node, ast.ClassDef) or not node.args.args:
        return False
    first = node.args.args[0].arg
    for inner in ast.walk(node):
        match inner:
            case ast.Call(func=ast.Name(id=name), args=[ast.Name(id=asked), *rest]) if asked == first:
                if name in LOOKS_FOR_NAMES and not (rest and isinstance(rest[0], ast.Constant)):
                    return True
    return False


def affected(before: Units, now: Units, checks: Iterable[str], questions: Questions) -> set[str]:
    """Those of the checks, named by their functions, whose verdicts may be others now."""
    checks = set(checks)
    changed = {
        name
        for name in before.definitions.keys() | now.definitions.keys()
        if before.definitions.get(name) != now.definitions.get(name)
    }
    if before.loading != now.loading or before.looks_around or now.looks_around:
        return checks
    if changed & (before.shared | now.shared):
        return checks
    graph = _joined(before.mentions, now.mentions)
    if not changed or changed & _reach(before.at_loading | now.at_loading, graph):
        return checks if changed else set()
    for variable in before.variables | now.variables:
        graph.setdefault(variable, set()).update(name for name, found in graph.items() if variable in found)
    for name, found in questions.mentions.items():
        graph.setdefault(name, set()).update(found)
    return {check for check in checks if _reach({check}, graph) & (changed | questions.unforeseeable)}


def _joined(*graphs: Mapping[str, frozenset[str]]) -> dict[str, set[str]]:
    joined: dict[str, set[str]] = {}
    for graph in graphs:
        for name, found in graph.items():
            joined.setdefault(name, set()).update(found)
    return joined


def _reach(entries: Iterable[str], graph: Mapping[str, set[str]]) -> set[str]:
    """All names that are mentioned on the way from the entries."""
    reached: set[str] = set()
    ahead = list(entries)
    while ahead:
        name = ahead.pop()
        if name not in reached:
            reached.add(name)
            ahead += graph.get(name, ())
    return reached
