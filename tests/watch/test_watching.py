"""`grader watch` in a real terminal: tmux draws the screen, and the tests read it and press keys.

They wait for text, with a deadline, and never for a time. Needs tmux (`apt install tmux`).
"""

import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import ENVIRONMENT, Lesson
from processes import below, hanging_below, is_alive

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
LONG_S = 60.0
HOLES = {task: f'raise NotImplementedError("vectors.{task}")' for task in (1, 2)}
MEAN = 'if not len(x):\n        raise ValueError("the mean of nothing")\n    return float(x.sum() / len(x))'
KEYS = "h hint  n next task  a all  l list  o open  r reset  q quit"


@dataclass
class Screen:
    """A lesson that is watched in a terminal of tmux's."""

    lesson: Lesson
    server: str

    def tmux(self, *arguments: str) -> str:
        command = ["tmux", "-L", self.server, "-f", os.devnull, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=LONG_S).stdout

    def start(
        self, *, columns: int = 80, lines: int = 24, before: str = ":", after: str = ":", **variables: str
    ) -> None:
        """A shell in the lesson's folder, which runs the command between two others."""
        environment = {"PATH": os.environ["PATH"], "EDITOR": ""} | ENVIRONMENT | variables
        assigned = " ".join(f"{name}={shlex.quote(value)}" for name, value in environment.items())
        script = f"cd {shlex.quote(str(self.lesson.root))}; stty -a > before; {before}; "
        script += f"env {assigned} {sys.executable} -m grader watch; echo status $?; {after}; "
        script += "stty -a > after; exec sleep 1000"
        self.tmux("new-session", "-d", "-x", str(columns), "-y", str(lines), shlex.join(["bash", "-c", script]))

    @property
    def text(self) -> str:
        return self.tmux("capture-pane", "-p").rstrip()

    @property
    def colored(self) -> str:
        return self.tmux("capture-pane", "-p", "-e")

    def press(self, *keys: str) -> None:
        self.tmux("send-keys", *keys)

    def wait(self, *expected: str) -> str:
        """The screen, once it shows all of this."""
        return self.until(lambda text: all(part in text for part in expected), str(expected))

    def until(self, is_so: Callable[[str], bool], what: str) -> str:
        """The screen, once it is so."""
        deadline = time.monotonic() + LONG_S
        while not is_so(text := self.text):
            assert time.monotonic() < deadline, f"{what} did not come:\n{text}"
            time.sleep(0.02)
        return text

    @property
    def file(self) -> Path:
        return self.lesson.root / "exercises/vectors/vectors.py"

    @property
    def shell(self) -> int:
        """The process that runs the command."""
        (pane,) = self.tmux("list-panes", "-F", "#{pane_pid}").split()
        return int(pane)


@pytest.fixture
def screen(lesson: Lesson) -> Iterator[Screen]:
    made = Screen(lesson, f"grader-{os.getpid()}-{time.monotonic_ns()}")
    yield made
    made.tmux("kill-server")


@pytest.fixture
def watching(screen: Screen) -> Screen:
    """Watched, and the stub checked once."""
    screen.start()
    screen.wait("not started: look for TODO(vectors.1)", "checked 4")
    return screen


def filled(stub: str, first: str, second: str = HOLES[2]) -> str:
    return stub.replace(HOLES[1], first).replace(HOLES[2], second)


def test_save_see_hint_next_quit(watching, stub):
    watching.file.write_text(filled(stub, "return x + factor"))
    text = watching.wait("every element is multiplied by the factor", "0 of 2 checks pass")
    assert all(
        label in text for label in ("called    `scaled(x, factor)`", "expected  [", "saw       [", "hint      look")
    )
    watching.press("h")
    watching.wait("Hint 1 of 3 for vectors.1: What does multiplying do to each element?")
    watching.press("h")
    watching.wait("Hint 2 of 3 for vectors.1")
    watching.file.write_text(filled(stub, "return x * factor"))
    watching.wait("all 2 checks pass", "`n` goes on with vectors.2 mean.", "2 of 6")
    watching.press("n")
    watching.wait("not started: look for TODO(vectors.2)")
    watching.file.write_text(filled(stub, "return x * factor", MEAN))
    watching.wait("All public checks pass. Hidden checks try other inputs", "6 of 6")
    watching.press("q")
    text = watching.wait("status 0")
    assert KEYS not in text
    assert '"vectors": 6.0' in (watching.lesson.root / ".grader/progress.json").read_text()


def test_only_what_a_change_reaches_is_checked_again(watching, stub):
    watching.file.write_text(filled(stub, "return x + factor"))
    watching.wait("0 of 2 checks pass")
    watching.file.write_text(filled(stub, "return x + factor") + "\n# a comment\n")
    watching.wait("saved: nothing changed that a check could see")
    watching.file.write_text(filled(stub, "return x + factor", "return 1.0"))
    watching.wait("checked 2 in", ", 2 cannot have changed")


def test_before_all_pass_is_said_everything_passes_at_once(watching, stub):
    work = filled(stub, "return x * factor", MEAN)
    watching.file.write_text(work)
    watching.wait("All public checks pass")
    watching.file.write_text(work + "# a comment\n")
    watching.wait("nothing changed that a check could see", "All public checks pass")
    watching.file.write_text(work.replace("float(x", "float(1 * x"))
    watching.wait("checked 4 in", "All public checks pass")


def test_saved_exercise_is_the_one_that_is_shown(screen, stub):
    screen.lesson.copy_exercise("matrices")
    screen.start()
    screen.wait("not started: look for TODO(matrices.1)", "checked 4")
    screen.press("l")
    screen.wait("> . matrices.1 scaled", "  . vectors.1 scaled")
    screen.press("n")
    screen.file.write_text(filled(stub, "return x + factor"))
    screen.wait("every element is multiplied by the factor", "vectors.1 scaled", "0 of 2 checks pass")
    screen.press("a")
    other = screen.lesson.root / "exercises/matrices/matrices.py"
    other.write_text(other.read_text().replace('raise NotImplementedError("matrices.1")', "return x * factor"))
    screen.wait("+  every element is multiplied by the factor", "matrices  Vectors", "2 of 6")
    screen.press("n")
    screen.wait("`n` goes on with matrices.2 mean.")


def test_syntax_error_shows_its_line_and_goes_away(watching, stub):
    watching.file.write_text(filled(stub, "return x *"))
    text = watching.wait("exercises/vectors/vectors.py, line 7: invalid syntax")
    lines = [line.rstrip() for line in text.splitlines()]
    place = lines.index("         return x *")
    assert lines[place + 1].strip() == "^"
    watching.file.write_text(filled(stub, "return x * factor"))
    watching.wait("all 2 checks pass")


def test_storm_of_saves_ends_with_the_verdict_of_the_last(watching, stub):
    for number in range(19):
        watching.file.write_text(filled(stub, f"return x * factor + {number + 1}"))
        time.sleep(0.1)
    watching.file.write_text(filled(stub, "return x * factor"))
    watching.wait("all 2 checks pass", "checked 4 in")


def be_patient(screen: Screen) -> None:
    """Let a call take longer than any test waits for anything."""
    path = screen.lesson.root / "exercises/vectors/exercise.toml"
    path.write_text(path.read_text().replace("call_s = 1.0", "call_s = 100.0"))


def test_task_at_hand_is_shown_before_the_others_are_judged(screen, stub):
    be_patient(screen)
    screen.start()
    screen.wait("not started", "checked 4")
    screen.file.write_text(filled(stub, "return x * factor", "while True: pass"))
    screen.wait("all 2 checks pass", "vectors: checking, 2 of 4 done")


def test_save_ends_the_run_that_goes_on(screen, stub):
    be_patient(screen)
    screen.file.write_text(filled(stub, "while True: pass"))
    screen.start()
    screen.until(lambda _: bool(hanging_below(screen.shell)), "a worker that hangs")
    hanging = hanging_below(screen.shell)
    screen.file.write_text(filled(stub, "return x * factor"))
    screen.wait("2 of 6", "checked 4 in")
    assert not any(map(is_alive, hanging))


def test_list_all_and_back(watching, stub):
    watching.file.write_text(filled(stub, "return x * factor"))
    watching.wait("all 2 checks pass")
    watching.press("l")
    text = watching.wait("> + vectors.1 scaled", "  . vectors.2 mean")
    assert "n back to the task" in text
    watching.press("a")
    watching.wait("+  a factor of one changes nothing", "total", "checked 4 in")
    watching.press("n")
    watching.wait("`n` goes on with vectors.2 mean.", KEYS)


def test_reset_asks_first_and_keeps_what_was_there(watching, stub):
    work = filled(stub, "return x * factor", MEAN)
    watching.file.write_text(work)
    watching.wait("All public checks pass")
    watching.press("r")
    watching.wait("Reset vectors.1 to its stub: scaled?")
    watching.press("x")
    watching.wait(KEYS)
    assert watching.file.read_text() == work
    watching.press("r")
    watching.wait("Reset vectors.1 to its stub: scaled?")
    work += "# saved since\n"
    watching.file.write_text(work)
    watching.press("y")
    watching.wait(
        "Done. Your file as it was is .grader/before-reset/vectors.py.", "not started", "no longer passes: vectors.1"
    )
    assert watching.file.read_text() == filled(stub, HOLES[1], MEAN) + "# saved since\n"
    assert (watching.lesson.root / ".grader/before-reset/vectors.py").read_text() == work


def test_stub_is_kept_where_there_are_no_solutions(screen, stub):
    shutil.rmtree(screen.lesson.root / "solutions")
    screen.start()
    screen.wait("not started")
    screen.file.write_text(filled(stub, "return x * factor"))
    screen.wait("all 2 checks pass")
    screen.press("r")
    screen.wait("Reset vectors.1 to its stub: scaled?")
    screen.press("y")
    screen.wait("Done.")
    assert screen.file.read_text() == stub


def test_editor_gets_the_terminal_and_gives_it_back(screen, stub):
    editor = screen.lesson.root / "nano"
    editor.write_text('#!/bin/sh\nstty -a > during\necho "editing $@"\nread answer\necho "$answer" >> "$2"\n')
    editor.chmod(0o755)
    screen.start(EDITOR=str(editor))
    screen.wait("not started")
    screen.press("o")
    line = stub.splitlines().index("    # TODO(vectors.1): multiply (about 1 line)") + 1
    screen.wait(f"editing +{line}")
    assert modes(screen, "during") == modes(screen, "before")
    screen.press("# edited", "Enter")
    screen.wait("saved: nothing changed that a check could see", KEYS)
    assert screen.file.read_text() == stub + "# edited\n"
    screen.press("l")
    screen.wait("n back to the task")


def test_without_an_editor_it_says_what_to_do(watching):
    watching.press("o")
    watching.wait("`o` needs to know your editor: for example `export EDITOR=nano`")


def modes(screen: Screen, name: str) -> str:
    return (screen.lesson.root / name).read_text()


@pytest.mark.parametrize("how", ["q", "C-c", "C-d"])
def test_nothing_is_left_behind(watching, how):
    ours = below(watching.shell)[1:]
    assert len(ours) > 1
    watching.press(how)
    text = watching.wait("status ")
    assert text.split("status ")[1].split()[0] == ("130" if how == "C-c" else "0")
    deadline = time.monotonic() + LONG_S
    while any(Path(f"/proc/{pid}").exists() for pid in ours):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    watching.until(lambda _: (watching.lesson.root / "after").exists(), "the modes afterwards")
    assert modes(watching, "after") == modes(watching, "before")
    assert watching.tmux("display-message", "-p", "#{alternate_on} #{cursor_flag} #{wrap_flag}").split() == [
        "0",
        "1",
        "1",
    ]


def test_closed_terminal_leaves_nothing_behind(screen, stub, tmp_path):
    """Its end is told to all processes in it, and by a shell once more."""
    be_patient(screen)
    folders = tmp_path / "scratch"
    folders.mkdir()
    screen.file.write_text(filled(stub, "while True: pass"))
    screen.start(TMPDIR=str(folders))
    screen.until(lambda _: bool(hanging_below(screen.shell)), "a worker that hangs")
    ours = below(screen.shell)[1:]
    assert list(folders.iterdir())
    screen.tmux("kill-server")
    with contextlib.suppress(ProcessLookupError):
        os.kill(ours[0], signal.SIGHUP)
    deadline = time.monotonic() + LONG_S
    while any(map(is_alive, ours)):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert list(folders.iterdir()) == []


def test_suspended_it_gives_the_terminal_back_and_takes_it_again(screen):
    screen.start(before="set -m", after="echo stopped; read answer; fg")
    screen.wait("not started")
    screen.press("C-z")
    screen.wait("stopped")
    screen.press("Enter")
    screen.wait("not started", KEYS)
    screen.press("l")
    screen.wait("n back to the task")


def test_screen_follows_the_size_of_the_terminal(watching, stub):
    watching.file.write_text(filled(stub, "return x + factor"))
    watching.wait("0 of 2 checks pass")
    for columns, lines in [(50, 12), (30, 30), (100, 40), (80, 24)]:
        watching.tmux("resize-window", "-x", str(columns), "-y", str(lines))
        text = watching.until(
            lambda text: "q quit" in text and "vectors.1 scaled" in text, f"the screen of {columns} columns"
        )
        assert all(len(line) <= columns for line in text.splitlines())
        assert len(text.splitlines()) <= lines


def test_long_message_is_scrolled(screen, stub):
    screen.start(lines=10)
    screen.wait("not started")
    screen.file.write_text(filled(stub, "return x + factor"))
    screen.wait("-- more lines: ", " below; arrow keys --", "q quit")
    screen.press("Space", "Space", "Space")
    screen.wait("0 of 2 checks pass", " above; arrow keys --")
    screen.press("PageUp", "PageUp", "PageUp")
    screen.until(lambda text: " above" not in text, "the beginning")


def test_color_only_where_it_is_wanted(screen):
    screen.start()
    screen.wait("not started")
    assert re.search(r"\x1b\[[0-9;]*36m", screen.colored)


def test_no_color_where_it_is_not(screen):
    screen.start(NO_COLOR="1")
    screen.wait("not started")
    assert "\x1b[" not in screen.colored


def test_watching_needs_a_terminal(lesson):
    ran = lesson.run("watch")
    assert (ran.status, ran.out) == (2, "")
    assert ran.talk == "grader: watching needs a terminal for its screen and keys; here, run the check itself\n"


def test_where_no_events_arrive_it_says_so_and_how_to_check_by_hand(screen, stub):
    screen.start(WATCHFILES_FORCE_POLLING="true")
    screen.wait("are looked at twice a second.", "If a save is missed: `grader check vectors`.")
    screen.file.write_text(filled(stub, "return x * factor"))
    screen.wait("all 2 checks pass")


def test_broken_lesson_is_one_line(screen):
    (screen.lesson.root / "exercises/vectors/test_vectors.py").write_text("def (")
    screen.start()
    text = screen.wait("status 3")
    assert text.startswith("grader: exercises/vectors/test_vectors.py: cannot run: SyntaxError")
