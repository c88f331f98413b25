"""Whether checks on a GPU say the same every time, and what the clocks differ by: figures for this machine's GPU.

    python benchmarks/gpu.py [--runs 20]

The reference of every exercise is graded so many times; a check that does not say the same each time is a flip. Then
come the slow and the hungry answers of `solutions/NAME/gpu/wrong`, once each. Without a GPU it only says so.
"""

import argparse
import os
import statistics
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

from grader.authoring.answers import read_answer
from grader.catalog import Exercise, read_catalog
from grader.checking.pace import Pace
from grader.gpu import presence
from grader.gpu.grading import Means, Wanted, has_checks, with_gpu_checks
from grader.report import CheckResult, assemble, share_points
from grader.verdict import Verdict

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Print the figures as a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    runs = parser.parse_args().runs
    found = presence.find(os.environ)
    if isinstance(found, str):
        print(f"nothing was measured: {found}")
        return
    print(f"{found.name}, driver {found.driver}, torch {found.torch.version}, CUDA {found.torch.cuda}, {found.clocks}")
    paces: dict[str, list[Pace]] = defaultdict(list)
    means = Means.of(found, os.environ.get("LD_LIBRARY_PATH", ""))
    means = replace(means, contest=replace(means.contest, tell=lambda name, pace: paces[name].append(pace)))
    exercises = [exercise for exercise in read_catalog(ROOT).exercises if has_checks(exercise)]
    for exercise in exercises:
        print_reference(exercise, means, runs)
    print_paces(paces)
    for exercise in exercises:
        print_wrong(exercise, means)


def graded(exercise: Exercise, source: bytes, means: Means) -> tuple[CheckResult, ...]:
    """The checks on a GPU, whatever those on the CPU say."""
    config = exercise.config
    empty = assemble([share_points(exercise.name, config.title, config.tasks, [])], 0, "full", full=True)
    report = with_gpu_checks(empty, Wanted((exercise,), {exercise.name: source}, 0, full=True), means)
    return report.exercises[0].bonus_checks


def print_reference(exercise: Exercise, means: Means, runs: int) -> None:
    """How often each check says what of the reference."""
    verdicts: dict[str, Counter[Verdict]] = defaultdict(Counter)
    for _ in range(runs):
        for check in graded(exercise, exercise.reference.read_bytes(), means):
            verdicts[check.id][check.verdict] += 1
    print("\n| check | " + " | ".join(Verdict) + " | flips |\n" + "|---" * (len(Verdict) + 2) + "|")
    for check, counts in verdicts.items():
        flips = runs - max(counts.values())
        print(f"| `{check}` | " + " | ".join(str(counts[verdict]) for verdict in Verdict) + f" | {flips} |")


def print_paces(paces: dict[str, list[Pace]]) -> None:
    """How the reference's times compare, and how much the same differed by."""
    print("\n| workload | ms, ours | ratio, lowest to highest | noise, median and most |\n|---|---|---|---|")
    for workload, found in paces.items():
        ratios, noises = [one.ratio for one in found], [one.noise for one in found]
        ours = statistics.median(one.ours_ms for one in found)
        noise = f"{statistics.median(noises):.1%}, {max(noises):.1%}"
        print(f"| `{workload}` | {ours:.3g} | {min(ratios):.3f} to {max(ratios):.3f} | {noise} |")


def print_wrong(exercise: Exercise, means: Means) -> None:
    """Which checks each wrong answer fails, beside those that it has to."""
    for path in sorted((exercise.solutions / "gpu/wrong").glob("*.py")):
        answer = read_answer(path, exercise.reference.read_text("utf-8"))
        failed = {check.id for check in graded(exercise, answer.source, means) if check.verdict is Verdict.FAIL}
        verdict = "as it says" if failed == answer.fails else f"but names {sorted(answer.fails)}"
        print(f"\n{exercise.name}, {path.stem}: fails {sorted(failed)}, {verdict}")


if __name__ == "__main__":
    main()
