"""The README of an exercise teaches with code that runs: offline, as it stands, on a tiny model."""

import os
import re
import subprocess
import sys
from pathlib import Path

from grader.catalog import Exercise


def test_library_way_runs_offline(exercise: Exercise, tmp_path: Path):
    snippets = re.findall(r"^```python\n(.*?)^```", (exercise.folder / "README.md").read_text("utf-8"), re.S | re.M)
    assert snippets, "expected a fenced python block that shows the library way"
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", "\n".join(snippets)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_readme_lists_every_task(exercise: Exercise):
    text = (exercise.folder / "README.md").read_text("utf-8")
    for task in exercise.config.tasks:
        assert task.id in text


def test_readme_names_its_sources(exercise: Exercise):
    assert "arxiv.org/abs/" in (exercise.folder / "README.md").read_text("utf-8")
