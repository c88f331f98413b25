"""Which files a worker may read: the interpreter, the libraries, a few devices, and of these nothing forbidden.

An allow-list cannot take back a part of what it allows, so a folder that holds something hidden is never allowed
itself: its other entries are, one by one.
"""

import os
import re
import site
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

SYSTEM_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib")
SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/localtime", "/usr/share/zoneinfo")
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom")
GPU_FACTS = (
    *("/proc/driver/nvidia", "/proc/devices", "/proc/modules", "/proc/meminfo", "/proc/cpuinfo", "/proc/self"),
    *("/sys/devices", "/sys/bus/pci", "/sys/module/nvidia", "/sys/module/nvidia_uvm"),
)
"""What a GPU's driver may want to read. Of /proc it is the reader's own process and the machine, no other's."""


@dataclass(frozen=True)
class Readable:
    """Absolute paths without symbolic links, but for `spelled`."""

    roots: tuple[str, ...]
    """folders and files that hold all that may be read"""
    spelled: tuple[str, ...]
    """the same as this machine's configuration names them, maybe through links"""
    hidden: tuple[str, ...]
    """what must not be read although it lies beneath a root"""
    allowed: tuple[str, ...]
    """the roots without the hidden: what may be read with all beneath"""
    opened: tuple[str, ...]
    """folders that hold something hidden: their names may be listed, for imports to work"""


def readable(forbidden: Iterable[str], unreadable: Iterable[str] = ()) -> Readable:
    """What a worker may read if it must not import `forbidden` nor read the files `unreadable`."""
    sites = _sites()
    standard = [sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")]
    # Where a distribution of Python keeps the shared libraries that come with it.
    libraries = [*standard, *SYSTEM_LIBRARIES, sysconfig.get_config_var("LIBDIR")]
    spelled = _existing([*libraries, *sites, *SYSTEM_FILES])
    real = sorted({os.path.realpath(path) for path in spelled})
    hidden = {os.path.realpath(path) for path in unreadable}
    for folder in _existing([*standard, *sites]):
        hidden |= {path for name in forbidden for path in _files_of(name, Path(os.path.realpath(folder)))}
    hidden |= _strange_pythons(real)
    roots = tuple(path for path in real if not any(_is_beneath(path, other) for other in real if other != path))
    allowed: list[str] = []
    opened: list[str] = []
    for root in roots:
        _take_apart(root, hidden, allowed, opened)
    covered = sorted(path for path in hidden if _needs_cover(path, roots, hidden))
    return Readable(roots, tuple(spelled), tuple(covered), tuple(allowed), tuple(opened))


def with_gpu(known: Readable, libraries: Iterable[str]) -> Readable:
    """The same, and what the driver of a GPU reads; `libraries` are folders with libraries of its own."""
    more = tuple(_existing([*GPU_FACTS, *(path for path in libraries if os.path.isabs(path))]))
    return replace(known, roots=(*known.roots, *more), allowed=(*known.allowed, *more))


def _sites() -> list[str]:
    """The folders of installed packages."""
    named = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), *site.getsitepackages()]
    return _existing(dict.fromkeys(named))


def _existing(paths: Iterable[str | None]) -> list[str]:
    return [path for path in dict.fromkeys(paths) if path and os.path.exists(path)]


def _files_of(module: str, folder: Path) -> Iterator[str]:
    """All files from which a module could be read: its source, compiled or not, its folder, what pip notes of it."""
    *parents, name = module.split(".")
    place = folder.joinpath(*parents)
    patterns = [name, f"{name}.py", f"{name}.*.so", f"{name}.so", f"{name}.pyc", f"__pycache__/{name}.*.pyc"]
    if not parents:
        # PyPI takes -, _ and . for the same, and so may a folder's name.
        spelling = re.sub(r"[-_.]+", "[-_.]", name)
        patterns += [
            f"{spelling}-*.dist-info",
            f"{spelling}-*.egg-info",
            f"{spelling}.egg-info",
            f"{spelling}.egg-link",
        ]
    for pattern in patterns:
        for path in place.glob(pattern):
            yield str(path)
            yield os.path.realpath(path)


def _strange_pythons(roots: list[str]) -> set[str]:
    """Packages of interpreters other than ours, which lie among the system's libraries or inside our own's."""
    strange = set()
    for root in roots:
        for pattern in ("python*", "pypy*", "site-packages", "dist-packages"):
            for path in map(str, Path(root).glob(pattern)):
                ours = any(_is_beneath(other, path) for other in roots)
                if not ours and os.path.isdir(path) and not os.path.islink(path):
                    strange.add(path)
    return strange


def _take_apart(path: str, hidden: set[str], allowed: list[str], opened: list[str]) -> None:
    if path in hidden:
        return
    if not any(_is_beneath(other, path) for other in hidden):
        allowed.append(path)
        return
    opened.append(path)
    with os.scandir(path) as entries:
        for entry in entries:
            # To allow a link would allow what it leads to; that is allowed under its own name, or not meant to be.
            if not entry.is_symlink():
                _take_apart(entry.path, hidden, allowed, opened)


def _needs_cover(path: str, roots: tuple[str, ...], hidden: set[str]) -> bool:
    """Whether it would be seen among the roots: what a link leads to is hidden under its own name."""
    seen = any(_is_beneath(path, root) for root in roots) and not os.path.islink(path)
    return seen and not any(_is_beneath(path, other) for other in hidden if other != path)


def _is_beneath(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
