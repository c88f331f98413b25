"""`grader batch` as an instructor runs it: a class in, results out, whatever students and machines do meanwhile."""

import contextlib
import csv
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from concurrent.futures import Executor, Future
from pathlib import Path

import pytest

from grader.batch import job
from grader.batch.job import Done, Settings
from grader.batch.keys import check_keys
from grader.batch.pool import WAITING, Pool
from grader.batch.run import Batch
from grader.batch.store import VERDICTS, Kept, Store
from grader.catalog import read_catalog
from grader.checking.collecting import collect
from grader.intake import open_submissions
from grader.salt import NO_SALT
from grader.verdict import Verdict
from grader.worker import watch

REPOSITORY = Path(__file__).parents[1]
MEAN = "def mean(x):\n    if not len(x):\n        raise ValueError\n    return sum(x) / len(x)\n"
RIGHT = "def scaled(x, factor):\n    return x * factor\n\n\n" + MEAN
WRONG = "def scaled(x, factor):\n    return x + factor\n\n\n" + MEAN
HALF = "def scaled(x, factor):\n    return x * factor\n\n\ndef mean(x):\n    return sum(x) / len(x)\n"
CLASS = {
    "ada": RIGHT,
    "bob": WRONG,
    "cyd": HALF,
    "dan": RIGHT,  # the same file as ada's
    "eve": "import os\nos._exit(0)\n",
    "fay": "import time\ntime.sleep(60)\n",
    "gus": "def scaled(:\n",
    "hal": "import statistics\n" + RIGHT,
    "ida": "x = [0]\nwhile True:\n    x = x * 2\n",
}
UNREADABLE = {
    "jon": b"",
    "kim": b"PK\x03\x04\0\0\0" + bytes(100),
    "max": b"# coding: bz2\n" + RIGHT.encode(),
    "nia": b"# coding: undefined\n" + RIGHT.encode(),
    "oda": b"# coding: punycode\n-" + b"ab" * 10**6,  # which takes minutes to find out
}
SCORES = {
    "ada": 6.0, "bob": 0.0, "cyd": 5.0, "dan": 6.0, "eve": 0.0, "fay": 0.0, "gus": 0.0, "hal": 0.0, "ida": 0.0,
    "jon": None, "kim": None, "lea": None, "max": None, "nia": None, "oda": None,
}  # fmt: skip


def hand_in(lesson, students, folder="class"):
    """A folder per student."""
    for name, source in students.items():
        place = lesson.root / folder / name
        place.mkdir(parents=True, exist_ok=True)
        (place / "vectors.py").write_bytes(source.encode() if isinstance(source, str) else source)


def batch(lesson, *arguments, out="results", environment=None):
    """Run the command."""
    return lesson.run("batch", "class", "--out", out, *arguments, environment=environment)


def results(lesson, out="results"):
    """The grades by student."""
    data = json.loads((lesson.root / out / "results.json").read_text())
    return {grade["student"]["key"]: grade for grade in data["grades"]}


def without_times(grades):
    """What must be the same however a batch went."""
    text = json.dumps(grades)
    data = json.loads(text)
    for grade in data.values():
        for exercise in (grade["report"] or {"exercises": []})["exercises"]:
            for check in exercise["checks"]:
                del check["duration_s"]
    return data


def judged(ran):
    """How many files a run judged."""
    return int(ran.out.split(" graded, ")[1].split()[0])


@pytest.fixture(scope="module")
def graded(shared_lesson):
    """A class with all that may be in one, graded once."""
    hand_in(shared_lesson, CLASS | UNREADABLE)
    (shared_lesson.root / "class/lea").mkdir()
    (shared_lesson.root / "class/lea/vectors.zip").write_bytes(b"PK\x03\x04 this is no zip")
    return batch(shared_lesson, "--public")


def test_every_student_has_a_row(shared_lesson, graded):
    assert graded.status == 0, graded.talk
    grades = results(shared_lesson)
    assert {key: grade["report"] and grade["report"]["score"] for key, grade in grades.items()} == SCORES
    assert {key for key, grade in grades.items() if grade["problem"]} == {*UNREADABLE, "lea"}
    assert all(grade["final"] is not None for grade in grades.values())


def test_same_file_is_judged_once(graded):
    assert judged(graded) == len(set(CLASS.values()))


def test_failures_are_told_as_they_come(graded):
    assert "eve, vectors: its process died" in graded.talk
    assert "fay, vectors: a time limit was hit" in graded.talk
    assert "hal, vectors: it imports what is forbidden" in graded.talk
    assert "folder" in graded.talk.splitlines()[0]


def test_who_needs_a_look_is_said(graded):
    assert "eve" in graded.out.split("Who needs a look")[1]
    assert "open results/index.html" in graded.out


@pytest.mark.usefixtures("graded")
def test_batch_and_check_agree(shared_lesson):
    report = shared_lesson.grade(HALF).report
    of_batch = results(shared_lesson)["cyd"]["report"]
    for mine, other in zip(report["exercises"][0]["checks"], of_batch["exercises"][0]["checks"], strict=True):
        assert {**mine, "duration_s": 0} == {**other, "duration_s": 0}
    assert report["isolation"] == of_batch["isolation"]


@pytest.mark.usefixtures("graded")
def test_nothing_is_judged_twice(shared_lesson):
    before = (shared_lesson.root / "results/results.json").read_bytes()
    ran = batch(shared_lesson, "--public")
    assert judged(ran) == 0
    assert "all is known" in ran.talk
    assert (shared_lesson.root / "results/results.json").read_bytes() == before
    assert not (shared_lesson.root / "results/previous.json").exists()


@pytest.fixture
def small(lesson):
    """A class of three, graded with the public checks."""
    hand_in(lesson, {"ada": RIGHT, "bob": WRONG, "cyd": HALF})
    assert batch(lesson, "--public").status == 0
    return lesson


def change(lesson, old, new, file="exercises/vectors/test_vectors.py"):
    path = lesson.root / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def verdicts_asked(lesson):
    """How many verdicts of each check are in the store."""
    with contextlib.closing(sqlite3.connect(lesson.root / "results/store.sqlite")) as store:
        return dict(store.execute(f"SELECT check_id, count(*) FROM {VERDICTS} GROUP BY check_id"))


def test_changed_check_regrades_its_own_column(small):
    assert set(verdicts_asked(small).values()) == {3}
    change(small, '"mean", x=inputs.array("x", 0)', '"mean", x=inputs.array("y", 0)')
    ran = batch(small, "--public")
    assert judged(ran) == 3
    assert verdicts_asked(small) == {
        "vectors.1.value": 3, "vectors.1.fresh": 3, "vectors.2.value": 3, "vectors.2.empty": 6,
    }  # fmt: skip


def test_what_a_check_needs_regrades_it_too(small):
    change(small, "factor=1.0", "factor=1.00")
    assert judged(batch(small, "--public")) == 0  # the same number
    change(small, "factor=1.00", "factor=-1.0")
    change(small, "x, rtol=0)", "-x, rtol=0)")
    batch(small, "--public")
    assert verdicts_asked(small) == {
        "vectors.1.value": 3, "vectors.1.fresh": 6, "vectors.2.value": 6, "vectors.2.empty": 6,
    }  # fmt: skip


def test_words_and_points_change_without_judging(small):
    change(small, "a factor of one changes nothing", "one is neutral")
    change(small, "points=1, title", "points=2, title")
    ran = batch(small, "--public")
    assert judged(ran) == 0
    checks = results(small)["ada"]["report"]["exercises"][0]["checks"]
    assert "one is neutral" in [check["title"] for check in checks]
    assert results(small)["cyd"]["report"]["score"] == pytest.approx(2 + 4 * 3 / 5)
    assert "grader diff results/previous.json results/results.json" in ran.out
    difference = small.run("diff", "results/previous.json", "results")
    assert difference.status == 1
    assert "cyd" in difference.out


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("exercises/vectors/probes.py", "impl.mean(x)", "impl.mean(x + 0)"),
        ("exercises/vectors/oracle.py", "def mean", "A = 1\n\n\ndef mean"),
        ("exercises/vectors/exercise.toml", "call_s = 1.0", "call_s = 1.5"),
        ("exercises/vectors/test_vectors.py", '"""Public checks."""', '"""Public checks."""\nHELPER = 1'),
    ],
)
def test_what_determines_a_verdict_regrades_everything(small, file, old, new):
    change(small, old, new, file)
    assert judged(batch(small, "--public")) == 3


def test_check_that_is_marked_in_another_way_is_known_by_its_file(small):
    change(small, "@check(", "@checking.check(")
    change(small, "from grader.checking", "from grader import checking\nfrom grader.checking")
    assert judged(batch(small, "--public")) == 3
    change(small, "a factor of one changes nothing", "one is neutral")
    assert judged(batch(small, "--public")) == 3


def test_what_was_earned_unconfined_does_not_count_where_it_must_be_confined(lesson):
    hand_in(lesson, {"ada": RIGHT})
    assert judged(batch(lesson, "--allow-unjailed")) == 1
    assert judged(batch(lesson)) == 1
    assert judged(batch(lesson)) == 0


def test_no_file_is_taken_for_one_that_is_missing(lesson):
    lesson.copy_exercise("arrows")
    hand_in(lesson, {"ada": RIGHT, "bob": RIGHT})
    (lesson.root / "class/bob/arrows.py").write_text("not handed in")
    assert batch(lesson, "--public").status == 0
    seen = {
        key: {check["verdict"] for exercise in grade["report"]["exercises"] for check in exercise["checks"]}
        for key, grade in results(lesson).items()
    }
    assert "todo" in seen["ada"]
    assert "todo" not in seen["bob"]


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
        def judge(self, *_):
            raise KeyError("of ours")

        def close(self):
            pass

    settings = job.Settings("", (), False, 0, False, (), "", "")
    job.lend(settings, Crashing())
    (kept,) = job.do(settings, job.Job("vectors", "", None, ("vectors.1.value",), {})).verdicts.values()
    assert kept.verdict is Verdict.BROKEN
    assert kept.message.startswith("the grader crashed (KeyError at test_batch.py:")


def test_results_that_cannot_be_written_are_one_line(lesson):
    hand_in(lesson, {"ada": RIGHT})
    (lesson.root / "results/results.json/in-the-way").mkdir(parents=True)
    ran = batch(lesson, "--public")
    assert ran.status == 2
    assert ran.talk.splitlines()[-1] == "grader: results/results.json: cannot be written (Is a directory)"


def test_another_seed_is_another_grading(small):
    assert judged(batch(small, "--public", "--seed", "1")) == 3
    assert judged(batch(small, "--public")) == 0


def test_who_left_the_class_has_no_page(small):
    shutil.rmtree(small.root / "class/bob")
    batch(small, "--public")
    assert sorted(page.stem for page in (small.root / "results/students").iterdir()) == ["ada", "cyd"]


RIGHTLY = ("", False)


class Scripted(Executor):
    """Says of each job what the script has for that attempt: of what kind its failures are, and whether it starved."""

    def __init__(self, script):
        self.script, self.attempts = script, []

    def submit(self, _function, _settings, job):
        self.attempts.append(job.exercise)
        kind, starved = self.script[min(len(self.attempts), len(self.script)) - 1]
        verdict = Verdict.FAIL if kind else Verdict.PASS
        future = Future()
        verdicts = {check_id: Kept(verdict, "", kind, 0.0, "full") for check_id in job.wanted}
        future.set_result(Done(verdicts, starved))
        return future


@pytest.mark.parametrize(
    ("script", "attempts", "final"),
    [
        ([RIGHTLY], 1, 6.0),
        ([("hung", True), RIGHTLY], 2, 6.0),
        ([("load hung", True), RIGHTLY], 2, 6.0),
        ([("hung", True), ("hung", True)], 2, 0.0),
        ([("hung", False)], 1, 0.0),
        ([("died", False)], 1, 0.0),
    ],
)
def test_what_may_have_been_starved_is_tried_again_before_it_counts(lesson, script, attempts, final):
    hand_in(lesson, {"ada": RIGHT})
    exercises = read_catalog(lesson.root).exercises
    checks = collect(exercises, hidden=False)
    keys = check_keys(checks, 0, NO_SALT, jailed=False)
    settings = Settings(str(lesson.root), ("vectors",), False, 0, True, (), "", "")
    executor = Scripted(script)
    with (
        open_submissions(lesson.root / "class", ["vectors"]) as intake,
        Store.at(lesson.root / "store.sqlite") as store,
    ):
        batch = Batch(intake, checks, keys, store, settings)
        batch.grade(lambda: (settings, Pool(executor, 1)), lambda *_: None)
        assert [grade.final for grade in batch.grades(None)] == [final]
        assert Batch(intake, checks, keys, store, settings).plan == []  # it is written down
    assert len(executor.attempts) == attempts


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
    ("asleep", "awake", "proven"),
    [
        (195, 5, True),
        (120, 3, True),  # the others had the machine for a while, and nobody looked
        (90, 0, False),  # for more than half of the time
        (150, 50, False),
        (0, 200, False),
        (0, 0, False),
    ],
)
def test_what_looks_prove(asleep, awake, proven):
    looks = watch.Looks()
    for number in range(asleep + awake):
        looks.count(asleep=number < asleep)
    assert looks.prove_sleep(200 * watch.INTERVAL_S) is proven


@pytest.mark.skipif(sys.platform == "win32", reason="a worker there starts in more time than it may load")
def test_who_may_have_wanted_for_a_core_is_tried_again(lesson):
    threads = "import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()\ntime.sleep(60)\n"
    hand_in(lesson, {"ada": RIGHT, "bob": "while True:\n    pass\n", "cyd": threads})
    ran = batch(lesson, "--public", "--jobs", "1")
    assert "2 files are judged once more" in ran.talk
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


def test_hidden_checks_run_unless_asked_not_to(lesson):
    hand_in(lesson, {"ada": RIGHT})
    assert batch(lesson).status == 0
    checks = results(lesson)["ada"]["report"]["exercises"][0]["checks"]
    assert [check["id"] for check in checks if check["hidden"]] == ["vectors.2.negative"]
    shutil.rmtree(lesson.root / "solutions")
    ran = batch(lesson)
    assert ran.status == 2
    assert "is missing" in ran.talk


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


def test_who_handed_in_nothing_is_named_and_gets_no_grade(lesson):
    hand_in(lesson, {"ada": RIGHT})
    (lesson.root / "roster.csv").write_text("Name,Email\nAda,ada@x\n<b>Bob,bob@x\n")
    ran = batch(lesson, "--public", "--roster", "roster.csv")
    assert "1 of the roster handed in nothing: <b>Bob\n" in ran.out
    assert "median 6, mean 6 of 6" in ran.out
    with (lesson.root / "results/grades.csv").open(newline="") as file:
        ada, bob = csv.DictReader(file)
    assert (ada["final"], bob["name"], bob["email"], bob["final"], bob["vectors"], bob["max"]) == (
        "6.00", "<b>Bob", "bob@x", "", "", "",
    )  # fmt: skip
    assert bob["needs a look"] == "handed in nothing"
    page = (lesson.root / "results/index.html").read_text()
    assert "On the roster, and handed in nothing" in page
    assert "<bdi>&lt;b&gt;Bob</bdi>" in page
    assert lesson.run("diff", "results", "results").status == 0


def test_policy_keeps_raw_and_final(lesson):
    hand_in(lesson, {"ada": RIGHT})
    (lesson.root / "policy.toml").write_text('drop = ["vectors.1"]\nscale_to = 10.0\n')
    assert batch(lesson, "--public", "--policy", "policy.toml").status == 0
    grade = results(lesson)["ada"]
    assert (grade["report"]["score"], grade["final"], grade["max_score"]) == (6.0, 10.0, 10.0)


def test_policy_that_may_not_be_meant_so_is_said(lesson):
    hand_in(lesson, {"ada": RIGHT})
    (lesson.root / "policy.toml").write_text(
        "deadline = 2026-11-20T23:59:00Z\n[extensions]\nada = 2026-11-24T23:59:00Z\nadda = 2026-11-24T23:59:00Z\n"
    )
    talk = batch(lesson, "--public", "--policy", "policy.toml").talk
    assert "note: the policy extends the deadline for `adda`, and nobody of the class is called so\n" in talk
    assert "`ada`" not in talk
    assert "no time of handing in is known of anybody: only late marks count\n" in talk


def test_gradebook_says_what_it_replaces_and_whom_it_leaves(lesson):
    hand_in(lesson, {"ada01": RIGHT})
    assert batch(lesson, "--public").status == 0
    rows = [
        "Last Name,First Name,Username,HW [Total Pts: 6 Score] |7",
        "Lovelace,Ada,ada01,4.00",
        "Hopper,Grace,gh,1.00",
    ]
    (lesson.root / "export.csv").write_text("\n".join(rows) + "\n")
    roster = ["Name,Username", "Ada Lovelace,ada01"]
    (lesson.root / "roster.csv").write_text("\n".join(roster) + "\n")
    assert batch(lesson, "--public", "--roster", "roster.csv").status == 0
    ran = lesson.run("gradebook", "blackboard", "results", "--template", "export.csv", "--out", "filled.csv")
    assert ran.talk == (
        "filled.csv: 1 grade filled in, 0 left out\n"
        "of them, 1 replaces another grade:\n  Ada Lovelace (ada01): 4.00 -> 6.00\n"
        "of the template, 1 has no result and stays as it is:\n  Grace Hopper\n"
    )


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["nowhere"], "nowhere"),
        (["class", "--format", "canvaz"], "did you mean `canvas`"),
        (["class", "--policy", "none.toml"], "none.toml"),
        (["class", "--store", "nonsense"], "--store nonsense: is no database address"),
        (["class", "--store", "sqlite:////nowhere/there.db"], "--store sqlite:////nowhere/there.db: cannot be used"),
        (["class", "--exercise", "vector"], "did you mean `vectors`"),
        (["class", "--out", "solutions/vectors/vectors.py"], "vectors.py: cannot be made"),
        (["class", "--out", "class/results"], "--out class/results: lies in class"),
        (["class", "--out", "class/../class"], "where the next run would take it for a hand-in"),
        (["class", "--jobs", "5000"], "5000 is not in the range 1<=x<=256"),
        (["class", "--jobs", "2", "--dask", "tcp://127.0.0.1:9"], "--jobs and --dask: the cluster says"),
        (["class", "--dask", "tcp://127.0.0.1:9"], "--dask tcp://127.0.0.1:9: no cluster answers there"),
    ],
)
def test_bad_input_is_one_line(lesson, arguments, line):
    hand_in(lesson, {"ada": RIGHT})
    ran = lesson.run("batch", "--public", *arguments)
    assert ran.status == 2
    assert line in ran.talk
    assert "Traceback" not in ran.talk


# ---- what machines do


def start(lesson, *arguments):
    """The command, running; its process group is its own."""
    command = [sys.executable, "-m", "grader", "batch", "class", "--out", "results", *arguments]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "COLUMNS": "80"}
    return subprocess.Popen(
        command,
        cwd=lesson.root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def slow(number):
    """A right answer that takes its time, and is nobody else's."""
    return f"import time\n# {number}\n" + RIGHT.replace("return x", "time.sleep(0.005)\n    return x")


def known(lesson):
    """How many verdicts are written down."""
    try:
        return sum(verdicts_asked(lesson).values())
    except sqlite3.OperationalError:  # no table yet
        return 0


def children_of(pid):
    """Process numbers of all descendants."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += [int(child), *children_of(child)]
    return found


def gone(pid):
    """Whether a process has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_killed_three_times_and_resumed_equals_uninterrupted(lesson):
    hand_in(lesson, {f"s{number:02}": slow(number) for number in range(12)} | {"bob": WRONG, "cyd": HALF})
    chance = random.Random(5)
    left = []
    for _ in range(3):
        before = known(lesson)
        running = start(lesson, "--public", "--jobs", "2")
        wanted = before + chance.randrange(4, 16)
        while running.poll() is None and known(lesson) < wanted:
            time.sleep(0.01)
        left += children_of(running.pid)
        running.kill()
        running.communicate()
    interrupted = known(lesson)
    assert 0 < interrupted < 14 * 4
    for _ in range(500):
        if all(map(gone, left)):
            break
        time.sleep(0.02)
    assert [pid for pid in left if not gone(pid)] == []
    ran = batch(lesson, "--public", "--jobs", "2")
    assert 0 < judged(ran) < 14
    resumed = without_times(results(lesson))
    assert batch(lesson, "--public", out="again").status == 0
    assert resumed == without_times(results(lesson, "again"))


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_killed_process_of_the_pool_costs_nobody(lesson):
    hand_in(lesson, {f"s{number:02}": slow(number) for number in range(8)})
    running = start(lesson, "--public", "--jobs", "2")
    while running.poll() is None and known(lesson) < 4:
        time.sleep(0.01)
    mine = [int(pid) for pid in Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()]
    pool = [pid for pid in mine if b"grader.worker.zygote" not in Path(f"/proc/{pid}/cmdline").read_bytes()]
    assert len(pool) == 2 * WAITING
    os.kill(pool[0], signal.SIGKILL)
    _, talk = running.communicate(timeout=100)
    assert running.returncode == 0, talk
    assert {grade["final"] for grade in results(lesson).values()} == {6.0}


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal")
def test_interrupted_batch_says_how_to_go_on(lesson):
    hand_in(lesson, {f"s{number:02}": slow(number) for number in range(8)})
    running = start(lesson, "--public")
    while running.poll() is None and known(lesson) < 4:
        time.sleep(0.01)
    os.killpg(running.pid, signal.SIGINT)
    _, talk = running.communicate(timeout=100)
    assert running.returncode == 130
    assert "the same command goes on from there" in talk
    assert "Traceback" not in talk
    assert judged(batch(lesson, "--public")) < 8


# ---- other stores, other pools


@pytest.fixture(scope="module")
def postgres():
    """The address of a PostgreSQL server of our own, or a reason to skip."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    path = os.pathsep.join([*map(str, programs), os.environ["PATH"]])
    initdb, server = (shutil.which(name, path=path) for name in ("initdb", "postgres"))
    if not initdb or not server:
        pytest.skip("PostgreSQL is not installed")
    pytest.importorskip("psycopg", reason="the extra `postgres` is not installed")
    folder = Path(tempfile.mkdtemp(prefix="pg-"))  # the path of a socket must be short
    user = {"user": "nobody"} if os.geteuid() == 0 else {}  # it refuses to run as root
    if user:
        shutil.chown(folder, "nobody")
    subprocess.run(
        [initdb, "-D", folder / "data", "-U", "grader", "-A", "trust"], check=True, stdout=subprocess.DEVNULL, **user
    )
    command = [server, "-D", folder / "data", "-k", folder, "-c", "listen_addresses="]
    running = subprocess.Popen(command, stderr=subprocess.DEVNULL, **user)
    try:
        while running.poll() is None and not (folder / ".s.PGSQL.5432").exists():
            time.sleep(0.02)
        yield f"postgresql+psycopg://grader@/postgres?host={folder}"
    finally:
        running.terminate()
        running.wait()
        shutil.rmtree(folder)


def test_postgresql_keeps_what_sqlite_keeps(lesson, postgres):
    hand_in(
        lesson, {"ada": RIGHT, "bob": WRONG, "cyd": "def scaled(x, factor):\n    raise ValueError('\\0 \\ud800 ✓')\n"}
    )
    assert batch(lesson, "--public").status == 0
    assert batch(lesson, "--public", "--store", postgres, out="other").status == 0
    assert without_times(results(lesson)) == without_times(results(lesson, "other"))
    again = batch(lesson, "--public", "--store", postgres, out="other")
    assert judged(again) == 0
    assert not (lesson.root / "other/store.sqlite").exists()


def test_password_of_a_store_is_not_shown(lesson):
    hand_in(lesson, {"ada": RIGHT})
    ran = batch(lesson, "--public", "--store", "postgresql+psycopg://me:geheim@127.0.0.1:9/db")
    assert ran.status == 2
    assert "geheim" not in ran.out + ran.talk


@pytest.fixture
def cluster(monkeypatch):
    """A Dask cluster of two processes on this machine."""
    distributed = pytest.importorskip("distributed", reason="the extra `dask` is not installed")
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as running:
        yield running


def test_dask_gives_the_same_grades_though_a_worker_is_lost(lesson, cluster):
    hand_in(lesson, {f"s{number:02}": slow(number) for number in range(12)} | {"bob": WRONG, "eve": CLASS["eve"]})
    running = start(lesson, "--public", "--dask", cluster.scheduler_address)
    while running.poll() is None and known(lesson) < 8:
        time.sleep(0.01)
    os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)
    _, talk = running.communicate(timeout=200)
    assert running.returncode == 0, talk
    assert batch(lesson, "--public", out="here").status == 0
    assert without_times(results(lesson)) == without_times(results(lesson, "here"))


def test_dask_worker_that_would_grade_otherwise_is_refused(lesson, cluster):
    """Here it does not hold the secret of the inputs."""
    hand_in(lesson, {"ada": RIGHT})
    secret = {"GRADER_SECRET": "0123456789abcdef"}
    ran = batch(lesson, "--dask", cluster.scheduler_address, environment=secret)
    assert ran.status == 2
    assert "are others than where the batch was started; make them the same" in ran.talk
