"""What a worker may use. The defaults of every exercise stand here and nowhere else."""

from dataclasses import dataclass

# What is told of an exception; cut by the worker, to fit on the wire, and again by the grader, which believes none.
MAX_TEXT = 2000
MAX_LINE = 200
MAX_BASES = 16
MAX_FRAMES = 8
# Bytes of a request to the zygote, and of its reply.
MAX_REQUEST = 64 * 1024


@dataclass(frozen=True)
class Limits:
    """Times in seconds of wall clock, sizes in MiB."""

    load_s: float = 20.0
    """for running the top level of the submission's file"""
    asleep_s: float = 10.0
    """of them asleep: where there is nobody else, nothing comes to who waits"""
    call_s: float = 10.0
    """for one probe"""
    total_s: float = 120.0
    """for all probes of one submission's exercise"""
    memory_mib: int = 1024
    """more than the warm process has already"""
    file_mib: int = 64
    """for one written file"""
    scratch_mib: int = 64
    """for all written files together"""
    output_mib: int = 8
    """printed by one worker"""
    open_files: int = 64
    threads: int = 256
