"""What a student is told beside verdicts: where they stand, hints, questions before a task, what was learned."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from grader.catalog import Prediction
from grader.errors import UsageError
from grader.predict import is_right, shown
from grader.standing import Standing, TaskStanding
from grader.writers.standing import ASCII, BAR, overview

GOLDEN = Path(__file__).parent / "golden"
TOML, STUB = "exercises/vectors/exercise.toml", "exercises/vectors/vectors.py"
LEARNED = "To scale is to multiply each element. A mean is a sum, shared out."
QUESTIONS = """
[[tasks.predict]]
question = "How many numbers does the mean of a vector of 7 elements hold?"
answer = 1
explanation = "The sum runs over all of them."

[[tasks.predict]]
question = "What is the mean of no elements?"
choices = ["zero", "nothing that could be given back"]
answer = "nothing that could be given back"
explanation = "0 / 0 is no number."
"""
WRONG, RIGHT = "return x + factor", "return x * factor"


@pytest.fixture
def taught(lesson):
    """The lesson, with questions before its second task and two sentences after it."""
    path = lesson.root / TOML
    path.write_text(path.read_text().replace("order = 1", f'order = 1\nlearned = "{LEARNED}"') + QUESTIONS)
    return lesson


@pytest.fixture
def scale(lesson, stub):
    """Fills the first hole of the lesson."""
    hole = 'raise NotImplementedError("vectors.1")'
    assert hole in stub
    return lambda body: (lesson.root / STUB).write_text(stub.replace(hole, body))


def last_lines(ran, number: int) -> str:
    return "\n".join(ran.out.splitlines()[-number:])


# ---- list


def test_list_tells_where_you_stand(taught, scale, reference, golden):
    taught.copy_exercise("matrices")
    lists = [taught.run("list")]
    taught.grade(reference)  # somebody else's work: no progress of yours
    lists.append(taught.run("list"))
    scale(RIGHT)
    taught.run("check")
    lists.append(taught.run("list"))
    taught.run("check")
    lists.append(taught.run("list", "vectors"))
    (taught.root / STUB).write_text(reference)
    taught.run("check")
    lists += [taught.run("list"), taught.run("list", "vectors")]
    assert {(ran.status, ran.talk) for ran in lists} == {(0, "")}
    assert lists[0].out == lists[1].out
    golden(GOLDEN / "list.txt", "\n----\n".join(ran.out for ran in lists[1:]))
    assert max(len(line) for ran in lists for line in ran.out.splitlines()) <= 80


def test_list_is_plain_where_blocks_cannot_be_written(lesson):
    ran = lesson.run("list", environment={"PYTHONIOENCODING": "ascii"})
    assert (ran.status, ran.out.splitlines()[1]) == (0, f"  {'-' * BAR}  0 of 2 tasks, 0 of 6 points")
    assert "░" * BAR in lesson.run("list").out


def test_bar_is_full_when_nothing_is_missing_and_not_before(lesson):
    from grader.catalog import read_catalog

    (exercise,) = read_catalog(lesson.root).exercises

    def bar(points: float) -> str:
        tasks = tuple(TaskStanding(task, 0.0, done=False) for task in exercise.config.tasks)
        return overview([Standing(exercise, points, tasks)], ASCII).splitlines()[1].split()[0]

    assert [bar(points).count("#") for points in (0.0, 0.1, 3.0, 5.99, 6.0, 99.0)] == [0, 0, 15, 29, 30, 30]


# ---- hints


HINTS = [
    "vectors.1 scaled, hint 1 of 3:\n\n  What does multiplying do to each element?\n",
    "vectors.1 scaled, hint 2 of 3:\n\n  (a x)_i = a x_i\n",
    "vectors.1 scaled, hint 3 of 3:\n\n  Read about broadcasting.\n",
]


def test_asking_again_gives_the_next_hint(lesson):
    ran = [lesson.run("hint", "vectors.1") for _ in range(4)]
    assert [hint.out for hint in ran] == [*HINTS, HINTS[-1]]
    assert [hint.talk for hint in ran] == ["\nAsk again for the next one.\n"] * 2 + ["", ""]
    assert lesson.run("hint", "vectors.2").out.startswith("vectors.2 mean, hint 1 of 3:")


def offered(ran) -> str:
    """What stands behind `stuck?`."""
    (line,) = [line for line in ran.out.splitlines() if line.startswith("  stuck?")]
    return line.removeprefix("  stuck?    ")


def test_hint_is_offered_after_two_failures_and_never_told(lesson, scale):
    plain = "grader hint vectors.1"
    assert offered(lesson.run("check")) == plain
    scale(WRONG)
    ran = [lesson.run("check") for _ in range(3)]
    assert [offered(one) for one in ran] == [
        plain,
        "failed twice: `grader hint vectors.1` has hint 1 of 3",
        "failed 3 times: `grader hint vectors.1` has hint 1 of 3",
    ]
    assert not any(hint.splitlines()[-1].strip() in one.out for hint in HINTS for one in ran)
    lesson.run("hint", "vectors.1")
    assert offered(lesson.run("check")) == "failed 4 times: `grader hint vectors.1` has hint 2 of 3"
    for _ in range(2):
        lesson.run("hint", "vectors.1")
    assert offered(lesson.run("check")) == "failed 5 times: `grader hint vectors.1` says again what to read"


def test_passing_forgets_failures(lesson, scale):
    for body in (WRONG, RIGHT, WRONG):
        scale(body)
        ran = lesson.run("check")
    assert offered(ran) == "grader hint vectors.1"


def test_failures_of_others_are_not_yours(lesson, scale, broken_scaled):
    scale(WRONG)
    lesson.run("check")
    lesson.grade(broken_scaled(WRONG))
    assert json.loads((lesson.root / ".grader/progress.json").read_text())["failures"] == {
        "vectors.1.value": 1, "vectors.1.fresh": 1,
    }  # fmt: skip


def test_offer_names_what_this_reader_types(lesson, scale):
    scale(WRONG)
    lesson.run("check")
    assert offered(lesson.run("check", environment={"GRADER_VIA": "make"})) == (
        "failed twice: `make hint TASK=vectors.1` has hint 1 of 3"
    )


# ---- what was learned


FINISHED = f"""
You have finished vectors.
  learned   {LEARNED}
"""


def test_finishing_says_once_what_was_learned(taught, reference):
    (taught.root / STUB).write_text(reference)
    first, again = taught.run("check"), taught.run("check")
    where = "  compare   your solution with the reference: solutions/vectors/vectors.py\n"
    assert first.out.endswith(FINISHED + where)
    assert LEARNED not in again.out
    assert LEARNED in taught.run("list", "vectors").out


def test_reference_is_named_only_where_it_is_to_be_had(taught, reference):
    (taught.root / STUB).write_text(reference)
    solutions = taught.root / "solutions"
    solutions.rename(taught.root / "elsewhere")
    assert taught.run("check").out.endswith(FINISHED)
    path = taught.root / TOML
    path.write_text(path.read_text().replace("order = 1", 'order = 1\ncompare = "week 5 of the course page"'))
    assert taught.run("list", "vectors").out.endswith(
        "  compare   your solution with the reference: week 5 of the course page\n"
    )


def test_files_get_reports_alone(taught, reference):
    (taught.root / STUB).write_text(reference)
    assert LEARNED not in taught.run("check", "--json", "-").out


# ---- predict first


def test_question_is_asked_once_and_kept(taught, golden):
    ran = [taught.run("predict", "vectors.2", *answer) for answer in (["7"], ["b"], [])]
    assert [one.status for one in ran] == [0, 0, 0]
    assert [one.talk for one in ran] == ["\nThe next question: grader predict vectors.2\n", "", ""]
    golden(GOLDEN / "predict.txt", "\n----\n".join(one.out for one in ran))
    kept = json.loads((taught.root / ".grader/progress.json").read_text())["predictions"]["vectors.2"]
    assert [(one["answer"], one["right"]) for one in kept] == [("7", False), ("b", True)]


def test_question_that_was_reworded_is_another_one(taught):
    taught.run("predict", "vectors.2", "7")
    path = taught.root / TOML
    path.write_text(path.read_text().replace("a vector of 7", "any vector of 7"))
    assert "any vector of 7" in taught.run("predict", "vectors.2", "1").out


def test_prediction_is_never_graded(taught, reference):
    taught.run("predict", "vectors.2", "7")
    ran = taught.grade(reference)
    assert (ran.status, ran.report["score"]) == (0, 6.0)


def test_without_a_terminal_the_answer_comes_with_the_command(taught):
    ran = taught.run("predict", "vectors.2")
    assert (ran.status, "How many numbers" in ran.out) == (2, True)
    assert ran.talk == (
        "grader: there is no terminal to ask at; give the answer with the command: `grader predict vectors.2 ...`\n"
    )
    ran = taught.run("predict", "vectors.2", environment={"GRADER_VIA": "make"})
    assert "`make predict TASK=vectors.2 ANSWER=...`" in ran.talk
    assert not (taught.root / ".grader").exists()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["vectors.2", "many"], "`many` is no number; answer with one, such as `1024`, `0.5` or `1/3`"),
        (["vectors.2", "-"], "`-` is no number; answer with one, such as `1024`, `0.5` or `1/3`"),
        (["vectors.1"], "no question is asked before vectors.1; there are some before vectors.2"),
        (["vectors.9"], "no task is called `vectors.9`; did you mean `vectors.2` or `vectors.1`?"),
    ],
)
def test_what_is_no_answer_is_refused_and_not_kept(taught, arguments, line):
    ran = taught.run("predict", *arguments)
    assert (ran.status, ran.talk) == (2, f"grader: {line}\n")
    assert not (taught.root / ".grader/progress.json").exists()


def test_lesson_without_questions_says_so(lesson):
    assert lesson.run("predict", "vectors.1").talk == (
        "grader: no question is asked before vectors.1; this lesson has none\n"
    )


def test_terminal_is_asked_until_there_is_an_answer(taught):
    ours, theirs = pty.openpty()
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1]), "TERM": "dumb"}
    command = [sys.executable, "-m", "grader", "predict", "vectors.2"]
    with subprocess.Popen(
        command, cwd=taught.root, env=environment, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as asking:
        os.write(ours, b"one\n1\n")
        text = asking.stdout.read().decode()
    os.close(ours)
    os.close(theirs)
    assert asking.returncode == 0
    assert "Your prediction: `one` is no number" in text
    assert "  Right: 1.\n" in text


def test_predicting_is_offered_until_it_is_done_or_begun(taught, scale):
    scale(RIGHT)
    offer = "  predict   grader predict vectors.2 (never graded)"
    assert offer in taught.run("check").out.splitlines()
    taught.run("predict", "vectors.2", "1")
    assert offer in taught.run("check").out.splitlines()
    taught.run("predict", "vectors.2", "a")
    assert "predict" not in taught.run("check").out


def prediction(answer: object, *choices: str) -> Prediction:
    return Prediction("?", answer, "!", choices)


RIGHT_ANSWERS = [
    (24576, "24576 24,576 24_576 24.576e3 49152/2 24576.0"), (-1, "-1"), (0, "0 0/5"),
    (0.25, "0.25 1/4 .25 0,25 0.2501"), ((4, 50), "(4,50) 4,50 [4,50] 4x50 4*50 torch.Size([4,50])"), ((7,), "7 (7,)"),
    ("zero", "zero ZERO a (a)"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "given"), [(answer, given) for answer, texts in RIGHT_ANSWERS for given in texts.split()]
)
def test_answers_are_read_as_people_write_them(answer, given):
    assert is_right(prediction(answer, *(("zero", "one") if isinstance(answer, str) else ())), given)


@pytest.mark.parametrize(
    ("answer", "given"), [(24576, "24 575"), (24576, "24575"), (0.25, "0.26"), ((4, 50), "50 4"), ("zero", "one")]
)
def test_other_answers_are_wrong(answer, given):
    assert not is_right(prediction(answer, *(("zero", "one") if isinstance(answer, str) else ())), given)


@pytest.mark.parametrize(
    ("answer", "given"),
    [
        (1, ""),
        (1, "nan"),
        (1, "1e999"),
        (1, "1/0"),
        (1, "1+1"),
        ((1,), "(a)"),
        ((1,), "-1"),
        ("zero", "c"),
        ((1,), "9" * 5000),
    ],
)
def test_what_is_no_answer_is_told(answer, given):
    with pytest.raises(UsageError, match="answer with"):
        is_right(prediction(answer, *(("zero", "one") if isinstance(answer, str) else ())), given)


def test_what_is_no_answer_is_repeated_in_a_line_and_obeyed_by_no_terminal():
    with pytest.raises(UsageError, match=r"^`one\?\[31m{1,40}\.\.\.` is no number") as raised:
        is_right(prediction(1), "one\x1b[31" + "m" * 5000)
    assert len(str(raised.value)) < 120


def test_answers_are_shown_as_people_read_them():
    assert [shown(answer) for answer in (61440, 0.25, (4, 50), (7,), "zero")] == [
        "61,440", "0.25", "(4, 50)", "(7,)", "zero",
    ]  # fmt: skip
