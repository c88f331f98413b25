"""An environment without the seconds that a real one takes: a Python that is the one of the tests."""

import sys
from pathlib import Path

python = Path(sys.argv[1], "bin/python")
python.parent.mkdir()
python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
python.chmod(0o755)
