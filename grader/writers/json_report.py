"""The report as JSON, version 1: the contract with other tools. Keys are only ever added."""

import json
from dataclasses import asdict
from typing import Any

from grader.report import REPORT_VERSION, Report

BONUS_KEYS = ("bonus", "max_bonus", "bonus_checks", "gpu")


def render(report: Report) -> str:
    """Keys in a fixed order; scores in points, times in seconds. Those of a bonus are there where one was asked for."""
    data: dict[str, Any] = {"version": REPORT_VERSION} | asdict(report)
    if not any(exercise.bonus_checks for exercise in report.exercises):
        for part in (data, *data["exercises"]):
            for key in BONUS_KEYS:
                part.pop(key, None)
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
