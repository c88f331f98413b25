# damaging: kills the grader, the warm process and a neighbour
# wins: nowhere, it would do harm
import os
import signal


def attack():
    others = [pid for pid in PROCESSES if pid not in (0, 1, os.getpid())]
    any_of(
        *(lambda pid=pid: os.kill(pid, signal.SIGKILL) for pid in others),
        *(lambda pid=pid: call("tgkill", pid, pid, signal.SIGKILL) for pid in others),
        *(lambda pid=pid: signal.pidfd_send_signal(os.pidfd_open(pid), signal.SIGKILL) for pid in others),
    )
