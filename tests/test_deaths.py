"""Every way to die is a verdict, and only of that check.

Each submission here is right, except that `mean` misbehaves as soon as there is something to average: the checks
before `vectors.2.value` and the one after it must pass in spite of it. Whatever is told is read in full.

One run of the command grades them all, in a lesson with one copy of the exercise for each.
"""

import os
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest
from simplest import simplest

SUBMISSION = """\
def scaled(x, factor):
    return x * factor


def mean(x):
    if not len(x):
        raise ValueError("the mean of nothing")
{body}
"""
IDS = ("1.value", "1.fresh", "2.value", "2.empty")
CASE = "called    `mean(x)`\nwith      n = 1, x = [1.75]"


@dataclass(frozen=True)
class Attack:
    """The body of `mean`, from line 8 on, and what is told of it, above and below the case."""

    body: str
    told: str
    below: str = ""

    @property
    def source(self) -> str:
        return SUBMISSION.format(body=textwrap.indent(textwrap.dedent(self.body).strip("\n"), "    "))

    @property
    def message(self) -> str:
        return "\n".join(filter(None, [self.told, CASE, self.below]))


DEATHS = {
    "exit": Attack(
        "raise SystemExit('bye')", "your code raised: SystemExit: bye\n  vectors.py:8 in mean: raise SystemExit('bye')"
    ),
    "interrupt": Attack(
        "raise KeyboardInterrupt",
        "your code raised: KeyboardInterrupt\n  vectors.py:8 in mean: raise KeyboardInterrupt",
    ),
    "hard_exit": Attack("import os; os._exit(0)", "your code ended its process (exit status 0)"),
    "segfault": Attack("import ctypes; ctypes.string_at(0)", "your code crashed its process (SIGSEGV)"),
    "abort": Attack("import os; os.abort()", "your code crashed its process (SIGABRT)"),
    "kill": Attack("import os; os.kill(os.getpid(), 9)", "your code closed its channel to the grader, or was killed"),
    "loop": Attack("while True: pass", "your code did not answer within 1 second"),
    "loop_that_swallows_interrupts": Attack(
        """
        while True:
            try:
                while True: pass
            except KeyboardInterrupt:
                pass
        """,
        "your code did not answer within 1 second",
    ),
    "deaf_loop": Attack(
        """
        import signal
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        while True: pass
        """,
        "your code did not answer within 1 second",
    ),
    "stop": Attack(
        "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)", "your code did not answer within 1 second"
    ),
    "endless_recursion": Attack(
        "return mean(x)",
        "your code raised: RecursionError: maximum recursion depth exceeded"
        + 8 * "\n  vectors.py:8 in mean: return mean(x)",
    ),
    "endless_memory": Attack(
        """
        import numpy as np
        kept = []
        while True:
            kept.append(np.empty(2**23))
        """,
        "your code raised: MemoryError: Unable to allocate 64.0 MiB for an array with shape (8388608,) and data type "
        "float64\n  vectors.py:11 in mean: kept.append(np.empty(2**23))",
        "note      a worker may use 256 MiB of memory",
    ),
    "endless_output": Attack(
        """
        for _ in range(100):
            print("x" * 10**6)
        """,
        "your code printed more than 1 MiB",
        "your code printed:\n  " + "x" * 76,
    ),
    "closed_descriptors": Attack("import os; os.closerange(0, 256)", "your code ended its process (exit status 1)"),
    "closed_descriptors_and_a_loop": Attack(
        """
        import os
        os.closerange(0, 256)
        while True: pass
        """,
        "your code closed its channel to the grader, or was killed",
    ),
}
"""Ways not to answer."""

# What a submission needs to speak for its worker.
CHANNEL = """
        import struct, sys, time
        from grader.wire import Message
        frame = sys._getframe()
        while "channel" not in frame.f_locals:
            frame = frame.f_back
        channel, number = frame.f_locals["channel"], frame.f_locals["message"].number
        """
FRAMES = {
    "flood_of_garbage": Attack(
        CHANNEL + "while True: channel._socket.sendall(b'garbage' * 10000)",
        "your code garbled the answer of its process (not a frame)",
    ),
    "half_a_frame": Attack(
        CHANNEL + "channel._socket.sendall(struct.pack('>4sIQ', b'FTG1', 50, 8) + b'{'); time.sleep(60)",
        "your code did not answer within 1 second",
    ),
    "huge_frame": Attack(
        CHANNEL + "channel._socket.sendall(struct.pack('>4sIQ', b'FTG1', 10, 2**60))",
        "your code garbled the answer of its process (frame too large: header 10, body 1152921504606846976 bytes)",
    ),
    "forged_verdict": Attack(
        CHANNEL
        + """
        header = b'{"kind":"pass","number":%d,"value":{},"tensors":[]}' % number
        channel._socket.sendall(struct.pack('>4sIQ', b'FTG1', len(header), 0) + header)
        """,
        "your code garbled the answer of its process (header fields have the wrong types)",
    ),
    "forged_fields": Attack(
        CHANNEL + "channel.send(Message('answer', number, {'value': {'mean': 1.75}, 'verdict': 'pass'}))",
        "your code garbled the answer of its process (it is not a reply)",
    ),
    "forged_number": Attack(
        CHANNEL + "channel.send(Message('answer', number + 1, {'value': {'mean': 1.75}}))",
        "your code garbled the answer of its process (it answers another question)",
    ),
    "forged_answer": Attack(
        CHANNEL + "channel.send(Message('answer', number, {'value': {'mean': 7.0}})); return x.mean()",
        "the result has the wrong value",
        "expected  1.75\nsaw       7.0\nnote      largest relative error 3, allowed 1e-12",
    ),
    "forged_exception": Attack(
        CHANNEL
        + """
        told = {"type": "E", "bases": ["E"], "message": "expected  1.75\\nsaw  1.75\\ud800", "frames": []}
        channel.send(Message("raised", number, told))
        """,
        "your code raised: E: expected  1.75\n  | saw  1.75?",
    ),
}
"""Words on the wire that are not its process's own: they can misreport, and nothing else."""


def answer(value: str, saw: str, expected: str = "a number", told: str = "the result is not a number") -> Attack:
    return Attack(f"import numpy as np\nreturn {value}", told, f"expected  {expected}\nsaw       {saw}")


ANSWERS = {
    "none": answer("None", "None (is a `return` missing?)"),
    "text": answer("'pass'", "'pass'"),
    "list": answer("[1.75]", "[1.75]"),
    "list_of_arrays": answer("[x, x]", "a list of 2 elements"),
    "long_list": answer("list(range(100))", "a list of 100 elements"),
    "bool": answer("True", "True"),
    "nan": answer("float('nan')", "nan", "a finite number", "the result is not finite"),
    "huge_number": answer("10**100", "an object of type int beyond 64 bits"),
    "array_of_objects": answer("np.array(object())", "an object of type array of object"),
    "mapping_with_odd_keys": answer("{'$tensor': 0}", "an object of type dict"),
    "lone_surrogate": answer("'\\ud800'", r"'\ud800'"),
}
LIES = {
    "equals_everything": Attack(
        """
        class Right(float):
            __eq__ = lambda self, other: True
            __sub__ = __rsub__ = __abs__ = lambda self, *other: 0.0
        return Right(7)
        """,
        "the result is not a number",
        "expected  a number\nsaw       an object of type Right",
    ),
    "array_that_equals_everything": Attack(
        """
        import numpy as np
        class Right(np.ndarray):
            __eq__ = __array_ufunc__ = lambda *given: True
            __array__ = lambda *given: np.float64(1.75)
            tobytes = lambda *given: np.float64(1.75).tobytes()
        return np.array(7.0).view(Right)
        """,
        "the result has the wrong value",
        "expected  1.75\nsaw       7.0\nnote      largest relative error 3, allowed 1e-12",
    ),
    "name_with_control_characters": Attack(
        """
        return type("E\\x1b[2J\\ntotal  6 of 6", (), {})()
        """,
        "the result is not a number",
        "expected  a number\nsaw       an object of type E?[2J\n          total  6 of 6",
    ),
    "too_deep": Attack(
        """
        value = 1.75
        for _ in range(100): value = [value]
        return value
        """,
        "the answer cannot be sent to the grader",
        "saw       value is nested too deep",
    ),
    "too_much": Attack(
        """
        import numpy as np
        return list(np.ones((2000, 1)))
        """,
        "the answer cannot be sent to the grader",
        "saw       message too large: 64932 bytes of text, 16000 of arrays, 2000 arrays",
    ),
}
"""Answers of the wrong type, and answers that lie about themselves."""

# What `scaled` returns for any factor but one, and what is told of it, above and below the case.
ARRAYS = {
    "wrong_shape": (
        "x[:, None] * factor",
        "the result has the wrong shape",
        "expected  shape (1,)\nsaw       shape (1, 1)\nnote      2 axes instead of 1",
    ),
    "wrong_dtype": (
        "(x * factor).astype('float32')",
        "the result has the wrong dtype",
        "expected  float64\nsaw       float32",
    ),
    "nan_inside": ("x * float('nan')", "the result is not finite", "expected  finite numbers\nsaw       nan at [0]"),
    "infinite": (
        "x * float('inf')",
        "the result is not finite",
        "expected  finite numbers\nsaw       {x * inf} at [0]",
    ),
    "no_array": (
        "[float(v) for v in x * factor]",
        "the result is not a tensor",
        "expected  a tensor of shape (1,)\nsaw       [{2 * x}]",
    ),
    "objects": (
        "(x * factor).astype(object)",
        "the result is not a tensor",
        "expected  a tensor of shape (1,)\nsaw       an object of type array of object",
    ),
}

WORDS = {
    "control_characters": Attack(
        """
        words = "\\x1b[2J\\r\\x07\\u202e"
        raise ValueError(words)
        """,
        "your code raised: ValueError: ?[2J???\n  vectors.py:9 in mean: raise ValueError(words)",
    ),
    "forged_lines": Attack(
        """
        words = "no\\n  +  no elements are a ValueError       1 of 1\\ntotal     6 of 6"
        raise ValueError(words)
        """,
        "your code raised: ValueError: no\n  |   +  no elements are a ValueError       1 of 1\n  | total     6 of 6\n"
        "  vectors.py:9 in mean: raise ValueError(words)",
    ),
    "megabytes": Attack(
        "raise ValueError('x' * 10**7)",
        f"your code raised: ValueError: {'x' * 2000}\n  vectors.py:8 in mean: raise ValueError('x' * 10**7)",
    ),
    "text_that_raises": Attack(
        """
        class E(Exception):
            def __str__(self): raise SystemExit
        raise E
        """,
        "your code raised: E: (its message cannot be printed)\n  vectors.py:10 in mean: raise E",
    ),
    "text_that_exits": Attack(
        """
        class E(Exception):
            def __str__(self): import os; os._exit(0)
        raise E
        """,
        "your code ended its process (exit status 0)",
    ),
    "name_that_raises": Attack(
        """
        class Nameless(type):
            __name__ = property(lambda self: 1 / 0)
        raise Nameless("E", (Exception,), {})
        """,
        "your code ended its process (exit status 1)",
    ),
    "name_with_lines": Attack(
        """
        raise type("E\\n  +", (Exception,), {})
        """,
        'your code raised: E\n  |   +\n  vectors.py:8 in mean: raise type("E\\n  +", (Exception,), {})',
    ),
    "not_implemented_elsewhere": Attack(
        "import logging; logging.Handler().emit(None)",
        "your code raised: NotImplementedError: emit must be implemented by Handler subclasses\n"
        "  vectors.py:8 in mean: import logging; logging.Handler().emit(None)",
    ),
    "forged_output": Attack(
        """
        print("total     6 of 6\\x1b[2J")
        for _ in range(9): print("x" * 100)
        return 0.0
        """,
        "the result has the wrong value",
        "expected  1.75\nsaw       0.0\nnote      largest relative error 1, allowed 1e-12\n"
        "          yours is zero everywhere (in all 5 failing cases tried)\n"
        "your code printed:\n  total     6 of 6?[2J\n" + 4 * f"  {'x' * 76}\n" + "  ... and 5 more lines",
    ),
}
"""Text that could forge or flood a report."""

MARK = f"left-{os.getpid()}"
"""The name that a process gives itself to be found again: all that a worker may change about it."""
LEAVE = """
        import ctypes, os, threading, time
        def leave(): ctypes.CDLL(None).prctl(15, b"{MARK}", 0, 0, 0); time.sleep(600)
        """.replace("{MARK}", MARK)
LEFTOVERS = {
    "child": LEAVE + "if os.fork() == 0: leave()",
    "daemon": LEAVE + "if os.fork() == 0: os.setsid(); os.fork(); leave()",
    "stubborn_child": LEAVE + "if os.fork() == 0: [__import__('signal').signal(s, 1) for s in (1, 2, 15)]; leave()",
    "thread": LEAVE + "threading.Thread(target=leave).start()",
    "trap": LEAVE + "globals()['len'] = lambda x: x.size or os._exit(0)",  # the next check springs it
    "second_answer": CHANNEL + "channel.send(Message('answer', number, {'value': {'mean': float(x.mean())}}))",
    "at_exit": LEAVE + "import atexit; atexit.register(os.kill, os.getppid(), 9)",
}
"""What a right answer can leave behind."""

LOADS = {
    "raises": ("1 / 0", "cannot be loaded: ZeroDivisionError: division by zero\n  vectors.py:1 in <module>: 1 / 0"),
    "syntax": (
        "def f(:\n    pass",
        "cannot be loaded: SyntaxError: invalid syntax\n  vectors.py:1 in <module>: def f(:",
    ),
    "indent": (
        "x = 1\n  y = 2",
        "cannot be loaded: IndentationError: unexpected indent\n  vectors.py:2 in <module>: y = 2",
    ),
    "no_module": (
        "import nowhere",
        "cannot be loaded: ModuleNotFoundError: No module named 'nowhere'\n  vectors.py:1 in <module>: import nowhere",
    ),
    "forbidden_module": (
        "from statistics import mean",
        "cannot be loaded: ModuleNotFoundError: this exercise is about writing it yourself: `statistics` cannot be "
        "imported here\n  vectors.py:1 in <module>: from statistics import mean",
    ),
    "hole_outside": (
        "raise NotImplementedError('vectors.1')",
        "cannot be loaded: NotImplementedError: vectors.1\n"
        "  vectors.py:1 in <module>: raise NotImplementedError('vectors.1')",
    ),
    "system_exit": (
        "raise SystemExit(0)",
        "cannot be loaded: SystemExit: 0\n  vectors.py:1 in <module>: raise SystemExit(0)",
    ),
    "ends": ("import os; os._exit(0)", ", while it was loaded, ended its process (exit status 0)"),
    "crashes": ("import ctypes; ctypes.string_at(0)", ", while it was loaded, crashed its process (SIGSEGV)"),
    "loops": ("while True: pass", ", while it was loaded, did not answer within 2 seconds"),
    "naps": (
        "import time\nwhile True: time.sleep(0.3)",
        ", while it was loaded, slept for 1 second, waiting for what does not come here",
    ),
    "sleeps": (
        "import time\ntime.sleep(60)",
        ", while it was loaded, slept for 1 second, waiting for what does not come here",
    ),
    "waits_for_itself": (
        "import threading\nlock = threading.Lock()\nlock.acquire()\nlock.acquire()",
        ", while it was loaded, slept for 1 second, waiting for what does not come here",
    ),
    "floods": ("while True: print('x' * 10**6)", ", while it was loaded, printed more than 1 MiB"),
}
"""Files that cannot be loaded, and what is told of them."""

HOLES = {
    "hole": ("raise NotImplementedError('hole.2')", "todo", "not started"),
    "nameless_hole": ("raise NotImplementedError", "todo", "not started"),
    "hole_of_another": (
        "raise NotImplementedError('hole_of_another.1')",
        "todo",
        "builds on hole_of_another.1, which is not started",
    ),
}
"""What is not started is not wrong."""

SIGNALS_TO_ITSELF = ("abort", "kill", "stop")
ATTACKS = DEATHS | FRAMES | ANSWERS | LIES | WORDS
SOURCES = (
    {name: attack.source for name, attack in ATTACKS.items()}
    | {name: Attack(f"{body}\n        return x.mean()", "").source for name, body in LEFTOVERS.items()}
    | {name: source for name, (source, _) in LOADS.items()}
    | {name: Attack(body, "").source for name, (body, _, _) in HOLES.items()}
    | {
        name: Attack("return x.mean()", "").source.replace("x * factor", f"x if factor == 1 else {result}")
        for name, (result, _, _) in ARRAYS.items()
    }
)


@pytest.fixture(scope="module")
def graded(shared_lesson):
    for name, source in SOURCES.items():
        shared_lesson.copy_exercise(name)
        (shared_lesson.root / "exercises" / name / f"{name}.py").write_text(source)
    return shared_lesson.run("check", *SOURCES, "--json", "-")


def told(graded, check_id: str) -> str:
    exercise = check_id.split(".")[0]
    return graded.check(check_id)["message"].replace(f"{exercise}.py", "vectors.py")


def verdicts(graded, exercise: str) -> tuple[str, ...]:
    return tuple(graded.verdicts[f"{exercise}.{check}"] for check in IDS)


def test_grader_survives_them_all(graded):
    assert (graded.status, graded.talk) == (1, "")
    assert [exercise["name"] for exercise in graded.report["exercises"]] == sorted(SOURCES)


@pytest.mark.parametrize("name", ATTACKS)
def test_attack_fails_its_own_check_alone(graded, name):
    assert verdicts(graded, name) == ("pass", "pass", "fail", "pass")


@pytest.mark.parametrize("name", ATTACKS)
def test_attack_is_told(graded, name):
    if graded.report["isolation"] == "full" and name in SIGNALS_TO_ITSELF:
        pytest.skip("the first process of a namespace is deaf to its own signals, and goes on")
    (x,) = simplest(f"{name}.2.value")
    message = ATTACKS[name].message.replace("x = [1.75]", f"x = [{x}]")
    message = message.replace("expected  1.75\nsaw", f"expected  {x}\nsaw")
    message = message.replace("relative error 3,", f"relative error {abs(7 - x) / abs(x):.2g},")
    assert told(graded, f"{name}.2.value") == message


@pytest.mark.parametrize("name", ARRAYS)
def test_array_of_the_wrong_kind_is_told(graded, name):
    assert verdicts(graded, name) == ("fail", "pass", "skipped", "skipped")
    _, above, below = ARRAYS[name]
    (x,) = simplest(f"{name}.1.value")
    case = f"called    `scaled(x, factor)`\nwith      n = 1, factor = 2.0, x = [{x}]"
    below = below.replace("{2 * x}", str(2 * x)).replace("{x * inf}", str(x * float("inf")))
    assert told(graded, f"{name}.1.value") == f"{above}\n{case}\n{below}"


@pytest.mark.parametrize("name", LEFTOVERS)
def test_leftovers_fail_no_later_check(graded, name):
    if graded.report["isolation"] != "none" and "os.fork()" in LEFTOVERS[name]:
        assert verdicts(graded, name) == ("pass", "pass", "fail", "pass")  # there is nothing to leave behind
        return
    assert verdicts(graded, name) == ("pass", "pass", "pass", "pass")


@pytest.mark.usefixtures("graded")
def test_no_process_is_left_behind():
    names = [path.read_text().strip() for path in Path("/proc").glob("[0-9]*/task/*/comm")]
    assert MARK not in names


@pytest.mark.parametrize("name", LOADS)
def test_file_that_cannot_be_loaded_is_told_once(graded, name):
    assert verdicts(graded, name) == ("fail", "fail", "skipped", "skipped")
    assert told(graded, f"{name}.1.value") == f"vectors.py{'' if LOADS[name][1][0] == ',' else ' '}{LOADS[name][1]}"
    assert told(graded, f"{name}.1.fresh") == told(graded, f"{name}.1.value")
    assert told(graded, f"{name}.2.value") == f"builds on {name}.1, which does not pass yet"


@pytest.mark.parametrize("name", HOLES)
def test_open_hole_is_no_failure(graded, name):
    _, verdict, message = HOLES[name]
    assert verdicts(graded, name) == ("pass", "pass", verdict, "pass")
    assert told(graded, f"{name}.2.value") == message
