"""Other stores and other pools: PostgreSQL, and a Dask cluster."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from classroom import (
    CLASS,
    REPOSITORY,
    RIGHT,
    WRONG,
    batch,
    hand_in,
    judged,
    known,
    results,
    slow,
    start,
    without_times,
)


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
