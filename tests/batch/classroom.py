"""A class of the lesson `vectors`, the command that grades it, and what it left."""

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

from grader.batch.store import VERDICTS

REPOSITORY = Path(__file__).parents[2]
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


def change(lesson, old, new, file="exercises/vectors/test_vectors.py"):
    path = lesson.root / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def verdicts_asked(lesson):
    """How many verdicts of each check are in the store."""
    with contextlib.closing(sqlite3.connect(lesson.root / "results/store.sqlite")) as store:
        return dict(store.execute(f"SELECT check_id, count(*) FROM {VERDICTS.name} GROUP BY check_id"))


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
