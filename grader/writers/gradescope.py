"""The report as Gradescope's `results.json`.

Hidden checks are shown when the instructor publishes the grades. Until then Gradescope keeps the total from students
too, as it does while any test is not visible; otherwise resubmitting would tell what hidden checks say.
"""

import json
from collections.abc import Sequence
from typing import Any

from grader.report import CheckResult, Report
from grader.verdict import Verdict
from grader.writers.characters import legal
from grader.writers.terminal import bonus_words, points

PUBLIC, HIDDEN = "visible", "after_published"
TEXT = {"output_format": "text", "test_output_format": "text", "test_name_format": "text"}
"""Nothing in it is markup, whatever a submission prints."""
WORDS = {
    Verdict.TODO: "not started",
    Verdict.SKIPPED: "skipped",
    Verdict.BROKEN: "not judged, by a fault of the grader: it costs no points",
}


def render(report: Report, notes: Sequence[str] = ()) -> str:
    """The results of a graded submission, with notes on what was graded.

    Of hidden checks its summary, which students see at once, says nothing.
    """
    if not report.max_score:
        return ungraded(
            "No check could be judged, by a fault of the grader and not of yours. Please tell your instructor."
        )
    public = [check for check in report.checks if not check.hidden]
    passed = sum(check.verdict is Verdict.PASS for check in public)
    lines = [f"{passed} of {len(public)} public checks pass."]
    if report.full:
        lines.append("Hidden checks count too: what they say is shown when the grades are published.")
    broken = sum(check.verdict is Verdict.BROKEN for check in report.checks)
    if broken:
        checks = f"{broken} check{'s' * (broken != 1)}"
        lines += [
            "",
            f"{checks} could not be judged, by a fault of the grader and not of yours.",
            f"Without them the score is out of {points(report.max_score)} points.",
            "Please tell your instructor: this submission needs grading again.",
        ]
    if bonus := bonus_words(report):
        lines += ["", bonus]
    if notes:
        lines += ["", *map(legal, notes)]
    return _json(
        {
            "score": report.score,
            "output": "\n".join(lines),
            **TEXT,
            "tests": [_test(check) for check in report.checks],
            "extra_data": {"max_score": report.max_score, "seed": report.seed, "isolation": report.isolation},
        }
    )


def ungraded(why: str) -> str:
    """The results of what was not graded: Gradescope needs a score, so the words must say that it is none."""
    return _json({"score": 0, "output": f"NOT GRADED: this 0 is no grade.\n\n{legal(why)}", **TEXT, "tests": []})


def _test(check: CheckResult) -> dict[str, Any]:
    passed = check.verdict is Verdict.PASS
    hint = f"hint: {check.hint}" if check.verdict is Verdict.FAIL else ""
    return {
        "name": f"{check.id}: {check.title}",
        "score": check.score,
        "max_score": check.max_score,
        "status": "passed" if passed else "failed",
        "output": "\n\n".join(filter(None, (WORDS.get(check.verdict, ""), legal(check.message), hint))),
        "visibility": HIDDEN if check.hidden else PUBLIC,
        "tags": [check.task, check.verdict.value],
    }


def _json(data: dict[str, Any]) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
