"""Makes a module of cells: what an exercise asks for, with all that it needs and nothing else, in an order that loads.

It starts from the names that the exercise's stub binds and follows the names that their definitions read, so what a
notebook runs besides (training, plots, downloads) is never taken. What no cell defines is taken from the stub.
"""

import ast
import builtins
import functools
import warnings
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from grader.cells.choosing import choose, open_holes
from grader.cells.places import HEAD, in_words, listed, mark
from grader.cells.reading import Cell
from grader.cells.statements import DEFINITIONS, RUNNERS, Cut, Statement, cut, own_nodes

STUB = "the stub"


@dataclass(frozen=True)
class Made:
    """The module that cells make, and what was taken from where."""

    source: str
    taken: Mapping[str, str]
    """the cell of each name of the exercise, as `cell 5`; those that no cell defines are not in it"""
    account: str
    """which cells it was taken from, and which were left out; empty if nothing was taken"""
    notes: tuple[str, ...]
    """what gives cause to look into it, a line each"""

    @property
    def said(self) -> tuple[str, ...]:
        """All there is to say."""
        return (self.account, *self.notes) if self.account else self.notes


def module_of(cells: Sequence[Cell | str], exercise: str, stub: str) -> Made:
    """The module that the cells of a notebook make of an exercise; a bare text is a cell that has run, in its turn.

    `stub` is the text of the exercise's stub. The first cell is number 1.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a submission's invalid escapes concern nobody here
        cuts = {f"cell {number}": _cut_cell(cell, number, exercise) for number, cell in enumerate(cells, start=1)}
        has_run = any(isinstance(cell, str) for cell in cells)
        return _Slicing(_cut_stub(stub), cuts, has_run=has_run).made()


def _cut_cell(cell: Cell | str, number: int, exercise: str) -> Cut:
    cell = Cell(cell) if isinstance(cell, str) else cell
    prefix, _, name = (cell.grade_id or "").partition("-")
    ours = prefix == exercise
    if cell.kind != "code" and not ours:
        return Cut()
    if ours and name.isdecimal():  # a cell that checks, and whatever was merged into it
        return replace(cut(cell.source, f"cell {number}"), runs=False)
    return cut(cell.source, f"cell {number}", name if ours else "")


@functools.lru_cache(maxsize=16)
def _cut_stub(stub: str) -> Cut:
    return cut(stub, STUB)


class _Slicing:
    """All statements of stub and cells, and which of them count."""

    def __init__(self, stub: Cut, cuts: Mapping[str, Cut], *, has_run: bool) -> None:
        self._cuts = cuts
        self._has_run = has_run
        self._future = sorted(stub.future.union(*(one.future for one in cuts.values())))
        given = [*stub.statements, *chain.from_iterable(one.statements for one in cuts.values())]
        statements = [replace(one, lazy_annotations="annotations" in self._future) for one in given]
        self._number = {statement: number for number, statement in enumerate(statements)}
        self._stub = {name: one for one in statements if one.place == STUB for name in one.binds}
        self._asked = [name for name, one in self._stub.items() if not one.is_import]
        """the names of the exercise"""
        self._functions = [name for name in self._asked if isinstance(self._stub[name].node, DEFINITIONS)]
        self._open = {name for name in self._functions if open_holes(self._stub[name])}
        """those that are to be written; the others are given"""
        self._binders: dict[str, list[Statement]] = defaultdict(list)
        self._changers: dict[str, list[Statement]] = defaultdict(list)
        for statement in statements:
            for name in statement.changes:
                self._changers[name].append(statement)
            for name in statement.binds if statement.place != STUB else ():
                self._binders[name].append(statement)
        self._defined = {name for one in statements if isinstance(one.node, DEFINITIONS) for name in one.binds}
        self._notes: list[str] = []
        for name in self._functions:
            self._settle(name)
        for name, found in self._binders.items():
            self._binders[name] = [one for one in found if not one.is_broken] or found
        self._runs: dict[str, str] = {}
        """names that only what runs gives a value to, and its cell"""
        # Asked for again by each reader of a name, and a hostile notebook has many of both.
        self._lasting = functools.cache(self._find_lasting)
        self._changes = functools.cache(self._find_changes)

    def made(self) -> Made:
        taken = self._needed()
        ordered = self._ordered(taken)
        parts = [HEAD, *([f"from __future__ import {', '.join(self._future)}"] * bool(self._future))]
        parts += [f"{mark(statement.place, statement.line)}\n{statement.text}" for statement in ordered]
        counts = {name: self._last(name) for name in self._asked if self._binders[name]}
        places = {name: statement.place for name, statement in counts.items() if statement}
        return Made("\n\n".join(parts) + "\n", places, self._account(taken), tuple(self._remarks()))

    def _settle(self, name: str) -> None:
        """Leave of the binders of a function of the exercise the one that counts, and what it may build on."""
        choice = choose(name, self._binders.pop(name, []), self._stub[name], self._defined, has_run=self._has_run)
        if not choice:
            return
        self._binders[name] = choice.kept
        if choice.below:
            best, below = choice.kept[-1], in_words({one.place for one in choice.below})
            why = ", the solution cell," if best.marked == name else ""
            self._notes.append(f"`{name}` of {best.place}{why} counts, not that of {below} below it")

    # ------------------------------------------------------------------ what a name stands for, where and when

    def _last(self, name: str) -> Statement | None:
        """What a name stands for when the notebook is through."""
        found = self._binders.get(name, [])
        return found[-1] if found else self._stub.get(name)

    def _before(self, name: str, statement: Statement) -> Statement | None:
        """What a name stands for where a statement is executed; of what is bound later only, the first."""
        found = self._binders.get(name, [])
        if not found or statement.place == STUB:
            return self._last(name)
        place = bisect_left(found, self._number[statement], key=self._number.__getitem__)
        if not place and found[0] is statement:  # it builds on what is given: `class Box(Box): ...`
            return self._stub.get(name)
        return found[max(place - 1, 0)]

    def _find_lasting(self, name: str) -> Statement | None:
        """What a function that is called later finds under a name: the last that is no run, if there is any."""
        last = self._last(name)
        if not last or not self._is_run(last):
            return last
        others = [one for one in self._binders[name] if not self._is_run(one)]
        if not others:
            self._runs[name] = last.place
        return others[-1] if others else None

    def _is_run(self, statement: Statement) -> bool:
        """Whether executing a statement trains, downloads, runs the exercise's functions, or may never end."""
        if isinstance(statement.node, DEFINITIONS) or statement.is_import:
            return False
        return isinstance(statement.node, ast.While) or any(
            self._runs_something(node) for node in own_nodes(statement.node) if isinstance(node, ast.Call)
        )

    def _runs_something(self, call: ast.Call) -> bool:
        match call.func:
            case ast.Name(id=name) if name in self._open:
                # `lora_scale(16, 4)` makes a constant; a model or data cannot be written down.
                return not call.args or not all(_is_literal(argument) for argument in call.args)
            case ast.Name(id=name) | ast.Attribute(attr=name):
                return name in self._runners
        return False

    @functools.cached_property
    def _runners(self) -> set[str]:
        """Names of functions that train or download, or that run the exercise's, by themselves or by way of others."""
        readers: dict[str, set[str]] = defaultdict(set)
        for name, found in self._binders.items():
            for one in found:
                if isinstance(one.node, ast.FunctionDef) and name not in self._open:
                    attributes = {node.attr for node in ast.walk(one.node) if isinstance(node, ast.Attribute)}
                    for read in one.reads_later | attributes & RUNNERS:
                        readers[read].add(name)
        known = set(RUNNERS)
        todo = [*self._open, *RUNNERS]
        while todo:
            new = readers[todo.pop()] - known
            known |= new
            todo += new
        return known

    def _find_changes(self, name: str) -> Mapping[Statement | None, Sequence[Statement]]:
        """What is kept of all that changes what a name stands for, by the statement that bound it, None for imports."""
        found: dict[Statement | None, list[Statement]] = defaultdict(list)
        for one in self._changers.get(name, ()):
            binder = self._before(name, one)
            if binder and binder is not one:
                if self._is_run(one):
                    self._runs.setdefault(name, one.place)
                else:
                    found[None if binder.is_import else binder].append(one)
        return found

    def _changes_of(self, name: str, binder: Statement) -> Sequence[Statement]:
        return self._changes(name).get(None if binder.is_import else binder, ())

    # ------------------------------------------------------------------ what is needed, and in which order

    def _needed(self) -> set[Statement]:
        taken: set[Statement] = set()
        todo = [one for name in self._asked for one in [self._last(name)] if one]
        while todo:
            statement = todo.pop()
            if statement in taken:
                continue
            taken.add(statement)
            for name in statement.reads_now:
                todo += self._with_others(name, self._before(name, statement))
            for name in statement.reads_later:
                todo += self._with_others(name, self._lasting(name))
            for name in statement.binds:
                todo += self._changes_of(name, statement)
        return taken

    def _with_others(self, name: str, binder: Statement | None) -> list[Statement]:
        """A binder, and what belongs to it: `import a.b` and `import a.c` both make `a` what it is."""
        if binder is None:
            known = hasattr(builtins, name) or name in self._runs
            return [] if known else self._binders.get("*", [])
        if binder.is_import and binder.place != STUB:
            return [one for one in self._binders[name] if one.is_import]
        return [binder]

    def _ordered(self, taken: set[Statement]) -> list[Statement]:
        """In their order in stub and notebook, but each after what it reads when it is executed."""
        done: list[Statement] = []
        begun: set[Statement] = set()
        waiting: dict[tuple[str, Statement], list[Statement]] = {}
        for first in sorted(taken, key=self._number.__getitem__):
            todo = [(first, self._required(first, waiting))] if first not in begun else []
            begun.add(first)
            while todo:
                statement, required = todo[-1]
                following = next((one for one in required if one in taken and one not in begun), None)
                if following:
                    begun.add(following)
                    todo.append((following, self._required(following, waiting)))
                else:
                    done.append(statement)
                    todo.pop()
        return done

    def _required(
        self, statement: Statement, waiting: dict[tuple[str, Statement], list[Statement]]
    ) -> Iterator[Statement]:
        """What must be executed before a statement; of changes, only those that `waiting` does not know as required."""
        for name in sorted(statement.reads_now):
            binder = self._before(name, statement)
            yield from self._with_others(name, binder)
            if binder:
                changes = waiting.setdefault((name, binder), [*reversed(self._changes_of(name, binder))])
                while changes and self._number[changes[-1]] < self._number[statement]:
                    yield changes.pop()

    # ------------------------------------------------------------------ what is said of it

    def _account(self, taken: set[Statement]) -> str:
        sources = {one.place for one in taken if not one.is_broken} - {STUB}
        left = {place for place, one in self._cuts.items() if one.runs}
        left |= {one.place for one in self._number if _only_runs(one) and one not in taken} - {STUB}
        besides = f"; what runs besides was left out ({in_words(left)})" if left else ""
        return f"taken from {in_words(sources)}{besides}" if sources else ""

    def _remarks(self) -> Iterator[str]:
        yield from self._notes
        for one in self._cuts.values():
            if one.problem:
                yield f"{one.problem}; what it defines was not taken"
        for name, place in sorted(self._runs.items()):
            yield f"`{name}` gets its value by what runs in {place}, which was left out; give it as an argument"
        missing = [name for name in self._asked if not self._binders.get(name)]
        if nowhere := [f"`{name}`" for name in missing if name in self._open]:
            cell = "cell that was run" if self._has_run else "cell"
            yield f"no {cell} defines {listed(nowhere)}: the stub's counts"


def _is_literal(node: ast.expr) -> bool:
    return not any(isinstance(one, ast.Name | ast.Call) for one in ast.walk(node))


def _only_runs(statement: Statement) -> bool:
    return not (isinstance(statement.node, DEFINITIONS) or statement.is_import)
