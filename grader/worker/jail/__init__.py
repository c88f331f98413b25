"""The confinement that a worker enters before it sees a submission. Linux only; ctypes only.

`rehearse` finds out, once and by trying, which layers this machine allows; `enter` enters them, in the one order in
which each still can be entered; `probe` then looks at the result from inside. A layer that was promised and cannot
be entered is an error: a worker that is not confined as announced must not run.

Workers that run our own code enter it as well: oracles read what submissions wrote.
"""

from grader.worker.jail.enter import enter
from grader.worker.jail.plan import Plan
from grader.worker.jail.probe import probe
from grader.worker.jail.readable import Readable, readable, with_gpu
from grader.worker.jail.rehearsal import rehearse

__all__ = ["Plan", "Readable", "enter", "probe", "readable", "rehearse", "with_gpu"]
