# peeking: attaches to the grader and to a neighbour as a debugger does
# wins: nowhere, machines differ in whom they allow to
def attack():
    # PTRACE_SEIZE, which does not stop its victim
    any_of(*(lambda pid=pid: call("ptrace", 0x4206, pid, 0, 0) for pid in PROCESSES))
