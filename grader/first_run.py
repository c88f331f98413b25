"""Sets up `.venv` for `make check`: says what comes and how big it is, and where it cannot, why, in one line.

A script for whatever Python a student has: the standard library alone, in a language that Python 3.6 reads, so that an
old one gets as far as its line. What it began and could not finish it takes away again.
"""

import contextlib
import importlib.util
import os
import platform
import re
import shutil
import struct
import subprocess
import sys
import time
from typing import Iterator, List, Tuple

OLDEST = (3, 11)
NEEDED_GB = 2.0
"""of free space: 1.2 for what is installed, the rest while it is unpacked"""
USAGE, INTERRUPTED = 2, 130
STAMP, UNFINISHED = ".student", ".unfinished"
LOG = os.path.join(".grader", "setup.log")
OTHER_PYTHON = "name another one: make check PYTHON=python3.12"
LARGE = re.compile(r"(?:Downloading|Using cached) \S*?([\w.]+)-\d\S*\.whl \((\d\d+(?:\.\d+)? MB|\d+(?:\.\d+)? GB)\)")
HOST = re.compile(r"host='([\w.-]+)'")
ADDRESS = re.compile(r"https?://(?:[^\s/@]*@)?([\w.:-]+)")

# What pip says -> what that means for somebody who has never heard of pip. The first that is found counts: whoever is
# offline, for one, is told last that there is no such version.
TROUBLES: Tuple[Tuple[str, str], ...] = (
    (
        r"No space left on device|Disk quota exceeded|not enough space on the disk",
        "the disk is full: free some {needed:.0f} GB here or in {temporary} (or name another folder in TMPDIR)",
    ),
    (
        r"ProxyError|Tunnel connection failed|Proxy Authentication Required",
        "the proxy does not let pip through{proxy}; ask for its address, and set HTTPS_PROXY to it",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLError|SSLCertVerificationError",
        "the certificate of {index} is not trusted here; if your network replaces it, name its own in PIP_CERT",
    ),
    (
        r"NewConnectionError|ConnectTimeoutError|NameResolutionError|ReadTimeoutError|Read timed out"
        r"|Failed to establish a new connection|Connection (?:refused|reset|aborted)|getaddrinfo failed"
        r"|Temporary failure in name resolution|RemoteDisconnected",
        "{index} cannot be reached: is there a network?",
    ),
    (
        r"No matching distribution found for (?P<what>[\w.-]+)",
        "there is no {what} for Python {python} on {machine}; " + OTHER_PYTHON,
    ),
    (r"(?:Permission denied|Access is denied)[^\n]*", "a file may not be written: {found}"),
)


class Trouble(Exception):
    """Why it cannot be set up, in one line."""


def main() -> int:
    """Set up the environment that is named first, with what else is named for pip."""
    venv, flags = sys.argv[1], sys.argv[2:]
    try:
        look_around()
        with taken_away_unless_finished(venv):
            set_up(venv, flags)
    except Trouble as trouble:
        sys.stderr.write(f"grader: {trouble}\n")
        return USAGE
    except OSError as error:
        sys.stderr.write(f"grader: {error.filename or venv}: {error.strerror}\n")
        return USAGE
    except KeyboardInterrupt:
        sys.stderr.write("\nstopped; the next `make check` begins anew\n")
        return INTERRUPTED
    return 0


def look_around() -> None:
    """Raise Trouble for what is known to end badly."""
    version = platform.python_version()
    if sys.version_info[:2] < OLDEST:
        raise Trouble(f"Python {OLDEST[0]}.{OLDEST[1]} or newer is needed, and this is {version}; {OTHER_PYTHON}")
    if struct.calcsize("P") < 8:
        raise Trouble(f"this Python {version} has 32 bits, and torch needs 64; {OTHER_PYTHON}")
    if not all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")):
        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        raise Trouble(f"this Python cannot set up environments: install {package} (Debian, Ubuntu), or {OTHER_PYTHON}")
    free = shutil.disk_usage(os.curdir).free / 1e9
    if free < NEEDED_GB:
        raise Trouble(f"the disk is full: {NEEDED_GB:.0f} GB are needed in this folder, and {free:.1f} GB are free")


@contextlib.contextmanager
def taken_away_unless_finished(venv: str) -> Iterator[None]:
    """Take away what was begun here and not finished, now or by a run that could not take it away itself.

    An environment that was there before, made by somebody else or by an earlier version, stays.
    """
    mark = os.path.join(venv, UNFINISHED)
    if os.path.exists(mark):
        shutil.rmtree(venv)
    ours = not os.path.isdir(venv)
    if ours:
        os.mkdir(venv)
        open(mark, "w").close()
    try:
        yield
        with contextlib.suppress(FileNotFoundError):
            os.remove(mark)
    except BaseException:
        if ours:
            shutil.rmtree(venv, ignore_errors=True)
        raise


def set_up(venv: str, flags: List[str]) -> None:
    """Make the environment and install into it; raises Trouble."""
    say(f"Setting up {venv} with torch and what grades your work: about 1.2 GB, once.")
    say("This takes some minutes, most of them for the download; no admin rights are needed.")
    named = " ".join([*flags, *(name for name in os.environ if name.startswith("PIP_"))]).lower()
    if (platform.system(), platform.machine()) == ("Linux", "x86_64") and "index" not in named:
        say("On Linux torch may bring several GB of CUDA more: README.md says how to do without.")
    began = time.monotonic()
    code, lines = run([sys.executable, "-m", "venv", venv])
    if code == 0:
        python = os.path.join(venv, "Scripts" if os.name == "nt" else "bin", "python")
        options = ["--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
        pip = [python, "-m", "pip", "install", *options, *flags, "--constraint", "constraints.txt", "--editable", "."]
        code, lines = run(pip)
    if code:
        raise Trouble(why(lines))
    open(os.path.join(venv, STAMP), "w").close()
    say(f"Done, in {time.monotonic() - began:.0f} seconds.")


def run(command: List[str]) -> Tuple[int, List[str]]:
    """Exit status and output of a command; what it loads is told when it is large, so that nobody thinks it hangs."""
    lines: List[str] = []
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace"
    )
    with process:
        for line in process.stdout or ():
            lines.append(line)
            large = LARGE.search(line)
            if large:
                say(f"  {large.group(1)}, {large.group(2)}")
            elif line.startswith("Installing collected packages"):
                say("  unpacking")
    return process.returncode, lines


def why(lines: List[str]) -> str:
    """What went wrong, in a line; all that was said is kept beside."""
    text = "".join(lines)
    with contextlib.suppress(OSError):
        os.makedirs(os.path.dirname(LOG), exist_ok=True)
        with open(LOG, "w", encoding="utf-8") as log:
            log.write(text)
    proxy = ADDRESS.search(os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy") or "")
    index = HOST.search(text) or ADDRESS.search(text)
    for pattern, words in TROUBLES:
        found = re.search(pattern, text)
        if found:
            return words.format(
                needed=NEEDED_GB,
                temporary=os.environ.get("TMPDIR", "the system's folder for temporary files"),
                proxy=f" ({proxy.group(1)})" if proxy else "",  # without a password that may stand in it
                index=index.group(1) if index else "the package index",
                what=found.groupdict().get("what"),
                python=platform.python_version(),
                machine=f"{platform.system()} {platform.machine()}",
                found=found.group(0),
            )
    said = [line.strip() for line in lines if line.startswith(("ERROR: ", "Error: "))] or [
        lines[-1].strip() if lines else ""
    ]
    return f"pip could not install what is needed: {said[-1][:120]} (all of it is in {LOG})"


def say(line: str) -> None:
    """Talk belongs on standard error: results are on standard output."""
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
