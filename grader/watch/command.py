"""The loop of `grader watch`: keys, saves and runs come in, a board goes to the screen."""

import os
import time
from collections.abc import Mapping
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

from grader import files, progress
from grader.catalog import Catalog, Exercise, Task
from grader.checking.collecting import Collected
from grader.errors import UsageError
from grader.grade import DEFAULT_SEED, Session
from grader.report import ExerciseResult, Judged, assemble
from grader.standing import hint_offer
from grader.submission import existing_secrets, read_source
from grader.verdict import Verdict
from grader.watch import memory
from grader.watch.affected import Questions, questions_of
from grader.watch.board import Board, Plan, Record, Running, first_open, judged_as, lost, plan, with_next
from grader.watch.keys import Key, keys_in
from grader.watch.pace import Pace
from grader.watch.reset import Reset, reset_task
from grader.watch.runs import Finished, Runs, Step
from grader.watch.saves import Saves, polls
from grader.watch.screen import render, syntax_words
from grader.watch.terminal import Terminal
from grader.watch.units import Units, units_of
from grader.writers.terminal import Commands

NO_EVENTS = "No word of saves arrives here, as on network drives and in containers: files are looked at twice a second."
BY_HAND = "If a save is missed: `{}`."


def watch(
    catalog: Catalog, exercises: tuple[Exercise, ...], commands: Commands, secrets: list[Path], *, color: bool
) -> None:
    """Show what becomes of the exercises at each save, until the reader quits."""
    with ExitStack() as ending:
        terminal = ending.enter_context(closing(Terminal(color=color)))
        session = ending.enter_context(Session(exercises, unreadable=existing_secrets(secrets)))
        checks = session.checks  # a lesson that is broken is told before there is a screen
        memory.keep_stubs(catalog)
        runs = ending.enter_context(closing(Runs(session, terminal.wake)))
        ending.enter_context(terminal.taken())
        loop = Loop(catalog, exercises, checks, runs, terminal, commands)
        saves = Saves([exercise.stub for exercise in exercises], loop.saved)
        ending.callback(saves.end)
        loop.run()


class Loop:
    """All state that changes while watching; only `saved` is called from another thread."""

    def __init__(
        self,
        catalog: Catalog,
        exercises: tuple[Exercise, ...],
        checks: list[Collected],
        runs: Runs,
        terminal: Terminal,
        commands: Commands,
    ) -> None:
        self._root, self._exercises, self._checks = catalog.root, exercises, checks
        self._runs, self._terminal, self._commands = runs, terminal, commands
        self._board = Board(exercises, {exercise.name: commands.file(exercise.name) for exercise in exercises})
        self._records: dict[str, Record] = {}
        self._questions: Mapping[str, Questions] = {exercise.name: questions_of(exercise) for exercise in exercises}
        self._pace = Pace()
        self._reported: list[tuple[Path, bool]] = []
        self._waiting = list(exercises)
        """exercises that are to be graded, the next one first"""
        self._saved_at = time.monotonic()
        self._missed = 0
        self._most_scroll = 0
        self._reset: Reset | None = None
        if polls():
            self._say_that_no_events_arrive()

    def saved(self, files: list[Path], told: bool) -> None:
        """Hear of saves, in the thread that watches for them."""
        self._reported += [(path, told) for path in files]
        self._terminal.wake()

    def run(self) -> None:
        """Go on until the reader quits; raises KeyboardInterrupt for Ctrl-C."""
        while True:
            self._start_what_waits()
            lines, self._most_scroll = render(self._board, self._terminal.size, self._commands)
            self._terminal.show(lines)
            try:
                keys = list(keys_in(self._terminal.read(self._pace.wait_s(time.monotonic()))))
            except EOFError:
                return
            if Key.QUIT in keys:
                return
            for key in keys:
                self._press(key)
            self._hear_of_saves()
            self._hear_of_runs()

    # ---- saves

    def _hear_of_saves(self) -> None:
        now = time.monotonic()
        reported, self._reported = self._reported, []
        for path, told in reported:
            self._missed = 0 if told else self._missed + 1
            if self._missed == 2:  # the first may have been found in the moment before it was told
                self._say_that_no_events_arrive()
            exercise = next(exercise for exercise in self._exercises if exercise.stub == path)
            self._waiting = [exercise, *(other for other in self._waiting if other is not exercise)]
            running = self._board.running
            if running:
                self._runs.cancel()
                other = next(other for other in self._exercises if other.name == running.exercise)
                self._waiting += [other] if other not in self._waiting else []
                self._board = replace(self._board, running=None)
            self._board = replace(self._board, current=self._current_after_save(exercise))
            self._pace.saved(now)
            self._saved_at = now

    def _say_that_no_events_arrive(self) -> None:
        by_hand = BY_HAND.format(self._commands.check(self._board.shown[0].name))
        self._board = replace(self._board, notes=(NO_EVENTS, by_hand))

    def _start_what_waits(self) -> None:
        """Begin the next run, unless one goes on, or another save is likely to come."""
        now = time.monotonic()
        if self._pace.wait_s(now) is not None and not self._pace.take(now):
            return
        while self._waiting and not self._board.running:
            self._begin(self._waiting.pop(0))

    def _begin(self, exercise: Exercise) -> None:
        """Grade what a file holds now, as far as it can be graded and may have changed."""
        name, file = exercise.name, exercise.stub.name
        record = self._records.get(name)
        problems = {other: problem for other, problem in self._board.problems.items() if other != name}
        try:
            source = read_source(exercise.stub)
            units = units_of(source, file)
        except UsageError as error:
            self._board = replace(self._board, problems=problems | {name: str(error)})
            return
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            words = syntax_words(error, self._board.file[name])
            self._board = replace(self._board, problems=problems | {name: words})
            return
        checks = [collected for collected in self._checks if collected.exercise is exercise]
        planned = plan(record, units, checks, self._questions[name], file)
        self._board = replace(self._board, problems=problems)
        if record and not planned.wanted:
            self._records[name] = replace(record, source=source, units=units)
            self._board = replace(self._board, status=f"{_clock()} saved: nothing changed that a check could see")
            return
        self._grade(exercise, source, units, planned)

    def _current_after_save(self, exercise: Exercise) -> str:
        """The task to show: the one that is shown, unless another exercise was saved."""
        shown = self._board.shown[0]
        return self._board.current if shown is exercise else first_open(self._board, exercise.name)

    # ---- runs

    def _hear_of_runs(self) -> None:
        while not self._runs.news.empty():
            news = self._runs.news.get()
            if not self._runs.is_latest(news):
                continue
            running = self._board.running
            if isinstance(news, Step) and running:
                self._board = replace(self._board, running=replace(running, done=running.done + 1))
            elif isinstance(news, Finished):
                self._finish(news)

    def _finish(self, news: Finished) -> None:
        exercise, record = news.run.exercise, news.record
        if record is None:
            problem = f"The grader itself failed: {news.error}\nThis is not your fault; please report it."
            problems = {**self._board.problems, exercise.name: problem}
            self._board = replace(self._board, running=None, problems=problems)
            return
        before = self._board.results.get(exercise.name)
        result = judged_as(exercise, _in_order(record, self._checks))
        self._records[exercise.name] = record
        status = self._status(record, before, result)
        self._board = replace(
            self._board, running=None, results={**self._board.results, exercise.name: result}, status=status, scroll=0
        )
        finished = all(self._board.is_done(task) for task in exercise.config.tasks)
        if not self._board.current and not finished:
            self._board = replace(self._board, current=first_open(self._board, exercise.name))
        report = assemble([result], DEFAULT_SEED, "", full=False)
        kept = memory.remember(self._root, report, news.run.plan.kept, self._tell)
        failing = [check.id for check in report.checks if check.verdict is Verdict.FAIL]
        offers = {
            task.id: hint_offer(task, kept, [check for check in failing if check.startswith(f"{task.id}.")], "h")
            for task in exercise.config.tasks
        }
        self._board = replace(self._board, offers={**self._board.offers, **offers})
        if finished and record.kept:
            # Before it is said that everything passes, everything has passed at once.
            everything = Plan(frozenset(record.judged), {})
            self._grade(exercise, record.source, news.run.units, everything, once_more=True)

    def _grade(
        self, exercise: Exercise, source: bytes, units: Units, planned: Plan, *, once_more: bool = False
    ) -> None:
        self._runs.start(exercise, source, units, planned)
        self._board = replace(self._board, running=Running(exercise.name, len(planned.wanted), once_more=once_more))

    def _status(self, record: Record, before: ExerciseResult | None, now: ExerciseResult) -> str:
        judged = len(record.judged) - record.kept
        words = f"{_clock()} checked {judged} in {time.monotonic() - self._saved_at:.1f} s"
        if record.kept:
            words += f", {record.kept} cannot have changed"
        missing = lost(before, now)
        return f"{words}; no longer passes: {', '.join(missing)}" if missing else words

    # ---- keys

    def _press(self, key: Key) -> None:
        board, (exercise, task) = self._board, self._board.shown
        if board.question:
            self._board = replace(board, question="")
            if key is Key.YES:
                self._reset_task(exercise)
            return
        match key:
            case Key.HINT:
                seen = progress.next_hint(self._root, task.id, len(task.hints), self._tell)
                self._tell(f"Hint {seen + 1} of {len(task.hints)} for {task.id}: {task.hints[seen]}")
                self._board = replace(self._board, view="task", offers={**board.offers, task.id: ""}, scroll=0)
            case Key.NEXT:
                self._board = with_next(board) if board.view == "task" else replace(board, view="task", scroll=0)
            case Key.ALL:
                self._check_all(exercise)
            case Key.LIST:
                self._board = replace(board, view="task" if board.view == "list" else "list", notes=(), scroll=0)
            case Key.OPEN:
                self._open(exercise, task)
            case Key.RESET:
                self._ask_to_reset(exercise, task)
            case Key.UP | Key.DOWN | Key.PAGE_UP | Key.PAGE_DOWN:
                page = max(1, self._terminal.size.lines - 6)
                step = {Key.UP: -1, Key.DOWN: 1, Key.PAGE_UP: -page, Key.PAGE_DOWN: page}[key]
                self._board = replace(board, scroll=min(max(0, board.scroll + step), self._most_scroll))
            case _:
                self._board = replace(board, notes=())

    def _check_all(self, exercise: Exercise) -> None:
        """Nothing of what is known stays, and all of it is shown."""
        self._runs.cancel()
        self._records.pop(exercise.name, None)
        self._waiting = [exercise, *(other for other in self._waiting if other is not exercise)]
        self._saved_at = time.monotonic()
        self._board = replace(self._board, running=None, view="all", notes=(), scroll=0)

    def _open(self, exercise: Exercise, task: Task) -> None:
        try:
            self._terminal.edit(exercise.stub, _line_of(exercise, task))
        except UsageError as error:
            self._board = replace(self._board, notes=(str(error),))

    def _tell(self, line: str) -> None:
        self._board = replace(self._board, notes=(line,))

    def _ask_to_reset(self, exercise: Exercise, task: Task) -> None:
        stub = memory.stub_for(self._root, exercise)
        try:
            if stub is None:
                raise UsageError("the stub as it was is not kept here; take it from the lesson as you received it")
            self._reset = reset_task(exercise.stub.read_text("utf-8"), stub, task.id)
        except (UsageError, OSError, UnicodeDecodeError) as error:
            self._board = replace(self._board, notes=(f"{task.id} cannot be reset: {error}.",))
            return
        what = ", ".join(self._reset.functions)
        also = f" (also a part of {', '.join(self._reset.also)})" if self._reset.also else ""
        self._board = replace(self._board, question=f"Reset {task.id} to its stub: {what}{also}?", view="task")

    def _reset_task(self, exercise: Exercise) -> None:
        if self._reset is None:
            return
        try:
            copy = memory.keep_before_reset(self._root, exercise)
            files.replace(exercise.stub, self._reset.text)
            note = f"Done. Your file as it was is {os.path.relpath(copy)}."
        except OSError as error:
            note = f"The file cannot be written: {error.strerror}."
        self._board = replace(self._board, notes=(note,))
        self._reset = None


def _in_order(record: Record, checks: list[Collected]) -> list[Judged]:
    return [record.judged[collected.check.id] for collected in checks if collected.check.id in record.judged]


def _clock() -> str:
    return time.strftime("%H:%M:%S")


def _line_of(exercise: Exercise, task: Task) -> int:
    """The line to begin with: the first that names the task behind its TODO or in its hole; else the first of all."""
    try:
        lines = exercise.stub.read_text("utf-8", "replace").splitlines()
    except OSError:
        return 1
    signs = (f"TODO({task.id})", f'NotImplementedError("{task.id}")')
    return next((number for number, line in enumerate(lines, 1) if any(sign in line for sign in signs)), 1)
