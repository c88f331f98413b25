"""The helper that a check leaves behind for the next one: it serves only whom it should, and never costs a report.

Checks run as a student's do, with a folder for sockets of their own; a helper is known by the number of its process.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import checks
from processes import below, children, hanging_below, is_alive

from grader.warm.place import Place, peer_of, place_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only here the system tells who listens at a socket")
LONG_S = 30.0
STUB = "exercises/vectors/vectors.py"


def wait_for(is_so: Callable[[], object]) -> None:
    deadline = time.monotonic() + LONG_S
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


@dataclass(frozen=True)
class Warm:
    """A lesson whose checks may leave a helper behind, with a folder for its socket."""

    lesson: object
    runtime: Path

    def environment(self, **others: str) -> dict[str, str]:
        return {"GRADER_COLD": "", "XDG_RUNTIME_DIR": str(self.runtime), "GRADER_IDLE_S": str(LONG_S)} | others

    def check(self, *arguments: str, **others: str):
        return self.lesson.run("check", "--json", "-", *arguments, environment=self.environment(**others))

    def checking(self) -> subprocess.Popen[bytes]:
        """A check that goes on meanwhile."""
        return self.lesson.running("check", "--json", "-", environment=self.environment())

    @property
    def folder(self) -> Path:
        return self.runtime / f"finetune-grader-{os.geteuid()}"

    def place(self) -> Place:
        (path,) = self.folder.glob("*.socket")
        return Place(path, path.with_suffix(".lock"))

    def connect(self) -> socket.socket:
        connection = self.place().connect()
        assert connection
        return connection

    def helper(self) -> int:
        """The process that listens."""
        with self.connect() as connection:
            return peer_of(connection)[0]

    def is_hanging(self) -> bool:
        """Whether a worker of the helper's is in an endless loop."""
        if not list(self.folder.glob("*.socket")):
            return False
        connection = self.place().connect()
        if connection is None:  # it does not listen yet
            return False
        with connection:
            return bool(hanging_below(peer_of(connection)[0]))


def work(warm: Warm, text: str) -> None:
    (warm.lesson.root / STUB).write_text(text)


def without_times(report):
    for exercise in report["exercises"]:
        for check in exercise["checks"]:
            check["duration_s"] = 0
    return report


@pytest.fixture
def warm(lesson) -> Iterator[Warm]:
    runtime = Path(tempfile.mkdtemp(prefix="g"))  # a socket's path must be short
    made = Warm(lesson, runtime)
    yield made
    with contextlib.suppress(ValueError, AssertionError):
        os.kill(made.helper(), signal.SIGKILL)
    shutil.rmtree(runtime, ignore_errors=True)


# ---- it helps


def test_second_check_is_answered_by_the_helper_of_the_first(warm, broken_scaled):
    work(warm, broken_scaled("return x * factor + (len(x) > 2)"))
    first = warm.check()
    helper = warm.helper()
    second = warm.check()
    cold = warm.check(GRADER_COLD="1")
    assert warm.helper() == helper
    assert (first.status, second.status, second.talk) == (1, 1, "")
    assert without_times(first.report) == without_times(second.report) == without_times(cold.report)


def test_helper_grades_what_lies_there_now_with_the_seed_that_is_asked_for(warm, reference, stub):
    assert warm.check().report["score"] == 0
    work(warm, reference)
    report = warm.check("--seed", "7").report
    assert (report["score"], report["seed"]) == (6.0, 7)
    work(warm, stub)
    assert warm.check().report["score"] == 0


def test_helper_serves_one_exercise_or_all(warm, reference):
    warm.lesson.copy_exercise("matrices")
    work(warm, reference)
    assert [exercise["name"] for exercise in warm.check().report["exercises"]] == ["matrices", "vectors"]
    only = warm.check("vectors").report
    assert [exercise["name"] for exercise in only["exercises"]] == ["vectors"]
    assert (only["score"], only["max_score"]) == (6.0, 6.0)


def test_two_at_once_are_both_served_by_one_helper(warm, reference):
    work(warm, reference)
    with warm.checking() as one, warm.checking() as other:
        reports = [json.loads(process.communicate(timeout=120)[0]) for process in (one, other)]
    assert [report["score"] for report in reports] == [6.0, 6.0]
    assert len(list(warm.folder.glob("*.socket"))) == 1


@pytest.mark.parametrize("hanging", [100.0], indirect=True)
def test_who_waits_too_long_for_another_grades_by_himself(warm, hanging, reference):
    work(warm, reference)
    ran = warm.check()
    assert (ran.status, ran.report["score"]) == (0, 6.0)
    assert hanging.poll() is None


def replace_in(warm: Warm, file: str, old: str, new: str) -> None:
    path = warm.lesson.root / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


# ---- it stays away


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        ((), {"CI": "true"}),
        ((), {"GRADER_COLD": "1"}),
        (("--cold",), {}),
        (("--full",), {}),
        (("--submission", STUB), {}),
    ],
)
def test_nothing_is_left_behind_where_it_should_not(warm, arguments, variables):
    assert warm.check(*arguments, **variables).status == 1
    assert not warm.folder.exists()


@pytest.mark.parametrize("closed", [False, True], ids=["others may enter", "it is a link"])
def test_folder_that_is_not_ours_alone_is_not_used(warm, closed):
    if closed:
        elsewhere = warm.runtime / "elsewhere"
        elsewhere.mkdir(mode=0o700)
        warm.folder.symlink_to(elsewhere)
    else:
        warm.folder.mkdir()
        warm.folder.chmod(0o755)
    assert warm.check().status == 1
    assert list(warm.folder.iterdir()) == []


def test_path_too_long_for_a_socket_is_no_place(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / ("x" * 90)))
    assert place_of(tmp_path) is None


def test_worker_cannot_reach_the_helper(warm, broken_scaled):
    warm.check()
    path = warm.place().address
    work(
        warm,
        broken_scaled(
            f"""import os, socket
found = []
for reach in [
    lambda: os.listdir({str(path.parent)!r}),
    lambda: open({str(path)!r}, "rb"),
    lambda: socket.socket(socket.AF_UNIX).connect({str(path)!r}),
]:
    try:
        reach()
        found.append("open")
    except OSError:
        found.append("closed")
raise RuntimeError(" ".join(found))"""
        ),
    )
    ran = warm.check()
    if ran.report["isolation"] == "none":
        pytest.skip("nothing confines workers here")
    assert "RuntimeError: closed closed closed" in ran.check("vectors.1.value")["message"]


# ---- it is replaced


def test_changed_checks_are_loaded_by_another_helper(warm):
    warm.check()
    before = warm.helper()
    replace_in(warm, "exercises/vectors/test_vectors.py", "the mean is the sum", "the mean is really the sum")
    ran = warm.check()
    assert ran.check("vectors.2.value")["title"].startswith("the mean is really")
    assert warm.helper() != before
    wait_for(lambda: not is_alive(before))


@pytest.mark.parametrize("name", [".vectors.py.swp", "vectors.py~", "#vectors.py#", "vectors.ipynb", ".idea/cache.py"])
def test_what_an_editor_keeps_beside_the_stub_is_no_change(warm, name):
    beside = warm.lesson.root / "exercises/vectors" / name
    warm.check()
    before = warm.helper()
    beside.parent.mkdir(exist_ok=True)
    beside.write_text("as an editor writes it")
    warm.check()
    assert warm.helper() == before


@pytest.mark.parametrize("variable", ["PYTHONHASHSEED", "TMPDIR"])
def test_other_environment_is_served_by_another_helper(warm, variable, tmp_path):
    warm.check()
    before = warm.helper()
    warm.check(**{variable: {"PYTHONHASHSEED": "1", "TMPDIR": str(tmp_path)}[variable]})
    assert warm.helper() != before


def test_what_an_older_engine_says_makes_the_helper_step_aside(warm):
    warm.check()
    before = warm.helper()
    with warm.connect() as connection:
        connection.sendall(b"\0\0\0\1\xc1")
        assert connection.recv(1) == b""
    wait_for(lambda: not is_alive(before))
    assert warm.check().status == 1
    assert warm.helper() != before


# ---- it dies, hangs, breaks


@pytest.fixture
def hanging(warm, broken_scaled, request) -> Iterator[subprocess.Popen[bytes]]:
    """A check that a helper works on for longer than others wait for it: two of its questions are never answered."""
    call_s = getattr(request, "param", 4.0)
    replace_in(warm, "exercises/vectors/exercise.toml", "call_s = 1.0", f"call_s = {call_s}")
    work(warm, broken_scaled("while True: pass"))
    with warm.checking() as process:
        try:
            wait_for(warm.is_hanging)
            yield process
        finally:
            process.kill()


def kinds(process: subprocess.Popen[bytes]) -> list[str]:
    """Of the failures in the one report that was written."""
    out, talk = process.communicate(timeout=120)
    assert talk == b""
    return [check["kind"] for check in checks(json.loads(out)) if check["kind"]]


def test_helper_that_dies_costs_no_report(warm, hanging):
    os.kill(warm.helper(), signal.SIGKILL)
    assert kinds(hanging) == ["hung", "hung"]


def test_helper_that_hangs_is_put_down_and_costs_no_report(warm, hanging):
    helper = warm.helper()
    os.kill(helper, signal.SIGSTOP)
    assert kinds(hanging) == ["hung", "hung"]
    wait_for(lambda: not is_alive(helper))
    assert list(warm.runtime.iterdir()) == []


@pytest.mark.parametrize("hanging", [100.0], indirect=True)
def test_interrupted_check_ends_what_is_done_for_it(warm, hanging):
    helper = warm.helper()
    before = hanging_below(helper)
    assert before
    hanging.send_signal(signal.SIGINT)
    out, talk = hanging.communicate(timeout=LONG_S)
    assert (hanging.returncode, out, talk.strip()) == (130, b"", b"")
    wait_for(lambda: not any(map(is_alive, before)))
    assert warm.helper() == helper


def test_dead_zygote_is_noticed(warm, reference):
    work(warm, reference)
    warm.check()
    before = warm.helper()
    for zygote in children(before):
        os.kill(zygote, signal.SIGKILL)
    ran = warm.check()
    assert (ran.status, ran.report["score"]) == (0, 6.0)
    wait_for(lambda: not is_alive(before))


def test_lesson_that_is_broken_is_told_as_without_a_helper(warm):
    replace_in(warm, "exercises/vectors/test_vectors.py", "def test_value", "def (test_value")
    ran = warm.check()
    assert (ran.status, ran.out) == (3, "")
    assert ran.talk.count("\n") == 1
    wait_for(lambda: list(warm.runtime.iterdir()) == [])


# ---- it ends


def test_idle_helper_ends_and_leaves_nothing(warm):
    warm.check(GRADER_IDLE_S="0.5")
    wait_for(lambda: list(warm.runtime.iterdir()) == [])


def test_terminated_helper_leaves_nothing(warm):
    warm.check()
    helper = warm.helper()
    ours = below(helper)
    assert len(ours) > 1
    os.kill(helper, signal.SIGTERM)
    wait_for(lambda: not any(map(is_alive, ours)))
    assert list(warm.runtime.iterdir()) == []


def test_helper_whose_socket_was_removed_ends(warm):
    warm.check()
    helper = warm.helper()
    shutil.rmtree(warm.folder)
    wait_for(lambda: not is_alive(helper))


def test_files_of_a_dead_helper_are_in_nobodys_way(warm):
    warm.check()
    before = warm.helper()
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: not is_alive(before))
    assert warm.check().status == 1
    assert warm.helper() != before


def test_only_one_holds_the_lock(warm):
    warm.folder.mkdir(mode=0o700)
    place = Place(warm.folder / "a.socket", warm.folder / "a.lock")
    held = []

    def claim() -> None:
        held.append(place.claim())

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (descriptor,) = [found for found in held if found is not None]
    place.lock.unlink()
    assert not place.is_held_by(descriptor)
    os.close(descriptor)
