"""Seccomp: the system calls that this process may make from now on. The last layer, because it forbids the others.

A list of what is denied: Python and torch use hundreds of calls, and differ by version. What is younger than the
list does not exist, as on an older kernel. The numbers are those of x86_64 and aarch64; the latter are untested.
"""

import ctypes
import errno
import os
import socket
import struct
from collections.abc import Iterable, Sequence

from grader.worker.jail import kernel

# System call -> its numbers on x86_64 and aarch64. Generated from the kernel's headers.
NUMBERS: dict[str, tuple[int | None, int | None]] = {
    # Processes and programs.
    "fork": (57, None),
    "vfork": (58, None),
    "clone3": (435, 435),
    "execve": (59, 221),
    "execveat": (322, 281),
    # Other processes: looking into them, signalling them, changing how they run.
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "kcmp": (312, 272),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "move_pages": (279, 239),
    "migrate_pages": (256, 238),
    "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    "sched_setaffinity": (203, 122),
    "sched_setattr": (314, 274),
    "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119),
    # Sockets other than the one to the grader, and descriptors passed through it.
    "socket": (41, 198),
    "socketpair": (53, 199),
    "connect": (42, 203),
    "bind": (49, 200),
    "listen": (50, 201),
    "accept": (43, 202),
    "accept4": (288, 242),
    "sendmsg": (46, 211),
    "sendmmsg": (307, 269),
    "recvmsg": (47, 212),
    "recvmmsg": (299, 243),
    # Memory that no limit counts.
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "shmdt": (67, 197),
    "msgget": (68, 186),
    "msgsnd": (69, 189),
    "msgrcv": (70, 188),
    "msgctl": (71, 187),
    "semget": (64, 190),
    "semop": (65, 193),
    "semctl": (66, 191),
    "semtimedop": (220, 192),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
    "mq_timedsend": (242, 182),
    "mq_timedreceive": (243, 183),
    "mq_notify": (244, 184),
    "mq_getsetattr": (245, 185),
    "vmsplice": (278, 75),
    # Changes to files that Landlock does not know.
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "truncate": (76, 45),
    "link": (86, None),
    "linkat": (265, 37),
    "symlink": (88, None),
    "symlinkat": (266, 36),
    "mknod": (133, None),
    "mknodat": (259, 33),
    "openat2": (437, 437),
    # Ways to files around their paths, and watching them.
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "inotify_init": (253, None),
    "inotify_init1": (294, 26),
    "inotify_add_watch": (254, 27),
    "fanotify_init": (300, 262),
    "fanotify_mark": (301, 263),
    "sync": (162, 81),
    "syncfs": (306, 267),
    "lookup_dcookie": (212, 18),
    # Namespaces and mounts.
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "move_mount": (429, 429),
    "open_tree": (428, 428),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    # Who we are and what we may do.
    "setuid": (105, 146),
    "setgid": (106, 144),
    "setreuid": (113, 145),
    "setregid": (114, 143),
    "setresuid": (117, 147),
    "setresgid": (119, 149),
    "setgroups": (116, 159),
    "setfsuid": (122, 151),
    "setfsgid": (123, 152),
    "capset": (126, 91),
    "personality": (135, 92),
    "seccomp": (317, 277),
    # Parts of the kernel with a history.
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "modify_ldt": (154, None),
    "uselib": (134, None),
    "ustat": (136, None),
    "nfsservctl": (180, 42),
    # The machine.
    "acct": (163, 89),
    "adjtimex": (159, 171),
    "clock_adjtime": (305, 266),
    "clock_settime": (227, 112),
    "settimeofday": (164, 170),
    "delete_module": (176, 106),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "ioperm": (173, None),
    "iopl": (172, None),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "reboot": (169, 142),
    "setdomainname": (171, 162),
    "sethostname": (170, 161),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "syslog": (103, 116),
    "vhangup": (153, 58),
    # Judged by their arguments.
    "clone": (56, 220),
    "fcntl": (72, 25),
    "ioctl": (16, 29),
    "kill": (62, 129),
    "tgkill": (234, 131),
    "open": (2, None),
    "openat": (257, 56),
    "prctl": (157, 167),
    "prlimit64": (302, 261),
}
JUDGED = ("clone", "fcntl", "ioctl", "kill", "tgkill", "open", "openat", "prctl", "prlimit64")
# Flags that these read from memory are out of a filter's sight. "Not there" makes libc use their ancestors.
ABSENT = ("clone3", "openat2")
LAST_KNOWN = 450
X32 = 0x40000000

ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

MODE_FILTER = 2
ALLOW, ERRNO, KILL_PROCESS = 0x7FFF0000, 0x00050000, 0x80000000
LOAD, AND, JUMP_EQUAL, JUMP_GREATER, JUMP_AT_LEAST, RETURN = 0x20, 0x54, 0x15, 0x25, 0x35, 0x06
NUMBER_OFFSET, ARCHITECTURE_OFFSET, ARGUMENTS_OFFSET = 0, 4, 16

CLONE_THREAD = 0x00010000
CLONE_NAMESPACES = 0x7E020080
# What threads and libc need; the others set who gets our signals, and whether we die with the grader.
PRCTL_ALLOWED = (3, 15, 16, 23, 0x53564D41)  # get dumpable, set and get name, read bounding set, name a mapping
FOR_THE_DRIVER = ("socket", "bind", "listen")
SOCKET_KIND = 0xF
"""the bits of a socket's type that are no flags"""
IOCTL_ALLOWED = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)  # is it a terminal, its size; bytes; blocking; at exec
# What drives an NVIDIA GPU: requests of type `F`, those below 256 and two more of the driver's memory manager. Written
# down from the driver's published source.
GPU_TYPE, GPU_TYPE_MASK, GPU_PLAIN_MASK = 0x4600, 0xFF00, 0xFFFFFF00
GPU_MEMORY = (0x30000001, 0x30000002)
# Signals to the owner of a descriptor go around `kill`; leases and notices tell what others do with a file.
FCNTL_DENIED = (8, 10, 15, 1024, 1026)  # F_SETOWN, F_SETSIG, F_SETOWN_EX, F_SETLEASE, F_NOTIFY

Instruction = tuple[int, int, int, int]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def supported() -> bool:
    """Whether we know this machine's system calls, and the kernel filters them."""
    return os.uname().machine in ARCHITECTURES and kernel.LIBC.prctl(21, 0, 0, 0, 0) >= 0  # PR_GET_SECCOMP


def confine(*, gpu: bool = False) -> None:
    """Deny this process what a worker has no use for; it cannot be undone, and binds all later threads."""
    install(program(os.getpid(), gpu=gpu))


def install(instructions: Sequence[Instruction]) -> None:
    """Put a filter in force for the calling thread; needs no privilege once there are no new ones to gain."""
    code = b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)
    filter_program = _Program(len(instructions), code)
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    kernel.call("prctl", kernel.PR_SET_SECCOMP, MODE_FILTER, ctypes.byref(filter_program), 0, 0)


def program(pid: int, *, gpu: bool = False) -> list[Instruction]:
    """The filter of a worker whose process number, in its own eyes, is `pid`, and which may drive a GPU or not."""
    instructions = [*_prologue(), *_answer_above(LAST_KNOWN, errno.ENOSYS)]
    for name in NUMBERS:
        if name not in JUDGED and not (gpu and name in FOR_THE_DRIVER):
            instructions += deny(name, _error_of(name))
    instructions += _socket_of_a_gpu() if gpu else []
    # A thread is a clone that shares everything; anything else is a process or a namespace.
    instructions += judge("clone", 0, [CLONE_THREAD], mask=CLONE_THREAD | CLONE_NAMESPACES)
    instructions += judge("kill", 0, [pid])
    instructions += judge("tgkill", 0, [pid])
    instructions += judge("prctl", 0, PRCTL_ALLOWED)
    instructions += _ioctl_of_a_gpu() if gpu else judge("ioctl", 1, IOCTL_ALLOWED, error=errno.ENOTTY)
    instructions += judge("prlimit64", 0, [0])
    instructions += judge("fcntl", 1, FCNTL_DENIED, denied=True)
    # Opening for reading may still empty a file, which Landlock has only known since its third version.
    empties, access = os.O_TRUNC, os.O_TRUNC | os.O_ACCMODE
    instructions += judge("open", 1, [empties], mask=access, denied=True)
    instructions += judge("openat", 2, [empties], mask=access, denied=True)
    return [*instructions, (RETURN, 0, 0, ALLOW)]


def _socket_of_a_gpu() -> list[Instruction]:
    """Of sockets, the one kind that CUDA listens on from its start, by a name of its own; it can call nobody."""
    number = _number("socket")
    refuse: Instruction = (RETURN, 0, 0, ERRNO | errno.EAFNOSUPPORT)
    body: list[Instruction] = [
        *((LOAD, 0, 0, ARGUMENTS_OFFSET), (JUMP_EQUAL, 1, 0, socket.AF_UNIX), refuse),
        *(
            (LOAD, 0, 0, ARGUMENTS_OFFSET + 8),
            (AND, 0, 0, SOCKET_KIND),
            (JUMP_EQUAL, 1, 0, socket.SOCK_SEQPACKET),
            refuse,
        ),
        (RETURN, 0, 0, ALLOW),
    ]
    return [] if number is None else [(JUMP_EQUAL, 0, len(body), number), *body]


def deny_only(names: Iterable[str], error: int) -> list[Instruction]:
    """A filter that denies these calls (with any arguments) and allows all others, as a container's host might."""
    return [*_prologue(), *(part for name in names for part in deny(name, error)), (RETURN, 0, 0, ALLOW)]


def deny(name: str, error: int) -> list[Instruction]:
    """The step of a filter that answers one call with an error."""
    number = _number(name)
    return [] if number is None else [(JUMP_EQUAL, 0, 1, number), (RETURN, 0, 0, ERRNO | error)]


def _error_of(name: str) -> int:
    if name in ABSENT:
        return errno.ENOSYS
    return errno.EAFNOSUPPORT if name in ("socket", "socketpair") else errno.EPERM


def _prologue() -> list[Instruction]:
    """Only the machine's own calls pass on, with the call's number loaded."""
    instructions = [
        (LOAD, 0, 0, ARCHITECTURE_OFFSET),
        (JUMP_EQUAL, 1, 0, ARCHITECTURES[os.uname().machine][1]),
        (RETURN, 0, 0, KILL_PROCESS),
        (LOAD, 0, 0, NUMBER_OFFSET),
    ]
    if os.uname().machine == "x86_64":
        instructions += [(JUMP_AT_LEAST, 0, 1, X32), (RETURN, 0, 0, KILL_PROCESS)]
    return instructions


def _answer_above(last: int, error: int) -> list[Instruction]:
    return [(JUMP_GREATER, 0, 1, last), (RETURN, 0, 0, ERRNO | error)]


def judge(
    name: str,
    argument: int,
    values: Sequence[int],
    *,
    mask: int | None = None,
    denied: bool = False,
    error: int = errno.EPERM,
) -> list[Instruction]:
    """Allow a call only if the argument (under the mask) is one of the values, or only if it is none of them.

    The lower half of an argument is all that these calls look at.
    """
    number = _number(name)
    if number is None:
        return []
    on_match, otherwise = (ERRNO | error, ALLOW) if denied else (ALLOW, ERRNO | error)
    body: list[Instruction] = [(LOAD, 0, 0, ARGUMENTS_OFFSET + 8 * argument)]
    if mask is not None:
        body.append((AND, 0, 0, mask))
    for value in values:
        body += [(JUMP_EQUAL, 0, 1, value), (RETURN, 0, 0, on_match)]
    body.append((RETURN, 0, 0, otherwise))
    return [(JUMP_EQUAL, 0, len(body), number), *body]


def _ioctl_of_a_gpu() -> list[Instruction]:
    """As `judge` for `ioctl`, and what drives a GPU: that is told by a part of the request."""
    load = (LOAD, 0, 0, ARGUMENTS_OFFSET + 8)
    allow = (RETURN, 0, 0, ALLOW)
    body = [load, (AND, 0, 0, GPU_TYPE_MASK), (JUMP_EQUAL, 0, 1, GPU_TYPE), allow]
    body += [load, (AND, 0, 0, GPU_PLAIN_MASK), (JUMP_EQUAL, 0, 1, 0), allow]
    rest = judge("ioctl", 1, (*IOCTL_ALLOWED, *GPU_MEMORY), error=errno.ENOTTY)[1:]
    return [
        (JUMP_EQUAL, 0, len(body) + len(rest), NUMBERS["ioctl"][ARCHITECTURES[os.uname().machine][0]] or 0),
        *body,
        *rest,
    ]


def _number(name: str) -> int | None:
    return NUMBERS[name][ARCHITECTURES[os.uname().machine][0]]
