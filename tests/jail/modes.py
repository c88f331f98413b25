"""Running Python as on another machine: what tests need of `under.py`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

JAIL = Path(__file__).parent
ROOT = sys.platform == "linux" and os.geteuid() == 0
# Nothing confines a worker here; as an ordinary user, so that what gets out cannot do much.
UNJAILED = "user+nonamespaces+nolandlock+noseccomp" if ROOT else "nonamespaces+nolandlock+noseccomp"


def under(
    mode: str, *arguments: object, cwd: Path | None = None, given: str = "", timeout_s: int = 120
) -> subprocess.CompletedProcess[str]:
    """Run Python in a mode, or skip where it cannot be had."""
    if "user" in mode and not ROOT:
        pytest.skip("only root can become an ordinary user; as one, the same modes without `user` are this")
    command = [sys.executable, str(JAIL / "under.py"), mode, sys.executable, *map(str, arguments)]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(JAIL.parents[1]), "HF_HUB_OFFLINE": "1"}
    environment["GRADER_COLD"] = "1"
    return subprocess.run(
        command, cwd=cwd, env=environment, input=given, capture_output=True, text=True, timeout=timeout_s, check=False
    )
