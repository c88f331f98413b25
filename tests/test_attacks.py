"""Every attack in `tests/attacks` is held, in every mode that this machine can offer: see `jail/under.py`.

Held means: no points, no check that is broken, nothing told that is secret, nothing left or changed, nobody else
disturbed. That they are attacks at all is shown where nothing holds them.

The table in SECURITY.md comes from here. A mode that this machine cannot offer keeps its column as it is committed.
"""

import json
import re
import sys
from pathlib import Path

import pytest
from jail.attacks import FAMILIES, NAIVE, UNJAILED, Attack, read_attacks
from jail.modes import JAIL, ROOT, under
from jail.modes import UNJAILED as UNJAILED_MODE

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="other systems have no jail, which their reports say")

SECURITY = Path(__file__).parents[1] / "SECURITY.md"
BEGIN, END = "<!-- begin: attacks -->\n", "<!-- end: attacks -->"
ATTACKS = read_attacks()
EXERCISES = sorted({attack.exercise for attack in ATTACKS})
UNCONFINED = sorted({attack.exercise for attack in ATTACKS if attack.wins == UNJAILED})
MODES = {
    "root": ("asis", "full"),
    "root in a container": ("nonamespaces", "strong"),
    "user": ("user", "full"),
    "user, no namespaces": ("user+nonamespaces", "strong"),
}
"""column of the table -> mode for root, and how well that confines"""
NAIVE_REFERENCE = """
def scaled(x, factor):
    return x * factor


def mean(x):
    if not len(x):
        raise ValueError("the mean of nothing")
    return float(x.sum() / len(x))
"""


def run(mode: str, *arguments: str) -> dict:
    """What came of attacks in a mode."""
    done = under(mode, JAIL / "driver.py", *arguments, timeout_s=600)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def mode_of(column: str) -> tuple[str, str]:
    """The mode by which this machine offers a column, and its isolation; skips if it does not."""
    mode, isolation = MODES[column]
    if ROOT:
        return mode, isolation
    if "user" not in mode:
        pytest.skip("needs root")
    return mode.removeprefix("user").removeprefix("+") or "asis", isolation


@on_linux
@pytest.mark.parametrize("exercise", EXERCISES)
@pytest.mark.parametrize("column", MODES)
def test_attacks_are_held(column: str, exercise: str, golden) -> None:
    mode, isolation = mode_of(column)
    seen = run(mode, exercise)
    if seen["isolation"] != isolation:
        pytest.skip(f"this machine offers {seen['isolation']}, which `grader doctor` explains")
    full = seen["max_score"]
    assert (seen["scores"], seen["alive"]) == ({"reference": full, "stub": 0, "honest": full}, True)
    assert {name: attack["faults"] for name, attack in seen["attacks"].items() if attack["faults"]} == {}
    outcomes = {(exercise, name): "held" for name in seen["attacks"]}
    assert len(outcomes) == sum(attack.exercise == exercise for attack in ATTACKS)
    golden(SECURITY, document(column, outcomes))


@on_linux
@pytest.mark.parametrize("exercise", UNCONFINED)
def test_attacks_win_where_nothing_confines_them(exercise: str) -> None:
    names = [attack.name for attack in ATTACKS if attack.exercise == exercise and attack.wins == UNJAILED]
    seen = run(UNJAILED_MODE, "--unjailed", exercise, *names)
    assert seen["isolation"] == "none"
    assert {name for name, attack in seen["attacks"].items() if not attack["score"]} == set()


@on_linux
def test_attacks_win_in_the_process_of_a_grader() -> None:
    sources = {attack.name: attack.submission({}, NAIVE_REFERENCE) for attack in ATTACKS if attack.wins == NAIVE}
    done = under("user" if ROOT else "asis", JAIL / "naive.py", given=json.dumps(sources))
    assert done.returncode == 0, done.stderr
    assert set(sources) - set(json.loads(done.stdout.splitlines()[-1])) == set()


def test_controls_of_the_naive_grader() -> None:
    done = under("asis", JAIL / "naive.py", given=json.dumps({"right": NAIVE_REFERENCE, "nothing": ""}))
    assert json.loads(done.stdout.splitlines()[-1]) == ["right"]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: f"{attack.exercise}-{attack.name}")
def test_attack_says_what_it_is(attack: Attack) -> None:
    first, second = attack.source.split("\n")[:2]
    assert re.fullmatch(rf"# ({'|'.join(FAMILIES)}): [^|]{{10,110}}[^.|]", first)
    assert re.fullmatch(rf"# wins: ({UNJAILED}|{NAIVE}|nowhere, .+)", second)


def test_table_names_every_attack(golden) -> None:
    assert {attack.family for attack in ATTACKS} == set(FAMILIES)
    golden(SECURITY, document())


def document(column: str = "", outcomes: dict[tuple[str, str], str] | None = None) -> str:
    """SECURITY.md with a fresh table: outcomes of one mode in their column, all others as they were."""
    before, _, rest = SECURITY.read_text("utf-8").partition(BEGIN)
    table, _, after = rest.partition(END)
    rows = (line.strip("| ").split(" | ") for line in table.splitlines())
    known = {row[1].strip("`"): row[3:] for row in rows if len(row) == len(MODES) + 3}
    lines = [["family", "attack", "it", *MODES], ["---"] * (len(MODES) + 3)]
    for attack in ATTACKS:
        key = f"{attack.exercise}/{attack.name}"
        cells = dict(zip(MODES, known.get(key, ["not run"] * len(MODES)), strict=True))
        if outcomes and (attack.exercise, attack.name) in outcomes:
            cells[column] = outcomes[attack.exercise, attack.name]
        lines.append([attack.family, f"`{key}`", attack.tries, *cells.values()])
    text = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    return f"{before}{BEGIN}\n{text}\n{END}{after}"


# ---- what a submission could make the grader tell or decide

HIDDEN = """
@check("vectors.1.hidden", points=1, title="six elements", hint="")
def test_six(student, reference, inputs):
    x = inputs.array("x", 6)
    close(student.ask("scaled", x=x, factor=2.0)["y"], reference.ask("scaled", x=x, factor=2.0)["y"], rtol=0)
"""
TELL_ALL = """
def scaled(x, factor, seen=[]):
    seen.append(len(x))
    return x * factor


def mean(x):
    raise RuntimeError(f"lengths: {sorted({*scaled.__defaults__[0]})}")
"""


def test_hidden_inputs_reach_no_public_message(lesson) -> None:
    """One worker serves all checks: what it saw of the hidden ones, it could tell in the message of a public one."""
    with (lesson.root / "solutions/vectors/test_vectors_hidden.py").open("a") as file:
        file.write(HIDDEN)
    graded = lesson.grade(TELL_ALL, "--full")
    assert graded.verdicts["vectors.1.hidden"] == "pass"
    assert "lengths: [1, 2, 3, 4, 5]" in graded.check("vectors.2.value")["message"]


BACK = """
@check("vectors.1.back", points=1, title="the oracle can use the answer", hint="")
def test_back(student, oracle, inputs):
    y = student.ask("scaled", x=inputs.array("x", 3), factor=2.0)["y"]
    oracle.ask("mean", x=y)
    oracle.ask("scaled", x=y, factor=y)
"""


@pytest.mark.parametrize("answer", ["x[:0]", "np.zeros(5 * 2**20)"])
def test_answer_that_breaks_the_oracle_is_no_fault_of_ours(lesson, answer: str) -> None:
    with (lesson.root / "exercises/vectors/test_vectors.py").open("a") as file:
        file.write(BACK)
    graded = lesson.grade(f"import numpy as np\n\n\ndef scaled(x, factor):\n    return {answer}\n")
    assert graded.verdicts["vectors.1.back"] == "fail"


def test_oracle_that_breaks_by_itself_is(lesson, reference: str) -> None:
    with (lesson.root / "exercises/vectors/test_vectors.py").open("a") as file:
        file.write(BACK.replace('"mean", x=y', '"mean", x=inputs.array("x", 0)'))
    assert lesson.grade(reference).verdicts["vectors.1.back"] == "broken"
