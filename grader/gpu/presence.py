"""Whether there is a GPU to grade on, and if not, why: learnt from the driver's own tool and from files.

Nothing is initialised to find out, and torch is not imported: its version stands in a file.
"""

import ast
import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TOOL = "nvidia-smi"
TOOL_S = 20.0
FIELDS = ("index", "uuid", "name", "driver_version", "memory.total", "clocks.sm", "clocks.max.sm", "clocks.mem")
DEVICES = ("nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia[0-9]*", "nvidia-caps/*")
NO_GPU = "no NVIDIA GPU was found"

Run = Callable[[Sequence[str]], str]
"""Runs a command: what it printed; raises OSError if it fails."""


@dataclass(frozen=True)
class Torch:
    """The installed torch, by its own file; `cuda` is empty if it was built without."""

    version: str
    cuda: str


@dataclass(frozen=True)
class Gpu:
    """One that can be graded on, as it was found."""

    uuid: str
    name: str
    driver: str
    memory_mib: int
    clocks: str
    torch: Torch
    devices: tuple[str, ...]
    """the files through which it is driven"""


def find(environment: Mapping[str, str], run: Run | None = None, torch: Torch | None = None) -> Gpu | str:
    """The GPU to grade on, or why there is none, as a clause."""
    if sys.platform != "linux":
        return "GPU checks need Linux"
    try:
        listed = _listed((run or _run)([TOOL, f"--query-gpu={','.join(FIELDS)}", "--format=csv,noheader,nounits"]))
    except OSError as error:
        return f"{NO_GPU}: {error}"
    chosen = _visible(listed, environment.get("CUDA_VISIBLE_DEVICES"))
    if isinstance(chosen, str):
        return chosen
    torch = torch or installed_torch()
    if torch is None:
        return "torch is not installed here"
    if not torch.cuda:
        return f"torch here is built without CUDA ({torch.version})"
    return _described(chosen, torch)


def memory_used(uuid: str, run: Run | None = None) -> int | None:
    """Bytes of a GPU's memory that are in use, by whomever; None if the driver's tool does not say."""
    try:
        said = (run or _run)([TOOL, f"--id={uuid}", "--query-gpu=memory.used", "--format=csv,noheader,nounits"])
        return int(said) * 1024 * 1024
    except (OSError, ValueError):
        return None


def installed_torch() -> Torch | None:
    """What torch says of itself in `torch/version.py`, which is read and not run."""
    spec = importlib.util.find_spec("torch")
    if spec is None or not spec.origin:
        return None
    try:
        tree = ast.parse(Path(spec.origin).with_name("version.py").read_text("utf-8"))
    except (OSError, SyntaxError):
        return None
    said = dict(_assigned(node) for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign))
    return Torch(str(said.get("__version__", "")), str(said.get("cuda") or ""))


def _assigned(node: ast.Assign | ast.AnnAssign) -> tuple[str, object]:
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    value = node.value.value if isinstance(node.value, ast.Constant) else None
    return getattr(target, "id", ""), value


def _run(command: Sequence[str]) -> str:
    path = shutil.which(command[0])
    if path is None:
        raise OSError(f"`{command[0]}` is not there")
    try:
        done = subprocess.run([path, *command[1:]], capture_output=True, text=True, timeout=TOOL_S, check=False)  # noqa: S603 - the driver's own tool
    except subprocess.TimeoutExpired:
        raise OSError(f"`{command[0]}` did not answer within {TOOL_S:g} seconds") from None
    if done.returncode:
        words = (done.stderr or done.stdout).strip().splitlines() or [f"exit status {done.returncode}"]
        raise OSError(f"`{command[0]}` says: {words[0]}")
    return done.stdout


def _listed(said: str) -> list[dict[str, str]]:
    rows = [[cell.strip() for cell in line.split(",")] for line in said.splitlines()]
    return [dict(zip(FIELDS, row, strict=True)) for row in rows if len(row) == len(FIELDS)]


def _visible(listed: list[dict[str, str]], named: str | None) -> dict[str, str] | str:
    """The first GPU that CUDA_VISIBLE_DEVICES lets be seen, by number or by identity; why there is none."""
    if not listed:
        return f"{NO_GPU}: `{TOOL}` lists none"
    if named is None:
        return listed[0]
    first = named.split(",")[0].strip()
    for gpu in listed:
        if first and (first == gpu["index"] or (first.startswith("GPU-") and gpu["uuid"].startswith(first))):
            return gpu
    return f"{NO_GPU}: CUDA_VISIBLE_DEVICES is `{named}`, and `{TOOL}` lists no such one"


def _described(gpu: dict[str, str], torch: Torch) -> Gpu:
    clocks = f"{gpu['clocks.sm']} of {gpu['clocks.max.sm']} MHz, memory {gpu['clocks.mem']} MHz"
    memory = int(gpu["memory.total"]) if gpu["memory.total"].isdigit() else 0
    found = sorted(str(path) for pattern in DEVICES for path in Path("/dev").glob(pattern) if path.is_char_device())
    return Gpu(gpu["uuid"], gpu["name"], gpu["driver_version"], memory, clocks, torch, tuple(found))
