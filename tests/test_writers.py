"""Reports in the forms of other tools: one report with every verdict, whole, in each form (`make goldens`)."""

import json
from collections import Counter
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import pytest

from grader.catalog import Task
from grader.report import Judged, Report, assemble, share_points
from grader.verdict import Verdict
from grader.writers import ctrf, gradescope, json_report, junit, prairielearn

GOLDEN = Path(__file__).parent / "golden" / "forms"
FORMS = {
    "report.json": json_report.render,
    "junit.xml": junit.render,
    "ctrf.json": ctrf.render,
    "gradescope.json": gradescope.render,
    "prairielearn.json": prairielearn.render,
}
FAILED = "the mean has the wrong value\nexpected  1.5\nsaw       3.0\nnote      <b>&amp;</b> 'ü' \"]]>\""
HINTS = ("a", "b", "c")
TASKS = [Task("ex.1", "scale", 3, HINTS), Task("ex.2", "mean", 4, HINTS), Task("ex.3", "later", 5, HINTS)]
MARKS = ("\x1b[31m", "\x00", "\ud800", "\x07")


def judged(check_id: str, verdict: Verdict, message: str = "", *, weight: int = 1, hidden: bool = False) -> Judged:
    hint = "" if verdict is Verdict.PASS else "divide by n"
    task, words = check_id.rpartition(".")[0], f"law {check_id}"
    return Judged(check_id, task, words, Fraction(weight), hidden, verdict, message, hint, 0.25, "", "not for students")


def report(*found: Judged, full: bool = True) -> Report:
    return assemble([share_points("ex", "Ex", TASKS, found)], 7, "strong", full=full)


@pytest.fixture
def judgeable() -> Report:
    """Every verdict but `broken`."""
    return report(
        judged("ex.1.a", Verdict.PASS),
        judged("ex.1.b", Verdict.FAIL, FAILED, weight=2),
        judged("ex.2.a", Verdict.SKIPPED, "builds on ex.1, which does not pass yet"),
        judged("ex.2.b", Verdict.FAIL, "failed on a hidden case (value)", hidden=True),
        judged("ex.2.c", Verdict.PASS, hidden=True),
        judged("ex.3.a", Verdict.TODO),
    )


@pytest.fixture
def broken() -> Report:
    """One task is judged, of another no check could be."""
    return report(judged("ex.1.a", Verdict.PASS), judged("ex.2.a", Verdict.BROKEN, "oracle of ex: it ended"))


@pytest.mark.parametrize("form", FORMS)
def test_form_is_as_agreed(form, judgeable, golden):
    golden(GOLDEN / form, FORMS[form](judgeable))


@pytest.mark.parametrize("form", ["gradescope.json", "prairielearn.json", "ctrf.json"])
def test_form_of_a_broken_report_is_as_agreed(form, broken, golden):
    golden(GOLDEN / f"broken-{form}", FORMS[form](broken))


def test_junit_keeps_partial_credit_in_properties(judgeable):
    suite = ElementTree.fromstring(junit.render(judgeable)).find("testsuite")
    assert suite is not None
    points = {one.get("name"): one.get("value") for one in suite.findall("properties/property")}
    assert points == {"score": str(judgeable.score), "max_score": "12.0", "seed": "7"}
    cases = [{one.get("name"): one.get("value") for one in case.iter("property")} for case in suite.iter("testcase")]
    assert [float(case["score"] or "") for case in cases] == [check.score for check in judgeable.checks]
    assert [case["verdict"] for case in cases] == [check.verdict for check in judgeable.checks]


def test_junit_holds_no_character_that_xml_cannot():
    text = junit.render(report(judged("ex.1.a", Verdict.FAIL, "".join(MARKS))))
    failure = ElementTree.fromstring(text).find(".//failure")
    assert failure is not None
    assert failure.get("message") == "?[31m???"


def test_gradescope_and_prairielearn_hold_no_control_characters():
    """A worker's words are clean by then; whoever makes a report of others' words is safe as well."""
    hostile = report(judged("ex.1.a", Verdict.FAIL, "".join(MARKS)))
    for render in (gradescope.render, prairielearn.render, ctrf.render):
        text = render(hostile)
        text.encode("utf-8")
        assert "?[31m???" in text
        assert "\\u00" not in text


def test_gradescope_total_is_the_sum_of_its_tests(judgeable):
    data = json.loads(gradescope.render(judgeable))
    assert data["score"] == pytest.approx(sum(test["score"] for test in data["tests"]))
    assert data["score"] == judgeable.score


def test_gradescope_tells_nothing_of_hidden_checks_before_grades_are_published(judgeable):
    """Neither in what is visible, nor by the words above it: they are the same whatever hidden checks say."""
    data = json.loads(gradescope.render(judgeable))
    seen = {test["name"].split(":")[0]: test["visibility"] for test in data["tests"]}
    assert seen == {check.id: "after_published" if check.hidden else "visible" for check in judgeable.checks}
    checks = [judged("ex.1.a", Verdict.PASS), judged("ex.1.b", Verdict.FAIL, hidden=True)]
    others = [judged("ex.1.a", Verdict.PASS), judged("ex.1.b", Verdict.PASS, hidden=True)]
    texts = [json.loads(gradescope.render(report(*found)))["output"] for found in (checks, others)]
    assert texts[0] == texts[1]


def test_what_cannot_be_graded_never_is_a_zero_without_words(broken):
    data = json.loads(prairielearn.render(broken))
    assert (data["gradable"], "score" in data) == (False, False)
    nothing = report(judged("ex.1.a", Verdict.BROKEN))
    data = json.loads(gradescope.render(nothing))
    assert data["score"] == 0
    assert data["output"].startswith("NOT GRADED: this 0 is no grade.")
    assert "could not be judged" in json.loads(gradescope.render(broken))["output"]


def test_ctrf_counts_and_names_as_its_schema_says(judgeable):
    results = json.loads(ctrf.render(judgeable))["results"]
    counts = Counter(test["status"] for test in results["tests"])
    assert {status: results["summary"][status] for status in counts} == counts
    assert results["summary"]["tests"] == len(judgeable.checks)
    assert all(isinstance(test["duration"], int) for test in results["tests"])


def test_no_form_for_students_names_misconceptions(judgeable):
    """They are for instructors: one of a hidden check tells what it looks at."""
    for render in (ctrf.render, gradescope.render, prairielearn.render, junit.render):
        assert "not for students" not in render(judgeable)


def test_prairielearn_results_stay_below_a_megabyte():
    checks = [judged(f"ex.1.c{number}", Verdict.FAIL, "x" * 100_000) for number in range(200)]
    assert len(prairielearn.render(report(*checks))) < 1_000_000
