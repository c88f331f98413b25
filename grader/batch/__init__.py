"""Grades a whole class: what was handed in, by a pool of processes, into a store that forgets nothing."""
