"""Reads what `downloads` builds, and says what became of it."""

from collections.abc import Mapping
from pathlib import Path

from downloads import LORA, Content, tree

from grader.errors import UsageError
from grader.intake import Handed, Intake, open_submissions

ONE = ("lora",)
THREE = ("lora", "ptuning", "finetune")
OTHER = LORA + "# another one\n"


def line(error: UsageError) -> str:
    """What an error says, which must be one line."""
    said = str(error)
    assert "\n" not in said
    return said


def by_key(intake: Intake) -> dict[str, Handed]:
    return {handed.student.key: handed for handed in intake.handed}


def outcomes(intake: Intake) -> dict[str, str]:
    """The source of `lora`, or why there is none, by key."""
    found = {}
    for handed in intake.handed:
        try:
            found[handed.student.key] = intake.read(handed).get("lora", b"").decode()
        except UsageError as error:
            found[handed.student.key] = line(error)
    return found


def hand_in(
    root: Path, files: Mapping[str, Content] | bytes, exercises=ONE, others=(), stubs=None
) -> tuple[dict[str, str], list[str]]:
    """What becomes of one student's folder or zip: sources, or the problem as `error`; and all notes."""
    if isinstance(files, bytes):
        tree(root, {"jane.zip": files})
    else:
        tree(root / "jane", files)
    with open_submissions(root, exercises, others=others, stubs=stubs, format="folder") as intake:
        (handed,) = intake.handed
        assert handed.student.key == "jane"
        try:
            unpacked = intake.unpack(handed)
        except UsageError as error:
            return {"error": line(error)}, list(handed.notes)
        notes = [*handed.notes, *unpacked.notes, *unpacked.accounts]
        return {name: source.decode() for name, source in unpacked.sources.items()}, notes


def problem(root: Path, files: Mapping[str, Content] | bytes, exercises=ONE, others=()) -> str:
    return hand_in(root, files, exercises, others)[0]["error"]
