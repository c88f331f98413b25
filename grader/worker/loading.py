"""Turns source text into an implementation module, and an exception into words about that source alone."""

import importlib.abc
import itertools
import linecache
import re
import sys
import traceback
from collections.abc import Iterable
from importlib.machinery import ModuleSpec
from types import ModuleType

from grader.wire import FORBIDDEN_IMPORT, MAX_NAME, Value
from grader.worker.limits import MAX_BASES, MAX_FRAMES, MAX_LINE, MAX_TEXT

MAX_CAUSES = 8
RANDOM_NAME = re.compile(r"/(tmp|grader-)[a-z0-9_]{8}\b")
"""as `tempfile` makes them"""


def forbid(names: Iterable[str]) -> None:
    """Refuse imports of modules by their names, in words. What keeps them out of reach is the jail."""
    names = tuple(names)
    sys.meta_path.insert(0, _ForbiddenFinder(names))
    for name in names:
        # To libraries that only ask whether it is installed, it is not: they must go on to work without it.
        sys.modules[name] = None  # type: ignore[assignment]  # documented: an import of it fails


def _refusal(name: str) -> str:
    return f"this exercise is about writing it yourself: `{name}` cannot be imported here"


class ForbiddenImport(ImportError):
    """An import of what the exercise forbids; learners read the name of its base."""


class _ForbiddenFinder(importlib.abc.MetaPathFinder):
    def __init__(self, forbidden: tuple[str, ...]) -> None:
        self._forbidden = forbidden

    def find_spec(self, fullname: str, path: object = None, target: object = None, /) -> ModuleSpec | None:
        for name in self._forbidden:
            if fullname == name or fullname.startswith(name + "."):
                raise ForbiddenImport(_refusal(name), name=name)
        return None


def load_implementation(name: str, source: bytes) -> ModuleType:
    """The module that `source` defines, known to tracebacks as `name`.py; raises whatever its code raises."""
    filename = f"{name}.py"
    module = ModuleType(name)
    module.__file__ = filename
    sys.modules[name] = module
    code = compile(source, filename, "exec", dont_inherit=True)
    text = source.decode("utf-8", errors="replace")
    # Lets tracebacks and inspect.getsource show lines of a file that never lay on this machine's disk.
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    exec(code, module.__dict__)
    return module


def describe(error: BaseException, filename: str) -> dict[str, Value]:
    """What a learner may know of an exception: its type and bases, its text, and the frames of their own file."""
    frames: list[Value] = []
    if isinstance(error, SyntaxError) and error.filename == filename:
        frames.append(
            {"line": error.lineno or 0, "function": "<module>", "text": (error.text or "").strip()[:MAX_LINE]}
        )
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename == filename:
            text = (frame.line or "")[:MAX_LINE]
            frames.append({"line": frame.lineno or 0, "function": frame.name[:MAX_NAME], "text": text})
    bases: list[Value] = [base.__name__[:MAX_NAME] for base in type(error).__mro__[:-1]]
    if _refused_import(error):
        bases.insert(0, FORBIDDEN_IMPORT)
    return {
        "type": "ImportError" if type(error) is ForbiddenImport else type(error).__name__[:MAX_NAME],
        "bases": bases[:MAX_BASES],
        "message": _text_of(error),
        "frames": frames[-MAX_FRAMES:],
    }


def _text_of(error: BaseException) -> str:
    refused = _refused_import(error)
    if refused:
        return _refusal(refused)
    try:
        text = error.msg if isinstance(error, SyntaxError) else str(error)
    except BaseException:  # __str__ is the submission's own code
        return "(its message cannot be printed)"
    # Two runs must tell the same, and a folder's name is another one in each.
    plain = RANDOM_NAME.sub(r"/\1*", str(text)[:MAX_TEXT])
    # Lone surrogates are legal in str and illegal in UTF-8.
    return plain.encode("utf-8", "replace").decode()


def _refused_import(error: BaseException | None) -> str:
    """The forbidden module that an exception is about, maybe by way of a library that wrapped it."""
    for _ in range(MAX_CAUSES):
        name = error.name if type(error) is ModuleNotFoundError else None
        parts = name.split(".") if type(name) is str else []
        for module in itertools.accumulate(parts, "{}.{}".format):
            if sys.modules.get(module, error) is None:
                return module
        error = error and error.__cause__
    return ""
