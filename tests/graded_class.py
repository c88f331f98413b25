"""A graded class of any size, invented but plausible, and the same each time."""

import random
from datetime import UTC, datetime
from fractions import Fraction

from grader.report import ExerciseResult, Judged, Report, assemble, share_points
from grader.results import Deduction, Grade, Results, Student
from grader.verdict import Verdict

MEANING = "<b>bold</b> </pre><script>alert(1)</script> &amp; \"quoted\" 'single' {{ 7 * 7 }}"
NAMES = (
    "Amara Okafor", "Ben Lindqvist", "Chiara Romano", "Daniel Weber", "Elif Yilmaz", "Farid Haddad", "Grace Kim",
    "Hana Novák", "Ivan Petrov", "Jana Svobodová", "Kofi Mensah", "Lucía Fernández", "Mateus Silva", "Nadia Rahman",
    "Oskar Nyman", "Priya Raman", "Quentin Moreau", "Rosa Delgado", "Sora Tanaka", "Tomasz Zieliński",
    "Uma Krishnan", "Viktor Horváth", "Wei Zhang", "Ximena Torres", "Yusuf Demir", "Zoë de Vries", "Aoife Byrne",
    "Bao Nguyen", "Carla Meyer", "Dmitri Volkov",
)  # fmt: skip


class Task:
    """A task of the lesson."""

    def __init__(self, number: int, title: str, points: int, minutes: int) -> None:
        self.id, self.title, self.points, self.minutes = f"lora.{number}", title, points, minutes


TASKS = (
    Task(1, "lora_delta", 3, 10),
    Task(2, "LoRALinear", 12, 45),
    Task(3, "merge and unmerge", 8, 20),
    Task(4, "inject_lora and count_parameters", 9, 40),
    Task(5, "save_adapter and load_adapter", 7, 35),
)
# Task, name, title, hint, how hard it is, and what its failure looks like.
VALUE = "the result has the wrong value"
CHECKS = (
    (1, "product", "the update is alpha / r times B A", "how often does alpha appear?", 0.2, f"{VALUE}|yours is exactly 4 times ours: is alpha divided by r?"),
    (1, "rank", "using every direction twice, at twice the rank, changes nothing", "the rank only divides alpha.", 0.25, VALUE),
    (1, "rslora", "with rslora the divisor is the square root of r", "rslora changes what divides alpha.", 0.3, VALUE),
    (1, "graph", "the update stays in the autograd graph of A and B", "`.detach()` cuts the graph.", 0.1, "no gradient reaches A"),
    (2, "start", "a new layer gives exactly the output of its base", "one factor is zero at first.", 0.1, VALUE),
    (2, "output", "the output is base(x) + alpha / r times B A x", "set A and B to ones by hand.", 0.3, f"{VALUE}|yours is exactly 4 times ours: is alpha divided by r?"),
    (2, "gradients", "gradients reach x, A and B, through both paths", "x still needs a gradient.", 0.15, "no gradient reaches x"),
    (2, "two_tensors", "the layer adds two trainable tensors, A and B, and no other", "B has no bias.", 0.45, "3 trainable tensors where 2 were due"),
    (2, "frozen_base", "training leaves every bit of the base as it was", "an optimiser skips what has no gradient.", 0.5, "the base changed in training"),
    (2, "init", "B starts at zero, A random with deviation near 1 / sqrt(3 in)", "print `A.std()` of a new layer.", 0.55, "A has deviation 0.577 where 0.029 was due"),
    (2, "dropout", "dropout hits the entries of A's input, in train mode only", "the base sees all of x.", 0.5, f"{VALUE}|the base's output has dropout in it, too"),
    (2, "dtypes", "base, adapter and output agree in float64, float32 and bfloat16", "new tensors are float32 unless you say otherwise.", 0.6, "the result has dtype float32 where float64 was due"),
    (3, "weight", "merging adds alpha / r times B A to the weight", "compare the weights.", 0.25, VALUE),
    (3, "invisible", "merging is invisible in the output", "is the update counted exactly once?", 0.4, f"{VALUE}|the update is counted twice"),
    (3, "square", "merging is invisible on square layers too", "which of (out, in) and (in, out) is the weight?", 0.45, f"{VALUE}|yours is ours transposed"),
    (3, "unmerge", "unmerging restores the weight and the output", "a flag alone does not change the weight.", 0.4, VALUE),
    (3, "modes", "train() and eval() never touch the weight", "a model's `eval()` is `train(False)`.", 0.3, "the weight changed"),
    (4, "gpt2", "an adapted GPT-2 computes what PEFT's computes", "`Conv1D` stores its weight as (in, out).", 0.6, "the result has shape (2, 12) where (2, 36) was due"),
    (4, "names", "a target is a whole name, or its last parts, and hits once", "split the names at their dots.", 0.65, "`query_gate` was adapted, too"),
    (4, "count", "GPT-2 with r = 8 on c_attn trains 294,912 of 124,734,720", "count each parameter once.", 0.4, "294912 of 163332096 where 294912 of 124734720 was due"),
    (4, "refuses", "a target that cannot be adapted raises and changes nothing", "find all targets first.", 0.6, "your code raised nothing where ValueError was due"),
    (5, "peft_loads", "PEFT loads what save_adapter wrote and computes the same", "a wrong name raises nothing.", 0.6, "PEFT finds no tensor of the adapter"),
    (5, "loads_peft", "load_adapter loads what PEFT wrote", "does every number of the config reach the layers?", 0.6, f"{VALUE}|yours is exactly 2 times ours"),
    (5, "misfit", "an adapter that does not fit the model raises an error", "compare the names, both ways.", 0.7, "your code raised nothing where an error was due"),
)  # fmt: skip


def report(verdict_of, seed: int = 7, isolation: str = "full", repeat: int = 1) -> Report:
    """A report in which each check has the verdict, message and kind that are given for its number and difficulty."""
    judged, index = [], 0
    for number, name, title, hint, hardness, looks in CHECKS:
        for copy in range(repeat):
            verdict, message, kind = verdict_of(index, hardness, looks)
            check, hidden = f"lora.{number}.{name}{copy or ''}", name in ("square", "refuses")
            took = 0.004 + 0.003 * (index % 7) ** 2 * (1 + hardness)
            judged.append(
                Judged(check, f"lora.{number}", title, Fraction(1), hidden, verdict, message, hint, took, kind)
            )
            index += 1
    exercise: ExerciseResult = share_points("lora", "LoRA: low-rank adaptation", TASKS, judged)
    return assemble([exercise], seed, isolation, full=True)


def failure(looks: str, hidden: bool = False) -> tuple[Verdict, str, str]:
    """A failure with the message of a check."""
    if hidden:
        return Verdict.FAIL, "failed on a hidden case (value)", "value"
    headline, _, note = looks.partition("|")
    lines = [headline, "called    `lora_delta(A, B, alpha, rslora)`", "with      in = 3, out = 2, r = 1, alpha = 4.0"]
    lines += ["expected  [[4.0, 8.0, 12.0],", "           [2.0, 4.0, 6.0]]", "saw       [[16.0, 32.0, 48.0],"]
    lines += ["           [8.0, 16.0, 24.0]]", *([f"note      {note}"] if note else [])]
    return (
        Verdict.FAIL,
        "\n".join(lines),
        next((kind for kind in ("shape", "dtype", "raises") if kind[:5] in headline), "value"),
    )


def able(ability: float, rng: random.Random, reached: float = 1.0):
    """The verdicts of somebody with some ability who got so far."""

    def verdict_of(index: int, hardness: float, looks: str) -> tuple[Verdict, str, str]:
        if index >= reached * 24:
            return (Verdict.TODO, "", "") if index % 3 else (Verdict.SKIPPED, "builds on lora.2 LoRALinear", "")
        if rng.random() > max(0.0, hardness + 0.25 - ability) * 1.1:
            return Verdict.PASS, "", ""
        return failure(looks)

    return verdict_of


def everywhere(verdict: Verdict, message: str = "", kind: str = ""):
    """The same for all checks."""
    return lambda *_: (verdict, message, kind)


def at(position: int, verdict: Verdict, message: str, kind: str = ""):
    """One check is special, the others pass."""
    return lambda index, *_: (verdict, message, kind) if index == position else (Verdict.PASS, "", "")


def grade(student: Student, of: Report, **more) -> Grade:
    """A grade without a policy."""
    return Grade(student, f"class.zip/{student.key}", of, more.pop("final", of.score), of.max_score, **more)


def usual(count: int, repeat: int = 1) -> list[Grade]:
    """Students as there are many."""
    rng = random.Random(11)
    grades = []
    for index in range(count):
        name = NAMES[index % len(NAMES)] + (f" {index // len(NAMES)}" if index >= len(NAMES) else "")
        student = Student(f"s{1001 + index}", name)
        reached = rng.choice([1.0, 1.0, 1.0, 0.9, 0.75, 0.55])
        mine = report(able(rng.betavariate(2, 2.2), rng, reached * repeat), repeat=repeat)
        grades.append(grade(student, mine))
    return grades


def special() -> list[Grade]:
    """One student for each thing that rarely happens."""
    wrong = report(at(0, *failure(f"{MEANING}|{MEANING}")))
    late = report(at(8, *failure("the base changed in training")))
    return [
        grade(Student("late", "Petra Late"), late, final=late.score * 0.9, late=True,
              submitted_at=datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
              deductions=(Deduction("1 day late: 10% off", late.score * 0.9),)),
        grade(Student("markup", f"Robert {MEANING}"), wrong, notes=(f"two files {MEANING}",)),
        grade(Student("rtl", "‮ليلى حداد"), report(everywhere(Verdict.PASS))),
        grade(Student("emoji", "Zoë 👩‍🔬 \ud800\x07"), report(everywhere(Verdict.PASS))),
        grade(Student("long", "Wolfeschlegelsteinhausenbergerdorff" * 4), report(everywhere(Verdict.PASS))),
        grade(Student("twin one #1", "Kim Lee"), report(everywhere(Verdict.PASS))),
        grade(Student("twin-2", "Kim Lee"), report(everywhere(Verdict.TODO))),
        grade(Student("nameless"), report(everywhere(Verdict.TODO))),
        grade(Student("syntax", "Sid Syntax"), report(everywhere(
            Verdict.FAIL, "your file does not load: SyntaxError: '(' was never closed, line 12", "load raised SyntaxError"))),
        grade(Student("peft", "Ivy Import"), report(everywhere(
            Verdict.FAIL, "your file imports peft, which this exercise forbids", "load forbidden"))),
        grade(Student("hangs", "Hal Halting"), report(at(3, Verdict.FAIL, "your code did not answer within 10 seconds", "hung"))),
        grade(Student("big", "Max Memory"), report(at(5, Verdict.FAIL, "your code needed more than 512 MiB", "limit"))),
        grade(Student("open", "Una Confined"), report(everywhere(Verdict.PASS), isolation="none")),
        grade(Student("partly", "Pat Partly"), report(at(2, Verdict.BROKEN, "oracle of lora, probe `delta`: it raised"))),
        grade(Student("broken", "Bo Broken"), report(everywhere(Verdict.BROKEN, "oracle of lora: it raised")), final=None),
        Grade(Student("corrupt", "Cara Corrupt"), "class.zip/corrupt", None, 0.0, 39.0, problem="class.zip/corrupt/hw.zip: is not complete"),
        Grade(Student("ours", "Otto Ours"), "class.zip/ours", None, None, 39.0, problem="class.zip/ours: cannot be read here"),
    ]  # fmt: skip


def results(grades: list[Grade], full: bool = True) -> Results:
    """The results of a class with these grades."""
    return Results("LoRA, spring 2026", tuple(grades), seed=7, full=full, version="0.1.0")
