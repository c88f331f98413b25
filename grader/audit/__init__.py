"""Grades the grader: whether the checks of an exercise catch what is wrong, and nothing else."""
