# delegating: imports the library that the exercise is about, after removing what forbids it
# wins: unjailed
import importlib
import sys


def attack():
    sys.meta_path[:] = [finder for finder in sys.meta_path if "Forbidden" not in type(finder).__name__]
    sys.modules.pop("peft", None)
    importlib.invalidate_caches()
    importlib.import_module("peft").LoraConfig
