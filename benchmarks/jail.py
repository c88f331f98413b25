"""What the jail costs: the time until a worker is ready, confined and not, on this machine as this user.

Prints the median and the 95th percentile over some dozens of workers of each kind, in rounds that take turns so that a
busy machine weighs on both alike. The promise is a median difference of at most 10 ms.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from grader.worker.host import Order, Served, Worker, launch
from grader.worker.limits import Limits

PROBES = 'def nothing(impl):\n    """`nothing`"""\n    return {}\n'
FORBIDDEN = ("peft", "transformers.trainer")
PROMISE_MS = 10.0


REPOSITORY = Path(__file__).parents[1]
UNDER = REPOSITORY / "tests/jail/under.py"
KINDS = {"unconfined": "nonamespaces+nolandlock+noseccomp", "confined": "asis"}
ROUNDS = 2


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=40, help="how many of each kind")
    parser.add_argument("--measure", choices=KINDS, help="measure in this process, and print JSON")
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.workers, trusted=options.measure == "unconfined")))
        return
    times: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for _ in range(ROUNDS):
        for kind, mode in KINDS.items():
            again = [__file__, "--measure", kind, "--workers", str(options.workers // ROUNDS)]
            command = [sys.executable, UNDER, mode, sys.executable, *again]
            done = subprocess.run(command, env=os.environ, capture_output=True, text=True, check=True)
            isolation, taken = json.loads(done.stdout)
            times[kind] += taken
    for kind, taken in times.items():
        tail = statistics.quantiles(taken, n=20)[-1]
        print(f"{kind:10} ready after {statistics.median(taken):6.1f} ms  (95 %: {tail:.1f} ms)")
    added = statistics.median(times["confined"]) - statistics.median(times["unconfined"])
    print(f"the jail adds {added:.1f} ms per worker (promised: at most {PROMISE_MS:g}); isolation: {isolation}")


def measure(count: int, *, trusted: bool) -> tuple[str, list[float]]:
    """How well workers are confined here, and the milliseconds until each was ready; trusted ones probe nothing."""
    times = []
    with tempfile.TemporaryDirectory() as folder:
        probes = Path(folder, "probes.py")
        probes.write_text(PROBES)
        warm = ("torch", "transformers.models.gpt2.modeling_gpt2")
        launcher = launch((Served("nothing", probes, "torch", warm, FORBIDDEN),))
        try:
            order = Order("nothing", Limits(), trusted, FORBIDDEN, (str(probes),))
            for _ in range(count + 1):
                started = time.perf_counter()
                worker = Worker(launcher, order)
                times.append((time.perf_counter() - started) * 1000)
                isolation = worker.confinement.isolation
                worker.close()
        finally:
            launcher.close()
    return isolation, times[1:]  # the first waits for the imports, and looks through the packages


if __name__ == "__main__":
    main()
