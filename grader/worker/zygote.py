"""The warm process: imports what workers will need, once, and forks a worker for each request.

It holds no secrets (a fork can read all of its memory) and must stay single-threaded: a fork copies one thread
and every lock. It speaks JSON datagrams on a control socket:

    {"op": "fork", "exercise": ..., "forbidden": [...], "limits": {...}, "scratch": ...} + channel, output -> {"pid": 7}
    {"op": "end", "pid": 7, "grace_s": 0.2}  let it end, then kill it and all that it left behind -> {"code": exit code}
"""

import contextlib
import ctypes
import json
import os
import signal
import socket
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

from grader.worker import jail, main
from grader.worker.limits import Limits

PR_SET_CHILD_SUBREAPER = 36
MAX_REQUEST = 64 * 1024


def serve(control: socket.socket, exercises: dict[str, dict[str, Any]]) -> None:
    """Answer the grader's requests until it goes away."""
    probes = main.warm_up(exercises)
    control.send(json.dumps({"ready": True}).encode())
    workers: set[int] = set()
    try:
        while True:
            data, descriptors, _, _ = socket.recv_fds(control, MAX_REQUEST, 2)
            if not data:
                break
            request = json.loads(data)
            if request["op"] == "fork":
                exercise = exercises[request["exercise"]]
                pid = _fork(request, descriptors, probes[request["exercise"]], exercise["framework"])
                workers.add(pid)
                reply = {"pid": pid}
            else:
                workers.discard(request["pid"])
                reply = {"code": _end(request["pid"], request["grace_s"])}
                _kill_strays(workers)
            control.send(json.dumps(reply).encode())
    finally:  # also when the grader goes away before it hears the reply
        for pid in workers:
            _end(pid, 0.0)
        _kill_strays(set())


def _fork(request: dict[str, Any], descriptors: list[int], probes: ModuleType, framework: str) -> int:
    pid = os.fork()
    if pid:
        for descriptor in descriptors:
            os.close(descriptor)
        return pid
    try:
        channel, output = descriptors
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        jail.enter(Limits(**request["limits"]), {channel}, Path(request["scratch"]))
        main.run(socket.socket(fileno=channel), probes, framework, request["forbidden"])
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
    finally:
        os._exit(1)


def _end(pid: int, grace_s: float) -> int:
    """The exit code of a worker, negative for a signal, once it is gone."""
    deadline = time.monotonic() + grace_s
    while time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _kill_strays(workers: set[int]) -> None:
    """End processes that a worker left behind: they were handed to us when it died."""
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    while strays := {int(pid) for pid in children.read_text().split()} - workers:
        for pid in strays:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


def start(descriptor: int) -> None:
    """Entry point of the process: its first datagram says which exercises it serves."""
    control = socket.socket(fileno=descriptor)
    # Orphans of a worker become our children, so that none of them outlives it.
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the grader, which then closes the control socket
    exercises = json.loads(control.recv(MAX_REQUEST))
    try:
        serve(control, exercises)
    except Exception as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        raise SystemExit(1) from error
