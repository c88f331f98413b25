"""Cuts the text of a cell into statements that can be taken one by one, and tells what each binds, reads, changes."""

import ast
import keyword
import re
import symtable
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from grader.cells.magics import parse

RUNNERS = frozenset(
    {"load_dataset", "from_pretrained", "pipeline", "hf_hub_download", "snapshot_download", "urlopen", "urlretrieve"}
    | {"backward"}
)
"""Calls that take data from elsewhere, which a worker cannot, or that train."""
CHANGERS = frozenset(
    {
        "add",
        "append",
        "clear",
        "discard",
        "extend",
        "insert",
        "pop",
        "remove",
        "reverse",
        "setdefault",
        "sort",
        "update",
    }
)
"""Methods by which a list, a set or a dict is changed."""
DEFINITION = re.compile(r"^(async +def|def|class) +([^\W\d]\w*)", re.MULTILINE)
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
COMPREHENSION_NAMES = frozenset({"listcomp", "setcomp", "dictcomp", "genexpr"})
"""what `symtable` calls their scopes"""
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True, eq=False)
class Statement:
    """One statement of the top level."""

    place: str
    """the cell, in words"""
    line: int
    """where its first line is in the cell"""
    text: str
    node: ast.stmt
    marked: str = ""
    """the name that nbgrader's name for the cell says it defines"""
    is_broken: bool = False
    """whether it stands in for a definition in a cell that is no Python, and raises that error"""
    lazy_annotations: bool = False
    """whether annotations are never executed"""

    @cached_property
    def binds(self) -> frozenset[str]:
        """The names that it gives a value to."""
        names: set[str] = set()
        for node in own_nodes(self.node):
            match node:
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                    names.add(name)
                case ast.Name(id=name, ctx=ast.Store()) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                    names.add(name)
                case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                    names |= {alias.asname or alias.name.split(".")[0] for alias in aliases}
        if isinstance(self.node, ast.AnnAssign) and self.node.value is None:
            return frozenset()
        return frozenset(names)

    @cached_property
    def changes(self) -> frozenset[str]:
        """The names of what it changes without binding them: `LoRALinear.merge = merge`, `TABLE.update(...)`.

        A decorator may do so, too: `@add_to_class(LoRALinear)`, `@layer_widths.register`.
        """
        names: set[str] = set()
        for node in own_nodes(self.node):
            match node:
                case ast.Attribute(ctx=ast.Store(), value=base) | ast.Subscript(ctx=ast.Store(), value=base):
                    names.add(_root(base))
                case ast.Call(func=ast.Name(id="setattr" | "delattr"), args=[base, *_]):
                    names.add(_root(base))
                case ast.Call(func=ast.Attribute(attr=method, value=base)) if method in CHANGERS:
                    names.add(_root(base))
                case ast.FunctionDef(decorator_list=[_, *_] as decorators):
                    names |= {name for decorator in decorators for name in _given_to(decorator)}
        return frozenset(names - {""})

    @cached_property
    def reads_now(self) -> frozenset[str]:
        """The names that must be bound when it is executed."""
        return self._reads[0]

    @cached_property
    def reads_later(self) -> frozenset[str]:
        """The names that functions in it read when they are called."""
        return self._reads[1]

    @cached_property
    def is_import(self) -> bool:
        return isinstance(self.node, ast.Import | ast.ImportFrom)

    @cached_property
    def _reads(self) -> tuple[frozenset[str], frozenset[str]]:
        now = set(self.binds) if isinstance(self.node, ast.AugAssign) else set()
        later: set[str] = set()
        future = "from __future__ import annotations\n" if self.lazy_annotations else ""
        todo = [(symtable.symtable(future + self.text, "cell", "exec"), now)]
        while todo:
            table, names = todo.pop()
            for symbol in table.get_symbols():
                is_ours = table.get_type() in ("module", "class") or symbol.is_global()
                if is_ours and symbol.is_referenced():
                    names.add(symbol.get_name())
            for inner in table.get_children():
                waits = inner.get_type() == "function" and inner.get_name() not in COMPREHENSION_NAMES
                todo.append((inner, later if waits else names))
        return frozenset(now), frozenset(later)


@dataclass(frozen=True)
class Cut:
    """What a cell holds."""

    statements: tuple[Statement, ...] = ()
    future: frozenset[str] = frozenset()
    """what it imports from `__future__`"""
    problem: str = ""
    """what of it is no Python; statements that raise just that stand in for what it defines"""
    runs: bool = False
    """whether some of it can never be taken, because it only runs"""


def own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """A statement and what is in it, but not in functions, classes, comprehensions: those have names of their own."""
    todo = [node]
    while todo:
        node = todo.pop()
        yield node
        if not isinstance(node, (*DEFINITIONS, ast.Lambda, *COMPREHENSIONS)):
            todo += reversed(list(ast.iter_child_nodes(node)))


def cut(source: str, place: str, marked: str = "") -> Cut:
    """The statements of a cell that can be taken: all that bind or change something.

    `marked` is the name that the cell is meant to define, where that is known.
    """
    source = source.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode()
    try:
        text, tree = parse(source)
    except SyntaxError as error:
        kinds = {name: kind for kind, name in DEFINITION.findall(source)}
        return _broken(kinds or {marked: "def"}, place, marked, error.msg, error.lineno or 1)
    lines = text.encode().split(b"\n")
    cuts = [
        _cut_part(part, place, marked) for node, nested in _flatten(tree.body) for part in _parts(node, lines, nested)
    ]
    return Cut(
        tuple(statement for one in cuts for statement in one.statements),
        frozenset(name for one in cuts for name in one.future),
        next((one.problem for one in cuts if one.problem), ""),
        text != source or any(one.runs for one in cuts),
    )


@dataclass(frozen=True)
class _Part:
    node: ast.stmt
    line: int
    text: str


def _cut_part(part: _Part, place: str, marked: str) -> Cut:
    node = part.node
    if isinstance(node, ast.ImportFrom) and node.module == "__future__":
        return Cut(future=frozenset(alias.name for alias in node.names))
    if isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
        return Cut()
    statement = Statement(place, part.line, part.text, node, marked)
    if isinstance(node, ast.Delete) or not (statement.binds or statement.changes):
        return Cut(runs=True)
    try:
        compile(part.text, "cell", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        if not isinstance(node, DEFINITIONS):
            return Cut(runs=True)  # a top-level `await`, say, which a notebook may have and a module may not
        kind = "class" if isinstance(node, ast.ClassDef) else "def"
        line = part.line + (error.lineno or 1) - 1 if isinstance(error, SyntaxError) else part.line
        return _broken({node.name: kind}, place, marked, getattr(error, "msg", "is nested too deep"), line)
    return Cut((statement,))


def _broken(kinds: Mapping[str, str], place: str, marked: str, reason: str, line: int) -> Cut:
    """Definitions that tell why they are none, by the kind of each name, on the line where Python stopped reading."""
    statements = []
    for name, kind in kinds.items():
        if not name.isidentifier() or keyword.iskeyword(name):
            continue
        text = f"def {name}(*_, **__): raise SyntaxError({reason!r})"
        first = line
        if kind == "class":
            text = f"class {name}:\n    def __init__(self, *_, **__): raise SyntaxError({reason!r})"
            first = line - 1
        statements.append(Statement(place, first, text, ast.parse(text).body[0], marked, is_broken=True))
    return Cut(tuple(statements), problem=f"{place}, line {line}: {reason}")


def _flatten(body: Sequence[ast.stmt]) -> Iterator[tuple[ast.stmt, bool]]:
    """Top-level statements, with those of `if __name__ == "__main__"`, which holds in a notebook, one by one."""
    for node in body:
        match node:
            case ast.If(test=ast.Compare(ast.Name("__name__"), [ast.Eq()], [ast.Constant("__main__")]), body=inner):
                yield from ((statement, True) for statement in inner)
            case _:
                yield node, False


def _parts(node: ast.stmt, lines: Sequence[bytes], nested: bool) -> Iterator[_Part]:
    """A statement with its text; an import name by name, for one may not be installed where the others will do."""
    if isinstance(node, ast.Import) and len(node.names) > 1:
        for alias in node.names:
            single = ast.Import([alias])
            yield _Part(single, node.lineno, ast.unparse(single))
    elif isinstance(node, ast.ImportFrom) and len(node.names) > 1:
        for alias in node.names:
            single_from = ast.ImportFrom(node.module, [alias], node.level)
            yield _Part(single_from, node.lineno, ast.unparse(single_from))
    else:
        yield _part(node, lines, nested)


def _part(node: ast.stmt, lines: Sequence[bytes], nested: bool) -> _Part:
    first = min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", ()))])
    while first < node.lineno and not lines[first - 1].lstrip().startswith(b"@"):
        first -= 1
    last = node.end_lineno or node.lineno
    taken = [*lines[first - 1 : last]]
    taken[-1] = taken[-1][: node.end_col_offset]
    before, taken[0] = taken[0][: node.col_offset], taken[0][node.col_offset :]
    text = b"\n".join(taken).decode()
    if not nested:
        return _Part(node, first, text)
    indent = before.decode() if not before.strip() else "    "
    return _Part(node, first - 1, f"if True:\n{indent}{text}")


def _given_to(decorator: ast.expr) -> Iterator[str]:
    """The names of what a decorator may add a function to: its arguments, or what has it register the function."""
    while isinstance(decorator, ast.Call):
        yield from (one.id for one in decorator.args if isinstance(one, ast.Name))
        decorator = decorator.func
    if isinstance(decorator, ast.Attribute) and decorator.attr == "register":
        yield _root(decorator.value)


def _root(node: ast.expr) -> str:
    """The name that a chain of attributes and items begins with; empty if it begins otherwise."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
