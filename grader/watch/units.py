"""A source file taken apart: the functions and classes at its top, what each mentions, and what runs when it is loaded.

By syntax, so that comments and layout are no change. Classes are whole: who calls which of their methods, a library
among others, is nothing that a file tells.
"""

import ast
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
DEFINITION = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
NAMES = re.compile(r"[A-Za-z_][\w.]*")
LOOKING_AROUND = frozenset(
    ["__import__", "builtins", "ctypes", "eval", "exec", "gc", "globals", "importlib", "inspect", "locals", "sys"]
)
"""Names of what reaches code without naming it: whoever uses one could reach anything."""
LOOKING_AROUND_AT_ONESELF = frozenset(["dir", "vars"])
INSIDES = frozenset(["__builtins__", "__dict__", "__globals__", "__subclasses__"])
FOR_EVERYBODY = re.compile(r"(add|disable|enable|filter|manual_seed|patch|register|set|simple|use)(_|filter|$)")
"""How calls begin that set something for a whole process."""


@dataclass(frozen=True)
class Units:
    """What a file is made of. A mention is any name in it, and any string that could be one."""

    loading: str
    """what runs when the file is loaded: all but the bodies of functions and methods"""
    definitions: Mapping[str, str]
    """the functions and classes at the top, by name; of one that is defined twice, both"""
    mentions: Mapping[str, frozenset[str]]
    """of each definition and of each variable at the top"""
    variables: frozenset[str]
    """at the top, and not constant: who changes one is met by whoever reads it"""
    at_loading: frozenset[str]
    """what is mentioned where it runs when the file is loaded"""
    shared: frozenset[str]
    """definitions that may change what others see: an attribute of a module, a setting of a library"""
    looks_around: bool


def units_of(source: bytes, name: str) -> Units:
    """The units of a source; raises SyntaxError or ValueError for what Python would not compile."""
    with warnings.catch_warnings():  # an invalid escape in a string is not our business
        warnings.simplefilter("ignore")
        compile(source, name, "exec", dont_inherit=True)  # some errors of syntax are found only here
        tree = ast.parse(source, name)
    return _units(tree)


def _units(tree: ast.Module) -> Units:
    top = [node for node in tree.body if isinstance(node, DEFINITION)]
    names = {node.name for node in top}
    loading: list[str] = []
    at_loading: set[str] = set()
    mentions: dict[str, set[str]] = {}
    definitions: dict[str, str] = {}
    variables: set[str] = set()
    for node in tree.body:
        if isinstance(node, DEFINITION):
            definitions[node.name] = definitions.get(node.name, "") + ast.dump(node)
            mentions.setdefault(node.name, set()).update(_mentions(node))
            if not _is_inert(node):
                loading.append(_as_loaded(_without_bodies(node), names & definitions.keys()))
        elif not _is_text(node):
            bound = set(_bound(node))
            for name in bound:
                mentions.setdefault(name, set()).update(_mentions(node))
            if not _is_constant(node):
                variables |= bound
            loading.append(_as_loaded(node, names & definitions.keys()))
        for part in _run_at_loading(node):
            at_loading |= _mentions(part)
    return Units(
        "\n".join(loading),
        definitions,
        {name: frozenset(found) for name, found in mentions.items()},
        frozenset(variables),
        frozenset(at_loading),
        frozenset(node.name for node in top if _may_change_what_others_see(node)),
        looks_around=looks_around(tree, LOOKING_AROUND | LOOKING_AROUND_AT_ONESELF),
    )


def _as_loaded(node: ast.stmt, defined: set[str]) -> str:
    """A statement, and what it mentions of what stands above it: that makes a value of what were a NameError."""
    return f"{ast.dump(node)} {sorted(_mentions(node) & defined)}"


def _run_at_loading(node: ast.AST) -> Iterator[ast.AST]:
    """What of a statement at the top may call something: of definitions no bodies, and no annotations."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield from [*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)]
        case ast.ClassDef():
            yield from [*node.decorator_list, *node.bases, *node.keywords]
            for inner in node.body:
                yield from _run_at_loading(inner)
        case ast.AnnAssign():
            if node.value:
                yield node.value
        case _:
            yield node


def looks_around(node: ast.AST, names: frozenset[str] = LOOKING_AROUND) -> bool:
    """Whether code may reach what it does not name."""
    for inner in ast.walk(node):
        match inner:
            case ast.Name(id=name) if name in names:
                return True
            case ast.Attribute(attr=name) if name in INSIDES:
                return True
            case ast.alias(name=name) if name.split(".")[0] in names:
                return True
    return False


def _without_bodies(node: Definition) -> ast.stmt:
    """The part of a definition that runs when the file is loaded."""
    if isinstance(node, ast.ClassDef):
        body = [_without_bodies(one) if isinstance(one, DEFINITION) else one for one in node.body if not _is_text(one)]
        return ast.ClassDef(node.name, node.bases, node.keywords, body, node.decorator_list)
    kind = type(node)
    return kind(node.name, node.args, [], node.decorator_list, node.returns)


def _is_inert(node: Definition) -> bool:
    """Whether its definition does nothing but bind a name: no decorator, default or annotation is computed for it."""
    if isinstance(node, ast.ClassDef):
        return False
    arguments = node.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    computed = [node.returns, *(argument.annotation for argument in every if argument)]
    return not any(
        [*node.decorator_list, *arguments.defaults, *filter(None, arguments.kw_defaults), *filter(None, computed)]
    )


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_constant(node: ast.stmt) -> bool:
    """Whether a statement binds what nobody can change: an import, a number, a text."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return True
    return isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant)


def _bound(node: ast.AST) -> Iterator[str]:
    """The names that a statement or a function binds, those inside of comprehensions left out."""
    inside = {
        id(name) for inner in ast.walk(node) if isinstance(inner, ast.comprehension) for name in ast.walk(inner.target)
    }
    for inner in ast.walk(node):
        match inner:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) if id(inner) not in inside:
                yield name
            case ast.alias():
                yield (inner.asname or inner.name).split(".")[0]
            case ast.arg(arg=name) | ast.ExceptHandler(name=str(name)):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name


def _mentions(node: ast.AST) -> set[str]:
    found: set[str] = set()
    for inner in ast.walk(node):
        match inner:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.keyword(arg=str(name)):
                found.add(name)
            case ast.alias(name=name):
                found |= {*name.split("."), inner.asname or name}
            case ast.Constant(value=str(text)) if NAMES.fullmatch(text):
                found |= set(text.split("."))
    return found


def _may_change_what_others_see(node: Definition) -> bool:
    """Whether it says `global`, stores into something from outside, or calls that for an effect on everybody."""
    local = set(_bound(node)) - {node.name}
    for inner in ast.walk(node):
        match inner:
            case ast.Global():
                return True
            case ast.Attribute(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del()):
                if (root := _root(inner)) and root not in local:
                    return True
            case ast.Expr(value=ast.Call(func=ast.Name(id="setattr" | "delattr"))):
                return True
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr=name) as function, args=arguments)):
                # What is given something of ours, as `nn.init.zeros_(B)`, does something to that.
                for_all = FOR_EVERYBODY.match(name) or not any(_is_local(argument, local) for argument in arguments)
                if for_all and (root := _root(function)) and root not in local:
                    return True
    return False


def _is_local(node: ast.expr, local: set[str]) -> bool:
    return any(isinstance(inner, ast.Name) and inner.id in local for inner in ast.walk(node))


def _root(node: ast.expr) -> str:
    """The name that a chain of attributes and indices begins with; empty where it begins with a call or a value."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
