"""The core of a machine that a job computes on: who sleeps needs none."""


class Core:
    """This one is always there; where jobs share the cores of a machine, each has to wait for one."""

    def take(self) -> None:
        """Wait until it is free, unless it is held already."""

    def lend(self) -> None:
        """Let others have it until it is taken again; does nothing if it is not held."""
