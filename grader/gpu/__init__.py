"""Checks that need a GPU: bonus points, beside the report and never part of its score. Nothing here imports torch."""
