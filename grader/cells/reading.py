"""Reads a notebook's file: its cells, and nothing of what they printed or drew.

Outputs are skipped as they are parsed, so that a file of many megabytes of plots costs no memory but its own bytes.
"""

import re
from dataclasses import dataclass
from typing import Literal

import msgspec

from grader.errors import UsageError

MAX_CODE = 256 * 1024
"""of all cells together: parsing takes some hundred bytes of memory for each"""
MAX_CELLS = 10_000
MAX_LINES = 10_000
"""of code, those between semicolons counted too"""
NO_JSON = re.compile(rb'"(?:[^"\\]|\\.)*+"|-?\b(?:NaN|Infinity)\b', re.DOTALL)
"""Strings, and numbers that Python writes and JSON does not have."""

Kind = Literal["code", "text"]


@dataclass(frozen=True)
class Cell:
    """One cell; a text cell is kept for counting, and because one that nbgrader has named may have been code."""

    source: str
    kind: Kind = "code"
    grade_id: str | None = None
    """nbgrader's name for it"""


class _Nbgrader(msgspec.Struct):
    grade_id: str | None = None


class _Metadata(msgspec.Struct):
    nbgrader: _Nbgrader | None = None


class _Cell(msgspec.Struct):
    cell_type: str
    source: str | list[str] = ""
    input: str | list[str] = ""
    """what `source` is called in version 3"""
    metadata: _Metadata | None = None


class _Worksheet(msgspec.Struct):
    cells: list[_Cell] = []


class _Language(msgspec.Struct):
    name: str | None = None
    language: str | None = None


class _About(msgspec.Struct):
    language_info: _Language | None = None
    kernelspec: _Language | None = None


class _Notebook(msgspec.Struct):
    nbformat: int
    cells: list[_Cell] = []
    worksheets: list[_Worksheet] = []
    metadata: _About | None = None


def read_cells(content: bytes, where: str) -> list[Cell]:
    """The cells of a notebook in their order; raises UsageError if it is none, or one that cannot be read."""
    notebook = _decode(content, where)
    if notebook.nbformat not in (3, 4):
        raise UsageError(f"{where}: is a notebook of format {notebook.nbformat}; save it anew, as format 4")
    language = _language(notebook.metadata)
    if language and "python" not in language.lower():
        raise UsageError(f"{where}: is a notebook for another language than Python ({language[:20]!r})")
    found = (
        notebook.cells if notebook.nbformat == 4 else [cell for sheet in notebook.worksheets for cell in sheet.cells]
    )
    if len(found) > MAX_CELLS:
        raise UsageError(f"{where}: holds more than {MAX_CELLS} cells; hand in the exercise's alone")
    cells = [_cell(cell) for cell in found]
    code = [cell.source for cell in cells if cell.kind == "code"]
    if not any(source.strip() for source in code):
        raise UsageError(f"{where}: is a notebook without any code")
    if sum(map(len, code)) > MAX_CODE:
        raise UsageError(f"{where}: holds more than {MAX_CODE // 1024} KiB of code; hand in the exercise's alone")
    if sum(source.count("\n") + source.count(";") for source in code) > MAX_LINES:
        raise UsageError(f"{where}: holds more than {MAX_LINES} lines of code; hand in the exercise's alone")
    return cells


def _decode(content: bytes, where: str) -> _Notebook:
    content = content.removeprefix(b"\xef\xbb\xbf")
    if not content.strip():
        raise UsageError(f"{where}: is empty")
    try:
        try:
            return msgspec.json.decode(content, type=_Notebook)
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError:
            finite = NO_JSON.sub(lambda match: match[0] if match[0][:1] == b'"' else b"null", content)
            return msgspec.json.decode(finite, type=_Notebook)
    except msgspec.ValidationError as error:
        raise UsageError(f"{where}: is not a notebook ({error})") from None
    except msgspec.DecodeError as error:
        raise UsageError(f"{where}: is not a notebook, or a broken one ({error})") from None
    except RecursionError:
        raise UsageError(f"{where}: is not a notebook (it is nested too deep)") from None
    except UnicodeDecodeError:
        raise UsageError(f"{where}: is not UTF-8 text; save the notebook anew") from None


def _cell(cell: _Cell) -> Cell:
    source = cell.source or cell.input
    text = source if isinstance(source, str) else "".join(source)
    nbgrader = cell.metadata and cell.metadata.nbgrader
    return Cell(text, "code" if cell.cell_type == "code" else "text", nbgrader.grade_id if nbgrader else None)


def _language(about: _About | None) -> str:
    """The language as the notebook tells it; empty if it does not."""
    if about and about.language_info and about.language_info.name:
        return about.language_info.name
    return (about and about.kernelspec and about.kernelspec.language) or ""
