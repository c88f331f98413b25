"""What this machine offers to confine submissions with, layer by layer: found out by starting a worker, then told."""

import os
import platform
import sys
import tempfile
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from grader.equipment import Item
from grader.worker.host import Order, Served, Worker, Zygote, launch
from grader.worker.isolation import Confinement, Isolation
from grader.worker.limits import Limits

WIDTH = 79
INDENT = " " * 23
SCOPES_ABI = 6
"""the version of Landlock that also holds signals and abstract sockets"""


@dataclass(frozen=True)
class Facts:
    """What was found out about one machine, for one user."""

    system: str
    root: bool
    can_fork: bool
    landlock: int = 0
    refused: tuple[str, ...] = ()
    """why stronger plans than the one in force were refused, the strongest first"""
    confinement: Confinement = field(default_factory=Confinement)
    salted: bool = False
    equipment: tuple[Item, ...] = ()


def examine(unreadable: Iterable[Path], *, salted: bool, equipment: Iterable[Item] = ()) -> Facts:
    """Start a worker as a submission's would be, and hear what it says."""
    equipment = tuple(equipment)
    system = f"{platform.system()} {platform.release()} on {platform.machine()}"
    root = sys.platform != "win32" and os.geteuid() == 0
    with tempfile.TemporaryDirectory() as folder:
        probes = Path(folder, "probes.py")
        probes.touch()
        launcher = launch((Served("nothing", probes, "numpy", ()),))
        try:
            worker = Worker(launcher, Order("nothing", Limits(), unreadable=tuple(map(str, unreadable))))
            worker.close()
            if not isinstance(launcher, Zygote):
                return Facts(system, root, False, confinement=worker.confinement, salted=salted, equipment=equipment)
            announced = launcher.announced()
        finally:
            launcher.close()
    refused = tuple(dict.fromkeys(entry["why"] for entry in announced["refused"]))
    return Facts(system, root, True, announced["plan"]["landlock"], refused, worker.confinement, salted, equipment)


def render(facts: Facts) -> str:
    """The facts, what they mean, and what to do, in 80 columns."""
    lines = [f"{facts.system}, as {'root' if facts.root else 'an ordinary user'}", ""]
    for item in facts.equipment:
        lines += _row(item.holds, item.name, item.words)
    lines += [""] if facts.equipment else []
    if facts.can_fork:
        lines += [line for row in _layers(facts) for line in row]
        lines += ["", *_wrap(_meaning(facts))]
    else:
        lines += _wrap(
            "Submissions run as processes with a time limit, and can do whatever you can: read your files, use the "
            "network. That is fine for your own work, and for nobody else's."
        )
    lines += ["", *_conclusion(facts)]
    return "\n".join(lines) + "\n"


def is_safe(facts: Facts) -> bool:
    """Whether official grading is safe here."""
    return facts.confinement.isolation is not Isolation.NONE


def _layers(facts: Facts) -> Iterator[list[str]]:
    layers = facts.confinement.layers
    first_refusal = facts.refused[0] if facts.refused else "not offered"
    yield _row(True, "limits", "time, memory, output, files; no descriptors, no environment of yours")
    yield (
        _row(True, "namespaces", "no other files, processes or network exist for a submission")
        if "namespaces" in layers
        else _row(False, "namespaces", f"refused: {first_refusal}")
    )
    if "user" in layers:
        yield _row(True, "own user", "files and processes of others are closed to it")
    elif facts.root:
        yield _row(False, "own user", f"refused: {facts.refused[-1] if facts.refused else 'not offered'}")
    else:
        yield _row(False, "own user", "only root can give it one; the other layers hold without")
    if "landlock" in layers:
        note = "" if facts.landlock >= SCOPES_ABI else "; signals are left to seccomp, this kernel's Landlock is older"
        yield _row(True, f"Landlock {facts.landlock}", f"only libraries can be read, only one folder written{note}")
    else:
        yield _row(False, "Landlock", "not offered")
    yield (
        _row(True, "seccomp", "no processes, no sockets, no reaching into others")
        if "seccomp" in layers
        else _row(False, "seccomp", "not offered")
    )
    if facts.confinement.breaches:
        first, *others = facts.confinement.breaches
        more = f", and {len(others)} thing{'s' if len(others) > 1 else ''} more" if others else ""
        yield _row(False, "seen from inside", f"a submission can {first}{more}")
    else:
        yield _row(True, "seen from inside", "nothing that must fail succeeded")
    yield (
        _row(True, "secret", "official inputs cannot be known beforehand")
        if facts.salted
        else _row(False, "secret", "not set: official inputs are the same for whoever knows the seed")
    )


def _row(holds: bool, name: str, words: str) -> list[str]:
    return textwrap.wrap(
        words, WIDTH, initial_indent=f"  {'+' if holds else '-'}  {name:<18}", subsequent_indent=INDENT
    )


def _meaning(facts: Facts) -> str:
    match facts.confinement.isolation:
        case Isolation.FULL:
            return "Isolation: full. A submission is alone on a machine that holds Python and libraries."
        case Isolation.STRONG:
            return "Isolation: strong. A submission can see that others exist, and can reach none of them."
    return "Isolation: none. What is missing above lets a submission reach what it must not."


def _conclusion(facts: Facts) -> list[str]:
    lines = ["What to do"] if _advice(facts) else []
    for advice in _advice(facts):
        lines += textwrap.wrap(advice, WIDTH, initial_indent="  *  ", subsequent_indent=" " * 5, break_on_hyphens=False)
    if lines:
        lines.append("")
    if is_safe(facts):
        return [*lines, "Official grading (`grader check --full`) is safe here."]
    return [*lines, "Official grading is not safe here: `grader check --full` refuses.", "`grader check` works."]


def _advice(facts: Facts) -> list[str]:
    """Steps that would make a difference, the most useful first."""
    confinement, advice = facts.confinement, [item.remedy for item in facts.equipment if item.remedy]
    if not facts.can_fork:
        return [*advice, "Grade on Linux: in CI, in a container, in a virtual machine, on Windows in WSL 2."]
    if confinement.breaches:
        advice.append(
            "Make files that a submission could read private (`chmod 700` on their folder), and keep them away "
            "from Python and its packages."
        )
    if "landlock" not in confinement.layers:
        advice.append(
            "Landlock needs Linux 5.13 or newer, `landlock` among the security modules that the kernel starts, "
            "and in a container a profile from 2022 or later (any current Docker or Podman)."
        )
    if "seccomp" not in confinement.layers:
        advice.append("seccomp needs a kernel with CONFIG_SECCOMP_FILTER, and x86_64 or aarch64.")
    if "namespaces" not in confinement.layers and not facts.root:
        advice.append(
            "For full isolation allow user namespaces: "
            "on Ubuntu `sysctl kernel.apparmor_restrict_unprivileged_userns=0`, "
            "on older Debian `sysctl kernel.unprivileged_userns_clone=1`."
        )
    elif "namespaces" not in confinement.layers and is_safe(facts):
        advice.append("Containers deny namespaces as a rule. Nothing needs to be done: the other layers hold.")
    if not facts.salted:
        advice.append(
            "Before official grading, put the output of `openssl rand -hex 32` into a file that only you can "
            "read, and name it in GRADER_SECRET_FILE."
        )
    return advice


def _wrap(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, break_on_hyphens=False)
