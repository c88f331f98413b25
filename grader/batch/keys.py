"""What determines a verdict, as digests: whatever is not in them must not change a grade.

A key stands for one check under one seed: its code and that of the helpers in its file, the exercise's probes, oracle,
reference, known mistakes, data and limits, the engine, the versions of the libraries, the secret of the inputs. Titles,
hints and points are not in it: they can be changed without grading anything again.
"""

import ast
import hashlib
import importlib.metadata
import platform
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

import grader
from grader.catalog import CONFIG_NAME, Config, Exercise
from grader.checking.collecting import Collected
from grader.salt import Salt

ENGINE = (
    *("authoring/answers.py", "cells/places.py", "checking", "worker"),
    *("grade.py", "wire.py", "salt.py", "verdict.py", "errors.py"),
)
"""The parts of the engine that verdicts pass through."""
ABSENT = "not handed in"
"""What stands for no file: no digest, so that it can be no file's."""


def source_digest(source: bytes | None) -> str:
    """What stands for a submission's file of one exercise."""
    return ABSENT if source is None else hashlib.sha256(source).hexdigest()


def check_keys(
    checks: Sequence[Collected], seed: int, salt: Salt, *, jailed: bool = False, explained: bool = True
) -> dict[str, str]:
    """The key of each check, by its id. It holds those of the checks that its task needs: they can make it skipped.

    `jailed` is whether a submission had to be confined: what it earned where it was not must not count where it must.
    Where nothing is `explained`, no known mistake is named, and none of them is in the keys.
    """
    everywhere = digest([engine_digest(), str(seed), salt.fingerprint, "jailed" if jailed else ""])
    exercises = {collected.exercise.name: collected.exercise for collected in checks}
    materials = {name: _materials(exercise, explained=explained) for name, exercise in exercises.items()}
    codes = {path: code for exercise in exercises.values() for path, code in _codes(exercise).items()}
    keys: dict[str, str] = {}
    public = {collected.check.id for collected in checks if not collected.hidden}
    for collected in checks:
        exercise, check = collected.exercise, collected.check
        needs = exercise.task(check.task).needs
        needed = [keys[known] for known in keys if known in public and {known, known.rpartition(".")[0]} & set(needs)]
        file = exercise.hidden_checks if collected.hidden else exercise.public_checks
        code = codes[file].get(collected.body.__name__) or _of_file(file)  # one that is made in some other way
        keys[check.id] = digest([everywhere, materials[exercise.name], code, check.id, *needed])
    return keys


def engine_digest() -> str:
    """What stands for the engine and for the Python that runs it."""
    home = Path(grader.__file__).parent
    files = [file for part in ENGINE for file in _python_files(home / part)]
    return digest([grader.__version__, platform.python_version(), *map(_of_file, files)])


def _materials(exercise: Exercise, *, explained: bool) -> str:
    """All of an exercise but its checks, its text, the stub and the notebook."""
    config = exercise.config
    files = [path for path in exercise.grounds() if path not in (exercise.public_checks, exercise.folder / CONFIG_NAME)]
    settings = settings_of(config)
    libraries = {name.split(".")[0] for name in (*config.warm, *config.forbidden)} | {"hypothesis", "numpy"}
    reference = [_of_file(exercise.reference)] if exercise.reference.is_file() else []
    mistakes = sorted((exercise.solutions / "wrong").glob("*.py")) if explained else []
    return digest([settings, *map(_version, sorted(libraries)), *map(_of_file, [*files, *mistakes]), *reference])


def settings_of(config: Config) -> str:
    """What `exercise.toml` says that can move a verdict, but for needs: the keys of what is needed stand for them."""
    return msgspec.json.encode([config.framework, config.warm, config.forbidden, config.limits]).decode()


def _codes(exercise: Exercise) -> dict[Path, dict[str, str]]:
    """The digest of each check's code, by its file and its function: its body, its cases, the helpers it may use.

    Those are its own file's; hidden checks may import the public ones', too.
    """
    found: dict[Path, dict[str, str]] = {}
    helpers: list[str] = []
    for path in (exercise.public_checks, exercise.hidden_checks):
        if path.is_file():
            tree = ast.parse(path.read_text("utf-8"), str(path))
            checks = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef) and _mark(node)}
            helpers += [ast.dump(node) for node in tree.body if node not in checks.values()]
            found[path] = {name: digest([*helpers, _code(node)]) for name, node in checks.items()}
    return found


def _code(check: ast.FunctionDef) -> str:
    """All of a check but its mark."""
    check.decorator_list = [decorator for decorator in check.decorator_list if decorator is not _mark(check)]
    return ast.dump(check)


def _mark(function: ast.FunctionDef) -> ast.expr | None:
    """The decorator that makes a function a check, which holds its title, hint and points."""
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Name) and decorator.func.id == "check":
            return decorator
    return None


def _python_files(path: Path) -> list[Path]:
    return sorted(path.rglob("*.py")) if path.is_dir() else [path]


def _version(module: str) -> str:
    try:
        return f"{module} {importlib.metadata.version(module)}"
    except importlib.metadata.PackageNotFoundError:  # of the standard library, or named otherwise than its package
        return module


def _of_file(path: Path) -> str:
    return f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}"


def digest(parts: Iterable[str]) -> str:
    """One digest of several texts."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
