# delegating: asks pip for the library
# wins: unjailed
import subprocess
import sys


def attack():
    # Not to install anything in earnest where it works.
    subprocess.run([sys.executable, "-m", "pip", "--version"], check=True, env={}, capture_output=True)
