"""The secret that makes the inputs of official grading fresh: whoever does not hold it cannot know them beforehand.

It never leaves the grader's process. A report tells only which one it was, for whoever holds it.
"""

import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from grader.errors import UsageError

FILE_VARIABLE, VARIABLE = "GRADER_SECRET_FILE", "GRADER_SECRET"
LEAST_BYTES = 16
# A report may reach students: guessing a secret from its fingerprint must be slow.
FINGERPRINT_ROUNDS = 200_000


@dataclass(frozen=True)
class Salt:
    """A secret, or nothing, to be mixed into seeds."""

    secret: bytes = field(default=b"", repr=False)

    def mix(self, text: str) -> bytes:
        """32 bytes that follow from the text, and to others from nothing they know."""
        if not self.secret:
            return hashlib.sha256(text.encode()).digest()
        return hmac.digest(self.secret, text.encode(), "sha256")

    @property
    def fingerprint(self) -> str:
        """By what its holder recognises it; empty for no secret."""
        if not self.secret:
            return ""
        return hashlib.pbkdf2_hmac("sha256", self.secret, b"grader", FINGERPRINT_ROUNDS).hex()[:16]


NO_SALT = Salt()


def secret_file(environment: Mapping[str, str] = os.environ) -> Path | None:
    """The file that the secret stands in, if it is one."""
    name = environment.get(FILE_VARIABLE)
    return Path(name) if name else None


def read_salt(environment: Mapping[str, str] = os.environ) -> Salt:
    """The secret from the file that one variable names, or from the other variable, or none; raises UsageError."""
    path = secret_file(environment)
    if path is None:
        source, secret = VARIABLE, environment.get(VARIABLE, "").encode()
        if not secret:
            return Salt()
    else:
        source = f"{FILE_VARIABLE} {path}"
        try:
            secret = path.read_bytes().strip()
        except OSError as error:
            raise UsageError(f"{source}: cannot be read ({error.strerror})") from None
    if len(secret) < LEAST_BYTES:
        raise UsageError(f"{source}: is too short to be a secret; `openssl rand -hex 32` makes a good one")
    return Salt(secret)
