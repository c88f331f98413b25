"""Coverage-guided fuzzing of all that reads a worker's bytes: `make fuzz`, for as many seconds as FUZZ_S says.

What it finds is written to `tests/fuzz/corpus/`; kept there, it is a test (`tests/test_fuzz.py`).
"""

import os
import sys
import warnings
from pathlib import Path

import atheris

CORPUS = Path(__file__).parent / "corpus"

with atheris.instrument_imports(include=["grader", "json"]):
    sys.path.insert(0, str(CORPUS.parent))
    from hostile_reply import swallow


def main() -> None:
    """Start from the corpus, keep new inputs out of it: only a crash is added."""
    warnings.simplefilter("error")
    found = CORPUS.parents[2] / ".fuzz"
    found.mkdir(exist_ok=True)
    arguments = [sys.argv[0], str(found), str(CORPUS), f"-artifact_prefix={CORPUS}/", "-rss_limit_mb=2048"]
    atheris.Setup([*arguments, f"-max_total_time={os.environ.get('FUZZ_S', '60')}"], swallow)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
