"""Tells when files were saved: by the system's events, and by looking now and then, where those do not arrive.

What counts is always the file itself, so that it makes no difference how an editor replaces it.
"""

import os
import platform
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

import watchfiles

STEP_MS = 10
"""of quiet, after which events are one save"""
LOOK_MS = 500
Trace = tuple[int, int, int]


def polls() -> bool:
    """Whether it is known beforehand that no events arrive: on WSL, or because a variable of watchfiles says so."""
    wished = os.environ.get("WATCHFILES_FORCE_POLLING", "").lower()
    return wished not in ("", "false", "disable", "disabled") or "microsoft" in platform.release().lower()


class Saves(threading.Thread):
    """Calls `saved` with files that are others than before, and whether an event told so; in a thread of its own."""

    def __init__(self, files: Iterable[Path], saved: Callable[[list[Path], bool], None]) -> None:
        super().__init__(daemon=True)
        self._files, self._saved = list(files), saved
        self._traces = {path: _trace(path) for path in self._files}
        self._ending = threading.Event()
        self.start()

    def run(self) -> None:
        """Watch until `end`; where the system refuses to tell, by looking alone."""
        folders = sorted({path.parent for path in self._files})
        try:
            for events in watchfiles.watch(
                *folders,
                watch_filter=None,
                debounce=10 * STEP_MS,
                step=STEP_MS,
                stop_event=self._ending,
                rust_timeout=LOOK_MS,
                yield_on_timeout=True,
                recursive=False,
                raise_interrupt=False,
                force_polling=polls(),
            ):
                self._look(told=bool(events))
        except (OSError, RuntimeError):  # too many are watched already, or none can be
            pass
        while not self._ending.wait(LOOK_MS / 1000):
            self._look(told=False)

    def end(self) -> None:
        """Watch no more."""
        self._ending.set()
        self.join()

    def _look(self, *, told: bool) -> None:
        traces = {path: _trace(path) for path in self._files}
        changed = [path for path, trace in traces.items() if trace != self._traces[path] and trace is not None]
        # One that is missing may be about to be replaced; what it was before stays what it is compared with.
        self._traces |= {path: trace for path, trace in traces.items() if trace is not None}
        if changed:
            self._saved(changed, told)
        missing = [] if told else [path for path, trace in traces.items() if trace is None and self._traces[path]]
        if missing:  # for so long that no editor is about to replace them
            self._traces |= dict.fromkeys(missing)
            self._saved(missing, True)


def _trace(path: Path) -> Trace | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
