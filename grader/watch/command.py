"""The loop of `grader watch`: keys, saves and runs come in, a board goes to the screen."""

import os
import queue
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
from grader.student import reference_of
from grader.submission import existing_secrets, read_source
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
        named = {exercise.name: commands.file(exercise.name) for exercise in exercises}
        references = {exercise.name: reference_of(exercise) for exercise in exercises}
        self._board = Board(exercises, named, compare=references)
        self._records: dict[str, Record] = {}
        self._questions: Mapping[str, Questions] = {exercise.name: questions_of(exercise) for exercise in exercises}
        self._pace = Pace()
        self._reported: queue.SimpleQueue[tuple[Path, bool]] = queue.SimpleQueue()
        self._waiting = list(exercises)
        """exercises that are to be graded, the next one first"""
        self._judged: dict[str, Judged] = {}
        """what the run that goes on has judged so far"""
        self._saved_at = time.monotonic()
        self._missed = 0
        self._most_scroll = 0
        self._has_said_so = False
        if polls():
            self._say_that_no_events_arrive()

    def saved(self, files: list[Path], told: bool) -> None:
        """Hear of saves, in the thread that watches for them."""
        for path in files:
            self._reported.put((path, told))
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
        while not self._reported.empty():
            path, told = self._reported.get()
            self._missed = 0 if told else self._missed + 1
            if self._missed == 2:  # the first may have been found in the moment before it was told
                self._say_that_no_events_arrive()
            exercise = next(exercise for exercise in self._exercises if exercise.stub == path)
            self._put_first(exercise)
            self._board = replace(self._board, current=self._current_after_save(exercise))
            self._pace.saved(now)

    def _say_that_no_events_arrive(self) -> None:
        """Once: whoever has read it knows it."""
        if not self._has_said_so:
            by_hand = BY_HAND.format(self._commands.check(self._board.shown[0].name))
            self._board = replace(self._board, notes=(NO_EVENTS, by_hand))
            self._has_said_so = True

    def _put_first(self, exercise: Exercise) -> None:
        """Let an exercise be graded next; what is graded now ends, and if it is another one, comes later."""
        if self._board.running:
            self._runs.cancel()
            ended = next(other for other in self._exercises if other.name == self._board.running.exercise)
            self._waiting += [ended] if ended not in self._waiting else []
            self._board = replace(self._board, running=None)
        self._waiting = [exercise, *(other for other in self._waiting if other is not exercise)]
        self._saved_at = time.monotonic()

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
            self._make_sure(exercise)
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
                self._step(news)
            elif isinstance(news, Finished):
                self._finish(news)

    def _step(self, news: Step) -> None:
        """Show the task at hand as soon as all of it is judged, beside what was known of the others."""
        exercise, task = self._board.shown
        record = self._records.get(exercise.name)
        self._judged[news.judged.id] = news.judged
        mine = {check for check in news.run.plan.wanted if check.rpartition(".")[0] == task.id}
        if record and news.run.exercise is exercise and news.judged.id in mine <= self._judged.keys():
            judged = _in_order({**record.judged, **self._judged}, self._checks)
            results = {**self._board.results, exercise.name: judged_as(exercise, judged)}
            self._board = replace(self._board, results=results, scroll=0)

    def _finish(self, news: Finished) -> None:
        exercise, record = news.run.exercise, news.record
        if record is None:
            problem = f"The grader itself failed: {news.error}\nThis is not your fault; please report it."
            problems = {**self._board.problems, exercise.name: problem}
            self._board = replace(self._board, running=None, problems=problems)
            return
        known = self._records.get(exercise.name)
        before = judged_as(exercise, _in_order(known.judged, self._checks)) if known else None
        result = judged_as(exercise, _in_order(record.judged, self._checks))
        self._records[exercise.name] = record
        status = self._status(record, before, result)
        scroll = 0 if exercise is self._board.shown[0] else self._board.scroll
        results = {**self._board.results, exercise.name: result}
        self._board = replace(self._board, running=None, results=results, status=status, scroll=scroll)
        if not self._board.current and not self._is_done(exercise):
            self._board = replace(self._board, current=first_open(self._board, exercise.name))
        self._remember(exercise, result, news.run.plan)
        self._make_sure(exercise)

    def _remember(self, exercise: Exercise, result: ExerciseResult, planned: Plan) -> None:
        """Keep where the student stands, and offer a hint of the tasks where a check keeps failing."""
        report = assemble([result], DEFAULT_SEED, "", full=False)
        kept = memory.remember(self._root, report, planned.kept, self._tell)
        offers = {task.id: hint_offer(task, kept, report, "h") for task in exercise.config.tasks}
        self._board = replace(self._board, offers={**self._board.offers, **offers})

    def _is_done(self, exercise: Exercise) -> bool:
        return all(self._board.is_done(task) for task in exercise.config.tasks)

    def _make_sure(self, exercise: Exercise) -> None:
        """Before it is said that everything passes, everything has passed at once."""
        record = self._records[exercise.name]
        if record.kept and self._is_done(exercise):
            everything = Plan(frozenset(record.judged), {})
            self._grade(exercise, record.source, record.units, everything, once_more=True)

    def _grade(
        self, exercise: Exercise, source: bytes, units: Units, planned: Plan, *, once_more: bool = False
    ) -> None:
        shown = self._board.shown
        tasks = exercise.needed_by(shown[1]) if shown[0] is exercise else set()
        first = frozenset(check for check in planned.wanted if check.rpartition(".")[0] in tasks)
        self._judged = {}
        self._runs.start(exercise, source, units, planned, first)
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
                self._reset_task(exercise, task)
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
        self._put_first(exercise)
        self._records.pop(exercise.name, None)
        self._board = replace(self._board, view="all", notes=(), scroll=0)

    def _open(self, exercise: Exercise, task: Task) -> None:
        try:
            self._terminal.edit(exercise.stub, _line_of(exercise, task))
        except UsageError as error:
            self._board = replace(self._board, notes=(str(error),))

    def _tell(self, line: str) -> None:
        self._board = replace(self._board, notes=(line,))

    def _ask_to_reset(self, exercise: Exercise, task: Task) -> None:
        try:
            reset = self._reset_of(exercise, task)
        except (UsageError, OSError, UnicodeDecodeError) as error:
            self._board = replace(self._board, notes=(f"{task.id} cannot be reset: {error}.",))
            return
        also = f" (also a part of {', '.join(reset.also)})" if reset.also else ""
        question = f"Reset {task.id} to its stub: {', '.join(reset.functions)}{also}?"
        self._board = replace(self._board, question=question, view="task")

    def _reset_task(self, exercise: Exercise, task: Task) -> None:
        """What is replaced is what the file holds now, which may be more than when it was asked."""
        try:
            reset = self._reset_of(exercise, task)
            copy = memory.keep_before_reset(self._root, exercise)
            files.replace(exercise.stub, reset.text)
            note = f"Done. Your file as it was is {os.path.relpath(copy)}."
        except (UsageError, OSError, UnicodeDecodeError) as error:
            note = f"{task.id} cannot be reset: {error}."
        self._board = replace(self._board, notes=(note,))

    def _reset_of(self, exercise: Exercise, task: Task) -> Reset:
        stub = memory.stub_for(self._root, exercise)
        if stub is None:
            raise UsageError("the stub as it was is not kept here; take it from the lesson as you received it")
        return reset_task(exercise.stub.read_bytes().decode(), stub, task.id)


def _in_order(judged: Mapping[str, Judged], checks: list[Collected]) -> list[Judged]:
    return [judged[collected.check.id] for collected in checks if collected.check.id in judged]


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
