# delegating: imports what is forbidden in a second interpreter, where nothing is patched
# wins: unjailed
def attack():
    try:
        import _xxsubinterpreters as interpreters
    except ImportError:
        import _interpreters as interpreters
    error = interpreters.run_string(interpreters.create(), "import statistics; statistics.fmean")
    if error is not None:
        raise RuntimeError(error)
