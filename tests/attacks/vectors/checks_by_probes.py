# peeking: follows the path of the probes, which it can see, to the checks
# wins: unjailed
import gc
from pathlib import Path
from types import CodeType, FunctionType


def attack():
    for found in gc.get_objects():
        code = found.__code__ if type(found) is FunctionType else None
        if type(code) is CodeType and code.co_filename.endswith("probes.py"):
            folder = Path(code.co_filename).parent
            return any_of(*(lambda path=path: path.read_text() for path in folder.glob("test_*.py")))
    raise LookupError
