"""Killed and interrupted batches: what was judged is kept, nothing is left behind."""

import os
import random
import signal
import sys
import time
from pathlib import Path

import pytest
from classroom import HALF, WRONG, batch, hand_in, judged, known, results, slow, start, without_times

from grader.batch.pool import WAITING


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
    hand_in(lesson, {f"s{number:02}": slow(number) for number in range(24)})
    running = start(lesson, "--public")
    while running.poll() is None and known(lesson) < 4:
        time.sleep(0.01)
    os.killpg(running.pid, signal.SIGINT)
    _, talk = running.communicate(timeout=100)
    assert running.returncode == 130
    assert "the same command goes on from there" in talk
    assert "Traceback" not in talk
    assert judged(batch(lesson, "--public")) < 24
