"""What regrading changes, and the file that it is read from: results as JSON, version 1."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from grader.diff import compare, read_results, render
from grader.errors import UsageError
from grader.report import CheckResult, ExerciseResult, Report, TaskResult
from grader.results import Deduction, Grade, Results, Student
from grader.verdict import Verdict
from grader.writers.results_json import parse
from grader.writers.results_json import render as to_json

PASS, FAIL, BROKEN, TODO = Verdict.PASS, Verdict.FAIL, Verdict.BROKEN, Verdict.TODO


def report(**verdicts: Verdict) -> Report:
    """Checks of four points each; a check's name is its id."""
    checks = tuple(
        CheckResult(
            f"ex.1.{name}",
            "ex.1",
            f"{name} holds",
            verdict,
            4.0 if verdict is PASS else 0.0,
            4.0,
            False,
            "" if verdict is PASS else f"{name} came out as 7\nand more",
            "look",
            0.1,
        )
        for name, verdict in verdicts.items()
    )
    score, out_of = sum(check.score for check in checks), 4.0 * len(checks)
    task = TaskResult("ex.1", "first", 10, score, out_of)
    return Report(score, out_of, 7, "full", True, (ExerciseResult("ex", "Exercise", score, out_of, (task,), checks),))


def grade(key: str, *, name: str = "", **verdicts: Verdict) -> Grade:
    graded = report(**verdicts)
    return Grade(Student(key, name), f"{key}.zip", graded, graded.score, graded.max_score)


def results(*grades: Grade, **changes) -> Results:
    return replace(Results("Homework", grades, 7, True, "0.1.0"), **changes)


def told(old: Results, new: Results, **how) -> str:
    """The whole text; it must fit a terminal."""
    text = render(compare(old, new), **how)
    assert [line for line in text.splitlines() if len(line) > 80 or line != line.rstrip()] == []
    return text


# ---- the comparison


def test_move_names_checks_points_and_the_reason():
    diff = compare(results(grade("ada", a=PASS, b=PASS)), results(grade("ada", a=PASS, b=FAIL)))
    (move,) = diff.moves
    assert (move.final, move.change) == ((8.0, 4.0), -4.0)
    (check,) = move.checks
    assert (check.id, check.before, check.after, check.change) == ("ex.1.b", PASS, FAIL, -4.0)
    assert check.reason == "b came out as 7"


def test_biggest_losses_come_first_and_lost_grades_before_them():
    old = [grade(key, a=PASS, b=PASS) for key in ("one", "two", "gone")] + [grade("up", a=FAIL, b=FAIL)]
    new = [
        grade("one", a=PASS, b=FAIL),
        grade("two", a=FAIL, b=FAIL),
        replace(grade("gone", a=PASS, b=BROKEN), final=None),
        grade("up", a=PASS, b=FAIL),
    ]
    diff = compare(results(*old), results(*new))
    assert [move.student.key for move in diff.moves] == ["gone", "two", "one", "up"]


def test_same_score_with_other_verdicts_is_unchanged_and_counted():
    diff = compare(results(grade("x", a=PASS, b=FAIL)), results(grade("x", a=FAIL, b=PASS)))
    assert (diff.moves, diff.unchanged, diff.other_verdicts) == ((), 1, 1)


def test_nothing_changes_between_a_grading_and_itself():
    class_ = results(grade("x", a=PASS), replace(grade("y", a=BROKEN), final=None))
    diff = compare(class_, class_)
    assert (diff.moves, diff.unchanged, diff.tallies, diff.circumstances) == ((), 2, (), ())


def test_students_come_and_go():
    diff = compare(
        results(grade("old", a=PASS), grade("both", a=PASS)), results(grade("both", a=PASS), grade("new", a=PASS))
    )
    assert [one.student.key for one in diff.new] == ["new"]
    assert [one.student.key for one in diff.missing] == ["old"]
    assert diff.unchanged == 1


def test_checks_are_added_removed_reworded_and_weighed():
    old = results(grade("x", a=PASS, b=PASS, c=PASS))
    new = results(grade("x", a=PASS, b=PASS, d=PASS))
    exercise = new.grades[0].report.exercises[0]
    other = replace(exercise.checks[0], title="a is lawful"), replace(exercise.checks[1], max_score=2.0, score=2.0)
    changed = replace(exercise, checks=(*other, exercise.checks[2]))
    new = results(replace(new.grades[0], report=replace(new.grades[0].report, exercises=(changed,))))
    diff = compare(old, new)
    assert [check.id for check in diff.added] == ["ex.1.d"]
    assert [check.id for check in diff.removed] == ["ex.1.c"]
    assert [(one.id, one.title, one.max_score) for one in diff.reworded] == [
        ("ex.1.a", ("a holds", "a is lawful"), (4.0, 4.0)),
        ("ex.1.b", ("b holds", "b holds"), (4.0, 2.0)),
    ]


def test_weight_is_that_of_most_students():
    """A broken check moves its points to the others of its task: for one student, not for the class."""
    odd = grade("odd", a=PASS)
    exercise = odd.report.exercises[0]
    heavy = replace(exercise, checks=(replace(exercise.checks[0], max_score=8.0, score=8.0),))
    odd = replace(odd, report=replace(odd.report, exercises=(heavy,)))
    class_ = results(odd, grade("y", a=PASS), grade("z", a=PASS))
    assert compare(results(grade("y", a=PASS)), class_).reworded == ()


def test_tally_counts_per_check():
    old = [grade(f"l{n}", a=PASS, b=PASS) for n in range(3)] + [grade("g", a=FAIL, b=PASS)]
    new = [grade(f"l{n}", a=FAIL, b=PASS) for n in range(3)] + [grade("g", a=PASS, b=BROKEN)]
    assert [(t.id, t.lost, t.gained, t.broken) for t in compare(results(*old), results(*new)).tallies] == [
        ("ex.1.a", 3, 1, 0),
        ("ex.1.b", 0, 0, 1),
    ]


# ---- the text


def test_text_shows_whose_grade_moves_by_what_and_why():
    old = results(grade("ada", name="Ada Lovelace", a=PASS, b=PASS))
    new = results(grade("ada", name="Ada Lovelace", a=PASS, b=FAIL), seed=8)
    assert told(old, new) == (
        "1 lose, 0 gain, 0 unchanged.\n"
        "\n"
        "Other circumstances\n"
        "  seed: 7 -> 8\n"
        "\n"
        "By check\n"
        "  ex.1.b: 1 lose it (b holds)\n"
        "\n"
        "Students whose grade moves, the biggest losses first\n"
        "  Ada Lovelace (ada): 8 -> 4 (-4)\n"
        "    ex.1.b  pass -> fail  -4\n"
        "      b came out as 7\n"
    )


def test_lost_grade_is_none_and_never_a_zero():
    old = results(grade("ada", a=PASS, b=PASS))
    text = told(old, results(replace(grade("ada", a=PASS, b=BROKEN), final=None)))
    assert "0 lose, 0 gain, 1 have no grade now" in text
    assert "  ! ada: no grade; broken: ex.1.b\n" in text
    assert "  ada: 8 -> none\n    ex.1.b  pass -> broken\n" in text
    assert "-> 0" not in text


def test_grade_of_zero_and_none_are_not_the_same():
    zero, none = grade("x", a=FAIL), replace(grade("x", a=BROKEN), final=None)
    for old, new, words in ((zero, none, "x: 0 -> none"), (none, zero, "x: none -> 0")):
        text = told(results(old), results(new))
        assert f"  {words}\n" in text
        assert "0 lose, 0 gain, 1 ha" in text


def test_broken_check_that_costs_nothing_stands_out_all_the_same():
    text = told(results(grade("ada", a=PASS)), results(grade("ada", a=PASS, b=BROKEN)))
    assert "  ! ada: graded out of 8; broken: ex.1.b\n" in text


def test_grade_that_only_the_policy_moves_says_so():
    late = Deduction("two days late: 10 %", 7.2)
    old = results(grade("ada", a=PASS, b=PASS))
    text = told(old, results(replace(old.grades[0], final=7.2, deductions=(late,))))
    assert "ada: 8 -> 7.2 (-0.8), before the policy 8 -> 8" in text
    assert "policy: two days late: 10 %" in text


def test_points_that_a_weight_moves_are_one_line():
    def weighing(weight: float) -> Grade:
        one = grade("ada", a=PASS, b=PASS)
        exercise = one.report.exercises[0]
        other = tuple(replace(check, score=weight, max_score=weight) for check in exercise.checks)
        judged = replace(one.report, score=2 * weight, exercises=(replace(exercise, checks=other),))
        return replace(one, report=judged, final=2 * weight)

    text = told(results(weighing(4.0)), results(weighing(3.0)))
    assert "  ada: 8 -> 6 (-2)\n    checks of the same verdict, counted anew  -2\n" in text
    assert "  weighs    ex.1.a: 4 -> 3 points\n" in text


def test_problem_is_the_reason_where_nothing_was_graded():
    old = results(grade("ada", a=PASS))
    gone = Grade(Student("ada"), "", None, 0.0, 4.0, problem="ada.zip: is not a zip file")
    assert "    ada.zip: is not a zip file\n" in told(old, results(gone))


def test_large_class_stays_readable():
    many = {f"c{n}": PASS for n in range(8)}
    old = [grade(f"s{n:03}", **many) for n in range(400)]
    new = [grade(f"s{n:03}", **(dict.fromkeys(many, FAIL) if n < 300 else many)) for n in range(400)]
    text = told(results(*old), results(*new))
    assert len(text.splitlines()) < 250
    assert "300 lose, 0 gain, 100 unchanged." in text
    assert "  and 280 more (`--all` shows them)\n" in text
    assert "    and 4 more checks\n" in text
    everything = told(results(*old), results(*new), limit=None)
    assert all(f"  s{n:03}: 32 -> 0 (-32)\n" in everything for n in range(300))
    assert "more" not in everything.replace("and more", "")


def test_names_cannot_command_a_terminal():
    nasty = grade("x", name="\x1b[2JAda\nLovelace\u202e", a=PASS)
    assert "  [2JAda Lovelace  (x)\n" in told(results(), results(nasty))


def test_long_words_are_kept_within_the_width():
    old, new = grade("k" * 90, a=PASS), grade("k" * 90, a=FAIL)
    told(results(old), results(new))


# ---- the file

points = st.floats(0, 1000)
words = st.text(max_size=8)
checks = st.builds(
    CheckResult, words, words, words, st.sampled_from(Verdict), points, points, st.booleans(), words, words, points
)
tasks = st.builds(TaskResult, words, words, st.integers(0, 99), points, points)
exercises = st.builds(
    ExerciseResult,
    words,
    words,
    points,
    points,
    st.lists(tasks, max_size=2).map(tuple),
    st.lists(checks, max_size=2).map(tuple),
)
reports = st.builds(
    Report,
    points,
    points,
    st.integers(0, 2**40),
    words,
    st.booleans(),
    st.lists(exercises, max_size=2).map(tuple),
    words,
)
moments = st.none() | st.datetimes(timezones=st.none() | st.just(UTC))
grades = st.builds(
    Grade,
    st.builds(Student, words, words, words, words, words, words, words),
    words,
    st.none() | reports,
    st.none() | points,
    points,
    st.lists(st.builds(Deduction, words, points), max_size=2).map(tuple),
    words,
    st.lists(words, max_size=2).map(tuple),
    moments,
    st.booleans(),
)
classes = st.builds(
    Results,
    words,
    st.lists(grades, max_size=3, unique_by=lambda grade: grade.student.key).map(tuple),
    st.integers(0, 2**40),
    st.booleans(),
    words,
)


@given(classes)
@settings(max_examples=100, deadline=None, database=None, derandomize=True)
def test_results_survive_the_file(class_):
    assert parse(to_json(class_)) == class_


@given(classes, classes)
@settings(max_examples=100, deadline=None, database=None, derandomize=True)
def test_any_two_classes_can_be_compared(old, new):
    diff = compare(old, new)
    both = {grade.student.key for grade in old.grades} & {grade.student.key for grade in new.grades}
    assert len(diff.moves) + diff.unchanged == len(both)
    told(old, new)


def test_file_says_which_format_and_which_grader():
    data = json.loads(to_json(results(grade("x", a=PASS), version="0.9")))
    assert (data["version"], data["grader"], data["grades"][0]["final"]) == (1, "0.9", 4.0)
    moment = replace(grade("x", a=PASS), submitted_at=datetime(2026, 8, 3, 10, tzinfo=UTC))
    assert '"submitted_at": "2026-08-03T10:00:00Z"' in to_json(results(moment))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda _: [1], "holds no results of a class"),
        (lambda data: data | {"version": 2}, "`version`: format 2, this grader reads 1"),
        (lambda data: data | {"seed": "seven"}, "`seed`: Expected `int`"),
        (lambda data: data | {"grader": 1}, "`grader`: Expected `str`"),
        (lambda data: data | {"grades": [{}]}, r"`grades\[0\]`: Object missing required field `student`"),
        (lambda data: data | {"grades": data["grades"] * 2}, "`grades`: 2 students have the key `x`"),
        (lambda data: {key: data[key] for key in data if key != "title"}, "missing required field `title`"),
    ],
)
def test_file_that_is_no_result_is_refused_by_name_and_key(damage, message, tmp_path):
    path = tmp_path / "results.json"
    path.write_text(json.dumps(damage(json.loads(to_json(results(grade("x", a=PASS)))))))
    with pytest.raises(UsageError, match=message) as refused:
        read_results(path)
    assert str(refused.value).startswith(str(path))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "No such file"),
        (b"\xff", "is not UTF-8 text"),
        (b"{", "is not JSON"),
        (b'{"grades": NaN}', "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
    ],
)
def test_file_that_is_no_json_is_refused(content, message, tmp_path):
    path = tmp_path / "results.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=message):
        read_results(path)


def test_unknown_keys_are_from_newer_graders_and_do_no_harm():
    data = json.loads(to_json(results(grade("x", a=PASS))))
    data["more"] = data["grades"][0]["more"] = 1
    assert parse(json.dumps(data)) == results(grade("x", a=PASS))
