"""Measures what three ways to tune the tiny model learn and forget, and draws the picture of the README.

    python exercises/finetune/measure.py                                      with your own finetune.py
    python exercises/finetune/measure.py solutions/finetune/finetune.py       with another one

Prints two tables in Markdown and, where matplotlib is installed, writes `forgetting.svg` beside this file. Takes
half a minute. Every accuracy is a mean; LoRA and prompts are PEFT's.
"""

# ruff: noqa: T201, S311 (printing is its job, and its random numbers are no secrets)

import argparse
import importlib.util
import random
import sys
from pathlib import Path
from types import ModuleType

import torch

sys.path.insert(0, str(Path(__file__).parent))
# The same model, sentences and parts as in the checks: there they are nobody's business but the probes'.
from pretrain import EQUALS, FIRST_KEY, MAPS, MODULUS
from probes import _answers, _library_parts, _text, _tiny

METHODS = ["full", "lora", "prompt"]
NAMES = {"full": "full fine-tuning", "lora": "LoRA, r = 4", "prompt": "prompt, 4 tokens"}
EXAMPLES = [1, 2, 4, 6]
NEW_MAPS = [(11, 4), (9, 2), (10, 7), (12, 1)]
SEEDS = 3


def sentences(slope: int, shift: int, key: int | None = None) -> torch.Tensor:
    """`x = y` for all x, after the key if there is one."""
    rows = [[x, EQUALS, (slope * x + shift) % MODULUS] for x in range(MODULUS)]
    return torch.tensor([row if key is None else [FIRST_KEY + key, *row] for row in rows])


def accuracy(model: torch.nn.Module, ids: torch.Tensor) -> float:
    """The share of sentences whose last token is the most likely one."""
    return (_answers(model, ids).argmax(-1) == ids[:, -1]).float().mean().item()


def few_shot(finetune: ModuleType, method: str, examples: int) -> float:
    """Accuracy on the other sentences of a known map, after training on some of them without its key."""
    found = []
    for key, coefficients in enumerate(MAPS):
        for seed in range(SEEDS):
            order = random.Random(f"{key} {seed}").sample(range(MODULUS), MODULUS)
            ids = sentences(*coefficients)
            shown, held = ids[order[:examples]], ids[order[examples:]]
            adapted = finetune.adapt(_tiny(), method, [_text(shown)], _library_parts(), seed)
            found.append(accuracy(adapted, held))
    return sum(found) / len(found)


def forgetting(finetune: ModuleType, method: str) -> dict[str, float | None]:
    """Accuracy after learning a map that the model has never seen: on it, on the known ones, with the adapter off."""
    known = torch.cat([sentences(*coefficients, key) for key, coefficients in enumerate(MAPS)])
    runs = []
    for seed, coefficients in enumerate(NEW_MAPS):
        new = sentences(*coefficients)
        adapted = finetune.adapt(_tiny(), method, [_text(new)], _library_parts(), seed)
        run = {"new map": accuracy(adapted, new), "known maps": accuracy(adapted, known)}
        if method != "full":
            with finetune.adapter_off(adapted) as base:
                run["known maps, adapter off"] = accuracy(base, known)
        runs.append(run)
    return {name: sum(run[name] for run in runs) / len(runs) for name in runs[0]}


def table(head: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown, numbers to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def draw(few: dict[str, list[float]], lasting: dict[str, dict[str, float]], path: Path) -> None:
    """Few-shot learning on the left, forgetting on the right."""
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    plt.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "finetune", "font.size": 9})
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3), sharey=True, layout="constrained")
    colors = dict(zip(METHODS, ["#b3402e", "#2e6fb3", "#3a8f4d"], strict=True))
    for method in METHODS:
        left.plot(EXAMPLES, few[method], marker="o", color=colors[method], label=NAMES[method])
    left.axhline(1 / MODULUS, color="grey", linestyle=":", linewidth=1)
    left.annotate("guessing", (EXAMPLES[0], 1 / MODULUS), color="grey", va="top")
    left.set(
        title="a known map, its key withheld", xlabel="examples", ylabel="accuracy", xticks=EXAMPLES, ylim=(0, 1.05)
    )
    left.legend(frameon=False)
    bars = ["new map", "known maps", "known maps, adapter off"]
    for index, method in enumerate(METHODS):
        heights = [lasting[method].get(bar, 0.0) for bar in bars]
        right.bar([place + 0.27 * (index - 1) for place in range(3)], heights, width=0.25, color=colors[method])
    right.set(title="after learning a new map", xticks=range(3))
    right.set_xticklabels([bar.replace(", ", ",\n") for bar in bars])
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Measure, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("finetune", nargs="?", type=Path, default=Path(__file__).parent / "finetune.py")
    parser.add_argument("--picture", type=Path, default=Path(__file__).parent / "forgetting.svg")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    spec = importlib.util.spec_from_file_location("finetune", chosen.finetune)
    finetune = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(finetune)
    few = {method: [few_shot(finetune, method, examples) for examples in EXAMPLES] for method in METHODS}
    lasting = {method: forgetting(finetune, method) for method in METHODS}
    columns = ["new map", "known maps", "known maps, adapter off"]
    print(table(["examples", *map(str, EXAMPLES)], [[NAMES[m], *(f"{x:.2f}" for x in few[m])] for m in METHODS]))
    print()
    print(
        table(
            ["after learning a new map", *columns],
            [
                [NAMES[m], *(f"{lasting[m][c]:.2f}" if c in lasting[m] else "no way back" for c in columns)]
                for m in METHODS
            ],
        )
    )
    try:
        draw(few, lasting, chosen.picture)
    except ImportError:
        print("\nno picture: matplotlib is not installed", file=sys.stderr)


if __name__ == "__main__":
    main()
