# damaging: stops itself, so that no processor time passes
# wins: nowhere, the clock goes on
import os
import signal


def scaled(x, factor):
    os.kill(os.getpid(), signal.SIGSTOP)


mean = scaled
