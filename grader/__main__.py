"""`python -m grader` is the `grader` command; where a package is missing, it says so in a line."""

import sys
from typing import NoReturn

from grader import equipment
from grader.errors import EXIT_USAGE


def main() -> NoReturn:
    """Run the command, if everything is there that it is made of."""
    try:
        from grader.cli import main as run
    except ModuleNotFoundError:
        lacking = equipment.lacking()
        if not lacking:  # a fault of ours
            raise
        print(f"grader: {lacking}", file=sys.stderr)
        sys.exit(EXIT_USAGE)
    run()


if __name__ == "__main__":
    main()
