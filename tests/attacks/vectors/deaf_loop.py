# damaging: loops where no signal reaches it
# wins: nowhere, it is killed
import signal

signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
while True:
    pass
