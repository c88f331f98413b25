"""The report as JSON, version 1: the contract with other tools. Keys are only ever added."""

import json
from dataclasses import asdict

from grader.report import REPORT_VERSION, Report


def render(report: Report) -> str:
    """Keys in a fixed order; scores in points, times in seconds."""
    return json.dumps({"version": REPORT_VERSION} | asdict(report), indent=2, ensure_ascii=False) + "\n"
