"""Cells run in a real kernel, which a process of its own starts and ends."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat

REPOSITORY = Path(__file__).parents[1]
RUN = """
import sys
import nbformat
from nbclient import NotebookClient
path, folder = sys.argv[1:]
notebook = nbformat.read(path, 4)
where = {"metadata": {"path": folder}}
NotebookClient(notebook, timeout=300, allow_errors=True, kernel_name="python3", resources=where).execute()
nbformat.write(notebook, path)
"""


def run(cells: Sequence[str], folder: Path, scratch: Path) -> list[Any]:
    """The outputs of these cells, run one after the other by a kernel in this folder."""
    path = scratch / "notebook.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells]), path)
    own = {"PYTHONPATH": str(REPOSITORY), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "IPYTHONDIR": str(scratch)}
    command = [sys.executable, "-c", RUN, str(path), str(folder)]
    done = subprocess.run(command, env=os.environ | own, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return [cell.outputs for cell in nbformat.read(path, 4).cells]


def said(outputs: Any) -> str:
    """What a cell shows in a plain terminal."""
    shown = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs]
    return "\n".join(text.rstrip("\n") for text in shown)


def html(outputs: Any) -> str:
    """What a cell shows in a browser."""
    return "".join(output.get("data", {}).get("text/html", "") for output in outputs)
