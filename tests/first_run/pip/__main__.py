"""A pip that says what the real one said, from the file in FAKE_PIP, and succeeds only if there is none."""

import os
import sys
from pathlib import Path

said = os.environ.get("FAKE_PIP")
sys.stdout.write(Path(said).read_text() if said else "Installing collected packages: torch\n")
sys.exit(bool(said))
