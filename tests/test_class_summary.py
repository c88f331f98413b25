"""What is said in a terminal of 80 columns when a batch is through."""

import graded_class as lesson

from grader.results import Grade, Student
from grader.writers import class_summary


def summary(*grades: Grade) -> list[str]:
    return class_summary.render(lesson.results(list(grades)), judged=1).splitlines()


def test_a_reason_is_told_to_its_end():
    """It says what to do, and the path before it may be long."""
    problem = (
        "/srv/courses/2026/submissions.zip: doejane_101_9001_ptuning.py: holds ptuning.py, but no lora.py; ask for it"
    )
    lines = summary(Grade(Student("doejane-101"), "", None, 0.0, 39.0, problem=problem))
    told = lines[lines.index("Who needs a look:") + 1 :]
    assert told[0] == "  doejane-101            /srv/courses/2026/submissions.zip:"
    assert " ".join(" ".join(told).split()) == f"doejane-101 {problem}"
    assert max(map(len, lines)) < 80


def test_zeros_of_those_who_handed_in_nothing_usable_are_told_from_missing_grades():
    lines = summary(*lesson.special())
    assert "of 1 student nothing could be graded, which is 0 points; see below" in lines
    assert "2 students have no grade, by our own fault; see below" in lines
