"""Where one student stands: hints already seen and the last score. A convenience, never trusted for grading."""

import contextlib
import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from grader import files
from grader.catalog import Task

VERSION = 1


@dataclass
class Progress:
    """What the progress file holds."""

    hints: dict[str, int] = field(default_factory=dict)
    """task id -> number of hints seen"""
    scores: dict[str, float] = field(default_factory=dict)
    """exercise -> points in its last check"""


def path_of(root: Path) -> Path:
    """The progress file of a lesson's folder."""
    return root / ".grader" / "progress.json"


def read(root: Path) -> Progress:
    """The progress kept in `root`; a missing, damaged or newer file counts as none."""
    try:
        data: Any = json.loads(path_of(root).read_text("utf-8"))
        if data["version"] != VERSION:
            return Progress()
        hints = {str(task): max(0, int(seen)) for task, seen in data["hints"].items()}
        scores = {str(name): float(score) for name, score in data["scores"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return Progress()
    return Progress(hints, {name: score for name, score in scores.items() if math.isfinite(score)})


def next_hint(root: Path, task: Task) -> int:
    """The index of the hint to show now, which is remembered as seen: each is stronger than the one before."""
    kept = read(root)
    seen = min(kept.hints.get(task.id, 0), len(task.hints) - 1)
    kept.hints[task.id] = seen + 1
    write(root, kept)
    return seen


def write(root: Path, progress: Progress) -> None:
    """Replace the progress file in one step; a folder that cannot be written to is no reason to stop a student."""
    text = json.dumps({"version": VERSION} | asdict(progress), indent=2)
    with contextlib.suppress(OSError):
        files.replace(path_of(root), text)
