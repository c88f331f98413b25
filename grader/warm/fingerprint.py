"""What stands for all that a verdict rests on but the submission: a helper serves only whoever finds the same.

Files are looked at, not read: their sizes and times take a millisecond. A change that leaves no trace there needs a
clock that goes wrong.
"""

import hashlib
import os
import site
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import grader
from grader.catalog import Catalog

# Those that change how Python, its libraries or the engine work; others, as of a terminal, differ between two windows.
VARIABLES = ("HOME", "LANG", "LD_LIBRARY_PATH", "TMPDIR", "GRADER_SECRET_FILE")
PREFIXES = ("PYTHON", "LC_", "HYPOTHESIS_", "OMP_", "OPENBLAS_", "MKL_")


def fingerprint(catalog: Catalog) -> str:
    """A digest of the engine, the lesson but its stubs, the libraries, Python and its environment."""
    known = [grader.__version__, sys.version, sys.executable, sys.prefix, str(catalog.root)]
    known += [f"{name}={value}" for name, value in sorted(os.environ.items()) if _matters(name)]
    known += [_trace(path) for path in _files(catalog)]
    return hashlib.sha256("\0".join(known).encode("utf-8", "surrogateescape")).hexdigest()


def _matters(name: str) -> bool:
    return name in VARIABLES or name.startswith(PREFIXES)


def _files(catalog: Catalog) -> Iterator[Path]:
    yield from sorted(Path(grader.__file__).parent.rglob("*.py"))
    for exercise in catalog.exercises:
        yield from exercise.grounds()
        yield from sorted(exercise.solutions.glob("*.py"))
    # Whatever is installed, removed or replaced there changes the folder itself.
    folders = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), *site.getsitepackages()]
    folders += [site.getusersitepackages()] if site.ENABLE_USER_SITE else []
    yield from map(Path, dict.fromkeys(folders))


def _trace(path: Path) -> str:
    try:
        status = path.stat()
    except OSError:
        return f"{path} is missing"
    return f"{path} {status.st_size} {status.st_ino} {status.st_mtime_ns} {status.st_ctime_ns}"
