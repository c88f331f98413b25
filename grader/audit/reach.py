"""Which checks can tell an answer from the reference: those that run a function in which the two differ.

Measured, not guessed: the reference is judged with every function saying when it is entered. A check that enters none
of the functions that differ has, step by step, what the reference has, and so the verdict that the reference has, in a
process of its own. In doubt an answer reaches every check. What a decorator does to other functions is not seen, nor a
call that fails for a signature before the function is entered.
"""

import ast
import functools
import io
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from grader.catalog import Exercise
from grader.checking.cancelling import Cancellation
from grader.checking.grading import Grading, seed_of
from grader.checking.holding import Held, Source
from grader.checking.implementation import Implementation
from grader.grade import Session
from grader.verdict import Verdict

LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
"""As Python counts them: other characters that end a line elsewhere do not."""
TOLD = re.compile("\x1e(.+?)\x1f")
# To the descriptor, not to `sys.stdout`: a probe may catch what is printed. Once each, since output has a limit.
TELLING = """
import os as _os_of_the_audit
_told_to_the_audit = set()

def _tell_the_audit(name):
    if name not in _told_to_the_audit:
        _told_to_the_audit.add(name)
        _os_of_the_audit.write(1, f"\\x1e{name}\\x1f\\n".encode())
"""
LOOKS_INSIDE = frozenset(
    [
        "inspect",
        "__annotations__",
        "__code__",
        "__defaults__",
        "__doc__",
        "__kwdefaults__",
        "__signature__",
        "__wrapped__",
    ]
)
"""Names by which a probe tells functions apart without calling them."""
Function = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
Entered = dict[str, frozenset[str]]
"""the functions that each check enters when the reference is judged"""


# ------------------------------------------------------------------------------------- what is entered


def telling(reference: bytes) -> bytes:
    """The reference, each of its functions saying at its first entry that it is entered."""
    tree = ast.parse(reference)
    for name, function in _functions(tree):
        told = ast.parse(f"_tell_the_audit({name!r})").body
        function.body[:0] = told
    head = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
    rest = [node for node in tree.body if node not in head]
    whole = ast.Module([*head, *ast.parse(TELLING).body, *rest], [])
    return ast.unparse(ast.fix_missing_locations(whole)).encode()


def entered(session: Session, exercise: Exercise, seed: int, checks: Iterable[str]) -> Entered:
    """What these checks enter under a seed; of one that the reference does not pass, nothing is known."""
    wanted = set(checks)
    listening = _Listening(session.bench.student(exercise, telling(exercise.reference.read_bytes())), session, exercise)
    grading = Grading(session.bench, {exercise.name: listening}, seed, session.salt, explain=False)
    core = session.bench.launcher.core
    core.take()
    try:
        for found in session.checks:
            if found.exercise is exercise and found.check.id in wanted:
                grading.run(exercise, found.body, hidden=found.hidden)
        listening.hearing.printed()
    finally:
        listening.close()
        core.lend()
    return {
        check: frozenset(listening.hearing.heard[seed_of(seed, check, session.salt)])
        for check, judged in grading.judged.items()
        if judged.verdict is Verdict.PASS
    }


class _Hearing(Held):
    """Hears which functions are entered."""

    def __init__(self, source: Source, session: Session, exercise: Exercise) -> None:
        super().__init__(source, session.bench.launcher, exercise.name, Cancellation())
        self.heard: dict[int, set[str]] = defaultdict(set)
        """by the seed of the check"""
        self.seed = 0

    def printed(self) -> str:
        text = super().printed()
        self.heard[self.seed] |= set(TOLD.findall(text))
        return text

    def load_anew(self) -> None:
        """Let each function say once more that it is entered."""
        if self.is_alive:
            self.ready().load(self._source.name, self._source.content or b"")


class _Listening(Implementation):
    """Loads its source anew for each check, and hears which functions each of them enters."""

    def __init__(self, real: Implementation, session: Session, exercise: Exercise) -> None:
        super().__init__(real.source, session.bench.launcher, exercise.name)
        self.held = self.hearing = _Hearing(real.source, session, exercise)

    def begin(self, seed: int) -> None:
        super().begin(seed)  # which hears the last words of the check before
        self.hearing.seed = seed
        self.hearing.load_anew()


# ------------------------------------------------------------------------------------- what differs


@dataclass(frozen=True)
class _Parts:
    """A source, taken apart."""

    functions: dict[str, str]
    """the functions at the top and the methods of classes there, by their dotted names"""
    mentions: dict[str, frozenset[str]]
    """the names that each of them reads"""
    classes: frozenset[str]
    generators: frozenset[str]
    rest: str
    """all but the bodies of functions"""
    read: frozenset[str]
    """the names that this reads"""

    @classmethod
    def of(cls, source: str) -> "_Parts":
        """What its statements at the top are together; raises SyntaxError and ValueError."""
        try:
            parts = [_part(chunk) for chunk in _chunks(source)]
        except SyntaxError:  # a statement begins on the line before it, behind a backslash say
            parts = [_part(source)]
        functions: dict[str, str] = defaultdict(str)
        mentions: dict[str, frozenset[str]] = defaultdict(frozenset)
        for part in parts:
            for name, code in part.functions.items():
                functions[name] += code
                mentions[name] |= part.mentions[name]
        return cls(
            dict(functions),
            dict(mentions),
            frozenset().union(*(part.classes for part in parts)),
            frozenset().union(*(part.generators for part in parts)),
            "".join(part.rest for part in parts),
            frozenset().union(*(part.read for part in parts)),
        )

    def of_class(self, name: str) -> set[str]:
        return {function for function in self.functions if function.startswith(f"{name}.")}

    def mentioning(self, name: str) -> set[str]:
        return {function for function, names in self.mentions.items() if name in names}


class Differences:
    """Tells in which functions an answer differs from the reference of an exercise."""

    def __init__(self, exercise: Exercise) -> None:
        self._text = exercise.reference.read_text("utf-8")
        self._parts = _Parts.of(self._text)
        self._asked_for = frozenset(_asked_for(ast.parse(exercise.probes.read_bytes())))

    def of(self, source: bytes) -> frozenset[str] | None:
        """The functions of the reference that differ; None where more than functions may."""
        if self._asked_for & LOOKS_INSIDE:
            return None
        try:
            if tokenize.detect_encoding(io.BytesIO(source).readline)[0] != "utf-8":
                return None
            text = source.decode()
            if text.startswith(self._text):
                found = set().union(*map(self._of_later, ast.parse(text.removeprefix(self._text)).body))
                return frozenset(found)
            theirs = _Parts.of(text)
        except (SyntaxError, ValueError, _UnclearError):
            return None
        ours = self._parts
        if ours.rest != theirs.rest or ours.generators != theirs.generators:
            return None
        return frozenset(name for name, code in ours.functions.items() if theirs.functions[name] != code)

    def _of_later(self, node: ast.stmt) -> set[str]:
        """What a statement behind the reference's own makes another one; raises _UnclearError."""
        match node:
            case ast.Expr(value=ast.Constant()):
                return set()
            case ast.FunctionDef(name=name):
                if name in self._parts.functions and _yields(node) != (name in self._parts.generators):
                    raise _UnclearError
                return self._rebound(name)
            case ast.ClassDef(name=name) if name in self._parts.classes:
                return self._of_class(node)
            case ast.ClassDef(name=name):
                return self._rebound(name)
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                bound = [alias.asname or alias.name.split(".")[0] for alias in names]
                return set().union(*map(self._rebound, bound))
            case ast.Assign(targets=targets, value=value) if not _calls(value):
                return set().union(*map(self._of_target, targets))
        raise _UnclearError

    def _of_target(self, target: ast.expr) -> set[str]:
        match target:
            case ast.Name(id=name) if name not in self._parts.generators:
                return self._rebound(name)
            case ast.Attribute(value=ast.Name(id=name), attr=method) if f"{name}.{method}" in self._parts.functions:
                if f"{name}.{method}" in self._parts.generators:
                    raise _UnclearError
                return {f"{name}.{method}"}
            case ast.Attribute(value=inner) | ast.Subscript(value=inner):
                return self._of_part(inner)
        raise _UnclearError

    def _of_part(self, node: ast.expr) -> set[str]:
        """What belongs to a function, as its defaults do, is met by whoever enters it."""
        match node:
            case ast.Name(id=name) if name in self._parts.functions:
                return {name}
            case ast.Attribute(value=inner) | ast.Subscript(value=inner):
                return self._of_part(inner)
        raise _UnclearError

    def _rebound(self, name: str) -> set[str]:
        """What differs where a name at the top means something else."""
        parts = self._parts
        if name in parts.functions:
            return {name}
        if name in parts.classes:
            return self._whole(name) | parts.mentioning(name)
        if name in self._asked_for or name in parts.read or name.startswith("__"):
            raise _UnclearError
        return parts.mentioning(name)

    def _of_class(self, node: ast.ClassDef) -> set[str]:
        parts, name = self._parts, node.name
        extends = [base.id for base in node.bases if isinstance(base, ast.Name)] == [name] and len(node.bases) == 1
        if not extends or node.keywords or node.decorator_list:
            return self._whole(name) | parts.mentioning(name)
        found: set[str] = set()
        for inner in node.body:
            if isinstance(inner, ast.FunctionDef) and f"{name}.{inner.name}" in parts.functions:
                if _yields(inner) != (f"{name}.{inner.name}" in parts.generators):
                    raise _UnclearError
                found.add(f"{name}.{inner.name}")
            elif not isinstance(inner, ast.Pass) and not _is_text(inner):
                found |= self._whole(name) | parts.mentioning(name)
        return found

    def _whole(self, name: str) -> set[str]:
        """Whatever meets an instance: none comes into being without `__init__`."""
        if f"{name}.__init__" not in self._parts.functions:
            raise _UnclearError
        return self._parts.of_class(name)


class _UnclearError(Exception):
    """More than functions may differ."""


def reaching(differing: frozenset[str] | None, known: Mapping[str, frozenset[str]], checks: Iterable[str]) -> list[str]:
    """The checks that can tell: those that enter a function that differs, and those of which nothing is known."""
    if differing is None:
        return list(checks)
    return [check for check in checks if check not in known or known[check] & differing]


def _chunks(source: str) -> Iterator[str]:
    """The source cut before lines on which a statement at the top begins, and none goes on."""
    lines = LINE.findall(source)
    starts, end = [0], 0
    for node in ast.parse(source).body:
        first = min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", ()))])
        if first > end:
            starts.append(first - 1)
        end = max(end, node.end_lineno or first)
    for start, stop in pairwise([*starts, len(lines)]):
        yield "".join(lines[start:stop])


@functools.cache
def _part(chunk: str) -> _Parts:
    """A part of a source, taken apart; most answers have most of them in common."""
    tree = ast.parse(chunk)
    functions: dict[str, str] = defaultdict(str)
    mentions: dict[str, frozenset[str]] = defaultdict(frozenset)
    generators: set[str] = set()
    found = list(_functions(tree))
    for name, function in found:
        functions[name] += ast.dump(function)
        mentions[name] |= _names(function)
        if _yields(function):
            generators.add(name)
    classes = frozenset(node.name for node in tree.body if isinstance(node, ast.ClassDef))
    for _, function in found:
        function.body = []
    return _Parts(dict(functions), dict(mentions), classes, frozenset(generators), ast.dump(tree), _read(tree))


def _functions(tree: ast.Module) -> Iterator[tuple[str, Function]]:
    """The functions at the top and in classes there, by their dotted names; those inside of others are part of them."""
    ahead: list[tuple[str, ast.stmt]] = [("", node) for node in tree.body]
    for prefix, node in ahead:
        if isinstance(node, FUNCTION):
            yield prefix + node.name, node
        elif isinstance(node, ast.ClassDef):
            ahead += [(f"{prefix}{node.name}.", inner) for inner in node.body]


def _yields(function: Function) -> bool:
    """Whether it runs when it is gone through, and not when it is called."""
    return any(isinstance(node, ast.Yield | ast.YieldFrom) for node in ast.walk(function))


def _names(tree: ast.AST) -> frozenset[str]:
    return frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))


def _read(tree: ast.AST) -> frozenset[str]:
    return frozenset(
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    )


def _asked_for(probes: ast.Module) -> Iterator[str]:
    """What probes may look for in an implementation."""
    for node in ast.walk(probes):
        match node:
            case ast.Attribute(attr=name) | ast.Constant(value=str(name)) | ast.alias(name=name):
                yield name


def _calls(node: ast.expr) -> bool:
    """Whether something may be called that is met nowhere else."""
    return any(isinstance(one, ast.Call) for one in ast.walk(node))


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
