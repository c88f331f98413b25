"""The results of a class as JSON, version 1: what a batch leaves behind and every later command starts from.

Keys are only ever added. `version` is the format's; the grader's own stands under `grader`.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec

from grader.errors import UsageError
from grader.results import RESULTS_VERSION, Results

GRADES = '"grades": []'


def render(results: Results) -> str:
    """Keys in a fixed order; scores in points, durations in seconds, moments in ISO 8601."""
    return "".join(pieces(results))


def pieces(results: Results) -> Iterator[str]:
    """The same, a student at a time: as one text a class takes many times the memory that it takes as data."""
    data = msgspec.to_builtins(replace(results, grades=()))
    head = {"version": RESULTS_VERSION, "grader": data.pop("version")}
    before, empty, after = _json(head | data).partition(GRADES)
    yield before + empty[:-1]
    for number, grade in enumerate(results.grades):
        text = _json(grade).replace("\n", "\n    ")
        yield ("," if number else "") + "\n    " + text
    yield ("\n  ]" if results.grades else "]") + after + "\n"


def _json(data: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(data), indent=2).decode("utf-8")


def parse(text: str, source: str = "results.json") -> Results:
    """What `render` wrote; raises UsageError that names `source` and the first key that is wrong."""
    try:
        data: Any = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise UsageError(f"{source}: is not JSON ({error}); name the results.json of a batch") from None
    if not isinstance(data, dict) or "grades" not in data:
        raise UsageError(f"{source}: holds no results of a class; name the results.json of a batch")
    if data.get("version") != RESULTS_VERSION:
        written = f"format {data.get('version')!r}, this grader reads {RESULTS_VERSION}"
        raise UsageError(f"{source}: `version`: {written}; use the grader that wrote it")
    try:
        results = msgspec.convert({**data, "version": data.get("grader")}, Results)
    except (msgspec.ValidationError, RecursionError) as error:
        raise UsageError(f"{source}: {_words(str(error))}; grade the batch again") from None
    for key, times in Counter(grade.student.key for grade in results.grades).items():
        if times > 1:
            raise UsageError(f"{source}: `grades`: {times} students have the key `{key}`; grade the batch again")
    return results


def _words(complaint: str) -> str:
    """Msgspec's complaint with the key first, as the other messages have it."""
    what, _, where = complaint.partition(" - at `$.")
    key = where.rstrip("`") or "grades"
    return f"`{'grader' if key == 'version' else key}`: {what}"
