# damaging: takes more memory than it may
# wins: nowhere, the limit holds in every process
import numpy as np


def attack():
    np.ones(300 * 2**17)
