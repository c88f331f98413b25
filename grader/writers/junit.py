"""The report as JUnit XML, for CI systems. Partial credit has no place in it: points travel as properties."""

from xml.etree import ElementTree

from grader.report import CheckResult, ExerciseResult, Report
from grader.verdict import Verdict
from grader.writers.characters import legal

OUTCOMES = {Verdict.FAIL: "failure", Verdict.TODO: "failure", Verdict.SKIPPED: "skipped", Verdict.BROKEN: "error"}


def render(report: Report) -> str:
    """One suite per exercise, one case per check."""
    root = ElementTree.Element("testsuites", name="grader")
    for exercise in report.exercises:
        verdicts = [check.verdict for check in exercise.checks]
        counts = {
            "tests": len(verdicts),
            "failures": verdicts.count(Verdict.FAIL) + verdicts.count(Verdict.TODO),
            "errors": verdicts.count(Verdict.BROKEN),
            "skipped": verdicts.count(Verdict.SKIPPED),
        }
        time = f"{sum(check.duration_s for check in exercise.checks):.3f}"
        attributes = {name: str(count) for name, count in counts.items()}
        suite = ElementTree.SubElement(root, "testsuite", {"name": exercise.name, **attributes, "time": time})
        _properties(suite, {"score": exercise.score, "max_score": exercise.max_score, "seed": report.seed})
        for check in exercise.checks:
            suite.append(_case(check))
        if exercise.bonus_checks:
            root.append(_bonus(exercise))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _bonus(exercise: ExerciseResult) -> ElementTree.Element:
    """Checks on a GPU, in a suite of their own. To miss one is no failure: it is skipped, its verdict a property."""
    checks = exercise.bonus_checks
    missed = sum(check.verdict is not Verdict.PASS for check in checks)
    counts = {"tests": str(len(checks)), "failures": "0", "errors": "0", "skipped": str(missed)}
    time = f"{sum(check.duration_s for check in checks):.3f}"
    suite = ElementTree.Element("testsuite", {"name": f"{exercise.name}, bonus", **counts, "time": time})
    _properties(suite, {"bonus": exercise.bonus, "max_bonus": exercise.max_bonus})
    for check in checks:
        suite.append(_case(check, missed_as="skipped"))
    return suite


def _case(check: CheckResult, missed_as: str = "") -> ElementTree.Element:
    attributes = {"classname": check.task, "name": f"{check.id}: {check.title}", "time": f"{check.duration_s:.3f}"}
    case = ElementTree.Element("testcase", {key: legal(value) for key, value in attributes.items()})
    _properties(case, {"score": check.score, "max_score": check.max_score, "verdict": check.verdict})
    if check.verdict in OUTCOMES:
        headline = legal(check.message.split("\n")[0])
        outcome = ElementTree.SubElement(case, missed_as or OUTCOMES[check.verdict], message=headline)
        outcome.text = legal(f"{check.message}\nhint: {check.hint}")
    return case


def _properties(parent: ElementTree.Element, values: dict[str, object]) -> None:
    properties = ElementTree.SubElement(parent, "properties")
    for name, value in values.items():
        ElementTree.SubElement(properties, "property", name=name, value=str(value))
