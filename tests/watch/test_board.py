"""What becomes of a change, and what the screen says of it: data in, lines out."""

import dataclasses
from fractions import Fraction

import click
import msgspec
import pytest

from grader.catalog import read_exercise
from grader.checking.cancelling import Cancellation, Cancelled
from grader.checking.collecting import collect
from grader.grade import Session
from grader.report import Judged
from grader.verdict import Verdict
from grader.watch.affected import questions_of
from grader.watch.board import Board, Record, Running, first_open, judged_as, lost, plan, with_next
from grader.watch.screen import Size, render, syntax_words
from grader.watch.units import units_of
from grader.writers.terminal import Commands

COMMANDS = Commands(
    lambda name: f"grader check {name}", lambda task: f"grader hint {task}", lambda name: f"exercises/{name}.py"
)
CHECKS = ("vectors.1.value", "vectors.1.fresh", "vectors.2.value", "vectors.2.empty")


@pytest.fixture
def exercise(lesson):
    return read_exercise(lesson.root / "exercises/vectors", lesson.root)


def judged(verdicts: dict[str, Verdict] | None = None, **others: str) -> dict[str, Judged]:
    """What became of the checks of the lesson: passed, where nothing else is said."""
    found = {}
    for check in CHECKS:
        verdict = (verdicts or {}).get(check, Verdict.PASS)
        message = others.get("message", "the result has the wrong value") if verdict is Verdict.FAIL else ""
        kind = others.get("kind", "value") if verdict is Verdict.FAIL else ""
        task = check.rpartition(".")[0]
        found[check] = Judged(
            check, task, f"the law {check}", Fraction(1), False, verdict, message, "a hint", 0.0, kind
        )
    return found


def board_of(exercise, verdicts: dict[str, Verdict] | None = None, **others) -> Board:
    results = {exercise.name: judged_as(exercise, judged(verdicts).values())}
    return Board((exercise,), {exercise.name: "exercises/vectors.py"}, results, status="12:00:00 checked 4", **others)


# ---- what is judged again


def planned(exercise, work: str, now: str, before: dict[str, Judged]):
    record = Record(work.encode(), units_of(work.encode(), "vectors.py"), before)
    checks = collect((exercise,), hidden=False)
    return plan(record, units_of(now.encode(), "vectors.py"), checks, questions_of(exercise), "vectors.py")


def test_first_time_everything_is_judged(exercise, reference):
    checks = collect((exercise,), hidden=False)
    units = units_of(reference.encode(), "vectors.py")
    assert plan(None, units, checks, questions_of(exercise), "vectors.py").wanted == set(CHECKS)


def test_change_of_one_function_leaves_the_verdicts_of_others(exercise, reference):
    found = planned(exercise, reference, reference.replace("float(x.sum()", "float(1 * x.sum()"), judged())
    assert found.wanted == {"vectors.2.value", "vectors.2.empty"}
    assert set(found.kept) == {"vectors.1.value", "vectors.1.fresh"}


def test_what_builds_on_a_changed_task_is_judged_again(exercise, reference):
    assert planned(exercise, reference, reference.replace("x * factor", "factor * x"), judged()).wanted == set(CHECKS)


def test_comment_changes_nothing(exercise, reference):
    assert planned(exercise, reference, reference + "# a comment\n", judged()).wanted == set()


@pytest.mark.parametrize(
    ("verdict", "others"),
    [
        (Verdict.BROKEN, {}),
        (Verdict.FAIL, {"kind": "hung"}),
        (Verdict.FAIL, {"message": "your code raised: ValueError\n  vectors.py:7 in mean: raise"}),
    ],
)
def test_some_verdicts_are_never_kept(exercise, reference, verdict, others):
    before = judged({"vectors.2.empty": verdict}, **others)
    assert planned(exercise, reference, reference + "# a comment\n", before).wanted == {"vectors.2.empty"}


# ---- which task is shown


def test_first_open_task_and_the_next(exercise):
    board = board_of(exercise, {"vectors.2.value": Verdict.FAIL})
    assert first_open(board) == "vectors.2"
    assert with_next(board).current == "vectors.2"
    alone = with_next(with_next(board))
    assert (alone.current, alone.notes) == ("vectors.2", ("There is no other task to do.",))
    assert first_open(board_of(exercise)) == "vectors.1"


def test_broken_check_leaves_nothing_to_do(exercise):
    assert (
        first_open(board_of(exercise, {"vectors.1.value": Verdict.BROKEN, "vectors.2.value": Verdict.FAIL}))
        == "vectors.2"
    )


def test_task_that_passed_before_is_named(exercise):
    before, now = (
        board_of(exercise, verdicts).results["vectors"] for verdicts in ({}, {"vectors.1.value": Verdict.FAIL})
    )
    assert lost(before, now) == ["vectors.1"]
    assert lost(now, before) == lost(None, now) == []


def test_task_needs_what_it_builds_on(exercise):
    first, second = exercise.config.tasks
    assert exercise.needed_by(first) == {"vectors.1"}
    assert exercise.needed_by(second) == {"vectors.1", "vectors.2"}


def test_what_is_wanted_first_is_judged_first_and_the_verdicts_are_the_same(exercise, reference):
    told: list[str] = []
    with Session((exercise,)) as session:
        usual = session.judge("vectors", reference.encode(), 0, CHECKS, {})
        other = session.judge(
            "vectors", reference.encode(), 0, CHECKS, {}, first=CHECKS[2:], tell=lambda one: told.append(one.id)
        )
    assert (list(usual.judged), list(other.judged)) == ([*CHECKS], [*CHECKS[2:], *CHECKS[:2]])
    assert told == list(other.judged)
    assert {one.verdict for one in [*usual.judged.values(), *other.judged.values()]} == {Verdict.PASS}


def test_cancelled_grading_ends_with_nothing(exercise, reference):
    cancellation = Cancellation()
    cancellation.wish()
    with Session((exercise,)) as session, pytest.raises(Cancelled):
        session.judge("vectors", reference.encode(), 0, CHECKS, {}, cancellation=cancellation)


# ---- the screen


def shown(board: Board, columns: int = 80, lines: int = 24) -> list[str]:
    return [click.unstyle(line) for line in render(board, Size(columns, lines), COMMANDS)[0]]


def test_failing_check_is_shown_with_what_it_says(exercise):
    board = board_of(
        exercise, {"vectors.2.value": Verdict.FAIL, "vectors.2.empty": Verdict.SKIPPED}, current="vectors.2"
    )
    assert shown(board) == [
        "vectors  Vectors, for the engine's own tests                             2 of 6",
        "12:00:00 checked 4",
        "",
        "  vectors.2 mean                                                         0 of 4",
        "",
        "    x  the law vectors.2.value                                           0 of 2",
        "       the result has the wrong value",
        "       hint      a hint",
        "",
        "    0 of 2 checks pass, 1 more does not: `a` shows all.",
        "",
        "h hint  n next task  a all  l list  o open  r reset  q quit",
    ]


def test_skipped_task_says_what_it_builds_on(exercise):
    before = judged()
    skipped = [
        Judged(
            one.id, one.task, one.title, one.weight, False, Verdict.SKIPPED, "builds on vectors.1, which fails", "", 0.0
        )
        if one.task == "vectors.2"
        else one
        for one in before.values()
    ]
    board = Board((exercise,), {"vectors": "v.py"}, {"vectors": judged_as(exercise, skipped)}, current="vectors.2")
    text = "\n".join(shown(board))
    assert "-  skipped: the law vectors.2.value" in text
    assert "builds on vectors.1, which fails" in text


def test_all_pass_is_said_only_when_nothing_runs(exercise):
    words = "All public checks pass."
    assert any(words in line for line in shown(board_of(exercise)))
    running = Running("vectors", 4, 1, once_more=True)
    lines = shown(board_of(exercise, running=running))
    assert "vectors: all pass; checking all of them at once, 1 of 4 done" in lines
    assert not any(words in line for line in lines)


def test_finished_exercise_says_what_it_taught_while_others_are_open(exercise):
    taught = msgspec.structs.replace(exercise.config, learned="Means are sums. Sums are not means.")
    finished = dataclasses.replace(exercise, config=taught)
    other = dataclasses.replace(exercise, name="other", config=msgspec.structs.replace(taught, tasks=renamed(taught)))
    results = {"vectors": judged_as(finished, judged().values())}
    board = Board((other, finished), {}, results, current="vectors.2", compare={"vectors": "solutions/vectors.py"})
    text = "\n".join(shown(board))
    assert "`n` goes on with other.1 " in text
    assert with_next(board).current == "other.1"
    assert "learned   Means are sums. Sums are not means." in text
    assert "compare   your solution with the reference: solutions/vectors.py" in text


def renamed(config):
    return tuple(
        msgspec.structs.replace(task, id=task.id.replace("vectors", "other"), needs=()) for task in config.tasks
    )


def test_next_task_is_the_one_that_the_key_goes_to(exercise):
    first, second = (
        dataclasses.replace(exercise, name=name, config=msgspec.structs.replace(exercise.config, tasks=tasks))
        for name, tasks in (("vectors", exercise.config.tasks), ("other", renamed(exercise.config)))
    )
    board = board_of(first, {"vectors.1.value": Verdict.FAIL}, current="vectors.2")
    board = dataclasses.replace(board, exercises=(first, second))
    assert with_next(board).current == "other.1"
    assert any("`n` goes on with other.1 " in line for line in shown(board))


def test_run_is_told_where_there_is_no_room_for_more(exercise):
    board = board_of(exercise, running=Running("vectors", 4, 1))
    assert shown(board, 40, 10)[0] == "vectors: checking, 1 of 4 done"


def test_words_stay_whole_where_they_fit(exercise):
    board = board_of(exercise, notes=("Write the shapes of both under each other.",))
    assert all(word in " ".join(shown(board, 30, 60)) for word in ("shapes", "under", "other.", "reset"))


@pytest.mark.parametrize("columns", [10, 20, 40, 79, 80, 200])
@pytest.mark.parametrize("lines", [5, 10, 24])
@pytest.mark.parametrize("view", ["task", "list", "all"])
def test_screen_fits_every_terminal(exercise, columns, lines, view):
    board = board_of(exercise, {"vectors.1.value": Verdict.FAIL}, view=view, notes=("A long note. " * 20,))
    text = shown(board, columns, lines)
    assert all(len(line) <= max(20, columns) for line in text)
    assert len(text) <= lines


def test_folded_lines_lose_nothing_but_their_ends(exercise):
    board = board_of(exercise, {"vectors.1.value": Verdict.FAIL})
    wide, narrow = ("".join(shown(board, columns, 200)).replace(" ", "") for columns in (200, 30))
    assert wide == narrow


def test_scrolling_shows_all_of_a_long_message(exercise):
    board = board_of(exercise, {"vectors.1.value": Verdict.FAIL}, view="all")
    whole = shown(board, lines=200)
    most = render(board, Size(80, 12), COMMANDS)[1]
    pages = [
        shown(board_of(exercise, {"vectors.1.value": Verdict.FAIL}, view="all", scroll=at), lines=12)
        for at in range(most + 1)
    ]
    assert set(whole) <= {line for page in pages for line in page}
    assert any("arrow keys" in line for line in pages[0])
    assert render(board, Size(80, 200), COMMANDS)[1] == 0


def error_of(source: str) -> Exception:
    with pytest.raises((SyntaxError, ValueError)) as caught:
        compile(source, "vectors.py", "exec")
    return caught.value


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        (
            "def f(x):\n    return x *\n",
            ["    x  vectors.py, line 2: invalid syntax", "", "         return x *", "                   ^"],
        ),
        (
            "def f(x):\nreturn x\n",
            [
                "    x  vectors.py, line 2: expected an indented block after function definition on line 1",
                "",
                "         return x",
                "         ^",
            ],
        ),
        (
            "x = '\x07\n",
            [
                "    x  vectors.py, line 1: unterminated string literal (detected at line 1)",
                "",
                "         x = '?",
                "             ^",
            ],
        ),
    ],
)  # fmt: skip
def test_syntax_error_shows_its_line(source, lines):
    assert syntax_words(error_of(source), "vectors.py").split("\n")[:4] == lines


def test_what_is_no_syntax_at_all_is_told(exercise):
    words = syntax_words(RecursionError("too deep"), "vectors.py")
    assert words.startswith("    x  vectors.py is nothing that Python reads: too deep")
    board = board_of(exercise, problems={"vectors": words})
    assert "Waiting for the next save." in shown(board)
