"""The report as PrairieLearn's external graders write it: a score from 0 to 1, and no score where there can be none.

What could not be graded is `gradable: false`: PrairieLearn then uses up no attempt, where a zero would.
"""

import json
from collections.abc import Sequence
from typing import Any

from grader.report import CheckResult, Report
from grader.verdict import Verdict
from grader.writers.characters import legal
from grader.writers.terminal import bonus_words, points

MAX_TEXT = 4000
"""Characters of a message: the whole file may have a megabyte."""


def render(report: Report, notes: Sequence[str] = ()) -> str:
    """The results of a graded submission, with notes on what was graded; none if any of its checks was broken."""
    broken = sum(check.verdict is Verdict.BROKEN for check in report.checks)
    if broken or not report.max_score:
        checks = f"{broken} check{'s' * (broken != 1)}"
        return refuse(f"The grader failed at {checks}. This is no fault of yours; please tell your instructor.")
    told = [*filter(None, [bonus_words(report)]), *notes]
    return _json(
        {
            "gradable": True,
            "score": report.score / report.max_score,
            "message": f"{points(report.score)} of {points(report.max_score)} points",
            **({"output": legal("\n".join(told)[:MAX_TEXT])} if told else {}),
            "tests": [_test(check) for check in report.checks],
        }
    )


def refuse(why: str) -> str:
    """The results of what cannot be graded."""
    return _json({"gradable": False, "format_errors": [legal(why)]})


def _test(check: CheckResult) -> dict[str, Any]:
    return {
        "name": f"{check.id}: {check.title}",
        "points": check.score,
        "max_points": check.max_score,
        "message": check.verdict.value,
        "output": "\n".join(filter(None, (legal(check.message[:MAX_TEXT]), check.hint and f"hint: {check.hint}"))),
    }


def _json(data: dict[str, Any]) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
