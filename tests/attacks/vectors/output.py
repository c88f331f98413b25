# damaging: prints without end, and goes on after its answer
# wins: nowhere, the limit holds in every process
import os
import threading


def pour():
    while True:
        os.write(1, b"x" * 65536)


def scaled(x, factor):
    threading.Thread(target=pour).start()
    return x * 0


def mean(x):
    return 0.0
