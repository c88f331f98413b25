"""The process that holds one implementation and answers probes, and the grader's end of it."""
