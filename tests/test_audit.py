"""The audit of an exercise: what it finds in a good one, in a spoilt one, and how it says so."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from conftest import Lesson, Ran

from grader.audit.bulk import Bulk
from grader.audit.examine import audited_digest
from grader.audit.mutants import mutants_of
from grader.audit.reach import Differences
from grader.authoring.answers import read_answers
from grader.batch.job import Settings
from grader.batch.keys import source_digest
from grader.batch.store import Store
from grader.catalog import read_catalog
from grader.grade import Session
from grader.salt import NO_SALT
from grader.writers.audit_tables import mark

WRONG = {
    "sum_for_product": (
        "Adds the factor.",
        "vectors.1.value vectors.1.fresh",
        "def scaled(x, factor):\n    return x + factor\n",
    ),
    "mean_of_sizes": (
        "Forgets the signs.",
        "vectors.2.value vectors.2.negative",
        "given_mean = mean\n\ndef mean(x):\n    return given_mean(abs(x))\n",
    ),
    "mean_of_nothing": (
        "The mean of nothing is zero.",
        "vectors.2.empty",
        "given_mean = mean\n\ndef mean(x):\n    return given_mean(x) if len(x) else 0.0\n",
    ),
}
KEPT_FLOAT = "e52d67718347"
RECORD = f"""
[[equivalent]]
mutants = ["{KEPT_FLOAT}"]
reason = "a float64 of numpy's is a float"
"""
ACCEPTED = """# Asks numpy for the mean.

def mean(x):
    if len(x) < 1:
        raise ValueError
    return float(x.mean())
"""


@pytest.fixture
def audited(lesson: Lesson) -> Lesson:
    """The lesson with answers of both kinds."""
    folder = lesson.root / "solutions/vectors"
    for kind in ("wrong", "accepted"):
        (folder / kind).mkdir()
    for name, (headline, fails, code) in WRONG.items():
        (folder / f"wrong/{name}.py").write_text(f"# {headline}\n# fails: {fails}\n\n{code}")
    (folder / "accepted/mean_by_numpy.py").write_text(ACCEPTED)
    (folder / "audit.toml").write_text(RECORD)
    return lesson


def audit(lesson: Lesson, *arguments: str) -> tuple[Ran, Any]:
    """An audit with as little as there can be, and its JSON."""
    ran = lesson.run("audit", "--out", "found", "--seeds", "1", "--jobs", "1", *arguments)
    found = lesson.root / "found/audit.json"
    return ran, json.loads(found.read_text()) if found.is_file() else None


def flaws(found: Any) -> dict[str, str]:
    """What is to be fixed, by its kind."""
    return {flaw["kind"]: flaw["what"] for exercise in found["exercises"] for flaw in exercise["flaws"]}


def add_check(lesson: Lesson, body: str) -> None:
    """Add a public check `vectors.1.added` with this body."""
    head = '@check("vectors.1.added", points=1, title="added", hint="none")\ndef test_added(student, oracle, inputs):\n'
    path = lesson.root / "exercises/vectors/test_vectors.py"
    path.write_text(path.read_text() + "\n\n" + head + "".join(f"    {line}\n" for line in body.splitlines()))


SMALL = """def larger(a, b):
    # TODO(small.1): the larger one
    ### BEGIN SOLUTION
    if a < b:
        raise ValueError("words " + str(1))
    return a[:1]
    ### END SOLUTION
"""


def test_mutants_of_a_small_function_are_exactly_these():
    made = mutants_of(SMALL, "small.py")
    assert [(mutant.change, mutant.diff) for mutant in made] == [
        ("negated condition", "- if a < b:\n+ if not (a < b):"),
        ("dropped branch", '- raise ValueError("words " + str(1))\n+ pass'),
        ("other comparison", "- if a < b:\n+ if a <= b:"),
        ("other comparison", "- if a < b:\n+ if a >= b:"),
        ("dropped statement", "- return a[:1]\n+ pass"),
        ("dropped bound", "- return a[:1]\n+ return a[:]"),
        ("bound off by one", "- return a[:1]\n+ return a[:1 + 1]"),
        ("constant off by one", "- return a[:1]\n+ return a[:2]"),
        ("constant off by one", "- return a[:1]\n+ return a[:0]"),
    ]


def test_a_mutant_keeps_its_digest_when_other_code_changes():
    moved = "X = 1\n\n\n" + SMALL
    assert [one.digest for one in mutants_of(moved, "small.py")] == [
        one.digest for one in mutants_of(SMALL, "small.py")
    ]


def test_a_good_exercise_has_nothing_to_fix(audited: Lesson):
    ran, found = audit(audited)
    assert (ran.status, flaws(found)) == (0, {}), ran.out + ran.talk
    (exercise,) = found["exercises"]
    assert {answer["name"]: answer["failed"] for answer in exercise["wrong"]} == {
        name: fails.split() for name, (_, fails, _) in WRONG.items()
    }
    assert "  mean_of_sizes                .. x. x\n" in ran.out
    assert [mutant["reason"] for mutant in exercise["mutants"] if not mutant["caught_by"]] != [""]
    assert max(map(len, ran.out.splitlines())) < 80
    assert "Nothing to fix." in ran.out


def test_a_weak_check_is_found(audited: Lesson):
    add_check(audited, "student.ask('scaled', x=inputs.array('x', 3), factor=2.0)['y']")
    ran, found = audit(audited, "--no-mutants")
    assert ran.status == 1
    assert flaws(found)["idle"] == "no wrong answer fails vectors.1.added"
    assert flaws(found)["hollow"].startswith("vectors.1.added passes with ")


def test_a_wide_tolerance_is_found(audited: Lesson):
    """It misses the mistake that it is there for, and numbers that are half as large again."""
    path = audited.root / "exercises/vectors/test_vectors.py"
    text = path.read_text()
    path.write_text(text.replace('["mean"], rtol=1e-12)', '["mean"], rtol=9.0)'))
    ran, found = audit(audited, "--no-mutants")
    assert ran.status == 1
    assert flaws(found)["inexact"] == "wrong/mean_of_sizes: passes vectors.2.value"
    assert "vectors.2.value passes with scaled replies" in ran.out


def test_a_narrow_tolerance_is_found(audited: Lesson):
    """Right answers that round in another way pass by luck."""
    oracle = audited.root / "exercises/vectors/oracle.py"
    oracle.write_text(oracle.read_text().replace("np.multiply(x, factor)", "np.multiply(x, factor) * (1 + 2**-52)"))
    add_check(
        audited,
        "x = inputs.array('x', 3)\n"
        "expected = oracle.ask('scaled', x=x, factor=2.0)['y']\n"
        "close(student.ask('scaled', x=x, factor=2.0)['y'], expected, rtol=3e-16)",
    )
    ran, found = audit(audited, "--no-mutants")
    assert ran.status == 1
    assert flaws(found)["unfair"].startswith("vectors.1.added does not pass with noise of 10 times")


def test_an_unfair_check_is_found(audited: Lesson):
    """It asks for what the stub leaves open: the words of an exception."""
    folder = audited.root / "solutions/vectors/accepted"
    (folder / "integers_stay_integers.py").write_text(
        "# Multiplies in another order.\n\ndef scaled(x, factor):\n    return [factor * one for one in x]\n"
    )
    ran, found = audit(audited, "--no-mutants")
    assert ran.status == 1
    assert flaws(found)["unfair"].startswith("accepted/integers_stay_integers, seed 1: fails vectors.1.value")


def test_a_survivor_without_a_reason_is_found_and_a_stale_reason_too(audited: Lesson):
    record = audited.root / "solutions/vectors/audit.toml"
    record.write_text(RECORD.replace(KEPT_FLOAT, "000000000000"))
    ran, found = audit(audited)
    assert ran.status == 1
    assert flaws(found) == {
        "survivor": f"line 19, mean: dropped float()  [{KEPT_FLOAT}]",
        "stale": "audit.toml: no mutant 000000000000 survives",
    }
    assert "    - return float(x.sum() / len(x))\n" in ran.out


@pytest.mark.parametrize(
    ("record", "complaint"),
    [
        ("[[equivalent]]\nmutants = ['a']\nreason = ' '\n", "an entry has no reason; say why nothing is wrong"),
        ("[[equivalent]]\nmutants = ['a']\n", "key `equivalent[0]`: Object missing required field `reason`"),
    ],
)
def test_a_bad_record_is_named(audited: Lesson, record: str, complaint: str):
    (audited.root / "solutions/vectors/audit.toml").write_text(record)
    ran, _ = audit(audited)
    assert (ran.status, ran.talk.splitlines()[-1]) == (2, f"grader: solutions/vectors/audit.toml: {complaint}")


def test_a_second_audit_judges_only_what_changed(audited: Lesson):
    """Times of checks are part of what is kept: they would differ if anything were judged again."""
    _, first = audit(audited, "--no-mutants")
    ran, second = audit(audited, "--no-mutants")
    assert ran.status == 0
    for found in (first, second):
        del found["exercises"][0]["longest_call_s"]  # of the replays, which are made each time
    assert second == first
    answer = audited.root / f"solutions/vectors/wrong/{next(iter(WRONG))}.py"
    answer.write_text(answer.read_text() + "\n# edited\n")
    _, third = audit(audited, "--no-mutants")
    assert third["exercises"][0]["checks"] == first["exercises"][0]["checks"]


def test_the_page_stands_alone(audited: Lesson):
    audit(audited, "--no-mutants")
    page = (audited.root / "found/index.html").read_text()
    assert "default-src 'none'; style-src 'unsafe-inline'" in page
    assert "<script" not in page
    assert "://" not in page
    for name in WRONG:
        assert f">{name}</span>" in page
    assert "<h3>What to fix first</h3>\n<p>Nothing.</p>" in page


def test_the_tables_tell_what_they_were_made_of(audited: Lesson):
    audit(audited, "--tables", "tables.md")
    tables = (audited.root / "tables.md").read_text()
    (exercise,) = read_catalog(audited.root).exercises
    assert mark("vectors", audited_digest(exercise)) in tables
    assert "\nNothing to fix.\n" in tables
    assert "- 3 wrong answers, 3 of them caught by exactly the checks they name\n" in tables
    assert f"- `{KEPT_FLOAT}`, mean, dropped float(): a float64 of numpy's is a float\n" in tables
    stub = audited.root / "solutions/vectors/wrong/mean_of_nothing.py"
    stub.write_text(stub.read_text() + "\n")
    assert mark("vectors", audited_digest(exercise)) not in tables


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("points = 2", "points = 3", True),
        ('"How many elements are there?"', '"How many are there?"', True),
        ("order = 1", 'order = 1\nlearned = "One. Two."', True),
        ("minutes = 3", 'minutes = 3\npredict = [{question = "x", answer = 1, explanation = "y"}]', True),
        ('needs = ["vectors.1"]', "needs = []", False),
        ("call_s = 1.0", "call_s = 2.0", False),
        ('forbidden = ["statistics"]', "forbidden = []", False),
    ],
)
def test_what_was_audited_is_what_can_move_a_verdict(lesson: Lesson, old: str, new: str, same: bool):
    (before,) = map(audited_digest, read_catalog(lesson.root).exercises)
    toml = lesson.root / "exercises/vectors/exercise.toml"
    assert old in toml.read_text()
    toml.write_text(toml.read_text().replace(old, new, 1))
    (lesson.root / "solutions/vectors/predictions.py").touch()
    (after,) = map(audited_digest, read_catalog(lesson.root).exercises)
    assert (before == after) == same


# ---------------------------------------------------------------------------------------------- what can tell


KNOWN = """FACTOR = 2


def scaled(x, factor):
    return helped(x) * factor


def helped(x):
    return x * FACTOR / sum(x)


class Layer:
    def __init__(self):
        self.weight = 1

    def forward(self, x):
        return x


def made():
    return Layer()


def steps(n=1):
    yield n


BIAS = 2
biased = lambda x: x + BIAS
"""
WHOLE = {"Layer.__init__", "Layer.forward"}


def differing(lesson: Lesson, source: str) -> set[str] | None:
    (lesson.root / "solutions/vectors/vectors.py").write_text(KNOWN)
    (exercise,) = read_catalog(lesson.root).exercises
    found = Differences(exercise).of(source.encode())
    return None if found is None else set(found)


@pytest.mark.parametrize(
    ("later", "functions"),
    [
        ("def scaled(x, factor):\n    return x\n", {"scaled"}),
        ("@cached\ndef scaled(x, factor):\n    return x\n", {"scaled"}),
        ("given = scaled\n\ndef scaled(x, factor):\n    return given(x, 1)\n", {"scaled"}),
        ("class Layer(Layer):\n    def forward(self, x):\n        return 0\n", {"Layer.forward"}),
        ("class Layer(Layer):\n    def extra_repr(self):\n        return ''\n", {*WHOLE, "made"}),
        ("class Layer(Layer):\n    weight = 2\n", {*WHOLE, "made"}),  # which may read it of the class
        ("class Layer(dict):\n    pass\n", {*WHOLE, "made"}),
        ("Layer.forward = scaled\n", {"Layer.forward"}),
        ("FACTOR = 3\n", {"helped"}),
        ("from math import tau as FACTOR\n", {"helped"}),
        ("def sum(x):\n    return 1\n", {"helped"}),
        ("steps.__defaults__ = (2,)\n", {"steps"}),
        ("def steps(n=1):\n    yield 2 * n\n", {"steps"}),
        ("'nothing'\n", set()),
    ],
)
def test_what_an_answer_makes_another_one(lesson: Lesson, later: str, functions: set[str]):
    assert differing(lesson, f"{KNOWN}\n\n# An answer.\n\n{later}") == functions


@pytest.mark.parametrize(
    "later",
    [
        "scaled(1, 2)\n",  # who knows what that leaves behind
        "if FACTOR:\n    pass\n",
        "_ = math.seterr(1)\n",
        "steps = scaled\n",  # no longer works when it is gone through
        "BIAS = 3\n",  # which a lambda reads, and no function
        "def __getattr__(name):\n    return 1\n",  # answers for all names that are not there
        "def steps(n=1):\n    return [n]\n",  # works when it is called, no longer when it is gone through
        "def mean(x):\n    return x\n",  # which the probes ask for, and the reference has not
        "math.tau = 6\n",
        "def broken(:\n",
    ],
)
def test_in_doubt_an_answer_is_another_one_everywhere(lesson: Lesson, later: str):
    assert differing(lesson, f"{KNOWN}\n\n{later}") is None


def test_where_probes_look_inside_of_functions_an_answer_is_another_one_everywhere(lesson: Lesson):
    probes = lesson.root / "exercises/vectors/probes.py"
    probes.write_text(f"import inspect\n{probes.read_text()}")
    assert differing(lesson, f"{KNOWN}\n\ndef helped(x):\n    return x\n") is None


@pytest.mark.parametrize(
    ("old", "new", "functions"),
    [
        ("return x * FACTOR", "return x + FACTOR", {"helped"}),
        ("self.weight = 1", "self.weight = 2", {"Layer.__init__"}),
        ("FACTOR = 2", "FACTOR = 3", None),
        ("steps(n=1)", "steps(n=2)", None),
    ],
)
def test_what_a_mutant_makes_another_one(lesson: Lesson, old: str, new: str, functions: set[str] | None):
    assert old in KNOWN
    assert differing(lesson, KNOWN.replace(old, new)) == functions


@pytest.mark.parametrize(
    ("old", "new", "functions"),
    [
        ("FACTOR = 2\n", "FACTOR = 2\r\n\f\n", set()),
        ("    return Layer()\n", "    return Layer()  # \u2028 x\n", set()),
        ("    return Layer()\n", "    return Layer(); 1\n", {"made"}),
        ("BIAS = 2\n", "BIAS = 2; BIAS = 2\n", None),
        ("FACTOR = 2\n", "FACTOR = 2; \\\nBIAS = 3\n", None),
        ("def made", "@(\n    staticmethod\n)\ndef made", None),
        ("    yield n\n", '    yield """n\n\ndef made():\n"""\n', {"steps"}),
    ],
)
def test_a_source_is_cut_between_statements_alone(lesson: Lesson, old: str, new: str, functions: set[str] | None):
    """Each statement at the top is taken apart by itself, and once for all answers that have it."""
    assert old in KNOWN
    assert differing(lesson, KNOWN.replace(old, new)) == functions


@pytest.mark.parametrize("coding", ["latin-1", "ascii", "nonsense"])
def test_in_another_coding_the_same_bytes_are_another_answer(lesson: Lesson, coding: str):
    assert differing(lesson, f"# coding: {coding}\n{KNOWN}\n\nNAME = 'é'\n") is None


def test_a_reference_may_begin_a_statement_on_the_line_before_it(lesson: Lesson):
    (lesson.root / "solutions/vectors/vectors.py").write_text(f"HALF = 1 / 2; \\\n{KNOWN}")
    (exercise,) = read_catalog(lesson.root).exercises
    changed = f"HALF = 1 / 2; \\\n{KNOWN}".replace("return x * FACTOR", "return x")
    assert Differences(exercise).of(changed.encode()) == {"helped"}


def judged_by(lesson: Lesson, name: str, kind: str) -> set[str]:
    """The checks that an answer of the last audit was judged by."""
    (exercise,) = read_catalog(lesson.root).select(("vectors",))
    (answer,) = [answer for answer in read_answers(exercise, kind) if answer.path.stem == name]
    with sqlite3.connect(lesson.root / "found/store.sqlite") as store:
        (table,) = store.execute("select name from sqlite_master where name like 'verdicts%'").fetchone()
        found = store.execute(f"select check_id from {table} where source = ?", [source_digest(answer.source)])
        return {check for (check,) in found}


def test_an_answer_is_judged_by_the_checks_that_can_tell_it_apart(audited: Lesson):
    audit(audited, "--no-mutants")
    of_mean = {"vectors.2.value", "vectors.2.empty", "vectors.2.negative"}
    assert judged_by(audited, "mean_by_numpy", "accepted") == of_mean
    assert judged_by(audited, "mean_of_nothing", "wrong") == of_mean
    assert judged_by(audited, "sum_for_product", "wrong") == {"vectors.1.value", "vectors.1.fresh"}


def test_an_answer_is_judged_by_the_checks_that_it_names_in_any_case(audited: Lesson):
    path = audited.root / "solutions/vectors/wrong/mean_of_nothing.py"
    path.write_text(path.read_text().replace("# fails: ", "# fails: vectors.1.fresh "))
    _, found = audit(audited, "--no-mutants")
    assert flaws(found)["inexact"] == "wrong/mean_of_nothing: passes vectors.1.fresh"


def test_what_cannot_be_loaded_fails_everything(audited: Lesson):
    """Also what would not have been asked for."""
    path = audited.root / "solutions/vectors/accepted/mean_by_numpy.py"
    path.write_text(ACCEPTED.replace("\ndef", "\nimport statistics\n\ndef"))
    _, found = audit(audited, "--no-mutants")
    assert "fails vectors.1.value, vectors.1.fresh, vectors.2.value" in flaws(found)["unfair"]


def test_a_function_that_prints_nothing_is_heard_all_the_same(audited: Lesson):
    """A probe may catch what is printed."""
    probes = audited.root / "exercises/vectors/probes.py"
    caught = (
        "import contextlib\nimport io\n\n\ndef mean(impl, x):\n    with contextlib.redirect_stdout(io.StringIO()):\n"
    )
    probes.write_text(probes.read_text().split("def mean")[0] + f'{caught}        return {{"mean": impl.mean(x)}}\n')
    ran, found = audit(audited, "--no-mutants")
    assert (ran.status, flaws(found)) == (0, {}), ran.out + ran.talk


# ---------------------------------------------------------------------------------------------- several exercises


@pytest.fixture
def two(audited: Lesson) -> Lesson:
    """The lesson with two exercises that have nothing to fix."""
    folder = audited.root / "solutions/vectors"
    audited.copy_exercise("others")
    for path in folder.glob("*/*.py"):
        copy = audited.root / "solutions/others" / path.parent.name / path.name
        copy.parent.mkdir(exist_ok=True)
        copy.write_text(path.read_text().replace("vectors", "others"))
    return audited


def test_exercises_side_by_side_are_audited_as_each_alone(two: Lesson):
    _, both = audit(two, "vectors", "others")
    _, alone = audit(two, "vectors", "--out", "alone", "--jobs", "2")
    alone = json.loads((two.root / "alone/audit.json").read_text())
    other, one = both["exercises"]
    assert [other["name"], one["name"]] == ["others", "vectors"]
    for key in ("digest", "reference", "stub", "accepted", "wrong", "mutants", "hollow", "moved", "stale", "flaws"):
        assert one[key] == alone["exercises"][0][key]
        assert len(other[key]) == len(one[key])


def test_what_is_wrong_with_one_of_them_is_one_line(two: Lesson):
    (two.root / "solutions/others/audit.toml").write_text("[[equivalent]]\nmutants = ['a']\nreason = ' '\n")
    ran, _ = audit(two)
    said = ran.talk.splitlines()[-1]
    assert (ran.status, said) == (
        2,
        "grader: solutions/others/audit.toml: an entry has no reason; say why nothing is wrong",
    )


def test_what_breaks_one_of_them_is_one_line_and_keeps_what_was_judged_of_others(two: Lesson):
    (two.root / "exercises/others/test_others.py").write_text("def broken(:\n")
    ran, found = audit(two)
    assert (ran.status, found) == (3, None)
    assert ran.talk.splitlines()[-1].startswith("grader: exercises/others/test_others.py: cannot run: ")
    assert "Traceback" not in ran.talk
    assert judged_by(two, "sum_for_product", "wrong") == {"vectors.1.value", "vectors.1.fresh"}


# ---------------------------------------------------------------------------------------------- since the tables


def changed(lesson: Lesson, *arguments: str) -> tuple[Ran, list[str]]:
    """An audit of what changed, and the exercises that were audited."""
    (lesson.root / "found/audit.json").unlink(missing_ok=True)
    ran, found = audit(lesson, "--no-mutants", "--changed", "--tables", "tables.md", *arguments)
    return ran, [exercise["name"] for exercise in found["exercises"]] if found else []


def chapters(lesson: Lesson) -> list[str]:
    return (lesson.root / "tables.md").read_text().split("\n## ")[1:]


def test_exercises_that_changed_are_audited(two: Lesson):
    ran, names = changed(two)
    assert (ran.status, names) == (0, ["others", "vectors"])
    ran, names = changed(two)
    assert (ran.status, names, ran.talk) == (0, [], "")
    assert ran.out == "Nothing to audit: tables.md tells of every exercise as it is.\n"
    first, second = chapters(two)  # of `others` and of `vectors`
    answer = two.root / "solutions/others/wrong/mean_of_nothing.py"
    answer.write_text(answer.read_text() + "\n# edited\n")
    ran, names = changed(two)
    assert (ran.status, names) == (0, ["others"])
    assert chapters(two)[0] != first
    assert chapters(two)[1] == second


def test_an_exercise_with_something_to_fix_is_audited_again(audited: Lesson):
    (audited.root / "solutions/vectors/wrong/mean_of_nothing.py").unlink()
    for _ in range(2):
        ran, names = changed(audited)
        assert (ran.status, names) == (1, ["vectors"])


def test_an_audit_of_one_leaves_the_chapters_of_others(two: Lesson):
    changed(two)
    _, second = chapters(two)
    audit(two, "others", "--no-mutants", "--tables", "tables.md")
    assert [chapter.partition("\n")[0] for chapter in chapters(two)] == ["others", "vectors"]
    assert chapters(two)[1] == second


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--changed"], "--changed: changed since when? Name the document with --tables"),
        (
            ["--tables", "README.md"],
            "--tables README.md: holds something else than tables of an audit; name another file",
        ),
        (["--tables", "found"], "--tables found: cannot be read (Is a directory)"),
        (["--tables", "binary"], "--tables binary: cannot be read (no UTF-8)"),
    ],
)
def test_what_no_tables_are_is_said(lesson: Lesson, arguments: list[str], complaint: str):
    (lesson.root / "README.md").write_text("# A lesson\n")
    (lesson.root / "binary").write_bytes(b"\xff")
    (lesson.root / "found").mkdir()
    ran, _ = audit(lesson, *arguments)
    assert (ran.status, ran.talk.splitlines()) == (2, [f"grader: {complaint}"])


def test_continuous_integration_audits_what_changed():
    repository = Path(__file__).parents[1]
    rules = (repository / "development.mk").read_text()
    assert "\nci: lint types audited test " in rules
    assert "audit --changed --tables docs/audit.md\n" in rules
    assert "\nmake audited" in (repository / ".ci/run").read_text()


def test_a_mutant_that_loops_costs_less_than_a_right_answer_may_take(lesson: Lesson, monkeypatch):
    toml = lesson.root / "exercises/vectors/exercise.toml"
    toml.write_text(toml.read_text().replace("call_s = 1.0", "call_s = 600.0"))
    reference = lesson.root / "solutions/vectors/vectors.py"
    source = reference.read_bytes() + b"\n\ndef scaled(x, factor):\n    while True:\n        pass\n"
    monkeypatch.setattr("grader.audit.bulk.HUNTED_CALL_S", 0.5)
    exercises = read_catalog(lesson.root).exercises
    settings = Settings(str(lesson.root), ("vectors",), True, 1, True, (), NO_SALT.fingerprint, keys="")
    with Store.at(lesson.root / "store.sqlite") as store, Session(exercises, full=True, allow_unjailed=True) as session:
        bulk = Bulk.of(session, exercises[0], settings, [1], store, jobs=1)
        (found,) = bulk.judge([bulk.hunted(source, 1, "vectors.1")])
    (verdict,) = found.values()
    assert verdict.message.startswith("your code did not answer within 0.5 seconds")
