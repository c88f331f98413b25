"""The faces of a report: each writer is a pure function from a Report to text."""
