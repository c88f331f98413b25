"""Where jobs are done: by any `concurrent.futures.Executor`. Here are the local one and the cluster's.

Where processes can be forked, the local pool's are copies of this one, with everything in them that is the same for
every submission: collected checks, drawn cases, the oracle's replies. They share its warm process, each by a line of
its own. There is one for each job that is handed out: a submission that sleeps keeps a process, and no core.
"""

import contextlib
import ctypes
import gc
import multiprocessing
import signal
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Semaphore

from grader.batch import job
from grader.batch.job import Done, Job, Settings
from grader.errors import BrokenError, UsageError
from grader.grade import Session
from grader.verdict import Verdict
from grader.worker.core import Core
from grader.worker.host import Zygote

PR_SET_PDEATHSIG = 1  # linux/prctl.h
WAITING = 2
"""Jobs that are handed out for each core: one in work, one at hand or asleep. More would be memory for nothing."""

LOST_S = 600.0
"""of waiting for a core, after which somebody must have died with one"""


@dataclass(frozen=True)
class Pool:
    """An executor and how many jobs it does at a time."""

    executor: Executor
    width: int
    lost: tuple[type[BaseException], ...] = (BrokenProcessPool,)
    """what a future raises if the process that did its job is gone"""


def run(jobs: Iterable[Job], make_pool: Callable[[], tuple[Settings, Pool]], done: Callable[[Job, Done], None]) -> None:
    """Do all jobs and hand over what came of each, in no order. A pool that breaks is made anew."""
    waiting = iter(jobs)
    while lost := _drain(waiting, *make_pool(), done):
        for one in lost:  # each by itself, so that none is taken for the reason that is not
            if _drain(iter([one]), *make_pool(), done):
                done(one, job.all_broken(one, "a process of the grader died twice while it judged this"))


def _drain(jobs: Iterator[Job], settings: Settings, pool: Pool, done: Callable[[Job, Done], None]) -> list[Job]:
    """Do jobs until there are none, or the pool is broken: then those that were in work."""
    running: dict[Future[Done], Job] = {}
    lost: list[Job] = []
    try:
        while True:
            while not lost and len(running) < WAITING * pool.width and (one := next(jobs, None)):
                try:
                    running[pool.executor.submit(job.do, settings, one)] = one
                except pool.lost:
                    lost.append(one)
            if not running:
                return lost
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                one = running.pop(future)
                try:
                    done(one, future.result())
                except pool.lost:
                    lost.append(one)
    finally:
        for future in running:
            future.cancel()
        pool.executor.shutdown(wait=True)


def rehearse(settings: Settings, session: Session) -> None:
    """Judge our own solutions, where they are; raises BrokenError unless they earn everything where all checks count.

    What was asked of oracles on the way needs not be asked again, by this process or by copies of it.
    """
    for exercise in session.bench.exercises.values():
        if not exercise.reference.is_file():
            continue
        source, everything = exercise.reference.read_bytes(), {found.check.id for found in session.checks}
        judged = session.judge(exercise.name, source, settings.seed, everything, {}).judged.values()
        for one in judged:
            if settings.full and one.verdict is not Verdict.PASS:
                raise BrokenError(
                    f"{exercise.reference}: our own solution does not pass `{one.id}` here, so nobody is graded: "
                    f"{one.message.splitlines()[0]}"
                )


def local(settings: Settings, session: Session, width: int, cores: Semaphore | None = None) -> Pool:
    """A pool that computes on `width` cores of this machine; where its processes are forked, no thread may run.

    `cores` are those of the machine, where others compute on them too.
    """
    session.bench.settle()
    launcher = session.bench.launcher
    if not isinstance(launcher, Zygote):
        context = multiprocessing.get_context("spawn")
        return Pool(ProcessPoolExecutor(width, context, initializer=_ignore_interrupts), width)
    lines = [launcher.attach() for _ in range(WAITING * width)]
    gc.freeze()  # or each copy's first look through all that is here would copy it
    forking = multiprocessing.get_context("fork")
    given = (settings, session, launcher, lines, forking.Value("i", 0), cores or forking.Semaphore(width))
    executor = ProcessPoolExecutor(len(lines), forking, initializer=_settle_in, initargs=given)
    executor.submit(int)  # starts all processes
    for line in lines:
        line.close()
    return Pool(executor, width)


class SharedCore(Core):
    """One of as many as are free, for a job that computes."""

    def __init__(self, free: Semaphore) -> None:
        self._free, self._held = free, False
        # It is lent by the thread that sees a worker asleep, or by the one that is done with it.
        self._lock = threading.Lock()

    def take(self) -> None:
        if not self._held:
            # A process that was killed gives none back. Who waited so long for one has one, and gives that back.
            self._free.acquire(timeout=LOST_S)
            self._held = True

    def lend(self) -> None:
        with self._lock:
            if self._held:
                self._held = False
                self._free.release()


def _settle_in(
    settings: Settings,
    session: Session,
    launcher: Zygote,
    lines: list[socket.socket],
    turn: "Synchronized[int]",
    free: Semaphore,
) -> None:
    """Become a process of the pool."""
    _ignore_interrupts()
    end_with_parent()
    with turn.get_lock():
        mine = turn.value
        turn.value += 1
    for number, line in enumerate(lines):
        if number != mine:
            line.close()
    launcher.adopt(lines[mine], SharedCore(free))
    job.lend(settings, session)


def end_with_parent() -> None:
    """Let this process be killed when the one that forked it ends: a killed batch leaves nothing behind."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _ignore_interrupts() -> None:
    """Ctrl-C is for whoever started the batch."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextlib.contextmanager
def cluster(address: str) -> Iterator[Pool]:
    """The workers of a Dask cluster; raises UsageError if there are none at this address."""
    try:
        import distributed
    except ModuleNotFoundError:
        raise UsageError("--dask: needs the package `distributed`; `pip install 'finetune-grader[dask]'`") from None
    try:
        client = distributed.Client(address, timeout="10s")
    except (OSError, ValueError) as error:
        raise UsageError(f"--dask {address}: no cluster answers there ({error})") from None
    with client:
        width = sum(client.nthreads().values())
        if not width:
            raise UsageError(f"--dask {address}: the cluster has no workers")
        # Not `pure`: a job that is done again must not get the answer of the first time.
        yield Pool(client.get_executor(pure=False), width, (distributed.KilledWorker,))
