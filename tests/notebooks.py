"""Notebooks for tests: an exercise's file as cells, in the shape that students get them, and files of Jupyter's."""

import ast
import json
from collections.abc import Sequence
from typing import Any


def top_level(source: str) -> list[str]:
    """The statements of a module with the comments above them, in their order."""
    lines = source.split("\n")
    starts = [min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))]) for node in body(source)]
    ends = [node.end_lineno for node in body(source)]
    return ["\n".join(lines[start - 1 : end]) for start, end in zip(starts, ends, strict=True)]


def body(source: str) -> list[Any]:
    return ast.parse(source).body


def name_of(source: str) -> str:
    """The first thing that a cell defines; empty if it defines nothing."""
    return next((node.name for node in body(source) if isinstance(node, ast.FunctionDef | ast.ClassDef)), "")


def code(source: object, grade_id: str = "", **more: Any) -> dict[str, Any]:
    """A code cell of format 4."""
    metadata = {"nbgrader": {"grade_id": grade_id, "solution": "." not in grade_id}} if grade_id else {}
    return {"cell_type": "code", "source": source, "metadata": metadata, "outputs": [], "execution_count": None} | more


def text(source: str) -> dict[str, Any]:
    """A text cell of format 4."""
    return {"cell_type": "markdown", "source": source, "metadata": {}}


def notebook(cells: Sequence[dict[str, Any]], **more: Any) -> bytes:
    """A file of format 4."""
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells)} | more).encode()


def exercise_cells(source: str, exercise: str) -> list[dict[str, Any]]:
    """An exercise's file as the notebook that students get: a cell per definition, marked, with a check at the end."""
    cells = [text(f"# {exercise}")]
    for statement in top_level(source)[1:]:
        name = name_of(statement)
        cells.append(code(statement, f"{exercise}-{name}" if name else ""))
    return [*cells, code(f'g.check("{exercise}.1")', f"{exercise}-1")]
