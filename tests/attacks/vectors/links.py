# damaging: makes links, for the grader to follow when it cleans up
# wins: unjailed
import os


def attack():
    any_of(lambda: os.symlink(os.path.dirname(VICTIM), "link"), lambda: os.link(VICTIM, "hard"))
