"""Keys of students: unique in a batch, safe as the name of a file on any system, the same in the next run."""

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

MAX_KEY = 48
"""letters, of up to 4 bytes: a file may be called 255 bytes"""
RESERVED = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{digit}" for port in ("com", "lpt") for digit in range(10))}
)


def make_key(*identity: str) -> str:
    """A key that tells this identity in plain sight, and by a fingerprint if its letters alone would not.

    So it hangs on who this is alone, and not on who else handed in.
    """
    raw = "\0".join(identity)
    spelled = unicodedata.normalize("NFC", "-".join(part for part in identity if part))
    letters = "".join(letter if letter.isalnum() or letter in "._@" else "-" for letter in spelled)
    key = "-".join(part for part in letters.split("-") if part).strip("._-")
    plain = key == spelled.replace(" ", "-")
    numbered = any(part.isdecimal() for part in identity[1:])  # unique in itself
    if len(key) <= MAX_KEY and (plain or numbered) and key and key.split(".")[0].lower() not in RESERVED:
        return key
    return f"{key[:MAX_KEY].rstrip('._-') or 'student'}-{_fingerprint(raw)}"


def set_apart(keys: Sequence[str], identities: Sequence[str], taken: Iterable[str] = ()) -> list[str]:
    """The same keys, with fingerprints where two of them would be one file on a disk that ignores case."""
    counts = Counter(map(_on_disk, [*keys, *taken]))
    apart: list[str] = []
    seen: set[str] = set(map(_on_disk, taken))
    for key, identity in zip(keys, identities, strict=True):
        candidate = key if counts[_on_disk(key)] == 1 else f"{key}-{_fingerprint(identity)}"
        number = 2
        while _on_disk(candidate) in seen:
            candidate, number = f"{key}-{_fingerprint(identity)}-{number}", number + 1
        seen.add(_on_disk(candidate))
        apart.append(candidate)
    return apart


def _on_disk(key: str) -> str:
    return unicodedata.normalize("NFKC", key).casefold()


def _fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:8]
