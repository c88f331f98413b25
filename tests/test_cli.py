"""The contract of the command line: exit statuses, what goes where, and one clear line for bad input."""

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest
from simplest import simplest

REPORT_KEYS = {"version", "score", "max_score", "seed", "isolation", "exercises"}
EXERCISE_KEYS = {"name", "score", "max_score", "checks"}
CHECK_KEYS = {
    "id", "task", "title", "verdict", "score", "max_score", "hidden", "message", "hint", "duration_s", "kind",
}  # fmt: skip
REFERENCE = "solutions/vectors/vectors.py"
TOML = "exercises/vectors/exercise.toml"
CHECKS = "exercises/vectors/test_vectors.py"
TREE = "exercises/vectors"


def replace(lesson, file: str, old: str, new: str) -> None:
    path = lesson.root / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def without_times(report):
    for exercise in report["exercises"]:
        for check in exercise["checks"]:
            check["duration_s"] = 0
    return report


def only_line(ran) -> str:
    """The one line that a refused command prints, on standard error."""
    assert ran.out == ""
    assert ran.talk.startswith("grader: ")
    assert ran.talk.count("\n") == 1
    return ran.talk.removeprefix("grader: ").strip()


@pytest.fixture(scope="module")
def full(shared_lesson):
    """The reference, fully checked, with a seed."""
    return shared_lesson.run("check", "--submission", REFERENCE, "--full", "--json", "-", "--seed", "7")


@pytest.fixture(scope="module")
def stubs(make_lesson, tmp_path_factory):
    """The untouched stubs, their report in files."""
    lesson = make_lesson(tmp_path_factory.mktemp("stubs"))
    ran = lesson.run("check", "--json", "report.json", "--junit", "report.xml")
    return ran, json.loads((lesson.root / "report.json").read_text()), ElementTree.parse(lesson.root / "report.xml")


def test_all_pass_is_status_0(full):
    assert (full.status, set(full.verdicts.values())) == (0, {"pass"})


def test_open_holes_are_status_1(stubs):
    ran, report, _ = stubs
    assert (ran.status, ran.talk) == (1, "")
    assert {check["verdict"] for check in report["exercises"][0]["checks"]} == {"todo"}


def test_files_leave_standard_output_to_the_reader(stubs):
    ran, report, junit = stubs
    assert ran.out.startswith("vectors  Vectors")
    assert report["score"] == 0.0
    assert junit.getroot().tag == "testsuites"


def test_report_keeps_its_keys(full):
    assert set(full.report) >= REPORT_KEYS
    assert full.report["version"] == 1
    for exercise in full.report["exercises"]:
        assert set(exercise) >= EXERCISE_KEYS
        assert all(set(check) >= CHECK_KEYS for check in exercise["checks"])


def test_checks_come_in_order_of_tasks_then_public_then_hidden(full):
    assert list(full.verdicts) == [
        "vectors.1.value", "vectors.1.fresh", "vectors.2.value", "vectors.2.empty", "vectors.2.negative",
    ]  # fmt: skip
    assert [full.check(name)["hidden"] for name in full.verdicts] == [False, False, False, False, True]


def test_seed_is_recorded(full, stubs):
    assert (full.report["seed"], stubs[1]["seed"]) == (7, 0)


def test_a_seed_determines_the_report(lesson, broken_scaled):
    source = broken_scaled("return x + factor")
    reports = [without_times(lesson.grade(source, "--seed", "7").report) for _ in range(2)]
    assert reports[0] == reports[1]


def test_hidden_checks_leave_the_maximum_alone(full, stubs):
    assert (full.report["score"], full.report["max_score"], stubs[1]["max_score"]) == (6.0, 6.0, 6.0)
    assert sum(check["max_score"] for check in full.report["exercises"][0]["checks"]) == 6.0


def test_junit_on_standard_output_is_alone_and_counts(lesson, broken_scaled):
    lesson.hand_in(broken_scaled("raise ValueError('\\x1b[31m]]>&<\\x00\\ud800\\uffff')"))
    ran = lesson.run("check", "--submission", "handed-in", "--junit", "-", "--json", "report.json")
    suite = ElementTree.fromstring(ran.out).find("testsuite")
    verdicts = [
        check["verdict"] for check in json.loads((lesson.root / "report.json").read_text())["exercises"][0]["checks"]
    ]
    assert verdicts == ["fail", "fail", "skipped", "skipped"]
    assert {key: suite.get(key) for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "4", "failures": "2", "errors": "0", "skipped": "2",
    }  # fmt: skip
    assert [len(suite.findall(f"testcase/{outcome}")) for outcome in ("failure", "skipped", "error")] == [2, 2, 0]
    assert ran.talk == ""


def test_standard_output_holds_one_report(lesson):
    ran = lesson.run("check", "--json", "-", "--junit", "-")
    assert only_line(ran) == "--json - and --junit -: standard output holds one report; write the other to a file"
    assert ran.status == 2


@pytest.mark.parametrize("path", ["alice.py", "nested/vectors/vectors.py"])
def test_submission_is_a_file_or_a_folder(lesson, reference, path):
    """Files named for the exercise, and folders that hold one, are what all other tests here hand in."""
    (lesson.root / path).parent.mkdir(parents=True, exist_ok=True)
    (lesson.root / path).write_text(reference)
    assert lesson.run("check", "vectors", "--submission", path.split("/")[0]).status == 0


def test_missing_exercise_is_todo(lesson, reference):
    lesson.copy_exercise("matrices")
    ran = lesson.grade(reference)
    assert ran.status == 1
    assert {check: verdict for check, verdict in ran.verdicts.items() if check.startswith("matrices")} == {
        "matrices.1.value": "todo", "matrices.1.fresh": "todo", "matrices.2.value": "todo", "matrices.2.empty": "todo",
    }  # fmt: skip
    assert ran.report["score"] == 6.0


# ---- input that cannot be used: one line, exit status 2


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["check", "vektors"], "no exercise is called `vektors`; did you mean `vectors`?"),
        (["check", "lora"], "no exercise is called `lora`; there are: vectors"),
        (["hint", "vectors.3"], "no task is called `vectors.3`; did you mean `vectors.2` or `vectors.1`?"),
        (["hint", "x"], "no task is called `x`; there are: vectors.1, vectors.2"),
        (
            ["check", "--submission", "nowhere"],
            "nowhere: no such file or folder; name a .py file, or a folder that holds one per exercise",
        ),
        (
            ["check", "--submission", "dangling"],
            "dangling: no such file or folder; name a .py file, or a folder that holds one per exercise",
        ),
        (
            ["check", "--submission", "x" * 300],
            f"{'x' * 300}: cannot be read (File name too long); check its name and permissions",
        ),
        (
            ["check", "--submission", "empty"],
            "empty: nothing to grade in this folder; it needs vectors.py (or .ipynb), or vectors/...",
        ),
        (
            ["check", "--submission", "folders"],
            "folders: nothing to grade in this folder; it needs vectors.py (or .ipynb), or vectors/...",
        ),
        (["check", "--submission", TOML], f"{TOML}: is not a Python file; hand in the .py source, or the notebook"),
    ],
)
def test_unusable_names_are_refused(shared_lesson, arguments, line):
    for folder in ("empty", "folders/vectors.py"):
        (shared_lesson.root / folder).mkdir(parents=True, exist_ok=True)
    if not (shared_lesson.root / "dangling").is_symlink():
        (shared_lesson.root / "dangling").symlink_to("nowhere")
    ran = shared_lesson.run(*arguments)
    assert only_line(ran) == line
    assert ran.status == 2


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"\x7fELF\0\0\1", "is not a Python file (it holds binary data); hand in the .py source"),
        (b"x = 1\0", "is not a Python file (it holds binary data); hand in the .py source"),
        ("x = 'é'".encode("utf-16"), "is not a Python file (it holds binary data); hand in the .py source"),
        (b"x = 1\ny = '\xe9'\n", "line 2 is not utf-8 text; save the file as UTF-8"),
        (b"# coding: klingon\n", "unknown encoding: klingon; save it as UTF-8"),
        (b" " * (4 * 2**20 + 1), "is larger than 4 MiB; hand in the source alone"),
    ],
    ids=["binary", "nul", "utf-16", "latin-1", "unknown", "huge"],
)
def test_unreadable_sources_are_refused(shared_lesson, content, line):
    shared_lesson.hand_in(content, "unreadable")
    ran = shared_lesson.run("check", "--submission", "unreadable")
    assert only_line(ran) == f"unreadable/vectors.py: {line}"
    assert ran.status == 2


def test_forbidden_paths_are_refused(lesson, reference):
    lesson.hand_in(reference, "closed")
    file = lesson.root / "closed/vectors.py"
    file.chmod(0)
    if os.access(file, os.R_OK):
        pytest.skip("root may read everything")
    ran = lesson.run("check", "--submission", "closed")
    assert only_line(ran) == "closed/vectors.py: cannot be read (Permission denied); check its permissions"
    file.parent.chmod(0)
    ran = lesson.run("check", "--submission", "closed/vectors.py")
    file.parent.chmod(0o700)
    assert only_line(ran) == "closed/vectors.py: cannot be read (Permission denied); check its name and permissions"
    assert ran.status == 2


def test_other_encodings_are_read(lesson, reference):
    lesson.copy_exercise("marked")
    lesson.hand_in(f"# coding: latin-1\nname = 'é'\n{reference}".replace("\n", "\r\n").encode("latin-1"))
    (lesson.root / "handed-in/marked.py").write_text(f"\ufeff{reference}", "utf-8")
    assert lesson.run("check", "--submission", "handed-in").status == 0


def test_which_exercise_must_be_clear(lesson, reference):
    lesson.copy_exercise("matrices")
    (lesson.root / "alice.py").write_text(reference)
    ran = lesson.run("check", "--submission", "alice.py")
    assert only_line(ran) == "alice.py: which exercise is this? name it (`grader check matrices ...`)"
    assert ran.status == 2


def test_file_of_another_exercise_is_not_graded_as_this_one(lesson, reference):
    lesson.copy_exercise("matrices")
    (lesson.root / "vectors.py").write_text(reference)
    ran = lesson.run("check", "matrices", "--submission", "vectors.py")
    why = "is named after another exercise; run `grader check vectors ...`, or rename it"
    assert (only_line(ran), ran.status) == (f"vectors.py: {why}", 2)


@pytest.mark.parametrize("command", [["list"], ["check"], ["hint", "vectors.1"], ["check", "--full"]])
def test_outside_a_lesson_nothing_runs(lesson, command):
    outside = lesson.at(lesson.root.parent)
    ran = outside.run(*command)
    assert only_line(ran) == (
        f"{outside.root}: no `exercises` folder here or above; run this inside the lesson's folder"
    )
    assert ran.status == 2


def test_lesson_is_found_from_below(lesson):
    assert lesson.at(lesson.root / TREE).run("list").status == 0


@pytest.mark.parametrize("missing", ["vectors.py", "test_vectors_hidden.py"])
def test_full_needs_solutions(lesson, missing):
    path = lesson.root / "solutions/vectors" / missing
    path.unlink()
    ran = lesson.run("check", "--full")
    assert only_line(ran) == f"{path}: is missing, and hidden checks need it; run public ones alone, or add solutions/"
    assert ran.status == 2


def test_report_that_cannot_be_written_is_told(lesson):
    ran = lesson.run("check", "--json", "nowhere/report.json")
    assert ran.talk == "grader: nowhere/report.json: cannot be written (No such file or directory)\n"
    assert ran.status == 2


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["check", "--seed", "-1"], "Error: Invalid value for '--seed': -1 is not in the range x>=0."),
        (["check", "--json", "exercises"], "Error: Invalid value for '--json': File 'exercises' is a directory."),
        (["check", "--sed", "1"], "Error: No such option '--sed'. Did you mean '--seed'?"),
        (["chekc"], "Error: No such command 'chekc'. Did you mean 'check'?"),
    ],
)
def test_misused_options_are_told(shared_lesson, arguments, line):
    ran = shared_lesson.run(*arguments)
    assert (ran.status, ran.out, ran.talk.splitlines()[-1]) == (2, "", line)


# ---- what authors get wrong


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("format = 1", "format = ", "is not TOML: Invalid value (at line 1, column 10)"),
        ("format = 1", "format = 2", "key `format`: Invalid enum value 2; expected 1"),
        ('"numpy"', '"jax"', "key `framework`: Invalid enum value 'jax'; expected 'torch' or 'numpy'"),
        ("order = 1\n", "", "Object missing required field `order`"),
        ("order = 1", 'order = "1"', "key `order`: Expected `int`, got `str`"),
        ("order = 1", "order = 1\ncolour = 3", "Object contains unknown field `colour`"),
        ('title = "scaled"\n', "", "key `tasks[0]`: Object missing required field `title`"),
        ("points = 2", "points = 2\npoint = 1", "key `tasks[0]`: Object contains unknown field `point`"),
        ("points = 2", "points = 0", "key `tasks[0].points`: expected at least 1, got 0"),
        ('"vectors.1"', '"vectors.7"', "key `tasks[0].id`: expected `vectors.1`, got `vectors.7`"),
        (', "Read about reductions."', "", "key `tasks[1].hints`: expected at least 3 stages, got 2"),
        ('needs = ["vectors.1"]', 'needs = "vectors.1"', "key `tasks[1].needs`: Expected `array`, got `str`"),
        (
            'needs = ["vectors.1"]', 'needs = ["vectors.9"]',
            "key `tasks[1].needs`: `vectors.9` is neither an earlier task nor a check of one",
        ),
        (
            "minutes = 3", 'minutes = 3\nneeds = ["vectors.2"]',
            "key `tasks[0].needs`: `vectors.2` is neither an earlier task nor a check of one",
        ),
        ("order = 1", 'order = 1\nlearned = "One."', "key `learned`: expected two sentences, got `One.`"),
        (
            "minutes = 3", 'minutes = 3\npredict = [{question = "", answer = 1, explanation = "y"}]',
            "key `tasks[0].predict[0].question`: expected a sentence, got none",
        ),
        (
            "minutes = 3", 'minutes = 3\npredict = [{question = "x", answer = "1", explanation = "y"}]',
            "key `tasks[0].predict[0].answer`: `1` is none of the `choices`",
        ),
        (
            "minutes = 3",
            'minutes = 3\npredict = [{question = "x", answer = 1, choices = ["a", "b"], explanation = "y"}]',
            "key `tasks[0].predict[0].answer`: `1` is none of the `choices`",
        ),
        (
            "minutes = 3",
            'minutes = 3\npredict = [{question = "x", answer = "a", choices = ["a", "a"], explanation = "y"}]',
            "key `tasks[0].predict[0].choices`: expected at least two different ones, or none for a number or a shape",
        ),
        (
            "minutes = 3", 'minutes = 3\npredict = [{question = "x", answer = nan, explanation = "y"}]',
            "key `tasks[0].predict[0].answer`: expected a finite number, got nan",
        ),
        (
            "minutes = 3", 'minutes = 3\npredict = [{question = "x", answer = [], explanation = "y"}]',
            "key `tasks[0].predict[0].answer`: expected a number, a shape or one of the `choices`, got none",
        ),
        ("call_s = 1.0", "call_s = nan", "key `limits.call_s`: expected a number above 0, got nan"),
        ("memory_mib = 256", "memory_mib = -1", "key `limits.memory_mib`: expected a number above 0, got -1"),
        (
            "call_s = 1.0", "calls = 1.0",
            "key `limits.calls`: is unknown; there are: load_s, asleep_s, call_s, total_s, memory_mib, file_mib, "
            "scratch_mib, output_mib, open_files, threads",
        ),
    ],
)  # fmt: skip
def test_broken_config_is_named_by_file_and_key(lesson, old, new, complaint):
    replace(lesson, TOML, old, new)
    ran = lesson.run("list")
    assert only_line(ran) == f"{TOML}: {complaint}"
    assert ran.status == 2


def test_config_that_is_no_text_is_named(lesson):
    (lesson.root / TOML).write_bytes(b"\xff\xfe")
    assert only_line(lesson.run("list")).startswith(f"{TOML}: is not TOML: 'utf-8' codec can't decode byte 0xff")
    (lesson.root / TOML).unlink()
    (lesson.root / TOML).mkdir()
    assert only_line(lesson.run("list")) == f"{TOML}: cannot be read (Is a directory)"


def test_config_without_tasks_is_named(lesson):
    (lesson.root / TOML).write_text('format = 1\ntitle = "x"\norder = 1\ntasks = []\n')
    assert only_line(lesson.run("list")) == f"{TOML}: key `tasks`: expected at least one task"


@pytest.mark.parametrize("name", ["oracle.py", "probes.py", "test_vectors.py", "vectors.py"])
def test_missing_file_of_an_exercise_is_named(lesson, name):
    (lesson.root / TREE / name).unlink()
    ran = lesson.run("list")
    assert only_line(ran) == f"{TREE}/{name}: is missing; an exercise needs it"
    assert ran.status == 2


@pytest.mark.parametrize(
    ("old", "new", "status", "line"),
    [
        ("def test_value", "def (test_value", 3, f"{CHECKS}: cannot run: SyntaxError: invalid syntax"),
        (
            "from grader", "import nowhere\nfrom grader", 3,
            f"{CHECKS}: cannot run: ModuleNotFoundError: No module named 'nowhere'",
        ),
        (
            "(student, inputs)", "(student, input)", 3,
            f"{CHECKS}::test_fresh: nothing provides its parameter `input`; `@cases` may draw it",
        ),
        (
            '@check("vectors.1.value"', 'def test_other(): pass\n\n@check("vectors.1.value"', 3,
            f"{CHECKS}::test_other: is not a check; it needs the decorator `@check`",
        ),
        ("vectors.1.fresh", "vectors.3.fresh", 2, "check `vectors.3.fresh`: vectors has no task `vectors.3`"),
        ("vectors.1.fresh", "vectors.1.value", 2, "check `vectors.1.value`: two checks have this id"),
        ("vectors.1.fresh", "fresh", 2, "check `fresh`: expected an id such as `exercise.1.law`"),
    ],
)  # fmt: skip
def test_check_that_cannot_run_is_named(lesson, old, new, status, line):
    replace(lesson, CHECKS, old, new)
    ran = lesson.run("check", "--submission", REFERENCE)
    assert only_line(ran) == line
    assert ran.status == status


def test_check_file_without_checks_is_named(lesson):
    (lesson.root / CHECKS).write_text('"""Nothing yet."""\n')
    ran = lesson.run("check")
    assert only_line(ran) == f"{lesson.root / CHECKS}: holds no checks"
    assert ran.status == 3


# What is wrong, in which file, and the message of the check of the mean that it breaks.
FAULTS = {
    "oracle_raises": (
        "oracle.py", "return float(", "raise RuntimeError('boom') or float(",
        "oracle of vectors, probe `mean`: it raised: RuntimeError: boom, oracle.py:13 in mean",
    ),
    "oracle_exits": (
        "oracle.py", "return float(", "import os; os._exit(3); float(",
        "oracle of vectors, probe `mean`: it ended its process (exit status 3)",
    ),
    "oracle_lacks_a_function": (
        "oracle.py", "def mean(", "def average(",
        "oracle of vectors, probe `mean`: it raised: AttributeError: module 'oracle' has no attribute 'mean'",
    ),
    "probe_is_missing": (
        "probes.py", "def mean(", "def average(",
        "our own solution fails this check too, so it cannot judge yours:\n"
        "your code raised: AttributeError: module 'probes of vectors' has no attribute 'mean'\n"
        "with      n = 1, x = [1.75]",
    ),
    "probe_raises": (
        "probes.py", 'return {"mean": impl.mean(x)', 'return {"mean": impl.mean(x), "other": 1 / 0',
        "our own solution fails this check too, so it cannot judge yours:\n"
        "your code raised: ZeroDivisionError: division by zero\ncalled    `mean(x)`\nwith      n = 1, x = [1.75]",
    ),
    "probe_reports_another_name": (
        "probes.py", '"mean": ', '"average": ',
        "our own solution fails this check too, so it cannot judge yours:\n"
        "the probe `mean` did not report `mean`\ncalled    `mean(x)`\nwith      n = 1, x = [1.75]",
    ),
    "check_crashes": (
        "test_vectors.py", '["mean"], oracle', '["mean"] / 0, oracle',
        "the check crashed: ZeroDivisionError at test_vectors.py:25",
    ),
    "check_sends_what_cannot_travel": (
        "test_vectors.py", 'close(student.ask("mean", x=x)', 'close(student.ask("mean", x=object())',
        "the probe `mean` cannot be asked: object objects cannot travel",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def faulty(tmp_path_factory, make_lesson):
    """One run over a lesson with one copy of the exercise per fault; the work in it is right."""
    lesson = make_lesson(tmp_path_factory.mktemp("faulty"))
    (lesson.root / TREE / "vectors.py").write_text((lesson.root / REFERENCE).read_text())
    for name, (file, old, new, _) in FAULTS.items():
        lesson.copy_exercise(name)
        replace(lesson, f"exercises/{name}/{file.replace('vectors', name)}", old, new)
    return lesson.run("check", *FAULTS, "--json", "-")


@pytest.mark.parametrize("fault", FAULTS)
def test_our_fault_is_broken_and_costs_nothing(faulty, fault):
    broken = faulty.check(f"{fault}.2.value")
    message = FAULTS[fault][-1].replace("vectors", fault)
    assert broken["message"] == message.replace("x = [1.75]", f"x = {simplest(f'{fault}.2.value')}")
    assert (broken["verdict"], broken["score"], broken["max_score"]) == ("broken", 0.0, 0.0)
    exercise = next(exercise for exercise in faulty.report["exercises"] if exercise["name"] == fault)
    assert exercise["score"] == exercise["max_score"]
    assert {check["verdict"] for check in exercise["checks"]} == {"pass", "broken"}


def test_what_the_library_lacks_too_is_no_fault_of_ours(lesson):
    """A student's copy has no reference to tell whose fault it is, and no oracle has every function."""
    (lesson.root / TREE / "vectors.py").write_text((lesson.root / REFERENCE).read_text())
    shutil.rmtree(lesson.root / "solutions")
    replace(lesson, f"{TREE}/oracle.py", "def mean(", "def average(")
    replace(lesson, f"{TREE}/vectors.py", "def mean(", "def middle(")
    assert lesson.run("check", "--json", "-").check("vectors.2.empty")["verdict"] == "fail"


def test_our_fault_is_status_3(faulty):
    assert (faulty.status, faulty.talk) == (3, "")


def test_workers_that_cannot_start_cost_nothing(lesson, reference):
    replace(lesson, TOML, 'warm = ["numpy"]', 'warm = ["nowhere"]')
    ran = lesson.grade(reference)
    assert {check["message"] for check in ran.report["exercises"][0]["checks"]} == {
        "the worker zygote is gone (it ended); it said: ModuleNotFoundError: No module named 'nowhere'"
    }
    assert (ran.status, set(ran.verdicts.values()), ran.report["max_score"]) == (3, {"broken"}, 0.0)


def test_numbers_that_overflow_in_a_check_are_compared_without_a_warning(lesson, broken_scaled):
    asked = 'student.ask("scaled", x=x, factor=1.0)["y"]'
    replace(lesson, CHECKS, f"    close({asked}", f"    {asked}.values.std()\n    close({asked}")
    lesson.hand_in(broken_scaled("return 1e200 * x * factor"))
    strict = {"PYTHONWARNINGS": "error::RuntimeWarning"}
    ran = lesson.run("check", "--submission", "handed-in", "--json", "-", environment=strict)
    assert ran.check("vectors.1.fresh")["kind"] == "value"


# ---- Ctrl-C


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_interrupt_ends_everything_quietly(lesson, broken_scaled):
    replace(lesson, TOML, "call_s = 1.0", "call_s = 60.0")
    lesson.hand_in(broken_scaled("while True: pass"))
    command = [sys.executable, "-m", "grader", "check", "--submission", "handed-in"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(
        command, cwd=lesson.root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as grader:
        while not (workers := [worker for zygote in children(grader.pid) for worker in children(zygote)]):
            time.sleep(0.01)
        grader.send_signal(signal.SIGINT)
        out, talk = grader.communicate(timeout=30)
    assert (grader.returncode, out, talk.strip()) == (130, b"", b"")
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)


def test_interrupt_that_meets_the_garbage_collector_is_heard():
    """What it calls raises nothing, not even that."""
    code = """
import signal, time, weakref
from grader import cli

class Garbage: pass

def command(**_):
    garbage = Garbage()
    callback = weakref.ref(garbage, lambda _: signal.raise_signal(signal.SIGINT))
    del garbage
    time.sleep(5)

cli.cli = command
cli.main()
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.returncode == -signal.SIGINT
    assert "ignored" not in ran.stderr


def test_interrupt_in_a_callback_while_checks_are_collected_is_heard(lesson):
    path = lesson.root / CHECKS
    path.write_text(f"""{path.read_text()}
import signal, time, weakref

class Garbage: pass

garbage = Garbage()
callback = weakref.ref(garbage, lambda _: signal.raise_signal(signal.SIGINT))
del garbage
time.sleep(5)
""")
    ran = lesson.run("check")
    assert (ran.status, ran.out) == (130, "")


# ---- colour


def on_a_terminal(lesson, **variables: str) -> str:
    """What the command prints to a terminal."""
    ours, theirs = pty.openpty()
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path(__file__).parents[1]),
        "TERM": "xterm",
    } | variables
    command = [sys.executable, "-m", "grader", "check"]
    with subprocess.Popen(command, cwd=lesson.root, env=environment, stdin=theirs, stdout=theirs, stderr=theirs):
        os.close(theirs)
        text = b""
        while chunk := _read(ours):
            text += chunk
    os.close(ours)
    return text.decode()


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # Linux: the other end is closed
        return b""


def test_colour_only_on_a_terminal_that_wants_it(lesson, stubs):
    plain = stubs[0].out
    assert "\x1b" not in plain
    assert "\x1b[36m" in on_a_terminal(lesson)
    assert on_a_terminal(lesson, NO_COLOR="1").replace("\r\n", "\n") == plain
