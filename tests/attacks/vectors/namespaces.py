# damaging: enters namespaces, in which it would be root
# wins: nowhere, machines differ in whom they allow to
import ctypes


def attack():
    any_of(
        *(lambda flag=flag: call("unshare", flag) for flag in (0x10000000, 0x40000000, 0x20000, 0x20000000)),
        lambda: call("mount", b"tmpfs", b".", b"tmpfs", ctypes.c_ulong(0), None),
        lambda: call("chroot", b"."),
    )
