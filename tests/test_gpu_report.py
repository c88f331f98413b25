"""A bonus in every form of a report: shown, or at least in nobody's way."""

import csv
import io
import json
from dataclasses import replace
from fractions import Fraction
from xml.etree import ElementTree

import pytest

from grader.catalog import Task
from grader.report import GpuFacts, Judged, Report, assemble, share_points, with_bonus
from grader.results import Grade, Results, Student
from grader.verdict import Verdict
from grader.writers import cell, class_summary, ctrf, gradescope, json_report, junit, pages, prairielearn, results_json
from grader.writers.gradebooks import plain
from grader.writers.terminal import bonus_words

TASKS = [Task("ex.1", "scale", 3, ("a", "b", "c"))]
GPU = GpuFacts("NVIDIA X", "580.1", "2.13.0+cu130", "13.0", "210 of 2520 MHz, memory 405 MHz")
WORDS = "Bonus, on a GPU and no part of the score: 2 of 3 points"


def judged(check_id: str, verdict: Verdict, message: str = "", weight: int = 1) -> Judged:
    return Judged(check_id, "ex.1", f"law {check_id}", Fraction(weight), False, verdict, message, "a hint", 0.5, "")


@pytest.fixture
def bare() -> Report:
    return assemble([share_points("ex", "Ex", TASKS, [judged("ex.1.a", Verdict.PASS)])], 7, "full", full=True)


@pytest.fixture
def report(bare: Report) -> Report:
    """One bonus check of each verdict that is to be had."""
    found = [
        judged("ex.1.gpu_a", Verdict.PASS, weight=2),
        judged("ex.1.gpu_b", Verdict.FAIL, "a step takes too long"),
        judged("ex.1.gpu_c", Verdict.BROKEN, "oracle of ex: it ended", weight=5),
    ]
    return with_bonus(bare, found, GPU, "strong")


def test_points_stand_apart(report: Report, bare: Report) -> None:
    assert (report.score, report.max_score, report.checks) == (bare.score, bare.max_score, bare.checks)
    assert (report.bonus, report.max_bonus, report.isolation) == (2, 3, "strong")
    (exercise,) = report.exercises
    assert (exercise.bonus, exercise.max_bonus, len(exercise.bonus_checks)) == (2, 3, 3)


def test_json_has_its_keys_only_where_it_was_asked_for(report: Report, bare: Report) -> None:
    told, plain = json.loads(json_report.render(report)), json.loads(json_report.render(bare))
    assert (told["bonus"], told["max_bonus"], told["gpu"]["device"]) == (2, 3, "NVIDIA X")
    added = {"bonus", "max_bonus"}
    assert told.keys() - plain.keys() == added | {"gpu"}
    assert told["exercises"][0].keys() - plain["exercises"][0].keys() == added | {"bonus_checks"}
    verdicts = [check["verdict"] for check in told["exercises"][0]["bonus_checks"]]
    assert verdicts == ["pass", "fail", "broken"]
    assert told["exercises"][0]["checks"] == plain["exercises"][0]["checks"]


def test_junit_fails_no_build(report: Report) -> None:
    suites = ElementTree.fromstring(junit.render(report)).findall("testsuite")
    counts = [{key: suite.get(key) for key in ("tests", "failures", "errors", "skipped")} for suite in suites]
    none = {"failures": "0", "errors": "0"}
    assert counts == [{"tests": "1", "skipped": "0"} | none, {"tests": "3", "skipped": "2"} | none]
    assert [suite.get("name") for suite in suites] == ["ex", "ex, bonus"]
    said = [one.get("message") for one in suites[1].iter("skipped")]
    assert said == ["a step takes too long", "oracle of ex: it ended"]
    assert {one.get("name"): one.get("value") for one in suites[1].findall("properties/property")} == {
        "bonus": "2.0", "max_bonus": "3.0",
    }  # fmt: skip


def test_ctrf_counts_tests_alone(report: Report, bare: Report) -> None:
    told, plain = json.loads(ctrf.render(report)), json.loads(ctrf.render(bare))
    assert told["results"] == plain["results"]
    assert (told["extra"]["bonus"], [check["verdict"] for check in told["extra"]["bonus_checks"]]) == (
        2, ["pass", "fail", "broken"],
    )  # fmt: skip


def test_lms_get_the_score_and_a_line(report: Report, bare: Report) -> None:
    told, plain = json.loads(gradescope.render(report)), json.loads(gradescope.render(bare))
    assert (told["score"], told["tests"]) == (plain["score"], plain["tests"])
    assert told["output"] == plain["output"] + f"\n\n{WORDS}"
    told, plain = json.loads(prairielearn.render(report)), json.loads(prairielearn.render(bare))
    assert told == plain | {"output": WORDS}
    assert json.loads(prairielearn.render(report, ["a note"]))["output"] == f"{WORDS}\na note"


def of_class(*reports: Report) -> Results:
    grades = [Grade(Student(f"s{n}"), "here", one, one.score, one.max_score) for n, one in enumerate(reports)]
    return Results("class", tuple(grades), 7, True, "0")


def test_plain_table_has_a_column_where_there_is_any(report: Report, bare: Report) -> None:
    def rows(results: Results) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(plain.write(results, ".").content.decode("utf-8-sig"))))

    assert [row["bonus"] for row in rows(of_class(report, bare))] == ["2.00", ""]
    assert [(row["raw"], row["final"], row["max"]) for row in rows(of_class(report, bare))] == [
        ("3.00", "3.00", "3.00")
    ] * 2
    assert "bonus" not in rows(of_class(bare))[0]


def test_pages_and_summary_count_none_of_it(report: Report, bare: Report) -> None:
    told, plain = (dict(pages.render(of_class(replace(one, isolation="full")))) for one in (report, bare))
    assert f'<p class="quiet">{WORDS}.</p>' in told["students/s0.html"]
    assert "Bonus" not in plain["students/s0.html"]
    assert told["index.html"] == plain["index.html"]
    assert class_summary.render(of_class(report), judged=1) == class_summary.render(of_class(bare), judged=1)
    assert cell.text(report, "ex.1") == cell.text(bare, "ex.1")


def test_results_keep_it(report: Report) -> None:
    assert results_json.parse(results_json.render(of_class(report))).grades[0].report == report


def test_older_results_have_none(bare: Report) -> None:
    text = json.loads(results_json.render(of_class(bare)))
    written = text["grades"][0]["report"]
    for part in (written, *written["exercises"]):
        for key in ("bonus", "max_bonus", "bonus_checks", "gpu"):
            part.pop(key, None)
    assert results_json.parse(json.dumps(text)).grades[0].report == bare


def test_nothing_is_said_where_nobody_asked(bare: Report) -> None:
    assert bonus_words(bare) == ""
    assert with_bonus(bare, [], None, "full") == bare
