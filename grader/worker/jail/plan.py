"""Which layers a worker will enter, as data."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

# Where systemd takes the users of transient services from: nobody's files belong to them.
FIRST_USER, USERS = 61184, 4336


@dataclass(frozen=True)
class Plan:
    """The layers of the jail. Descriptors, session, environment and limits are in every plan."""

    user_namespace: bool = False
    """the zygote enters one, before its imports, to gain the right to make the others"""
    namespaces: bool = False
    """processes, files, network: a worker has its own of each"""
    switch_user: bool = False
    """each worker runs as a user that nobody else is"""
    read_anyway: bool = False
    """the worker keeps the right to read files of others, where Landlock alone decides which: the interpreter may lie
    in a folder that only its owner may enter"""
    landlock: int = 0
    """the version of the kernel's interface, 0 for none"""
    seccomp: bool = False

    @property
    def layers(self) -> tuple[str, ...]:
        """Their names, for the host and for people."""
        entered = {
            "namespaces": self.namespaces,
            "user": self.switch_user,
            "landlock": self.landlock > 0,
            "seccomp": self.seccomp,
        }
        return tuple(name for name, is_entered in entered.items() if is_entered)


def candidates(*, root: bool, landlock: int, seccomp: bool) -> Iterator[Plan]:
    """The plans worth trying, the strongest first; the last needs nothing but what the kernel was asked for."""
    base = Plan(landlock=landlock, seccomp=seccomp)
    ways = [replace(base, user_namespace=True, namespaces=True), base]
    if root:
        ways = [replace(base, namespaces=True, switch_user=True), ways[0], replace(base, switch_user=True), base]
    for way in ways:
        yield way
        if way.switch_user and landlock:
            yield replace(way, read_anyway=True)


def user_of(zygote: int, slot: int) -> int:
    """The user of a worker; graders that run at the same time start at different places."""
    return FIRST_USER + (zygote * 64 + slot) % USERS
