"""The terminal as `grader watch` uses it: a screen of its own, keys without Enter, and everything back as it was."""

import contextlib
import os
import select
import shlex
import signal
import subprocess
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import click

from grader.errors import UsageError
from grader.watch.screen import Size

ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l"
"""a screen of its own, no cursor, no wrapping of lines"""
LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l"
LINE_OPTION = ("emacs", "joe", "kak", "micro", "nano", "nvim", "vi", "vim")
"""Editors that take +NUMBER as the line to go to."""


class Terminal:
    """Standard input and output, as one terminal. What wakes it beside keys is written to `wake`."""

    def __init__(self, *, color: bool) -> None:
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise UsageError("watching needs a terminal for its screen and keys; here, run the check itself")
        if os.environ.get("TERM") == "dumb":
            raise UsageError("watching needs a terminal with a screen; TERM says that this one is dumb")
        self._color = color
        self._input = sys.stdin.fileno()
        self._before = termios.tcgetattr(self._input)
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._writing, False)
        os.set_blocking(self._reading, False)
        self._shown: list[str] | None = None

    @property
    def size(self) -> Size:
        try:
            columns, lines = os.get_terminal_size(sys.stdout.fileno())
        except OSError:
            columns, lines = 0, 0
        return Size(columns or 80, lines or 24)  # a terminal that does not know says 0

    @contextlib.contextmanager
    def taken(self) -> Iterator[None]:
        """Our screen and our keys meanwhile, whatever ends it."""
        caught = {
            signal.SIGWINCH: self._resized,
            signal.SIGTSTP: self._suspend,
            signal.SIGTERM: _end,
            signal.SIGHUP: _end,
        }
        handlers = {number: signal.signal(number, handler) for number, handler in caught.items()}
        try:
            self._enter()
            yield
        finally:
            self._leave()
            for number, handler in handlers.items():
                if signal.getsignal(number) is not signal.SIG_IGN:  # see `_end`
                    signal.signal(number, handler)

    def wake(self) -> None:
        """End the wait for keys; from any thread, and from a signal."""
        with contextlib.suppress(BlockingIOError):  # woken already
            os.write(self._writing, b"w")

    def read(self, timeout_s: float | None) -> bytes:
        """What was typed; nothing after the time is over or something else has happened. Raises EOFError at its end."""
        ready, _, _ = select.select([self._input, self._reading], [], [], timeout_s)
        if self._reading in ready:
            with contextlib.suppress(BlockingIOError):
                while os.read(self._reading, 1024):
                    pass
        if self._input not in ready:
            return b""
        data = os.read(self._input, 1024)
        if not data:
            raise EOFError
        return data

    def show(self, lines: list[str]) -> None:
        """Replace what is on the screen."""
        lines = [f"{line}\x1b[0m" if self._color else click.unstyle(line) for line in lines]
        if lines != self._shown:
            _write("\x1b[H" + "\x1b[K\r\n".join(lines) + "\x1b[K\x1b[J")
            self._shown = lines

    def forget(self) -> None:
        """What is on the screen may have been changed by others, or by another size of it."""
        self._shown = None

    def edit(self, path: Path, line: int) -> None:
        """Let the reader's editor have the terminal until it ends; raises UsageError if there is none."""
        command = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "")
        if not command:
            raise UsageError("`o` needs to know your editor: for example `export EDITOR=nano`, then watch again")
        at = [f"+{line}"] if Path(command[0]).name in LINE_OPTION else []
        self._leave()
        # Ctrl-C is the editor's own meanwhile; a handler, unlike SIG_IGN, does not pass on to it. Ctrl-Z stops both.
        before = {signal.SIGINT: signal.signal(signal.SIGINT, lambda *_: None)}
        before[signal.SIGTSTP] = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        try:
            subprocess.run([*command, *at, str(path)], check=False)  # noqa: S603 - what the reader named
        except OSError as error:
            raise UsageError(f"`{command[0]}` cannot be started ({error.strerror}); set EDITOR to another") from None
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            self._enter()

    def close(self) -> None:
        """Release what waking needs."""
        os.close(self._reading)
        os.close(self._writing)

    def _enter(self) -> None:
        tty.setcbreak(self._input)
        _write(ENTER)
        self.forget()

    def _leave(self) -> None:
        _write(LEAVE)
        with contextlib.suppress(termios.error):  # as above
            termios.tcsetattr(self._input, termios.TCSADRAIN, self._before)

    def _resized(self, _number: int, _frame: FrameType | None) -> None:
        """What was cut off is gone, even where the terminal is by now as large as it was."""
        self.forget()
        self.wake()

    def _suspend(self, _number: int, _frame: FrameType | None) -> None:
        """Ctrl-Z: a stopped program must not keep the screen."""
        self._leave()
        handler: Callable[..., object] | int | None = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, handler)
        self._enter()
        self.wake()


def _write(text: str) -> None:
    with contextlib.suppress(OSError):  # the terminal is gone: there is nobody to write to
        sys.stdout.write(text)
        sys.stdout.flush()


def _end(number: int, _frame: FrameType | None) -> None:
    """A terminal that closes says so twice, by itself and by its shell; once is enough, for ending takes a moment."""
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, signal.SIG_IGN)
    raise SystemExit(128 + number)
