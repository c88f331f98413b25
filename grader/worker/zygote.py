"""The warm process: imports what workers will need, once, and forks a worker for each request.

It holds no secrets (a fork can read all of its memory) and must stay single-threaded: a fork copies one thread
and every lock. It speaks JSON datagrams on a control socket:

    {"exercises": {...}, "scratch": ...}                 -> {"ready": true, "plan": {...}, "refused": [...]}
    {"op": "fork", "exercise": ..., "forbidden": [...], "limits": {...}, "scratch": ..., "unreadable": [...],
     "grader": 4, "trusted": false} + channel, output    -> {"pid": 7} + pidfd, where there are any
    {"op": "end", "pid": 7, "grace_s": 0.2}              -> {"code": exit code}
      lets it end, then kills it and all that it left behind
    {"op": "attach"} + another control socket            -> {"attached": true}
      whoever holds its other end can ask for workers too, which end when it is closed
"""

import contextlib
import functools
import json
import os
import select
import signal
import socket
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from grader.wire import Value
from grader.worker import jail, main
from grader.worker.jail import kernel, namespaces
from grader.worker.jail.plan import user_of
from grader.worker.jail.rehearsal import Rehearsed
from grader.worker.limits import MAX_REQUEST, Limits


class Zygote:
    """Forks workers and buries them."""

    def __init__(self, control: socket.socket, exercises: dict[str, dict[str, Any]], plan: jail.Plan) -> None:
        self._first, self._exercises, self._plan = control, exercises, plan
        self._probes = main.warm_up(exercises)
        _require_absent(exercises)
        self._workers: dict[int, int] = {}
        """process number -> slot, the lowest that was free"""
        self._controls: dict[socket.socket, set[int]] = {control: set()}
        """whom we serve -> process numbers of the workers that were forked for them"""
        # Looking through the folders of packages takes longer than a fork.
        self._readable = functools.cache(jail.readable)

    def serve(self) -> None:
        """Answer the requests of graders until the first one goes away."""
        try:
            while self._first in self._controls:
                for control in select.select(list(self._controls), [], [])[0]:
                    self._answer(control)
        finally:  # also when a grader goes away before it hears the reply
            for pid in list(self._workers):
                self._end(pid, 0.0)

    def _answer(self, control: socket.socket) -> None:
        try:
            data, descriptors, _, _ = socket.recv_fds(control, MAX_REQUEST, 2)
            if data:
                self._obey(control, json.loads(data), descriptors)
                return
        except (BrokenPipeError, ConnectionResetError):
            if control is self._first:
                raise
        for pid in self._controls.pop(control):
            self._end(pid, 0.0)
        control.close()

    def _obey(self, control: socket.socket, request: dict[str, Any], descriptors: list[int]) -> None:
        match request["op"]:
            case "fork":
                self._fork(control, request, descriptors)
            case "attach":
                self._controls[socket.socket(fileno=descriptors[0])] = set()
                control.send(json.dumps({"attached": True}).encode())
            case _:
                self._controls[control].discard(request["pid"])
                code = self._end(request["pid"], request["grace_s"])
                control.send(json.dumps({"code": code}).encode())

    def _fork(self, control: socket.socket, request: dict[str, Any], descriptors: list[int]) -> None:
        main.require_one_thread("the zygote")
        slot = next(slot for slot in range(len(self._workers) + 1) if slot not in self._workers.values())
        readable = self._readable(tuple(request["forbidden"]), tuple(request["unreadable"]))
        user = user_of(os.getpid(), slot)
        pid = namespaces.fork_into_processes_of_its_own() if self._plan.namespaces else os.fork()
        if pid == 0:
            self._live(request, descriptors, readable, user)
        self._workers[pid] = slot
        self._controls[control].add(pid)
        for descriptor in descriptors:
            os.close(descriptor)
        _send_with_handle(control, pid)

    def _live(self, request: dict[str, Any], descriptors: list[int], readable: jail.Readable, user: int) -> None:
        """Be the worker; never returns."""
        try:
            channel, output = descriptors
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(output, 1)
            os.dup2(output, 2)
            limits, scratch = Limits(**request["limits"]), request["scratch"]
            jail.enter(self._plan, limits, {channel}, scratch, readable, user)
            name = request["exercise"]
            main.run(
                socket.socket(fileno=channel),
                self._probes[name],
                self._exercises[name]["framework"],
                request["forbidden"],
                functools.partial(self._confinement, request),
            )
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        finally:
            os._exit(1)

    def _confinement(self, request: dict[str, Any]) -> dict[str, Value]:
        """What holds this worker; nobody asks whether one that runs our own code could get out."""
        if request["trusted"]:
            return {"layers": [], "breaches": []}
        breaches = jail.probe(request["unreadable"], request["grader"], str(Path(request["scratch"]).parent))
        return {"layers": list(self._plan.layers), "breaches": list(breaches)}

    def _end(self, pid: int, grace_s: float) -> int:
        """The exit code of a worker, negative for a signal, once it and its children are gone; 0 for no worker."""
        if self._workers.pop(pid, None) is None:
            return 0
        code = _reap(pid, grace_s)
        if not self._plan.namespaces:  # else its children were in a namespace that ended with it
            _kill_strays(set(self._workers))
        return code


def _send_with_handle(control: socket.socket, pid: int) -> None:
    """Tell the grader of a worker: by a handle too, because its number may be another one out there."""
    reply = [json.dumps({"pid": pid}).encode()]
    try:
        handle = os.pidfd_open(pid)
    except OSError:  # an old kernel, or a container that denies it
        control.sendmsg(reply)
        return
    try:
        socket.send_fds(control, reply, [handle])
    finally:
        os.close(handle)


def _reap(pid: int, grace_s: float) -> int:
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
    children = Path("/proc/thread-self/children")
    while strays := {int(pid) for pid in children.read_text().split()} - workers:
        for pid in strays:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


def _require_absent(exercises: dict[str, dict[str, Any]]) -> None:
    """What is forbidden may still come with something else that is warmed up."""
    for name, exercise in exercises.items():
        for forbidden in exercise["forbidden"]:
            if forbidden in sys.modules:
                raise RuntimeError(f"`{forbidden}` is forbidden for {name}, yet imported by what exercises warm up")


def _enter_user_namespace(control: socket.socket) -> None:
    """Become the first process of namespaces in which this process may make others; the first is left to wait."""
    namespaces.enter_user_namespace()
    child = os.fork()
    if child:
        control.close()
        os._exit(abs(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])))
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)


def _announce(rehearsed: Rehearsed) -> bytes:
    refused = [{"plan": asdict(plan), "why": why} for plan, why in rehearsed.refused]
    return json.dumps({"ready": True, "plan": asdict(rehearsed.plan), "refused": refused}).encode()


def start(descriptor: int) -> None:
    """Entry point of the process: its first datagram says which exercises it serves."""
    control = socket.socket(fileno=descriptor)
    # Orphans of a worker become our children, so that none of them outlives it.
    kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
    for number in (signal.SIGINT, signal.SIGHUP):  # Ctrl-C and closed terminals are for the grader, which then ends us
        signal.signal(number, signal.SIG_IGN)
    order = json.loads(control.recv(MAX_REQUEST))
    try:
        rehearsed = jail.rehearse(order["scratch"])
        if rehearsed.plan.user_namespace:
            _enter_user_namespace(control)
        zygote = Zygote(control, order["exercises"], rehearsed.plan)
        control.send(_announce(rehearsed))
        zygote.serve()
    except Exception as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        os._exit(1)
    os._exit(0)  # nothing is left to do, and to take all libraries apart would take half a second
