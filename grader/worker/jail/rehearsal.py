"""Finds the strongest plan that this machine allows, by entering each in a process that is thrown away."""

import os
from dataclasses import dataclass

from grader.worker.jail import landlock, namespaces, seccomp
from grader.worker.jail.enter import enter
from grader.worker.jail.plan import Plan, candidates, user_of
from grader.worker.jail.readable import Readable, readable
from grader.worker.limits import Limits


@dataclass(frozen=True)
class Rehearsed:
    """The plan that worked, and why stronger ones did not."""

    plan: Plan
    refused: tuple[tuple[Plan, str], ...]


def rehearse(scratch: str, driven: tuple[str, ...] | None = None) -> Rehearsed:
    """The strongest plan that works here; the calling process must have one thread.

    If even the last is refused, workers are confined only lightly, which the report then says. What drives a GPU gets
    no namespaces: what its driver reads of /proc and /sys would not exist there.
    """
    libraries = readable(())
    refused: list[tuple[Plan, str]] = []
    for plan in candidates(root=os.geteuid() == 0, landlock=landlock.version(), seccomp=seccomp.supported()):
        if plan.namespaces and driven is not None:
            continue
        trouble = _try(plan, scratch, libraries, driven)
        if not trouble:
            return Rehearsed(plan, tuple(refused))
        refused.append((plan, trouble))
    return Rehearsed(Plan(), tuple(refused))


def _try(plan: Plan, scratch: str, libraries: Readable, driven: tuple[str, ...] | None) -> str:
    """Why a worker cannot live under the plan; empty if it can."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            if plan.user_namespace:
                namespaces.enter_user_namespace()
            if plan.namespaces:
                _pass_on_to_a_child(
                    namespaces.fork_into_processes_of_its_own() if not plan.user_namespace else os.fork()
                )
            enter(plan, Limits(), {writing}, scratch, libraries, user_of(os.getpid(), 0), driven)
            _live(libraries)
            os._exit(0)
        except BaseException as error:
            os.write(writing, (str(error) or type(error).__name__).encode()[:500])
        finally:
            os._exit(1)
    os.close(writing)
    with open(reading, "rb") as report:
        trouble = report.read().decode("utf-8", "replace")
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return trouble or ("" if status == 0 else f"the process ended with {status}")


def _pass_on_to_a_child(child: int) -> None:
    if child:
        os._exit(abs(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])))


def _live(libraries: Readable) -> None:
    """What torch does sooner or later: import something for the first time, and write a file."""
    for path in libraries.spelled:
        if os.path.isdir(path):
            os.listdir(path)
    with open(os.__file__, "rb") as source:
        source.read(1)
    with open("rehearsal", "wb") as file:
        file.write(b"x")
    os.unlink("rehearsal")
