# delegating: starts a Python that nobody confines
# wins: unjailed
import subprocess
import sys


def attack():
    subprocess.run([sys.executable, "-c", "from statistics import fmean; fmean([1.0])"], check=True, env={})
