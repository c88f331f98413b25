# peeking: looks for secrets in the environment
# wins: in the grader's process
import os


def attack():
    any_of(*(lambda value=value: value.index("-".join(CANARY)) for value in os.environ.values()))
