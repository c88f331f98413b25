"""Puts the functions of one task back to what they were in the stub, and leaves everything else of a file alone."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from grader.authoring.stubs import holes_in
from grader.errors import UsageError

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Reset:
    """A file with one task's functions as they were, and what that means."""

    text: str
    functions: tuple[str, ...]
    also: tuple[str, ...]
    """other tasks with a hole in one of these functions"""


def reset_task(current: str, stub: str, task: str) -> Reset:
    """The current file with the functions that hold a task's holes taken from the stub; raises UsageError if it cannot.

    A function that the file no longer has is not put back: nobody can tell where it should stand.
    """
    try:
        mine = dict(_functions(ast.parse(current)))
    except (SyntaxError, ValueError):
        raise UsageError("the file has a syntax error: mend it first, or the functions cannot be found in it") from None
    fresh = {name: (node, holes_in(node)) for name, node in _functions(ast.parse(stub))}
    found = {name: node for name, (node, holes) in fresh.items() if task in holes and name in mine}
    if not found:
        raise UsageError(f"no function of {task} is left in the file; copy it from a fresh stub")
    # By Python's ends of lines alone: a form feed is none.
    newline = "\r\n" if "\r\n" in current else "\n"
    lines, stub_lines = current.replace("\r\n", "\n").split("\n"), stub.split("\n")
    for name, node in sorted(found.items(), key=lambda item: mine[item[0]].lineno, reverse=True):
        lines[_first(mine[name]) - 1 : mine[name].end_lineno] = stub_lines[_first(node) - 1 : node.end_lineno]
    text = newline.join(lines)
    try:
        ast.parse(text)
    except SyntaxError:
        raise UsageError("your methods are indented otherwise than the stub's; copy them from a fresh stub") from None
    also = sorted({hole for name in found for hole in fresh[name][1]} - {task})
    return Reset(text, tuple(found), tuple(also))


def holes_of(source: str) -> set[str]:
    """The tasks with an open hole in a file; none where Python would not read it."""
    try:
        return {hole for _, node in _functions(ast.parse(source)) for hole in holes_in(node)}
    except (SyntaxError, ValueError):
        return set()


def _functions(tree: ast.Module) -> Iterator[tuple[str, Function]]:
    """The functions at the top and the methods of classes there, by the names that one would call them."""
    for node in tree.body:
        if isinstance(node, Function):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from ((f"{node.name}.{inner.name}", inner) for inner in node.body if isinstance(inner, Function))


def _first(function: Function) -> int:
    return min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])
