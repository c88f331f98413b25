"""Entry point of a worker on a GPU: imports, waits until it is wanted, enters the jail, then opens the device."""

import functools
import json
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO, cast

from grader.wire import Value
from grader.worker import jail, main
from grader.worker.jail import kernel
from grader.worker.jail.plan import user_of
from grader.worker.limits import Limits
from grader.worker.workloads import Workloads


def start(channel: int, orders: int, ready: int) -> None:
    """Read what to prepare, prepare it, read for whom, and serve."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the grader, which then ends us
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    try:
        letters = os.fdopen(orders, "rb")
        _serve(channel, json.loads(letters.readline()), lambda: _last(letters, ready))
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
    finally:
        os._exit(1)


def _last(letters: BinaryIO, ready: int) -> dict[str, Any] | None:
    """The order, None if there will be none; nothing stays open that the jail would close."""
    os.close(ready)
    with letters:
        order: dict[str, Any] | None = json.loads(letters.readline() or b"null")
    return order


def _serve(channel: int, letter: dict[str, Any], wanted: Callable[[], dict[str, Any] | None]) -> None:
    exercise, devices = letter["exercise"], tuple(letter["devices"])
    plan = jail.rehearse(letter["scratch"], devices).plan  # first: libraries may start threads
    probes = main.warm_up({exercise["name"]: exercise})[exercise["name"]]
    layer = main.import_file("the device", Path(letter["layer"]))
    order = wanted()
    if order is None:  # never wanted
        os._exit(0)
    main.require_one_thread("a worker for the GPU")
    readable = jail.readable(tuple(order["forbidden"]), tuple(order["unreadable"]))
    readable = jail.with_gpu(readable, filter(None, letter["library_path"].split(":")))
    limits = Limits(**order["limits"])
    jail.enter(plan, limits, {channel}, order["scratch"], readable, user_of(os.getpid(), 0), devices)
    os.environ.update(letter["variables"])
    workloads = Workloads(probes, layer.open_device())
    main.run(
        socket.socket(fileno=channel),
        cast(ModuleType, workloads),
        exercise["framework"],
        order["forbidden"],
        functools.partial(_confinement, plan, order),
    )


def _confinement(plan: jail.Plan, order: dict[str, Any]) -> dict[str, Value]:
    """What holds this worker, looked at when its device is open."""
    if order["trusted"]:
        return {"layers": [], "breaches": []}
    breaches = jail.probe(order["unreadable"], order["grader"], str(Path(order["scratch"]).parent))
    return {"layers": list(plan.layers), "breaches": list(breaches)}
