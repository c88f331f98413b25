"""Runs every attack in one worker and prints what came of it as JSON: `driver.py [--trusted] SOLUTION SUBMISSION`.

In a trusted worker, which is hardly confined, only those run that can do no harm at all.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from grader.worker import watch
from grader.worker.host import Answer, Order, Served, Worker, launch
from grader.worker.limits import Limits

PROBES = "def attack(impl, name, targets):\n    return impl.attack(name, targets)\n"
FORBIDDEN = ("colorsys",)


def main() -> None:
    """Print the worker's confinement and the outcome of each attack."""
    *flags, solution, submission = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        probes = Path(folder, "probes.py")
        probes.write_text(PROBES)
        launcher = launch((Served("attacks", probes, "numpy", (), FORBIDDEN),))
        trusted = flags == ["--trusted"]
        order = Order("attacks", Limits(), trusted, () if trusted else FORBIDDEN, (solution, submission))
        sibling, worker = Worker(launcher, order), Worker(launcher, order)
        try:
            worker.load("attacks", Path(__file__).with_name("attacks.py").read_bytes())
            other = watch.process_of(sibling._process.handle)
            victim = Path(folder, "victim")
            victim.write_text("precious")
            victim.chmod(0o666)
            targets = {"solution": solution, "submission": submission, "victim": str(victim)}
            targets |= {"grader": os.getpid(), "sibling": other}
            outcomes = {}
            for name in ("honest", *ask(worker, "HARMLESS" if trusted else "ATTACKS", targets)):
                if not worker.alive:
                    worker = Worker(launcher, order)
                    worker.load("attacks", Path(__file__).with_name("attacks.py").read_bytes())
                outcomes[name] = ask(worker, name, targets)
        finally:
            sibling.close()
            worker.close()
            launcher.close()
    confinement = worker.confinement
    print(json.dumps({"isolation": confinement.isolation, "breaches": confinement.breaches, "outcomes": outcomes}))


def ask(worker: Worker, name: str, targets: dict[str, object]) -> object:
    """What the worker answered, or that it did not."""
    outcome = worker.ask("attack", {"name": name, "targets": targets}, 0)
    return outcome.value if isinstance(outcome, Answer) else f"no answer: {outcome}"


main()
