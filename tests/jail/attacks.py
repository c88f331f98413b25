"""The attacks on disk: one file each in `tests/attacks/EXERCISE`, found by folder.

Two lines open each file, `# FAMILY: WHAT IT TRIES` and `# wins: WHERE`, which names the place where it works if
nothing holds it: in a worker that is `unjailed`, in a naive grader that runs it in its own process, or `nowhere` that
a test could show, and why.

A file may define the functions of the exercise. If it defines `attack` instead, that is called while the file is
loaded, and the right answers follow: an attack that works shows as points, and one that is held raises.
"""

import ast
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "attacks"
FAMILIES = ("forging", "patching", "peeking", "delegating", "replaying", "damaging", "the wire", "confusing")
UNJAILED, NAIVE = "unjailed", "in the grader's process"
PRELUDE = Path(__file__).with_name("prelude.py").read_text()


@dataclass(frozen=True)
class Attack:
    """One file."""

    exercise: str
    name: str
    source: str

    @property
    def family(self) -> str:
        return self.source.split("\n")[0].removeprefix("# ").partition(": ")[0]

    @property
    def tries(self) -> str:
        return self.source.split("\n")[0].partition(": ")[2]

    @property
    def wins(self) -> str:
        return self.source.split("\n")[1].removeprefix("# wins: ")

    def submission(self, targets: dict[str, object], reference: str) -> str:
        """The file that is handed in: it knows where its victims are, which a real attacker would have to find."""
        parts = [f"targets = {targets!r}\n{PRELUDE}", self.source]
        functions = [node.name for node in ast.parse(self.source).body if isinstance(node, ast.FunctionDef)]
        if "attack" in functions:
            parts += ["attack()", reference]
        return "\n\n".join(parts)


def read_attacks() -> list[Attack]:
    """All of them, family by family."""
    found = [Attack(path.parent.name, path.stem, path.read_text()) for path in sorted(FOLDER.glob("*/*.py"))]
    return sorted(found, key=lambda attack: FAMILIES.index(attack.family))
