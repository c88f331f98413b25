"""What a submission must not be able to do: each function does it, or raises.

None does lasting harm where it succeeds: victims are files that the driver made, signals are empty.
"""

import ctypes
import fcntl
import glob
import importlib
import json
import os
import resource
import signal
import socket
import sys
from pathlib import Path

LIBC = ctypes.CDLL(None, use_errno=True)
# `targets` is set by the driver: solution, submission, victim (paths), grader, sibling (process numbers).
targets = {}


def call(name, *arguments):
    if getattr(LIBC, name)(*arguments) < 0:
        raise OSError(ctypes.get_errno(), name)


def processes():
    return [targets["grader"], targets["sibling"], os.getppid() or 2]


def any_of(*acts):
    """Succeed if one of them does."""
    errors = []
    for act in acts:
        try:
            act()
        except Exception as error:
            errors.append(error)
        else:
            return
    raise errors[0]


def read_solution():
    Path(targets["solution"]).read_text()


def read_other_submission():
    Path(targets["submission"]).read_text()


def list_lesson():
    os.listdir(Path(targets["solution"]).parent)


def read_passwords():
    Path("/etc/passwd").read_text()


def read_proc():
    any_of(
        *(
            lambda path=path: open(path, "rb").read(1)
            for pid in [*processes(), "self"]
            for path in (f"/proc/{pid}/environ", f"/proc/{pid}/maps", f"/proc/{pid}/mem", f"/proc/{pid}/cmdline")
        )
    )


def signal_others():
    # Number 1 is the grader's only in its own namespace, and then not in ours.
    any_of(*(lambda pid=pid: os.kill(pid, 0) for pid in processes() if pid != os.getpid()))


def signal_the_owner_of_a_descriptor():
    any_of(*(lambda pid=pid: fcntl.fcntl(0, fcntl.F_SETOWN, pid) for pid in processes()))


def trace_others():
    # PTRACE_SEIZE: an attack that succeeds must not stop the process that waits for its answer.
    any_of(*(lambda pid=pid: call("ptrace", 0x4206, pid, 0, 0) for pid in processes()))


def read_memory_of_others():
    buffer = ctypes.create_string_buffer(8)
    vector = (ctypes.c_void_p * 2)(ctypes.addressof(buffer), 8)
    any_of(*(lambda pid=pid: call("process_vm_readv", pid, vector, 1, vector, 1, 0) for pid in processes()))


def open_sockets():
    any_of(
        *(
            lambda family=family: socket.socket(family)
            for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX, socket.AF_NETLINK)
        ),
        socket.socketpair,
    )


def fork():
    if os.fork() == 0:
        os._exit(0)


def execute():
    # Where this worked there would be no answer at all, which the driver counts as a success too.
    os.execv("/bin/sh", ["sh", "-c", "true"])


def spawn():
    os.posix_spawn("/bin/true", ["true"], {})


def write_outside():
    folders = ("/tmp", "/var/tmp", "/dev/shm", "/", str(Path(targets["victim"]).parent))
    name = f"written-by-{os.getpid()}"
    any_of(
        *(lambda folder=folder: (open(f"{folder}/{name}", "xb"), os.unlink(f"{folder}/{name}")) for folder in folders),
        lambda: open(targets["victim"], "ab"),
    )


def empty_a_file_by_reading_it():
    os.open(targets["victim"], os.O_RDONLY | os.O_TRUNC)


def make_anonymous_files():
    any_of(lambda: os.memfd_create("x"), lambda: call("shmget", 0, 4096, 0o1777))


def raise_limits():
    any_of(
        *(
            lambda limit=limit: resource.setrlimit(limit, (resource.RLIM_INFINITY,) * 2)
            for limit in (resource.RLIMIT_DATA, resource.RLIMIT_AS, resource.RLIMIT_FSIZE)
        )
    )


def enter_namespaces():
    any_of(*(lambda flag=flag: call("unshare", flag) for flag in (0x10000000, 0x40000000, 0x20000, 0x20000000)))


def mount():
    call("mount", b"tmpfs", b".", b"tmpfs", ctypes.c_ulong(0), None)


def change_modes():
    os.chmod(".", 0o777)


def make_links_and_special_files():
    any_of(lambda: os.symlink("/etc", "link"), lambda: os.mkfifo("pipe"), lambda: os.link(__file__, "hard"))


def outlive_the_grader():
    call("prctl", 1, ctypes.c_ulong(0), *[ctypes.c_ulong(0)] * 3)


def stop_being_filtered():
    call("prctl", 22, ctypes.c_ulong(0), *[ctypes.c_ulong(0)] * 3)


def watch_files():
    call("inotify_init1", 0)


def become_root():
    os.setuid(0)


def use_descriptors_that_are_not_ours():
    opened = [number for number in range(64) if _is_open(number)]
    if len(opened) <= 4:  # standard ones and the channel
        raise OSError("none")


def read_environment():
    if not set(os.environ) - {"HOME", "TMPDIR", "HF_HUB_OFFLINE", "TOKENIZERS_PARALLELISM", "LC_CTYPE"}:
        raise KeyError("nothing")


def import_the_forbidden():
    sys.meta_path[:] = [finder for finder in sys.meta_path if "Forbidden" not in type(finder).__name__]
    sys.modules.pop("colorsys", None)
    importlib.invalidate_caches()
    importlib.import_module("colorsys").rgb_to_hls


def read_the_forbidden():
    folder = Path(json.__file__).parents[1]
    paths = [str(folder / "colorsys.py"), *glob.glob(f"{folder}/**/colorsys*", recursive=True)]
    any_of(*(lambda path=path: Path(path).read_bytes()[:1][0] for path in paths))


def _is_open(number):
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


# These show, where nothing holds them, that the attacks are any.
HARMLESS = [
    "read_solution",
    "read_other_submission",
    "list_lesson",
    "read_passwords",
    "signal_others",
    "open_sockets",
    "fork",
    "spawn",
    "make_anonymous_files",
    "watch_files",
    "import_the_forbidden",
    "read_the_forbidden",
]
ATTACKS = [
    name
    for name, value in dict(globals()).items()
    if callable(value) and value.__module__ == __name__ and name not in ("call", "processes", "any_of", "_is_open")
]


def honest():
    """What every submission may do; raises if the jail is too tight."""
    import tempfile
    import threading
    import wave  # never imported before

    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "a").write_text("a")
        os.replace(Path(folder, "a"), "b")
    thread = threading.Thread(target=os.urandom, args=(1,))
    thread.start()
    thread.join()
    signal.getsignal(signal.SIGINT)
    return wave.__name__


def attack(name, given):
    targets.update(given)
    if name in ("ATTACKS", "HARMLESS"):
        return globals()[name]
    if name == "honest":
        return honest()
    try:
        globals()[name]()
    except Exception as error:
        return f"held: {type(error).__name__}: {error}"
    return "succeeded"
