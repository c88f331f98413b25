# damaging: starts two thousand threads
# wins: nowhere, it would do harm
import threading
import time


def attack():
    threading.stack_size(32 * 1024)
    stop = threading.Event()
    for _ in range(2000):
        threading.Thread(target=stop.wait, daemon=True).start()
    time.sleep(0.5)
