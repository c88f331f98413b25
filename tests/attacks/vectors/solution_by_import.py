# peeking: imports the solution by its path
# wins: unjailed
import importlib.util


def attack():
    spec = importlib.util.spec_from_file_location("found", SOLUTION)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.scaled
