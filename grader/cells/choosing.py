"""Which of several definitions of a name counts: the last, as in a notebook that is run from top to bottom, but

- one without open holes before one with some, before one that is no Python, before an untouched copy of the stub's;
- of several without, the one in the cell that nbgrader's name marks as the solution's;
- a variable that happens to be called like a function of the exercise (`train = load_dataset(...)`) does not define it.

Of cells that are known to have run, as a kernel remembers them, the last one that is Python counts, as it does there.
"""

import ast
import builtins
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from grader.cells.statements import DEFINITIONS, Statement, own_nodes

UNTOUCHED, BROKEN, OPEN, RENAMED, FILLED = range(5)
"""How far a definition is from an answer, the nearest last: a renamed one is made of another, as `f = wrap(g)`."""


@dataclass(frozen=True)
class Choice:
    """The definition that counts, last, after those that it may build on; and answers below it, which do not count."""

    kept: list[Statement]
    below: list[Statement]


def choose(
    name: str, binders: Sequence[Statement], given: Statement, functions: Collection[str], *, has_run: bool
) -> Choice | None:
    """The choice among all that gives a name a value, in their order; None if nothing of it defines what is asked for.

    `given` is the stub's definition; `functions` are the names of all that the notebook defines.
    """
    stages = {one: stage for one in binders if (stage := _stage(one, name, given, functions)) is not None}
    found = list(stages)
    if not found:
        return None
    ranks: list[tuple[int, ...]] = []
    marked = False
    for place, (one, stage) in enumerate(stages.items()):
        marked = one.marked == name or (marked and name in one.reads_now)
        ranks.append((stage != BROKEN, place) if has_run else (stage, -open_holes(one), marked, place))
    best = ranks.index(max(ranks))
    return Choice(
        [*(one for one in found[:best] if stages[one] >= OPEN), found[best]],
        [] if has_run else [one for one in found[best + 1 :] if stages[one] == FILLED],
    )


def open_holes(statement: Statement) -> int:
    """How often `raise NotImplementedError` can still be reached; behind a `return` it is only a remainder."""
    holes = 0
    todo: list[ast.AST] = [statement.node] if "NotImplementedError" in statement.text else []
    while todo:
        one = todo.pop()
        holes += isinstance(one, ast.Raise) and _is_of_a_hole(one)
        for _, value in ast.iter_fields(one):
            if isinstance(value, list):
                ends = next((place for place, item in enumerate(value) if isinstance(item, ast.Return)), len(value))
                todo += [item for item in value[: ends + 1] if isinstance(item, ast.AST)]
            elif isinstance(value, ast.AST):
                todo.append(value)
    return holes


def _is_of_a_hole(raising: ast.Raise) -> bool:
    raised = raising.exc.func if isinstance(raising.exc, ast.Call) else raising.exc
    return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"


def _stage(statement: Statement, name: str, given: Statement, functions: Collection[str]) -> int | None:
    """How far the value that a statement gives to a function's name is from an answer; None if it is no function."""
    if statement.is_broken:
        return BROKEN
    if any(isinstance(node, DEFINITIONS) and node.name == name for node in own_nodes(statement.node)):
        if not open_holes(statement):
            return FILLED
        return UNTOUCHED if statement.text.split() == given.text.split() else OPEN
    match statement.node:
        case ast.ImportFrom():
            return RENAMED
        case (
            ast.Assign(targets=[ast.Name()], value=value) | ast.AnnAssign(target=ast.Name(), value=ast.expr() as value)
        ):
            if name in (wrapped := _wrapped(value)):
                return FILLED  # it builds on an earlier one: `evaluate = no_grad(evaluate)`
            is_function = isinstance(value, ast.Lambda | ast.Name | ast.Attribute)
            return RENAMED if is_function or not wrapped.isdisjoint(functions) else None
    return None


def _wrapped(value: ast.expr) -> set[str]:
    """The names that a call is given, to make another function of them perhaps; what Python itself has makes none."""
    found: set[str] = set()
    todo = [value]
    while todo:
        call = todo.pop()
        if isinstance(call, ast.Call) and not (isinstance(call.func, ast.Name) and hasattr(builtins, call.func.id)):
            todo += call.args
            found |= {one.id for one in call.args if isinstance(one, ast.Name)}
    return found
