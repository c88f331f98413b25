"""`grader watch`: grades what a save can have changed, as soon as it is saved, and shows the task at hand.

What follows from what is pure (units, affected, reset, pace, board, screen); files, keys and terminal are at the edge.
"""
