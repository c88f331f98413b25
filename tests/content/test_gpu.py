"""Checks on a GPU, with the CPU in its place and small models: what of them does not hang on how fast a device is.

What does needs a GPU, and is said to be skipped without one: the times, and the files of `solutions/NAME/gpu/wrong`
that lose by them.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from gpu.lesson import judged

from grader.authoring.answers import read_answer
from grader.catalog import Exercise, read_catalog
from grader.gpu import presence
from grader.gpu.grading import Means, Wanted, has_checks, with_gpu_checks
from grader.report import assemble, share_points
from grader.verdict import Verdict

EXERCISES = [exercise for exercise in read_catalog(Path(__file__).parents[2]).exercises if has_checks(exercise)]
FOUND = presence.find(os.environ)
TIMED = re.compile(r"gpu_time$")
STREAMS = Path(__file__).parents[1] / "gpu/attacks/on_cuda/other_stream.py"


def needs_gpu(test):
    return pytest.mark.gpu(pytest.mark.skipif(isinstance(FOUND, str), reason=f"needs a GPU: {FOUND}")(test))


def wrong_answers() -> Iterator[tuple[Exercise, Path]]:
    for exercise in EXERCISES:
        for path in sorted((exercise.solutions / "gpu/wrong").glob("*.py")):
            yield exercise, path


WRONG = list(wrong_answers())
UNTIMED = [pair for pair in WRONG if not all(map(TIMED.search, read_answer(pair[1], "").fails))]


@pytest.mark.parametrize("graded", EXERCISES, ids=lambda exercise: exercise.name)
def test_reference_is_right_in_every_workload(graded: Exercise) -> None:
    """Times are no matter on a busy CPU: where they are judged, or cannot be, the answers were right."""
    found = judged(graded, graded.reference.read_bytes())
    of_time = (Verdict.SKIPPED, ""), (Verdict.FAIL, "slow"), (Verdict.FAIL, "unfit"), (Verdict.PASS, "")
    for name, one in found.items():
        assert (one.verdict, one.kind) in (of_time if TIMED.search(name) else of_time[3:]), one.message


@pytest.mark.parametrize(("graded", "path"), UNTIMED[::2], ids=lambda value: getattr(value, "stem", ""))
def test_wrong_answer_is_right_but_for_what_it_needs(graded: Exercise, path: Path) -> None:
    """Its untimed checks fail, by their figures and not because the answer cannot be judged; every second answer."""
    answer = read_answer(path, graded.reference.read_text("utf-8"))
    untimed = {name for name in answer.fails if not TIMED.search(name)}
    found = judged(graded, answer.source, untimed)
    wanted = dict.fromkeys(untimed, (Verdict.FAIL, "value"))
    assert {name: (one.verdict, one.kind) for name, one in found.items()} == wanted


def test_every_check_is_failed_by_some_wrong_answer() -> None:
    failed = {name for exercise, path in WRONG for name in read_answer(path, exercise.reference.read_text()).fails}
    ids = {name for exercise in EXERCISES for name in re.findall(r'"(\w+\.\d+\.gpu_\w+)"', texts_of(exercise))}
    assert {name for name in ids - failed if not name.endswith("gpu_place")} == {
        "ptuning.2.gpu_time",
        "finetune.3.gpu_time",
    }


def test_document_for_instructors_lists_every_check() -> None:
    text = (Path(__file__).parents[2] / "docs/instructor.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+\.\d)` \| .+ \| (\d+) \|$", text, re.M)
    marks = [re.findall(r'"(\w+\.\d)\.gpu_\w+", points=(\d+),', texts_of(exercise)) for exercise in EXERCISES]
    assert sorted(rows) == sorted(pair for found in marks for pair in found)


def texts_of(exercise: Exercise) -> str:
    hidden = exercise.hidden_gpu_checks
    return exercise.gpu_checks.read_text() + (hidden.read_text() if hidden.is_file() else "")


@needs_gpu
@pytest.mark.parametrize("graded", EXERCISES, ids=lambda exercise: exercise.name)
def test_reference_earns_the_whole_bonus_on_a_gpu(graded: Exercise) -> None:
    assert isinstance(FOUND, presence.Gpu)
    report = on_a_gpu(graded, graded.reference.read_bytes())
    assert (report.bonus, report.max_bonus > 0) == (report.max_bonus, True)


@needs_gpu
@pytest.mark.parametrize(("graded", "path"), WRONG, ids=lambda value: getattr(value, "stem", ""))
def test_wrong_answer_loses_exactly_its_checks_on_a_gpu(graded: Exercise, path: Path) -> None:
    answer = read_answer(path, graded.reference.read_text("utf-8"))
    report = on_a_gpu(graded, answer.source)
    failed = {check.id for part in report.exercises for check in part.bonus_checks if check.verdict is Verdict.FAIL}
    assert failed == set(answer.fails)


@needs_gpu
def test_work_on_another_stream_is_waited_for() -> None:
    """A CPU has no second stream to leave work on."""
    (exercise,) = [one for one in EXERCISES if one.name == "lora"]
    report = on_a_gpu(exercise, exercise.reference.read_bytes() + b"\n\n" + STREAMS.read_bytes())
    (check,) = [check for check in report.exercises[0].bonus_checks if check.id == "lora.2.gpu_time"]
    assert (check.verdict, check.kind) == (Verdict.FAIL, "slow")


def on_a_gpu(exercise: Exercise, source: bytes):
    assert isinstance(FOUND, presence.Gpu)
    config = exercise.config
    empty = assemble([share_points(exercise.name, config.title, config.tasks, [])], 0, "full", full=True)
    wanted = Wanted((exercise,), {exercise.name: source}, 0, full=True)
    return with_gpu_checks(empty, wanted, Means.of(FOUND, os.environ.get("LD_LIBRARY_PATH", "")))
