"""The report as CTRF (ctrf.io), a common form of test reports in JSON. Points travel as `extra`."""

import json
from collections import Counter
from typing import Any

import grader
from grader.report import CheckResult, Report
from grader.verdict import Verdict
from grader.writers.characters import legal

SPEC_VERSION = "1.0.0"
STATUSES = {
    Verdict.PASS: "passed",
    Verdict.FAIL: "failed",
    Verdict.TODO: "pending",
    Verdict.SKIPPED: "skipped",
    Verdict.BROKEN: "other",
}


def render(report: Report) -> str:
    """One test per check; times in milliseconds, counted from the beginning of the run, for a report has no date."""
    tests = [_test(exercise.name, check) for exercise in report.exercises for check in exercise.checks]
    counts = Counter(test["status"] for test in tests)
    summary = {"tests": len(tests), **{status: counts[status] for status in STATUSES.values()}}
    summary |= {"start": 0, "stop": sum(test["duration"] for test in tests)}
    data: dict[str, Any] = {
        "reportFormat": "CTRF",
        "specVersion": SPEC_VERSION,
        "results": {
            "tool": {"name": "finetune-grader", "version": grader.__version__},
            "summary": summary,
            "tests": tests,
        },
        "extra": {"score": report.score, "max_score": report.max_score, "seed": report.seed},
    }
    if bonus := [_bonus(check) for exercise in report.exercises for check in exercise.bonus_checks]:
        data["extra"] |= {"bonus": report.bonus, "max_bonus": report.max_bonus, "bonus_checks": bonus}
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _bonus(check: CheckResult) -> dict[str, Any]:
    """A check on a GPU; among the tests it would count as failed or skipped, which is nobody's business."""
    points = {"score": check.score, "max_score": check.max_score}
    return {
        "name": f"{check.id}: {check.title}",
        "verdict": check.verdict.value,
        "message": legal(check.message),
    } | points


def _test(exercise: str, check: CheckResult) -> dict[str, Any]:
    test: dict[str, Any] = {
        "name": f"{check.id}: {check.title}",
        "status": STATUSES[check.verdict],
        "duration": round(1000 * check.duration_s),
        "suite": [exercise, check.task],
        "rawStatus": check.verdict.value,
    }
    if check.message:
        test["message"] = legal(check.message)
    return test | {"extra": {"score": check.score, "max_score": check.max_score, "hidden": check.hidden}}
