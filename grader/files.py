"""Files that are replaced in one step: whoever reads one finds the old or the new, never a part."""

import tempfile
from collections.abc import Iterable
from pathlib import Path


def replace(path: Path, content: str | bytes | Iterable[str | bytes]) -> None:
    """Write a file, and its folder if that is missing; raises OSError, and then the old one is as it was."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pieces = [content] if isinstance(content, str | bytes) else content
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        new = Path(file.name)
    try:
        with new.open("wb") as file:
            for piece in pieces:
                file.write(piece.encode("utf-8") if isinstance(piece, str) else piece)
        new.chmod(0o644)  # a temporary file is its owner's alone
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
