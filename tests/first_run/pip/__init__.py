"""Stands in the way of the real one; a package without this file would not."""
