"""What a worker does once it is confined: load one implementation, then answer probes until told to stop.

Nothing here judges. Whatever the implementation does to this process can only change what is reported of it.
"""

import contextlib
import gc
import importlib
import os
import random
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from grader.errors import WireError
from grader.wire import Channel, Message, Opaque, Tensor, Value
from grader.worker.arrays import FRAMEWORKS, Framework, arguments, observe
from grader.worker.loading import describe, forbid, load_implementation


def import_file(name: str, path: Path) -> ModuleType:
    """A module from a file of our own."""
    module = ModuleType(name)
    module.__file__ = str(path)
    exec(compile(path.read_bytes(), str(path), "exec", dont_inherit=True), module.__dict__)
    return module


def warm_up(exercises: dict[str, dict[str, Any]]) -> dict[str, ModuleType]:
    """Import what the exercises declare, and their probes; then move all of it out of the collector's sight.

    What one of them forbids none may warm up: a worker can read all memory that it was forked with. Whoever needs it
    imports it then. Probes that have a `warm_up` let libraries make there, once, what they make when first used.
    """
    forbidden = {name for exercise in exercises.values() for name in exercise["forbidden"]}
    rarely, as_before = (20_000, 10, 10), gc.get_threshold()
    gc.set_threshold(*rarely)  # what is imported stays; never would leave holes, which children fill, page by page
    for exercise in exercises.values():
        for name in exercise["warm"]:
            if name not in forbidden:
                importlib.import_module(name)
        if exercise["framework"] == "torch":
            _warm_up_torch(importlib.import_module("torch"))
    probes = {name: import_file(f"probes of {name}", Path(exercise["probes"])) for name, exercise in exercises.items()}
    for module in probes.values():
        getattr(module, "warm_up", lambda: None)()
    # Without the freeze each child's first collection touches, and so copies, about 90 MB of objects.
    gc.set_threshold(*as_before)
    gc.collect()
    gc.freeze()
    return probes


def _warm_up_torch(torch: Any) -> None:
    # One thread: a second one started here would leave its children with locks that nobody releases.
    torch.set_num_threads(1)
    # The first product in half precision asks /proc which instructions the processor has: a jail has no /proc.
    half = torch.ones(1, 1, dtype=torch.float16)
    torch.mm(half, half)


def require_one_thread(who: str) -> None:
    """A fork copies one thread and all locks, a jail binds one thread alone; raises RuntimeError if there are more."""
    threads = len(list(Path("/proc/self/task").iterdir()))
    if threads != 1:
        raise RuntimeError(f"{who} has {threads} threads: something it imports starts threads")


def prepare(forbidden: list[str]) -> None:
    """Make this process ready for code that is not ours."""
    forbid(forbidden)
    # Line by line: what was printed before a crash must not be lost in a buffer.
    sys.stdout, sys.stderr = (
        open(descriptor, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
        for descriptor in (1, 2)
    )


def serve(channel: Channel, probes: ModuleType, framework: Framework) -> None:
    """Answer messages until the grader closes its end."""
    implementation = None
    while True:
        try:
            message = channel.receive()
        except EOFError:
            return
        if message.kind == "load":
            reply = _load(message, framework)
            implementation = sys.modules.get(cast(str, message.value["name"]))
        else:
            reply = _answer(message, implementation, probes, framework)
        try:
            channel.send(reply)
        except WireError as error:  # too large or too deep to travel
            channel.send(Message("answer", message.number, {"value": Opaque(str(error))}))


def _load(message: Message, framework: Framework) -> Message:
    name, source = cast(str, message.value["name"]), cast(Tensor, message.value["source"]).data
    _seed(framework, 0)
    return _reply(message.number, f"{name}.py", lambda: load_implementation(name, source), lambda _: None)


def _seed(framework: Framework, seed: int) -> None:
    random.seed(seed)
    framework.seed(seed)


def _answer(message: Message, implementation: Any, probes: ModuleType, framework: Framework) -> Message:
    _seed(framework, cast(int, message.value["seed"]))
    given = arguments(framework, message.value["arguments"])
    return _reply(
        message.number,
        getattr(implementation, "__file__", ""),
        lambda: getattr(probes, cast(str, message.value["probe"]))(implementation, **given),
        lambda seen: observe(framework, seen),
    )


def _reply(number: int, filename: str, act: Callable[[], object], observe: Callable[[object], Value]) -> Message:
    """The answer that an act leads to, or what is known of the exception that it raised."""
    try:
        # Reading what was returned is part of the act: a tensor subclass runs its author's code there.
        return Message("answer", number, {"value": observe(act())})
    except BaseException as error:  # also SystemExit and KeyboardInterrupt: the submission may raise anything
        reply = Message("raised", number, describe(error, filename))
        # The traceback keeps the implementation's frames, and so its tensors, alive.
        error.__traceback__ = None
        return reply


def run(
    connection: socket.socket,
    probes: ModuleType,
    framework_name: str,
    forbidden: list[str],
    confinement: Callable[[], dict[str, Value]],
) -> None:
    """Serve, then end the process without running anything that the submission registered to run at exit.

    `confinement` tells what holds this process; it is asked last, in the state that the submission will find.
    """
    try:
        framework, channel = FRAMEWORKS[framework_name](), Channel(connection)
        prepare(forbidden)
        channel.send(Message("ready", 0, confinement()))
    except BaseException as error:
        print(f"the worker failed: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
        os._exit(1)
    # From here on the process belongs to the submission: what breaks it is not ours to explain.
    with contextlib.suppress(BaseException):
        serve(channel, probes, framework)
        os._exit(0)
    os._exit(1)
