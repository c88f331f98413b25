"""Grading where an LMS runs it: one submission at a time, read and written where that LMS has them."""
