"""What there is on this machine to work with: Python, packages and their versions, disk.

The standard library alone, so that it can tell what is missing.
"""

import os
import platform
import re
import shutil
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import grader

PROJECT = "finetune-grader"
HOME = Path(grader.__file__).parents[1]
"""the lesson's folder, unless the grader was installed apart from it"""
LEAST_FREE_GB = 0.5
NAME = re.compile(r"[\w.-]+")


@dataclass(frozen=True)
class Package:
    """One that the grader needs; versions are empty where there is none, or none is asked for."""

    name: str
    found: str
    wanted: str

    @property
    def is_missing(self) -> bool:
        return not self.found

    @property
    def is_another(self) -> bool:
        """Whether the version is not the one that the exercises were measured with."""
        return bool(self.found and self.wanted) and self.found.split("+")[0] != self.wanted


@dataclass(frozen=True)
class Item:
    """One thing that was looked at."""

    holds: bool
    name: str
    words: str
    remedy: str = ""
    """what to do about it, if something must be done"""


def packages(lesson: Path = HOME) -> list[Package]:
    """What the grader needs to run; the lesson says in which versions."""
    wanted = _pins(lesson / "constraints.txt")
    return [Package(name, _version(name), wanted.get(name, "")) for name in _requirements()]


def items(needed: Sequence[Package], lesson: Path = HOME) -> Iterator[Item]:
    """What there is and what is missing, a line for each."""
    yield Item(True, "Python", f"{platform.python_version()}, {sys.executable}")
    odd = [package for package in needed if package.is_missing or package.is_another]
    if needed:
        missing = any(package.is_missing for package in needed)
        remedy = f"Install what is missing: {how_to_install()}." if missing else ""
        yield Item(not odd, "packages", f"{len(needed) - len(odd)} of {len(needed)} as they should be", remedy)
    for package in odd:
        instead = f"{package.found}, and constraints.txt says {package.wanted}: last digits may differ"
        yield Item(False, package.name, "is missing" if package.is_missing else instead)
    free = shutil.disk_usage(lesson).free / 1e9
    enough = free >= LEAST_FREE_GB
    yield Item(enough, "disk", f"{free:.1f} GB free", "" if enough else "Free some space on this disk.")


def lacking() -> str:
    """A line about what is missing of what the grader needs; empty for nothing."""
    missing = [package.name for package in packages() if package.is_missing]
    return f"missing here: {', '.join(missing)}; {how_to_install()}" if missing else ""


def how_to_install() -> str:
    """What to do where something is missing, as a sentence."""
    if os.environ.get("GRADER_VIA") == "make":
        return "remove the folder `.venv` and run `make check`"
    return "`python -m pip install -c constraints.txt -e .` in the lesson's folder installs it"


def _requirements() -> list[str]:
    """The names of the packages, from the project beside us or from what is known of us as an installed package."""
    try:
        project = tomllib.loads((HOME / "pyproject.toml").read_text("utf-8"))["project"]
        texts = project["dependencies"] if project["name"] == PROJECT else []
    except (OSError, tomllib.TOMLDecodeError, KeyError):
        from importlib import metadata  # as below

        try:
            texts = [text for text in metadata.requires(PROJECT) or () if "extra ==" not in text]
        except metadata.PackageNotFoundError:
            return []
    return [found[0] for text in texts if (found := NAME.match(text))]


def _pins(path: Path) -> dict[str, str]:
    """The versions of a constraints file."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError:
        return {}
    return dict(line.strip().split("==") for line in lines if line.count("==") == 1)


def _version(name: str) -> str:
    from importlib import metadata  # takes longer than all of us, and is wanted when something is missing

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
