"""A teacher's own table, kept to the byte: only the cells that are written to change."""

import codecs
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from grader.errors import UsageError
from grader.writers.terminal import hundredths

BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
DELIMITERS = ",;\t"
LINE_END = "\r\n"
NUMBER = re.compile(r"\s*(-?\d+)(?:([.,])(\d+))?\s*")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet program take a cell for a formula, if the cell begins with it."""


@dataclass(frozen=True)
class Cell:
    """One cell: what it says, and how the file spells that."""

    text: str
    raw: str


@dataclass
class Sheet:
    """The rows of a table with the header first, and all that is needed to write it as it was."""

    rows: list[list[Cell]]
    ends: list[str]
    """the line end of each row"""
    delimiter: str
    bom: bytes
    encoding: str

    @property
    def header(self) -> list[str]:
        """What the cells of the first row say."""
        return [cell.text.strip() for cell in self.rows[0]]

    def find(self, *titles: str) -> int | None:
        """Where the first column of one of these titles stands; None if there is none."""
        return next((n for n, title in enumerate(self.header) if title in titles), None)

    def text(self, row: int, column: int | None) -> str:
        """What a cell says; nothing where there is none."""
        cells = self.rows[row]
        return cells[column].text.strip() if column is not None and column < len(cells) else ""

    def write(self, row: int, column: int, text: str) -> None:
        """Replace what a cell says, in quotes if it must be, was, or all of this file's are."""
        cells = self.rows[row]
        quoted = cells[column].raw.startswith('"') or all(cell.raw.startswith('"') for cell in self.rows[0])
        cells[column] = Cell(text, spelt(text, self.delimiter, quoted=quoted))

    def decimal(self, columns: Iterable[int], default: str) -> str:
        """The decimal mark of the numbers in some columns, `default` where they tell none or two."""
        cells = (self.text(row, column) for row in range(1, len(self.rows)) for column in columns)
        marks = {match[2] for match in map(NUMBER.fullmatch, cells) if match and match[2]}
        return marks.pop() if len(marks) == 1 else default

    def content(self) -> bytes:
        """The file."""
        lines = (self.delimiter.join(cell.raw for cell in row) for row in self.rows)
        text = "".join(line + end for line, end in zip(lines, self.ends, strict=True))
        return self.bom + text.encode(self.encoding)


def read(content: bytes, what: str) -> Sheet:
    """The table in a file called `what`; raises UsageError if it is none."""
    bom = next((bom for bom in BOMS if content.startswith(bom)), b"")
    encoding = BOMS.get(bom, "utf-8")
    try:
        text = content[len(bom) :].decode(encoding)
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise UsageError(f"{what}: is not UTF-8 or UTF-16 text; download it again as CSV and give it as it came")
    delimiter = max(DELIMITERS, key=lambda candidate: _width(text, candidate))
    if _width(text, delimiter) < 2:  # one cell per row is no table of students
        raise UsageError(f"{what}: has no columns divided by comma, semicolon or tab; download it again as CSV")
    try:
        records = list(_records(text, delimiter))
    except _MalformedError as error:
        raise UsageError(f"{what}: row {error.row} has a quotation mark out of place; download it again") from None
    return Sheet([cells for cells, _ in records], [end for _, end in records], delimiter, bom, encoding)


def table(rows: Iterable[Iterable[str]], delimiter: str = ",") -> bytes:
    """A new file: RFC 4180, UTF-8."""
    lines = (delimiter.join(spelt(text, delimiter) for text in row) + LINE_END for row in rows)
    return "".join(lines).encode("utf-8", "replace")  # half a surrogate in a name must not cost the others' grades


def spelt(text: str, delimiter: str, *, quoted: bool = False) -> str:
    """A cell as a file has it."""
    if quoted or any(sign in text for sign in (delimiter, '"', "\r", "\n")) or text != text.strip():
        return '"' + text.replace('"', '""') + '"'
    return text


def harmless(text: str) -> str:
    """Text that no spreadsheet program takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def number(value: float, decimal: str = ".") -> str:
    """Points with two decimals, cut and never rounded up."""
    whole, rest = divmod(hundredths(value), 100)
    return f"{whole}{decimal}{rest:02d}"


def number_of(text: str) -> float | None:
    """The number that a cell holds, with either decimal mark; None if it holds none."""
    match = NUMBER.fullmatch(text)
    value = float(f"{match[1]}.{match[3] or 0}") if match else math.inf
    return value if math.isfinite(value) else None


class _MalformedError(Exception):
    """A row breaks the rules of CSV."""

    def __init__(self, row: int) -> None:
        super().__init__(row)
        self.row = row


def _width(text: str, delimiter: str) -> int:
    """How many columns a delimiter makes of the first rows; a title alone can hold any number of other signs."""
    try:
        return min((len(cells) for cells, _ in islice(_records(text, delimiter), 3) if any_text(cells)), default=0)
    except _MalformedError:
        return 0


def any_text(cells: list[Cell]) -> bool:
    """Whether a row says anything."""
    return any(cell.text.strip() for cell in cells)


def _records(text: str, delimiter: str) -> Iterator[tuple[list[Cell], str]]:
    cell = re.compile(rf'"((?:[^"]++|"")*+)"|[^"{delimiter}\r\n][^{delimiter}\r\n]*+|')
    after = re.compile(rf"{delimiter}|\r\n|\n|\r|\Z")
    cells: list[Cell] = []
    row, place = 1, 0
    while place < len(text) or cells:
        found = cell.match(text, place)
        mark = after.match(text, found.end()) if found else None
        if not found or not mark:
            raise _MalformedError(row)
        inner = found[1]
        cells.append(Cell(found[0] if inner is None else inner.replace('""', '"'), found[0]))
        place = mark.end()
        if mark[0] != delimiter:
            yield cells, mark[0]
            cells, row = [], row + 1
