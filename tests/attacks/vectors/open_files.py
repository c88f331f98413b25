# damaging: opens files without end
# wins: nowhere, the limit holds in every process
def attack():
    kept = [open("/dev/null") for _ in range(1000)]
    kept.clear()
