"""Turns what Jupyter runs into Python: a magic, a command, a question becomes `pass`, and every line keeps its number.

Lines are looked at only where a statement begins: a `%` that goes on with one, or an `!` in a docstring, is no magic.
"""

import ast
import re
import textwrap

RUN_THEIR_CELL = frozenset({"capture", "debug", "memit", "mprun", "notify", "prun", "time", "timeit", "wandb"})
"""Magics of a whole cell whose text is Python; that of the others is another language, or a file's."""
CELL_MAGIC = re.compile(r"\s*%%(?P<name>\w*)")
LINE_MAGIC = re.compile(
    r"""(?P<indent>[ \t]*)(?:
        [%!?]                                 # %magic, !command, ?question
        | [\w.*\[\]%]+ \?\??[ \t]*;?[ \t]*$   # question?
        | [\w.,\[\]*"'\ ()]+ =[ \t]*[!%]      # files = !ls
    )""",
    re.VERBOSE,
)
TOKEN = re.compile(
    r"""(?P<text>
        \"""(?:[^\\"]|\\.|"(?!""))*+(?:\"""|\Z)
        | '''(?:[^\\']|\\.|'(?!''))*+(?:'''|\Z)
        | "(?:[^\\"\n]|\\.)*+"? | '(?:[^\\'\n]|\\.)*+'?
        | \#[^\n]*+ | \\\n
    ) | (?P<open>[(\[{]) | (?P<close>[)\]}]) | (?P<end>\n)""",
    re.VERBOSE | re.DOTALL,
)


def parse(text: str) -> tuple[str, ast.Module]:
    """A cell as Python, with its lines where they were; raises SyntaxError, which tells of that text.

    Whatever else a parser may give up with, where nesting is too deep for it say, is a SyntaxError too.
    """
    try:
        return text, _parse(text)
    except SyntaxError:
        text = without_magics(text)
    try:
        return text, _parse(text)
    except SyntaxError:
        if not text.lstrip("\n").startswith((" ", "\t")):
            raise
        text = textwrap.dedent(text)  # as Jupyter does with a cell that was pasted from inside a function
        return text, _parse(text)


def _parse(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except (MemoryError, RecursionError):
        raise SyntaxError("is nested too deep") from None
    except ValueError as error:  # a character that no source may hold
        raise SyntaxError(str(error)) from None


def without_magics(text: str) -> str:
    """The same lines, `pass` in the place of each that is no Python."""
    magic = CELL_MAGIC.match(text)
    if magic and magic["name"] not in RUN_THEIR_CELL:
        return ""
    kept: list[str] = []
    place = 0
    while place < len(text):
        end = _end_of_line(text, place)
        match = LINE_MAGIC.match(text[place:end])
        if match:
            while text[place:end].endswith("\\") and end < len(text):
                end = _end_of_line(text, end + 1)
            kept.append(f"{match['indent']}pass" + "\n" * text.count("\n", place, end))
        else:
            end = _end_of_statement(text, place)
            kept.append(text[place:end])
        kept.append(text[end : end + 1])
        place = end + 1
    return "".join(kept)


def _end_of_line(text: str, place: int) -> int:
    end = text.find("\n", place)
    return len(text) if end < 0 else end


def _end_of_statement(text: str, place: int) -> int:
    """Where the line ends that begins here, and all lines that go on with it."""
    depth = 0
    for token in TOKEN.finditer(text, place):
        depth = max(0, depth + bool(token["open"]) - bool(token["close"]))
        if token["end"] and not depth:
            return token.start()
    return len(text)
