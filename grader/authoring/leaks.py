"""Finds what stands in `solutions/` in files that students get: the last look before they get them.

Text is compared without spaces and comments, so that indentation and line ends hide nothing. What is looked for:
passages of solution regions; titles and bodies of hidden checks; headlines and code of wrong and accepted answers. A
passage is long enough that nobody writes it by chance; what stands in the stub anyway is no secret.
"""

import ast
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from grader.authoring.answers import read_answers
from grader.authoring.stubs import regions_of, stub_of
from grader.catalog import Exercise

REGION_CHARS = 48
"""A passage of a solution: a line or two. A whole solution may be shorter, down to the next number."""
LEAST_CHARS = 30
"""What is shorter (`return self.base(x)`) is what anybody writes; the library's way may hold it, too."""
CODE_CHARS = 200
"""A passage of a check or an answer: some lines, for single ones stand in public checks and stubs as well."""


@dataclass(frozen=True)
class Secret:
    """A passage, and what it is of."""

    owner: str
    passage: str


def secrets_of(exercise: Exercise) -> list[Secret]:
    """All passages of the solutions of an exercise that no student may receive; raises CatalogError."""
    given = squeezed(stub_of(exercise.reference))
    found = [*_of_regions(exercise), *_of_hidden_checks(exercise), *_of_answers(exercise)]
    return [secret for secret in found if secret.passage not in given]


def leaks(secrets: Sequence[Secret], texts: Mapping[str, bytes]) -> Iterator[tuple[str, Secret]]:
    """The files that hold a secret, each with the first one found; what is no text holds none."""
    for name, content in texts.items():
        text = _readable(name, content)
        # with its comments, for a title or a headline may stand in one, and without, for code may be strewn with them
        readings = squeezed(text, comments=True), squeezed(text)
        found = next((secret for secret in secrets if any(secret.passage in read for read in readings)), None)
        if found:
            yield name, found


def _readable(name: str, content: bytes) -> str:
    """The text of a file, that of a notebook as it is shown: in its file, every line is in quotation marks."""
    text = content.decode("utf-8", "replace")
    if name.endswith(".ipynb"):
        return "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])
    return text


def squeezed(text: str, *, comments: bool = False) -> str:
    """A text without spaces and without comments of whole lines; if they are asked for, without their marks."""
    lines = (line.lstrip() for line in text.splitlines())
    kept = (line.lstrip("#") for line in lines if comments or not line.startswith("#"))
    return "".join("".join(line.split()) for line in kept)


def passages(text: str, size: int) -> Iterator[str]:
    """Passages of at least `size` characters, one from each line on; the whole text if it has no more."""
    lines = [line for line in map(squeezed, text.splitlines()) if line]
    for first in range(len(lines)):
        passage = ""
        for line in lines[first:]:
            passage += line
            if len(passage) >= size:
                break
        if len(passage) >= (size if first else LEAST_CHARS):
            yield passage


def _of_regions(exercise: Exercise) -> Iterator[Secret]:
    text = exercise.reference.read_text("utf-8")
    lines = text.splitlines()
    for region in regions_of(text, exercise.reference.name):
        for passage in passages("\n".join(lines[region.first - 1 : region.last]), REGION_CHARS):
            yield Secret(f"the solution of {region.task}", passage)


def _of_hidden_checks(exercise: Exercise) -> Iterator[Secret]:
    """Of the checks themselves: a helper beside them may be a copy of one beside public checks."""
    text = exercise.hidden_checks.read_text("utf-8")
    lines = text.splitlines()
    owner = f"a hidden check of {exercise.name}"
    for function in ast.parse(text).body:
        if isinstance(function, ast.FunctionDef) and (title := _title_of(function)):
            yield Secret(owner, squeezed(title, comments=True))
            body = "\n".join(lines[function.body[0].lineno - 1 : function.end_lineno])
            yield from (Secret(owner, passage) for passage in passages(body, CODE_CHARS))


def _title_of(function: ast.FunctionDef) -> str:
    """The title that a decorator gives to a check; empty for a function that is none."""
    words = [word for call in function.decorator_list if isinstance(call, ast.Call) for word in call.keywords]
    titles = (word.value for word in words if word.arg == "title")
    return next((str(title.value) for title in titles if isinstance(title, ast.Constant)), "")


def _of_answers(exercise: Exercise) -> Iterator[Secret]:
    for kind in ("wrong", "accepted"):
        for answer in read_answers(exercise, kind):
            owner = f"solutions/{exercise.name}/{kind}/{answer.path.name}"
            yield Secret(owner, squeezed(answer.headline, comments=True))
            yield from (Secret(owner, passage) for passage in passages(answer.path.read_text("utf-8"), CODE_CHARS))
