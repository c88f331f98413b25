"""Small mistakes made by a machine: the reference with one change inside one of its solution regions.

Every change is one that a person makes: another operator, a constant off by one, a statement left out, arguments
swapped, a keyword forgotten, a graph cut, another dtype or axis, a copy instead of the thing itself. Left alone are
the words of exceptions, docstrings and annotations, which no check is to judge.
"""

import ast
import difflib
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar, cast

import libcst as cst
from libcst.metadata import MetadataWrapper, ParentNodeProvider, PositionProvider

from grader.authoring.stubs import Region, regions_of

DIGEST_LENGTH = 12
COMPARISONS: dict[type[cst.BaseCompOp], tuple[type[cst.BaseCompOp], ...]] = {
    cst.LessThan: (cst.LessThanEqual, cst.GreaterThanEqual),
    cst.LessThanEqual: (cst.LessThan, cst.GreaterThan),
    cst.GreaterThan: (cst.GreaterThanEqual, cst.LessThanEqual),
    cst.GreaterThanEqual: (cst.GreaterThan, cst.LessThan),
    cst.Equal: (cst.NotEqual,),
    cst.NotEqual: (cst.Equal,),
    cst.Is: (cst.IsNot,),
    cst.IsNot: (cst.Is,),
    cst.In: (cst.NotIn,),
    cst.NotIn: (cst.In,),
}
OPERATORS: dict[type[cst.BaseBinaryOp], type[cst.BaseBinaryOp]] = {
    cst.Add: cst.Subtract,
    cst.Subtract: cst.Add,
    cst.Multiply: cst.Divide,
    cst.Divide: cst.Multiply,
    cst.FloorDivide: cst.Divide,
    cst.Modulo: cst.FloorDivide,
    cst.Power: cst.Multiply,
    cst.BitAnd: cst.BitOr,
    cst.BitOr: cst.BitAnd,
    cst.BitXor: cst.BitAnd,
}
ASSIGNED: dict[type[cst.BaseAugOp], type[cst.BaseAugOp]] = {
    cst.AddAssign: cst.SubtractAssign,
    cst.SubtractAssign: cst.AddAssign,
    cst.MultiplyAssign: cst.DivideAssign,
    cst.DivideAssign: cst.MultiplyAssign,
}
PLAIN: dict[type[cst.BaseAugOp], type[cst.BaseBinaryOp]] = {
    cst.AddAssign: cst.Add,
    cst.SubtractAssign: cst.Subtract,
    cst.MultiplyAssign: cst.Multiply,
    cst.DivideAssign: cst.Divide,
}
# What stands for another number format, size or order of the same thing.
NAMES = {
    "float32": "float64",
    "float64": "float32",
    "float": "double",
    "double": "float",
    "zeros": "ones",
    "ones": "zeros",
    "zeros_like": "ones_like",
    "ones_like": "zeros_like",
    "sum": "mean",
    "mean": "sum",
    "min": "max",
    "max": "min",
    "floor": "ceil",
    "ceil": "floor",
    "any": "all",
    "all": "any",
    "no_grad": "enable_grad",
    "inference_mode": "enable_grad",
    "train": "eval",
    "eval": "train",
}
VIEWS = ("T", "mT", "data")
PASS = cst.SimpleStatementLine([cst.Pass()])
Change = tuple[str, cst.CSTNode]
Item = TypeVar("Item", cst.Arg, cst.BaseElement, cst.BaseDictElement)


@dataclass(frozen=True)
class Mutant:
    """The reference with one change."""

    digest: str
    """follows from the region's code and the change, so that it outlives edits elsewhere"""
    task: str
    function: str
    """the dotted name of the function that was changed; empty for the top level"""
    line: int
    change: str
    """of what kind, in words"""
    diff: str
    """the lines that differ, with `-` and `+`"""
    source: bytes


def mutants_of(reference: str, name: str) -> list[Mutant]:
    """All mutants of a reference, each once, in the order of their lines."""
    wrapper = MetadataWrapper(cst.parse_module(reference))
    module = wrapper.module
    finder = _Finder(regions_of(reference, name))
    wrapper.visit(finder)
    # A change concerns one statement of the top level: only that is written and compared anew.
    codes = [module.code_for_node(statement) for statement in module.body]
    head = reference[: reference.index("".join(codes))]
    before = reference.splitlines()
    found = []
    for place, statement in enumerate(module.body):
        seen = {_meaning(codes[place])}
        for site in (site for site in finder.sites if site.statement is statement):
            for change, new in _changes(site.node, site.parent):
                code = module.code_for_node(cast(cst.CSTNode, statement.deep_replace(site.node, new)))
                meaning = _meaning(code)
                if meaning and meaning not in seen:
                    seen.add(meaning)
                    mutated = "".join([head, *codes[:place], code, *codes[place + 1 :]])
                    found.append(_mutant(site, change, before, mutated))
    return found


def _meaning(code: str) -> str:
    """What a statement says, without its looks; empty if that is nothing that Python knows."""
    try:
        return ast.dump(ast.parse(code))
    except SyntaxError:
        return ""


def _mutant(site: "_Site", change: str, before: list[str], mutated: str) -> Mutant:
    region, after = site.region, mutated.splitlines()
    grown = len(after) - len(before)
    old, new = before[region.first - 1 : region.last], after[region.first - 1 : region.last + grown]
    lines = [line for line in difflib.ndiff(old, new) if line[0] in "-+"]
    indent = min(len(line[2:]) - len(line[2:].lstrip()) for line in lines)
    diff = "\n".join(f"{line[:2]}{line[2 + indent :]}" for line in lines)
    key = "\n".join([site.function, *(line.strip() for line in old), "->", *(line.strip() for line in new)])
    digest = hashlib.sha256(key.encode()).hexdigest()[:DIGEST_LENGTH]
    return Mutant(digest, region.task, site.function, site.line, change, diff, mutated.encode())


@dataclass(frozen=True)
class _Site:
    """A node inside a region."""

    node: cst.CSTNode
    parent: cst.CSTNode
    statement: cst.CSTNode
    """of the top level, which it is a part of"""
    region: Region
    function: str
    line: int


class _Finder(cst.CSTVisitor):
    """Collects the nodes inside solution regions that may be changed."""

    METADATA_DEPENDENCIES = (PositionProvider, ParentNodeProvider)

    def __init__(self, regions: list[Region]) -> None:
        super().__init__()
        self.sites: list[_Site] = []
        self._regions = regions
        self._scopes: list[str] = []
        self._statement: cst.CSTNode = cst.Pass()

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.FunctionDef | cst.ClassDef):
            self._scopes.append(node.name.value)
        if isinstance(node, cst.Annotation):
            return False
        parent = self.get_metadata(ParentNodeProvider, node, None)
        if isinstance(parent, cst.Module):
            self._statement = node
        where = self.get_metadata(PositionProvider, node, None)
        if where is not None:
            region = next((one for one in self._regions if one.first <= where.start.line <= one.last), None)
            if region and parent and where.end.line <= region.last:
                scope = ".".join(self._scopes)
                self.sites.append(_Site(node, parent, self._statement, region, scope, where.start.line))
        return not isinstance(node, cst.Raise)  # its words are free

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if isinstance(original_node, cst.FunctionDef | cst.ClassDef):
            self._scopes.pop()


def _changes(node: cst.CSTNode, parent: cst.CSTNode) -> Iterator[Change]:
    """What can be made of one node."""
    match node:
        case cst.SimpleStatementLine(body=[cst.Expr(value=cst.SimpleString())]):
            return
        case cst.SimpleStatementLine(body=[cst.Pass()]):
            return
        case cst.SimpleStatementLine():
            yield "dropped statement", PASS.with_changes(leading_lines=node.leading_lines)
        case cst.With():
            yield "dropped context", cst.If(cst.Name("True"), node.body)
        case cst.If() | cst.While():
            yield "negated condition", node.with_changes(test=_not(node.test))
            if isinstance(node, cst.If) and isinstance(node.body, cst.IndentedBlock):
                yield "dropped branch", node.with_changes(body=cst.IndentedBlock([PASS]))
        case cst.IfExp():
            yield "negated condition", node.with_changes(test=_not(node.test))
            yield "one branch for both", node.body
            yield "one branch for both", node.orelse
        case cst.CompFor() if node.ifs:
            yield "dropped filter", node.with_changes(ifs=())
            first, *rest = node.ifs
            yield "negated condition", node.with_changes(ifs=(first.with_changes(test=_not(first.test)), *rest))
        case cst.Comparison(comparisons=[cst.ComparisonTarget(operator=operator) as target]):
            for other in COMPARISONS.get(type(operator), ()):
                yield "other comparison", node.with_changes(comparisons=[target.with_changes(operator=other())])
        case cst.BooleanOperation():
            other_operator = cst.Or() if isinstance(node.operator, cst.And) else cst.And()
            yield "other operator", node.with_changes(operator=other_operator)
            yield "dropped operand", node.left
            yield "dropped operand", node.right
        case cst.UnaryOperation():
            yield "dropped sign", node.expression
        case cst.BinaryOperation():
            yield from _binary(node)
        case cst.AugAssign():
            yield from _augmented(node)
        case cst.Return(value=cst.BaseExpression() as value) | cst.Assign(value=value):
            yield from _graph(node, value)
        case cst.Integer():
            number = int(node.value, 0)
            yield "constant off by one", cst.Integer(str(number + 1))
            if number > 0:
                yield "constant off by one", cst.Integer(str(number - 1))
        case cst.Float():
            yield "other constant", cst.Float(repr(float(node.value) + 1))
            yield "other constant", cst.Float(repr(float(node.value) * 2))
        case cst.SimpleString() if not isinstance(parent, cst.Expr):
            yield "other text", node.with_changes(value=f"{node.value[: -len(node.quote)]}_{node.quote}")
        case cst.FormattedStringText():
            yield "other text", node.with_changes(value=node.value + "_")
        case cst.Name(value="True" | "False") if not isinstance(parent, cst.Attribute):
            yield "other truth", cst.Name("False" if node.value == "True" else "True")
        case cst.Call():
            yield from _call(node)
        case cst.Attribute():
            if node.attr.value in VIEWS:
                yield f"dropped .{node.attr.value}", node.value
            if node.attr.value in NAMES:
                yield "other name", node.with_changes(attr=cst.Name(NAMES[node.attr.value]))
        case cst.Name() if node.value in NAMES and isinstance(parent, cst.Call) and parent.func is node:
            yield "other name", cst.Name(NAMES[node.value])
        case cst.Slice():
            yield from _slice(node)
        case cst.Index() if not isinstance(node.value, cst.BaseString):
            yield "index off by one", node.with_changes(value=_plus_one(node.value))
        case cst.Dict() | cst.Set() | cst.List() if len(node.elements) > 1:
            for index in range(len(node.elements)):
                yield "dropped element", node.with_changes(elements=_without(node.elements, index))
        case cst.Tuple(elements=[first, second]) if not isinstance(parent, cst.AssignTarget | cst.CompFor | cst.For):
            swapped = [first.with_changes(value=second.value), second.with_changes(value=first.value)]
            yield "swapped elements", node.with_changes(elements=swapped)
        case cst.Break():
            yield "continue for break", cst.Continue()
        case cst.Continue():
            yield "break for continue", cst.Break()


def _binary(node: cst.BinaryOperation) -> Iterator[Change]:
    if other := OPERATORS.get(type(node.operator)):
        yield "other operator", node.with_changes(operator=other())
    if isinstance(node.operator, cst.Subtract | cst.Divide | cst.MatrixMultiply | cst.FloorDivide | cst.Modulo):
        yield "swapped operands", node.with_changes(left=_bracketed(node.right), right=_bracketed(node.left))
    yield "dropped operand", _bracketed(node.left)
    yield "dropped operand", _bracketed(node.right)


def _augmented(node: cst.AugAssign) -> Iterator[Change]:
    if other := ASSIGNED.get(type(node.operator)):
        yield "other operator", node.with_changes(operator=other())
    yield "assigned, not added to", cst.Assign([cst.AssignTarget(node.target)], node.value)
    if operator := PLAIN.get(type(node.operator)):
        value = cst.BinaryOperation(cast(cst.BaseExpression, node.target), operator(), _bracketed(node.value))
        yield "not in place", cst.Assign([cst.AssignTarget(node.target)], value)


def _graph(node: cst.Return | cst.Assign, value: cst.BaseExpression) -> Iterator[Change]:
    """What is computed may be cut off from its graph, or rounded."""
    arithmetic = isinstance(value, cst.BinaryOperation)
    tensor = isinstance(value, cst.Call) and isinstance(value.func, cst.Attribute)
    if arithmetic or tensor:
        yield "detached", node.with_changes(value=_method(value, "detach"))
        yield "rounded to half precision", node.with_changes(value=_method(_method(value, "half"), "float"))
        yield "other dtype", node.with_changes(value=_method(value, "double"))


def _call(node: cst.Call) -> Iterator[Change]:
    plain = [index for index, argument in enumerate(node.args) if argument.keyword is None and not argument.star]
    for index, argument in enumerate(node.args):
        if argument.keyword is not None:
            yield f"dropped {argument.keyword.value}=", node.with_changes(args=_without(node.args, index))
    if len(plain) > 2 or (
        len(plain) == 2 and not (isinstance(node.func, cst.Name) and node.func.value == "isinstance")
    ):
        one, two = plain[-2:]
        yield "swapped arguments", _swapped(node, one, two)
        if len(plain) > 2:
            yield "swapped arguments", _swapped(node, plain[0], plain[1])
    if plain and len(node.args) > 1:
        yield "dropped argument", node.with_changes(args=_without(node.args, plain[-1]))
    if isinstance(node.func, cst.Name) and node.func.value == "range" and plain:
        last = node.args[plain[-1]]
        for sign in (cst.Add(), cst.Subtract()):
            bound = cst.BinaryOperation(_bracketed(last.value), sign, cst.Integer("1"))
            args = [*node.args]
            args[plain[-1]] = last.with_changes(value=bound)
            yield "bound off by one", node.with_changes(args=args)
    if isinstance(node.func, cst.Attribute):
        yield f"dropped .{node.func.attr.value}()", node.func.value
        if node.func.attr.value.endswith("_") and not node.func.attr.value.endswith("__"):
            name = cst.Name(node.func.attr.value.rstrip("_"))
            yield "not in place", node.with_changes(func=node.func.with_changes(attr=name))
    elif len(node.args) == 1 and not node.args[0].star and isinstance(node.func, cst.Name):
        value = node.args[0].value
        if not isinstance(value, cst.GeneratorExp):
            yield f"dropped {node.func.value}()", _bracketed(value)


def _slice(node: cst.Slice) -> Iterator[Change]:
    for side in ("lower", "upper"):
        bound = getattr(node, side)
        if bound is not None:
            yield "dropped bound", node.with_changes(**{side: None})
            yield "bound off by one", node.with_changes(**{side: _plus_one(bound)})


def _not(test: cst.BaseExpression) -> cst.BaseExpression:
    if isinstance(test, cst.UnaryOperation) and isinstance(test.operator, cst.Not):
        return test.expression
    return cst.UnaryOperation(cst.Not(), _bracketed(test))


def _plus_one(value: cst.BaseExpression) -> cst.BaseExpression:
    return cst.BinaryOperation(_bracketed(value), cst.Add(), cst.Integer("1"))


def _method(value: cst.BaseExpression, name: str) -> cst.Call:
    return cst.Call(cst.Attribute(_bracketed(value), cst.Name(name)))


def _bracketed(value: cst.BaseExpression) -> cst.BaseExpression:
    """The same, safe to stand anywhere."""
    if value.lpar or isinstance(value, cst.Name | cst.Attribute | cst.Call | cst.Subscript | cst.Integer | cst.Float):
        return value
    return value.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])


def _without(items: Sequence[Item], index: int) -> list[Item]:
    kept = [item for place, item in enumerate(items) if place != index]
    if kept:
        kept[-1] = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
    return kept


def _swapped(node: cst.Call, one: int, two: int) -> cst.Call:
    args = [*node.args]
    args[one], args[two] = (
        args[one].with_changes(value=args[two].value),
        args[two].with_changes(value=args[one].value),
    )
    return node.with_changes(args=args)
