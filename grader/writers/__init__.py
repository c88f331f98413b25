"""The faces of a report, and of the results of a class: each writer is a pure function of one."""
