"""A grader as they are often written: the submission runs in its process, its exit status or a file is the verdict.

`naive.py` reads {name: source} as JSON and prints the names of those that get a point. It shows that attacks which
are held by the mere distance between grader and worker are attacks at all.
"""

import atexit
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np

RESULTS = Path("results.json")
SECRET = ["canary-of-naive"]
os.environ["SECRET"] = SECRET[0]
KEPT_OPEN = [os.open(__file__, os.O_RDONLY) for _ in range(5)]


def check_scaled(names):
    """Judged after the call, by numpy's own assertions."""
    x = np.random.default_rng(7).normal(size=3)
    seen = names["scaled"](x, 3.0)
    np.testing.assert_allclose(seen, x * 3.0)


def check_scaled_before(names):
    """Judged against what was computed before the call."""
    x = np.array([1.0, 2.0, 4.0])
    wanted = x * 3.0
    seen = names["scaled"](x, 3.0)
    assert all(abs(seen - wanted) < 1e-9)


def check_mean(names):
    """Judged against a library that is imported when it is needed."""
    import statistics

    x = np.array([1.0, 2.0, 4.0])
    wanted = statistics.fmean(x)
    assert abs(names["mean"](x) - wanted) < 1e-9


def check_examples(names):
    """Judged on examples that Hypothesis draws."""
    import hypothesis
    from hypothesis import strategies

    @hypothesis.settings(max_examples=3, database=None, deadline=None)
    @hypothesis.given(strategies.floats(1, 2))
    def check(factor):
        assert names["scaled"](np.ones(2), factor)[0] == factor

    check()


def check_empty(names):
    """An exception is the right answer."""
    import pytest

    with pytest.raises(ValueError, match="nothing"):
        names["mean"](np.array([]))


CHECKS = [check_scaled, check_scaled_before, check_mean, check_examples, check_empty]


def grade(source):
    """Run a submission and all checks; the exit status says whether any failed, a file how many passed."""
    import pytest

    failed, passed = [], 0
    names = {"__name__": "submission"}
    try:
        exec(compile(source, "submission.py", "exec"), names)
    except Exception as error:
        failed.append(error)
    for check in CHECKS:
        try:
            check(names)
            passed += 1
        except pytest.skip.Exception:
            continue
        except (Exception, pytest.fail.Exception) as error:
            failed.append(error)
    if not RESULTS.exists():
        RESULTS.write_text(json.dumps({"passed": passed}))
    return 1 if failed else 0


def wins(source):
    """Whether the grader believes that something passed."""
    child = os.fork()
    if child == 0:
        try:
            be_graded(source)
        finally:
            os.kill(os.getpid(), signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if RESULTS.exists() and json.loads(RESULTS.read_text())["passed"] > 0:
        return True
    return status == 0


def be_graded(source):
    """Grade, and end as an interpreter does: threads first, then what is registered for the exit."""
    status = 1
    signal.alarm(10)
    try:
        status = grade(source)
    except SystemExit as stop:
        status = stop.code
    finally:
        for thread in set(threading.enumerate()) - {threading.current_thread()}:
            thread.join(1)
        atexit._run_exitfuncs()
        os._exit(status)


def main():
    """Each in a folder of its own."""
    import hypothesis  # noqa: F401 - once, before the children
    import pytest  # noqa: F401

    won = []
    for name, source in json.load(sys.stdin).items():
        # No TemporaryDirectory: it would vanish when the first of the children ends.
        folder = tempfile.mkdtemp()
        os.chdir(folder)
        if wins(source):
            won.append(name)
        os.chdir("/")
        shutil.rmtree(folder)
    print()  # children may have printed
    print(json.dumps(won))


main()
