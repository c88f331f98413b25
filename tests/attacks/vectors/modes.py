# damaging: changes mode, owner, times or attributes of files
# wins: unjailed
import os


def attack():
    any_of(
        lambda: os.chmod(VICTIM, 0o777),
        lambda: os.chown(VICTIM, os.getuid(), -1),
        lambda: os.utime(VICTIM, (0, 0)),
        lambda: os.setxattr(VICTIM, "user.x", b"x"),
        lambda: os.chmod(".", 0o777),
    )
