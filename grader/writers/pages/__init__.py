"""Static HTML: a page of a class, one per student that may be sent to that student, and that of an audit.

Every page stands alone: no script, no address outside of it, its style inside. Text is escaped by the template engine.
"""

import functools
from collections.abc import Iterable, Iterator
from importlib import resources

import jinja2
from markupsafe import Markup

from grader.audited import Audit
from grader.results import Results
from grader.verdict import Verdict
from grader.writers.characters import legal
from grader.writers.pages import audit, overview, student
from grader.writers.terminal import SIGNS, points

SIGN = {
    verdict: Markup('<span class="sign {}" aria-hidden="true">{}</span>').format(verdict, sign)
    for verdict, sign in SIGNS.items()
}
LETTERS = {Verdict.FAIL: "f", Verdict.TODO: "t", Verdict.SKIPPED: "s", Verdict.BROKEN: "b"}
# A class has a hundred thousand of these: the commonest has no class, and none has more than it needs.
CELL: dict[Verdict | None, Markup] = {
    None: Markup("<td class=n></td>"),
    Verdict.PASS: Markup("<td>{}</td>").format(SIGNS[Verdict.PASS]),
    **{verdict: Markup("<td class={}>{}</td>").format(letter, SIGNS[verdict]) for verdict, letter in LETTERS.items()},
}


def render(results: Results) -> Iterator[tuple[str, str]]:
    """Path and text of each page, one at a time: the class first, then its students."""
    environment = _environment()
    page = environment.get_template("overview.html.jinja")
    yield "index.html", page.render(view=overview.of(results))
    page = environment.get_template("student.html.jinja")
    for grade in results.grades:
        yield f"students/{grade.student.key}.html", page.render(view=student.of(grade, results))


def render_audit(found: Audit) -> str:
    """The page of an audit, which stands alone like the others."""
    return _environment().get_template("audit.html.jinja").render(view=audit.of(found))


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(__name__, "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_legal,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "points": points,
        "percent": _percent,
        "seconds": _seconds,
        "cells": _cells,
        "sign": SIGN.__getitem__,
        "moment": student.moment,
    }
    style = resources.files(__name__).joinpath("page.css").read_text("utf-8")
    environment.globals |= {"style": style, "Verdict": Verdict}
    return environment


def _legal(value: object) -> object:
    """What no page can hold is shown as a question mark. Markup is ours, and has been through here."""
    return legal(value) if type(value) is str else value


def _cells(verdicts: Iterable[Verdict | None]) -> Markup:
    return Markup("").join(CELL[verdict] for verdict in verdicts)


def _percent(share: float) -> str:
    """Cut and never rounded up, so that 100% means all."""
    return f"{int(share * 100 + 1e-6)}%"


def _seconds(duration_s: float) -> str:
    if duration_s >= 120:
        return f"{duration_s / 60:.0f} min"
    return f"{duration_s:.0f} s" if duration_s >= 10 else f"{duration_s:.2f} s"
