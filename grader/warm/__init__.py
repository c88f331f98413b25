"""A second `grader check` need not start anew: a process that has all it needs waits ten minutes for it.

A convenience of students, never a part of official grading. Whatever goes wrong with it, `grader check` grades without.
"""
