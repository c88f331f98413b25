"""An audit as JSON, version 1. Keys are only ever added."""

import json
from dataclasses import asdict
from typing import Any

from grader.audited import AUDIT_VERSION, Audit


def render(audit: Audit) -> str:
    """Keys in a fixed order; `flaws` of each exercise, the worst first; times in seconds."""
    data: dict[str, Any] = asdict(audit)
    for written, exercise in zip(data["exercises"], audit.exercises, strict=True):
        written["flaws"] = [asdict(flaw) for flaw in exercise.flaws]
    head = {"version": AUDIT_VERSION, "grader": data.pop("version")}
    return json.dumps(head | data, indent=2, ensure_ascii=False) + "\n"
