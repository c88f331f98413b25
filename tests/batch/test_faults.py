"""Whose fault it is: ours and the machine's cost nobody, a student's own stops nobody."""

import csv
import os
import subprocess
import sys
import time
from concurrent.futures import Executor, Future
from pathlib import Path

import pytest
from classroom import REPOSITORY, RIGHT, WRONG, batch, change, hand_in, known, results, slow, start

from grader.batch import job
from grader.batch.job import Done, Settings
from grader.batch.keys import check_keys
from grader.batch.pool import Pool
from grader.batch.run import Batch
from grader.batch.store import Kept, Store
from grader.catalog import read_catalog
from grader.checking.collecting import collect
from grader.intake import open_submissions
from grader.salt import NO_SALT
from grader.verdict import Verdict
from grader.worker import watch
from grader.worker.core import Core
from grader.worker.limits import Limits
from grader.worker.watch import Doubt


def test_file_that_changes_meanwhile_is_not_taken_for_what_it_was(lesson):
    hand_in(lesson, {f"s{number:02}": slow(number) for number in range(8)})
    running = start(lesson, "--public", "--jobs", "1")
    while running.poll() is None and known(lesson) < 4:
        time.sleep(0.01)
    hand_in(lesson, {"s07": WRONG})
    _, talk = running.communicate(timeout=100)
    assert running.returncode == 3, talk
    grade = results(lesson)["s07"]
    assert grade["final"] is None
    assert "class/s07 was changed while the batch ran" in grade["report"]["exercises"][0]["checks"][0]["message"]
    hand_in(lesson, {"s07": slow(7)})
    assert batch(lesson, "--public").status == 0
    assert results(lesson)["s07"]["final"] == 6.0


def test_crash_of_the_grader_is_broken_and_stops_nobody():
    class Crashing:
        def judge(self, *_, **__):
            raise KeyError("of ours")

        def close(self):
            pass

    settings = job.Settings("", (), False, 0, False, (), "", "")
    job.lend(settings, Crashing())
    (kept,) = job.do(settings, job.Job("vectors", "", None, ("vectors.1.value",), {})).verdicts.values()
    assert kept.verdict is Verdict.BROKEN
    assert kept.message.startswith("the grader crashed (KeyError at test_faults.py:")


CLOSE = """
import ctypes, os, sys
for capability in (1, 2):  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH, by which root reads what is closed
    ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


@pytest.fixture
def closed(lesson):
    """A class in which three cannot be read, graded by somebody for whom closed is closed."""
    hand_in(lesson, {"ada": RIGHT, "bob": RIGHT, "cyd": RIGHT, "dan": RIGHT, "jon": b""})
    (lesson.root / "class/eve").mkdir()
    for place, mode in [("bob/vectors.py", 0), ("cyd", 0), ("dan", 0o400), ("eve", 0o700)]:
        (lesson.root / "class" / place).chmod(mode)
    command = [sys.executable, "-c", CLOSE, "-m", "grader", "batch", "class", "--public", "--allow-unjailed"]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "COLUMNS": "80"}
    yield lesson, subprocess.run(command, cwd=lesson.root, env=environment, capture_output=True, text=True, check=False)
    for place in ["cyd", "dan"]:
        (lesson.root / "class" / place).chmod(0o700)


@pytest.mark.skipif(sys.platform != "linux", reason="gives up what root may")
def test_who_cannot_be_read_has_no_grade(closed):
    """Whoever handed in nothing, or an empty file, has a zero."""
    lesson, ran = closed
    assert ran.returncode == 3, ran.stderr
    assert "Traceback" not in ran.stderr
    grades = results(lesson)
    finals = {"ada": 6.0, "bob": None, "cyd": None, "dan": None, "eve": 0.0, "jon": 0.0}
    assert {key: grade["final"] for key, grade in grades.items()} == finals
    for key, place in [("bob", "bob/vectors.py"), ("cyd", "cyd"), ("dan", "dan/vectors.py")]:
        assert grades[key]["problem"].startswith(f"class/{place}: cannot be read here (Permission denied); check its")
    with (lesson.root / "results/grades.csv").open(newline="") as file:
        rows = {row["key"]: row for row in csv.DictReader(file)}
    assert (rows["bob"]["final"], rows["jon"]["final"]) == ("", "0.00")
    page = (lesson.root / "results/students/bob.html").read_text()
    assert "could not be read here, which is not your fault" in page
    overview = (lesson.root / "results/index.html").read_text()
    nothing, owed = overview.split("No final score, by our own fault")
    assert "class/bob/vectors.py: cannot be read here" in owed.split("</details>")[0]
    assert "cannot be read here" not in nothing
    ran = lesson.run("gradebook", "moodle", "results", "--out", "moodle.csv")
    assert "bob (bob): has no grade: class/bob/vectors.py: cannot be read here" in ran.talk


def test_file_of_another_exercise_is_not_graded_as_this_one(lesson):
    lesson.copy_exercise("arrows")
    hand_in(lesson, {"ada": RIGHT, "bob": RIGHT, "cyd": ""})
    (lesson.root / "class/bob/vectors.py").rename(lesson.root / "class/bob/solution.py")
    (lesson.root / "class/cyd/vectors.py").rename(lesson.root / "class/cyd/arrows.py")
    assert batch(lesson, "--public", "--exercise", "arrows").status == 0
    grades = results(lesson)
    assert (
        grades["ada"]["problem"]
        == "class/ada: holds vectors.py, of another exercise, but no arrows.py (or .ipynb); that is needed"
    )
    assert (grades["ada"]["final"], grades["bob"]["final"]) == (0.0, 6.0)
    assert grades["bob"]["notes"] == ["solution.py was taken as arrows.py"]


RIGHTLY, POSSIBLE, LIKELY = ("", Doubt.NONE), Doubt.POSSIBLE, Doubt.LIKELY


class Scripted(Executor):
    """Says of each job what the script has for that attempt: of what kind its failures are, and what is to doubt."""

    def __init__(self, script):
        self.script, self.attempts = script, []

    def submit(self, _function, _settings, job):
        self.attempts.append(job.exercise)
        kind, doubt = self.script[min(len(self.attempts), len(self.script)) - 1]
        verdict = {"": Verdict.PASS, "broken": Verdict.BROKEN}.get(kind, Verdict.FAIL)
        future = Future()
        verdicts = {check_id: Kept(verdict, "", kind, 0.0, "full") for check_id in job.wanted}
        future.set_result(Done(verdicts, doubt))
        return future


@pytest.mark.parametrize(
    ("script", "attempts", "final"),
    [
        ([RIGHTLY], 1, 6.0),
        ([("hung", LIKELY), RIGHTLY], 2, 6.0),
        ([("load hung", POSSIBLE), RIGHTLY], 2, 6.0),
        ([("hung", LIKELY), ("hung", POSSIBLE)], 2, 0.0),
        ([("hung", POSSIBLE), ("hung", Doubt.NONE)], 2, 0.0),
        ([("hung", LIKELY), ("hung", LIKELY)], 2, None),
        ([("hung", POSSIBLE), ("load hung", LIKELY)], 2, None),
        ([("hung", Doubt.NONE)], 1, 0.0),
        ([("died", Doubt.NONE)], 1, 0.0),
        ([("broken", Doubt.NONE), RIGHTLY], 2, 6.0),
    ],
)
def test_what_may_have_been_starved_or_breaks_is_tried_again_before_it_counts_and_is_told(
    lesson, script, attempts, final
):
    hand_in(lesson, {"ada": RIGHT})
    exercises = read_catalog(lesson.root).exercises
    checks = collect(exercises, hidden=False)
    keys = check_keys(checks, 0, NO_SALT, jailed=False)
    settings = Settings(str(lesson.root), ("vectors",), False, 0, True, (), "", "")
    executor, told = Scripted(script), []
    with (
        open_submissions(lesson.root / "class", ["vectors"]) as intake,
        Store.at(lesson.root / "store.sqlite") as store,
    ):
        batch = Batch(intake, checks, keys, store, settings)
        batch.grade(lambda: (settings, Pool(executor, 1)), lambda _, verdicts: told.append(verdicts))
        assert [grade.final for grade in batch.grades(None)] == [final]
        is_known = not Batch(intake, checks, keys, store, settings).plan
        assert is_known is (final is not None)  # what is our fault is not written down, and tried again
    assert len(executor.attempts) == attempts
    assert [{kept.kind for kept in verdicts.values()} for verdicts in told] == [{script[-1][0]}]


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_who_sleeps_until_the_time_is_up_is_not_tried_again(lesson):
    sleeps = "import time\ntime.sleep(60)\n"
    naps = "import time\nwhile True:\n    time.sleep(0.2)\n"
    late = RIGHT.replace("return x", "import time\n    time.sleep(60)\n    return x")
    hand_in(lesson, {"ada": RIGHT, "bob": sleeps, "cyd": naps, "dan": late})
    ran = batch(lesson, "--public", "--jobs", "1")
    assert ran.talk.count("a time limit was hit") == 3
    assert "once more" not in ran.talk
    assert [grade["final"] for grade in results(lesson).values()] == [6.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("asleep", "awake", "computed_s", "doubt"),
    [
        (195, 5, 0.2, Doubt.NONE),
        (120, 3, 0.0, Doubt.NONE),  # the others had the machine for a while, and nobody looked
        (90, 0, 0.0, Doubt.LIKELY),  # for more than half of the time
        (150, 50, 0.5, Doubt.LIKELY),
        (0, 200, 9.9, Doubt.NONE),
        (0, 60, 2.6, Doubt.NONE),  # a quarter of a core is many times what a right answer needs
        (0, 200, 2.4, Doubt.LIKELY),
        (0, 0, 0.0, Doubt.POSSIBLE),
    ],
)
def test_what_looks_leave_to_doubt(asleep, awake, computed_s, doubt):
    looks = watch.Looks()
    for number in range(asleep + awake):
        looks.count(asleep=number < asleep, computed_s=computed_s / (asleep + awake))
    assert looks.doubt(200 * watch.INTERVAL_S) is doubt


def test_who_sleeps_too_long_in_all_overslept():
    def overslept(*asleep: bool, computed_s: float = 0.0) -> bool:
        seen = watch.Looks(asleep_at_most_s=10 * watch.INTERVAL_S)
        seen.count(asleep=False, computed_s=5.0)  # what it did before is no matter
        for each in asleep:
            seen.count(asleep=each, computed_s=computed_s / len(asleep))
        return seen.overslept

    assert overslept(*[True] * 10)
    assert overslept(*[True, False] * 10)
    assert not overslept(*[True] * 9, *[False] * 100)
    assert not watch.Looks(asleep=9999).overslept


def test_who_waits_for_a_slow_disk_and_computes_in_between_has_not_overslept():
    """Networks' disks let a process sleep while it waits."""
    for share, overslept in ((0.01, True), (0.05, False)):
        looks = watch.Looks(asleep_at_most_s=10.0)
        for _ in range(300):
            looks.count(asleep=True, computed_s=share * watch.INTERVAL_S)
        assert looks.overslept is overslept


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_what_a_process_does_is_seen():
    """Threads that end while they are looked at are no reason to see nothing."""
    waiting = "import sys; sys.stdin.read()"
    threads = f"import threading, time; threading.Thread(target=time.sleep, args=(60,), daemon=True).start(); {waiting}"
    busy = "import threading\nwhile True:\n    threading.Thread(target=int).start()"
    for code, sleeps in ((waiting, True), (threads, True), (busy, False)):
        with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE) as process:
            try:
                looks = watch.Looks()
                seen = watch.Watch(process.pid, Limits(), Path("/nowhere"), process.kill, Core())
                seen.looks = looks
                while not (looks.in_a_row == watch.DOZES if sleeps else looks.computed_s > watch.INTERVAL_S):
                    assert process.poll() is None
                    time.sleep(watch.INTERVAL_S)
                seen.stop()
                assert not seen.excess
            finally:
                process.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_who_sleeps_in_all_threads_or_computes_all_the_time_is_not_tried_again(lesson):
    threads = "import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()\ntime.sleep(60)\n"
    hand_in(lesson, {"ada": RIGHT, "bob": "while True:\n    pass\n", "cyd": threads})
    ran = batch(lesson, "--public", "--jobs", "1")
    assert "once more" not in ran.talk
    assert [grade["final"] for grade in results(lesson).values()] == [6.0, 0.0, 0.0]


def test_broken_is_no_grade_and_is_tried_again(lesson):
    hand_in(lesson, {"ada": RIGHT, "bob": WRONG})
    change(lesson, "return np.multiply", "raise OSError\n    return np.multiply", "exercises/vectors/oracle.py")
    ran = batch(lesson, "--public")
    assert ran.status == 3
    assert [grade["final"] for grade in results(lesson).values()] == [None, None]
    assert "which is our fault" in ran.talk
    change(lesson, "raise OSError\n    ", "", "exercises/vectors/oracle.py")
    again = batch(lesson, "--public")
    assert (again.status, [grade["final"] for grade in results(lesson).values()]) == (0, [6.0, 0.0])


def test_our_own_solution_is_judged_first(lesson):
    hand_in(lesson, {"ada": RIGHT})
    change(lesson, "return x * factor", "return x + factor", "solutions/vectors/vectors.py")
    ran = batch(lesson)
    assert ran.status == 3
    assert "solutions/vectors/vectors.py: our own solution does not pass `vectors.1.value` here" in ran.talk
    assert not (lesson.root / "results/results.json").exists()


def test_paths_of_one_student_stop_nobody(lesson):
    """They are what no submission may read, and a request for a worker has room for so many only."""
    hand_in(lesson, {"ada": RIGHT, "bob": RIGHT})
    folder = lesson.root.joinpath("class", "ada", *["y" * 200] * 3)
    folder.mkdir(parents=True)
    for number in range(100):
        (folder / f"{'x' * 200}{number:03}").touch()
    ran = batch(lesson)
    assert ran.status == 0, ran.talk
    assert {grade["final"] for grade in results(lesson).values()} == {6.0}
