"""What the jail costs: the time until a worker is ready, confined and not, on this machine as this user.

Prints the median and the 95th percentile over some dozens of workers of each kind, taken in turns so that a busy
machine weighs on both alike. The promise is a median difference of at most 10 ms.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from grader.worker.host import Order, Served, Worker, launch
from grader.worker.limits import Limits

PROBES = 'def nothing(impl):\n    """`nothing`"""\n    return {}\n'
FORBIDDEN = ("peft", "transformers.trainer")
PROMISE_MS = 10.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=40, help="how many of each kind")
    count = parser.parse_args().workers
    with tempfile.TemporaryDirectory() as folder:
        probes = Path(folder, "probes.py")
        probes.write_text(PROBES)
        warm = ("torch", "transformers.models.gpt2.modeling_gpt2")
        launcher = launch((Served("nothing", probes, "torch", warm, FORBIDDEN),))
        try:
            orders = {
                "trusted": Order("nothing", Limits(), trusted=True),
                "confined": Order("nothing", Limits(), forbidden=FORBIDDEN, unreadable=(str(probes),)),
            }
            times: dict[str, list[float]] = {name: [] for name in orders}
            for name in [*orders, *list(orders) * count]:
                started = time.perf_counter()
                worker = Worker(launcher, orders[name])
                times[name].append((time.perf_counter() - started) * 1000)
                isolation = worker.confinement.isolation
                worker.close()
        finally:
            launcher.close()
    for name, taken in times.items():
        measured = taken[1:]  # the first waits for the imports, or looks through the packages
        tail = statistics.quantiles(measured, n=20)[-1]
        print(f"{name:10} ready after {statistics.median(measured):6.1f} ms  (95 %: {tail:.1f} ms)")
    added = statistics.median(times["confined"]) - statistics.median(times["trusted"])
    print(f"the jail adds {added:.1f} ms per worker (promised: at most {PROMISE_MS:g}); isolation: {isolation}")


if __name__ == "__main__":
    main()
