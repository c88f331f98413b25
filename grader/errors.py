"""Everything the engine raises on purpose, in one tree, so that callers can tell whose fault it is.

GraderError
|-- UsageError        the person at the keyboard can mend it: one line, exit status 2
|   |-- CatalogError  an exercise folder is not what it must be
|   `-- UnreadableError  what was handed in is there and cannot be read here, which never costs its owner anything
`-- BrokenError       the grader's own machinery failed: exit status 3, never costs a student
    |-- WireError     bytes on a socket are not a message of ours
    `-- UnansweredError  a question of a check led to nothing on our side, maybe for what a submission put into it
"""

EXIT_OK = 0
EXIT_NOT_YET = 1
EXIT_USAGE = 2
EXIT_BROKEN = 3


class GraderError(Exception):
    """Base of all errors raised on purpose; `str(error)` is a line fit to print."""

    exit_status = EXIT_BROKEN


class UsageError(GraderError):
    """Input that a person gave cannot be used; the message says what it is, what is wrong and what to do."""

    exit_status = EXIT_USAGE


class CatalogError(UsageError):
    """An exercise folder breaks the rules of the catalog; the message names file, key and what was expected."""


class UnreadableError(UsageError):
    """The machine, a download or permissions keep a file from being read: whoever handed it in is not at fault."""


class BrokenError(GraderError):
    """The grader's own machinery failed."""


class WireError(BrokenError):
    """Bytes read from a socket are not a message; whoever wrote them is at fault, which the reader decides."""


class UnansweredError(BrokenError):
    """A question could not be sent, or our own implementation did not answer it.

    Checks ask ours about a submission's answer, which may be what broke it: see `Grading`.
    """
