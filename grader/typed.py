"""Commands as this reader types them: whoever runs `make check` has no `grader` on the path."""

import os


def typed(verb: str, *, exercise: str = "", task: str = "", answer: str = "", options: str = "") -> str:
    """A command on an exercise or a task, ready to be typed; make takes no options."""
    if os.environ.get("GRADER_VIA") == "make":
        named = {"EX": exercise, "TASK": task, "ANSWER": answer}
        return " ".join([f"make {verb}", *(f"{name}={value}" for name, value in named.items() if value)])
    return " ".join(filter(None, [f"grader {verb}", exercise, task, answer, options]))
