"""What LMSs hand out: who handed in what, in each format; and what becomes of zips that were made to do harm.

`intake/downloads.py` builds the downloads. Each is read as a zip, as a zip that wraps all in one folder, and unzipped.
"""

import os
import stat
import sys
import tracemalloc
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from downloads import BUILDERS, LORA, Content, Forge, canvas, folder, gradescope, moodle, tree, zip_bytes, zip_file
from hypothesis import given
from hypothesis import strategies as st

from grader.errors import UnreadableError, UsageError
from grader.intake import FORMATS, Handed, Intake, open_submissions
from grader.intake.keys import make_key, set_apart
from grader.submission import MAX_SOURCE

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
    root: Path, files: Mapping[str, Content] | bytes, exercises=ONE, others=()
) -> tuple[dict[str, str], list[str]]:
    """What becomes of one student's folder or zip: sources, or the problem as `error`; and all notes."""
    if isinstance(files, bytes):
        tree(root, {"jane.zip": files})
    else:
        tree(root / "jane", files)
    with open_submissions(root, exercises, others=others, format="folder") as intake:
        (handed,) = intake.handed
        assert handed.student.key == "jane"
        try:
            unpacked = intake.unpack(handed)
        except UsageError as error:
            return {"error": line(error)}, list(handed.notes)
        return {name: source.decode() for name, source in unpacked.sources.items()}, [*handed.notes, *unpacked.notes]


def problem(root: Path, files: Mapping[str, Content] | bytes, exercises=ONE, others=()) -> str:
    return hand_in(root, files, exercises, others)[0]["error"]


# Formats


@pytest.fixture(params=["zip", "wrapped zip", "folder"])
def download(request, tmp_path):
    """Builds a format's download in each shape that it may come in."""

    def build(name: str) -> Path:
        files = BUILDERS[name]()
        if request.param == "folder":
            return tree(tmp_path / "given", files)
        prefix = "download/" if request.param == "wrapped zip" else ""
        plain = {f"{prefix}{inner}": content for inner, content in files.items()}
        return zip_file(tmp_path / "given.zip", plain)

    return build


def test_each_format_has_a_sample():
    assert set(BUILDERS) == set(FORMATS)


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_is_told_by_its_content(download, name):
    with open_submissions(download(name), ONE) as intake:
        assert intake.format == name


DESCRIPTIONS = {
    "canvas": "Canvas download: 8 students, 2 marked late",
    "moodle": "Moodle download: 7 students",
    "gradescope": "Gradescope export: 5 students",
    "nbgrader": "nbgrader course: 3 students",
    "git": "git checkouts: 3 students",
    "blackboard": "Blackboard download: 3 students",
    "folder": "folder of hand-ins: 5 students",
}
OUTCOMES = {
    "canvas": {
        "anon-Qq9rR": LORA,
        "anon-Xy3zZ": LORA,
        "doejane-101": LORA,
        "doejane-102": LORA + "# the other Jane\n",
        "müllerjörg-103": LORA,
        "roeann-106": LORA,
        "smith_jones-105": LORA,
        "王小明-104": LORA,
    },
    "moodle": {
        "Ann-Roe-15": "?",
        "Group-A-Max-Muster-17": LORA,
        "Jane-Doe-11": LORA,
        "Jane-Doe-12": LORA + "# the other Jane\n",
        "Jörg-Müller-13": LORA,
        "Participant-16": LORA,
        "王小明-14": LORA,
    },
    "gradescope": {
        "504": LORA,
        "Jane-Doe-0301": LORA,
        "Jane-Doe-other.jane@example.org": LORA,
        "Jörg-Müller-302": LORA,
        "王小明-303": "?",
    },
    "nbgrader": {"jdoe": LORA, "jmueller": LORA, "wang": "?"},
    "git": {"hw-3-doe-jane": LORA, "hw-3-doe-john": LORA, "hw-3-wang": LORA},
    "blackboard": {"j_mueller": LORA, "jdoe": LORA + "# the second attempt\n", "wang": "?"},
    "folder": {"Jane-Doe": LORA, "empty": "?", "jörg": LORA, "roe": LORA, "wang": LORA},
}


@pytest.mark.parametrize("name", FORMATS)
def test_each_student_gets_their_own_files(download, name):
    with open_submissions(download(name), ONE) as intake:
        found = outcomes(intake)
        assert {key: source if "def lora" in source else "?" for key, source in found.items()} == OUTCOMES[name]
        assert intake.description == DESCRIPTIONS[name]
        assert [handed.student.key for handed in intake.handed] == sorted(OUTCOMES[name])


@pytest.mark.parametrize(
    ("name", "marks"),
    [
        ("canvas", {"doejane_102": "doejane-102", "roeann": "roeann-106", "王": "王小明-104", "anon_Q": "anon-Qq9rR"}),
        ("moodle", {"Jane Doe_12": "Jane-Doe-12", "Ann": "Ann-Roe-15", "Group": "Group-A-Max-Muster-17"}),
        ("nbgrader", {"submitted/jdoe": "jdoe"}),
        ("git", {"hw-3-doe-jane": "hw-3-doe-jane"}),
        ("blackboard", {"HW_3_j_mueller": "j_mueller", "HW_3_jdoe": "jdoe"}),
        ("folder", {"Jane": "Jane-Doe", "wang": "wang", "roe": "roe"}),
    ],
)
def test_keys_hang_on_nobody_else(tmp_path, name, marks):
    for number, (mark, key) in enumerate(marks.items()):
        mine = {inner: content for inner, content in BUILDERS[name]().items() if inner.startswith(mark)}
        with open_submissions(tree(tmp_path / str(number), mine), ONE, format=name) as intake:
            assert list(by_key(intake)) == [key]


def test_a_text_typed_into_canvas_is_somebodys(tmp_path):
    files = {"doejane_LATE_1_text.html": "<p>hi</p>", "anon_Xy3zZ_link.html": "<a>", "roeann_2_3_lora.py": LORA}
    with open_submissions(tree(tmp_path, files), ONE) as intake:
        assert [(key, one.late) for key, one in by_key(intake).items()] == [
            ("anon-Xy3zZ", False),
            ("doejane-1", True),
            ("roeann-2", False),
        ]
        assert "holds text.html, but no lora.py; ask for it" in outcomes(intake)["doejane-1"]


def test_canvas_says_who_and_where(tmp_path):
    path = zip_file(tmp_path / "submissions.zip", canvas())
    with open_submissions(path, ONE) as intake:
        handed = by_key(intake)
    assert handed["doejane-101"].student.id == "101"
    assert handed["doejane-101"].origin == "submissions.zip: doejane_101_9001_lora.py"
    assert {key for key, one in handed.items() if one.late} == {"müllerjörg-103", "anon-Qq9rR"}
    assert handed["anon-Xy3zZ"].student.name == handed["anon-Xy3zZ"].student.id == ""


def test_moodle_tells_namesakes_by_their_number(tmp_path):
    with open_submissions(tree(tmp_path / "class", moodle()), ONE) as intake:
        handed = by_key(intake)
        assert handed["Jane-Doe-11"].student.participant == "11"
        assert handed["Participant-16"].student.name == ""
        assert handed["Ann-Roe-15"].origin == f"{tmp_path}/class/Ann Roe_15_assignsubmission_file"
        assert "holds notes.txt, onlinetext.html, but no lora.py; ask for it" in outcomes(intake)["Ann-Roe-15"]


def test_moodle_without_folders(tmp_path):
    files = {"Jane Doe_11_assignsubmission_file_lora.py": LORA, "Jane Doe_12_assignsubmission_file_my work.py": OTHER}
    with open_submissions(zip_file(tmp_path / "m.zip", files), ONE) as intake:
        assert intake.format == "moodle"
        assert outcomes(intake) == {"Jane-Doe-11": LORA, "Jane-Doe-12": OTHER}


def test_gradescope_knows_groups_and_times(tmp_path):
    with open_submissions(tree(tmp_path, gradescope()), ONE) as intake:
        handed = by_key(intake)
        jane, joerg = handed["Jane-Doe-0301"], handed["Jörg-Müller-302"]
        assert jane.origin == joerg.origin
        assert (jane.student.sis_id, jane.student.email) == ("0301", "jane@example.org")
        assert jane.notes == ("handed in by a group, with Jörg Müller",)
        assert jane.submitted_at == datetime(2026, 11, 20, 21, 30, 0, 131432, tzinfo=UTC)
        other = handed["Jane-Doe-other.jane@example.org"]
        assert other.submitted_at == datetime(2026, 11, 21, 8, tzinfo=UTC)
        assert "nothing was handed in" in outcomes(intake)["王小明-303"]


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ("a: [", "is not YAML"),
        ("submission_1: 3", "`submission_1`: expected a submission with `:submitters`"),
        ("submission_1:\n  :submitters: [jane]", "expected `:name`, `:sid` and `:email` of each submitter"),
        ("[" * 300_000, "is nested too deep"),
        ("a: 2026-99-99", r"is not YAML \(a value in it cannot be read\)"),
        ("a: !!python/object/apply:os.system ['true']", "expected a submission|is not YAML"),
    ],
)
def test_broken_metadata_is_one_line(tmp_path, metadata, message):
    files = {"submission_metadata.yml": metadata, "submission_1/lora.py": LORA}
    with pytest.raises(UsageError, match=message) as caught:
        open_submissions(tree(tmp_path, files), ONE)
    assert "\n" not in str(caught.value)


def test_missing_pyyaml_is_said(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(UsageError, match=r"reading it takes PyYAML; run `pip install pyyaml`"):
        open_submissions(tree(tmp_path, gradescope()), ONE)


def test_nbgrader_knows_times(tmp_path):
    root = tree(tmp_path, BUILDERS["nbgrader"]())
    for place in (root, root / "submitted"):
        with open_submissions(place, ONE) as intake:
            handed = by_key(intake)
            assert handed["jdoe"].submitted_at == datetime(2026, 11, 20, 21, 30, tzinfo=UTC)
            berlin = timezone(timedelta(hours=1))
            assert handed["jmueller"].submitted_at == datetime(2026, 11, 20, 23, 30, tzinfo=berlin)
            assert "notebooks are not read yet" in outcomes(intake)["wang"]


def test_nbgrader_times_are_those_of_the_assignment(tmp_path):
    stamps = {"hw1": "2026-11-20 21:30:00 UTC", "hw2": "2026-12-20 21:30:00 UTC"}
    files = {f"submitted/ada/{name}/timestamp.txt": stamp for name, stamp in stamps.items()}
    files |= {"submitted/ada/hw1/lora.py": LORA, "submitted/ada/hw2/other.ipynb": "{}"}
    with open_submissions(tree(tmp_path, files), ONE) as intake:
        assert by_key(intake)["ada"].submitted_at == datetime(2026, 11, 20, 21, 30, tzinfo=UTC)


def test_git_logins_are_what_follows_the_assignment(tmp_path):
    with open_submissions(tree(tmp_path, BUILDERS["git"]()), ONE) as intake:
        assert [one.student.login for one in intake.handed] == ["doe-jane", "doe-john", "wang"]
    with open_submissions(tree(tmp_path / "one", {"lora-doe-jane/lora.py": LORA}), ONE, format="git") as intake:
        assert [one.student.login for one in intake.handed] == ["doe-jane"]


def test_blackboard_takes_the_latest_attempt(tmp_path):
    with open_submissions(tree(tmp_path, BUILDERS["blackboard"]()), ONE) as intake:
        handed = by_key(intake)
    assert handed["jdoe"].student.name == "Jane Doe"
    assert handed["j_mueller"].student.name == "Jörg Müller"
    assert handed["jdoe"].notes == (
        "2 attempts; the latest was taken: 2026-11-20 22:30:00, in the time zone of the server",
    )
    assert intake.notes == ()


def test_what_is_nobodys_is_said(tmp_path):
    with open_submissions(tree(tmp_path, folder()), ONE) as intake:
        assert intake.notes == (f"ignored {tmp_path}/readme.txt, which is nobody's",)


def test_one_students_own_folder(tmp_path):
    with open_submissions(tree(tmp_path / "jane", {"lora.py": LORA, "ptuning/ptuning.py": OTHER}), THREE) as intake:
        assert intake.description == "folder of hand-ins: 1 student"
        assert dict(intake.read(intake.handed[0])) == {"lora": LORA.encode(), "ptuning": OTHER.encode()}


def test_a_name_or_two_like_canvas_make_no_canvas(tmp_path):
    files = {"alice/lora.py": LORA, "bob/lora.py": LORA, "doe_1_2_lora.py": LORA}
    with open_submissions(tree(tmp_path, files), ONE) as intake:
        assert intake.format == "folder"


def test_a_format_can_be_forced(tmp_path):
    path = tree(tmp_path, canvas())
    with open_submissions(path, ONE, format="folder") as intake:
        assert intake.format == "folder"
    with pytest.raises(UsageError, match=r"no Moodle download, which has names such as `Jane.*; leave out --format"):
        open_submissions(path, ONE, format="moodle")
    with pytest.raises(UsageError, match="no format is called `canvass`; did you mean `canvas`"):
        open_submissions(path, ONE, format="canvass")


@pytest.mark.parametrize("name", ["nothing", "not.zip", "empty"])
def test_what_is_no_download_is_one_line(tmp_path, name):
    tree(tmp_path, {"not.zip": "not a zip", "empty/": ""})
    with pytest.raises(UsageError, match=r"no such file|is no zip|holds nobody's hand-in; name the LMS's") as caught:
        open_submissions(tmp_path / name, ONE)
    assert len(line(caught.value)) < len(str(tmp_path / name)) + 90


# Which file is which exercise


@pytest.mark.parametrize(
    "names",
    [
        ["lora.py"],
        ["lora/lora.py"],
        ["work/src/lora.py"],
        ["exercises/lora/lora.py"],
        ["Lora.PY"],
        ["lora-1.py"],
        ["lora (2).py"],
        ["solution.py"],
        ["solution.py", "notes.txt"],
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_an_exercise_is_found(tmp_path, names, zipped):
    files = dict.fromkeys(names, LORA)
    assert hand_in(tmp_path, zip_bytes(files) if zipped else files)[0] == {"lora": LORA}


@pytest.mark.parametrize(
    ("files", "note"),
    [
        ({"lora.py": OTHER, "lora-1.py": LORA}, "2 versions of lora.py; the latest, -1, was taken"),
        ({"lora-9.py": OTHER, "lora-10.py": LORA}, "2 versions of lora.py; the latest, -10, was taken"),
        ({"lora.py": OTHER, "lora (1).py": LORA}, "2 versions of lora.py; the latest, lora (1).py, was taken"),
        ({"lora.py": LORA, "old/lora.py": OTHER}, "also holds old/lora.py, which was ignored"),
        ({"lora.py": LORA, "LORA.py": OTHER}, "2 versions of lora.py; the latest, lora.py, was taken"),
        ({"lora.py": LORA, "a": "", "b": "", "c": "", "d": ""}, "also holds a, b, c and 1 more, which were ignored"),
        ({"hw.py": OTHER, "hw-1.py": LORA}, "2 versions of hw.py; the latest, -1, was taken"),
        ({"hw.py": LORA}, "hw.py was taken as lora.py"),
        ({"hw.zip": zip_bytes({"lora.py": OTHER}), "hw-1.zip": zip_bytes({"lora.py": LORA})}, "also holds hw.zip"),
        ({"lora.py": LORA, "hw.zip": b"not a zip"}, "also holds hw.zip, which was ignored"),
    ],
)  # fmt: skip
def test_a_choice_is_said(tmp_path, files, note):
    sources, notes = hand_in(tmp_path, files)
    assert sources == {"lora": LORA}
    assert any(note in said for said in notes), notes


@pytest.mark.parametrize(
    ("files", "held"),
    [
        ({"lora.py": LORA}, "lora.py"),
        ({"Lora (1).py": LORA}, "Lora (1).py"),
        ({"lora/main.py": LORA, "a.txt": ""}, "lora/main.py"),
        ({"hw.zip": zip_bytes({"lora.py": LORA})}, "lora.py"),
    ],
)
def test_a_file_of_another_exercise_is_not_taken(tmp_path, files, held):
    assert problem(tmp_path, files, ["ptuning"], ["lora"]).endswith(
        f"/jane: holds {held}, of another exercise, but no ptuning.py; ask for it"
    )


@pytest.mark.parametrize("name", ["ptuning.py", "solution.py", "Untitled.py", "lorax.py"])
def test_a_file_beside_one_of_another_exercise_is_taken(tmp_path, name):
    assert hand_in(tmp_path, {"lora.py": LORA, name: OTHER}, ["ptuning"], ["lora"])[0] == {"ptuning": OTHER}


def test_a_file_of_another_exercise_is_no_students_work(tmp_path):
    """Whoever's name is that of an exercise is asked for a folder."""
    files = {"alice.py": OTHER, "bob.py": OTHER, "lora.py": LORA}
    with open_submissions(tree(tmp_path / "class", files), ["ptuning"], others=["lora"]) as intake:
        assert set(by_key(intake)) == {"alice", "bob", "lora"}
        assert "holds lora.py, of another exercise" in outcomes(intake)["lora"]
        assert intake.read(by_key(intake)["alice"]) == {"ptuning": OTHER.encode()}


def test_one_students_own_folder_without_the_exercise(tmp_path):
    path = tree(tmp_path / "jane", {"lora.py": LORA, "finetune/finetune.py": OTHER})
    with open_submissions(path, ["ptuning"], others=["lora", "finetune"]) as intake:
        assert list(by_key(intake)) == ["jane"]
        assert (
            "jane: holds finetune/finetune.py, lora.py, of another exercise, but no ptuning.py"
            in (outcomes(intake)["jane"])
        )


def test_no_choice_is_made_between_equals(tmp_path):
    message = problem(tmp_path / "a", {"one/lora.py": LORA, "two/lora.py": OTHER})
    assert "one/lora.py and " in message
    assert "two/lora.py: which is lora.py? keep one of them" in message
    assert hand_in(tmp_path / "b", {"one/lora.py": LORA, "two/lora.py": LORA})[0] == {"lora": LORA}


def test_several_exercises_come_from_files_and_zips(tmp_path):
    files = {"lora.py": LORA, "rest.zip": zip_bytes({"ptuning/ptuning.py": OTHER, "rest/finetune.py": LORA})}
    assert hand_in(tmp_path, files, THREE)[0] == {"lora": LORA, "ptuning": OTHER, "finetune": LORA}


def test_one_bad_file_leaves_the_others(tmp_path):
    sources, notes = hand_in(tmp_path, {"lora.py": LORA, "ptuning.py": b"\0\0"}, THREE)
    assert sources == {"lora": LORA}
    assert any("ptuning.py: is not a Python file" in note for note in notes)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"sub/": ""}, "jane: nothing was handed in; ask for lora.py or ptuning.py or finetune.py"),
        ({"lora.py": ""}, "lora.py: is empty"),
        ({"lora.py": " \n"}, "lora.py: is empty"),
        ({"lora.py": b"\x7fELF\0"}, "lora.py: is not a Python file (it holds binary data)"),
        ({"lora.py": b"\n\n\nx = '\xff'"}, "lora.py: line 4 is not utf-8 text; save the file as UTF-8"),
        ({"lora.py": b"#" * (50 * 1024 * 1024)}, "lora.py: is larger than 4 MiB; ask for the source alone"),
        ({"lora.zip": zip_bytes({"lora.py": LORA})[:-30]}, "lora.zip: is no zip, or a broken one"),
        ({"lora.zip": b""}, "lora.zip: is no zip, or a broken one"),
        ({"lora.zip": zip_bytes({"inner.zip": zip_bytes({"lora.py": LORA})})}, "holds inner.zip, but no lora.py or"),
        ({"lora.ipynb": "{}"}, "lora.ipynb: notebooks are not read yet; ask for lora.py or"),
        ({"work.7z": "7z"}, "work.7z: is packed in a way that is not read; ask for lora.py or"),
        ({"solution.py": LORA}, "jane: holds solution.py, but no lora.py or ptuning.py or finetune.py; ask for it"),
    ],
)
def test_nothing_to_grade_is_said(tmp_path, files, message):
    assert message in problem(tmp_path, files, THREE)


def test_links_and_devices_are_not_followed(tmp_path):
    secret = tmp_path / "secret.py"
    secret.write_text(LORA)
    jane = tree(tmp_path / "class/jane", {})
    (jane / "lora.py").symlink_to(secret)
    tree(tmp_path / "class/bob", {})
    os.mkfifo(tmp_path / "class/bob/lora.py")
    (tmp_path / "class/eve").symlink_to(jane)
    with open_submissions(tmp_path / "class", ONE) as intake:
        found = outcomes(intake)
    assert "lora.py: is a link, and links are not followed" in found["jane"]
    assert intake.notes == (f"ignored {tmp_path}/class/eve, which is a link, and links are not followed",)
    assert "lora.py: is not a regular file" in found["bob"]


@pytest.mark.parametrize(("gone", "alone"), [("lora.py", True), ("sub", True), ("notes.txt", False)])
def test_what_goes_while_it_is_listed_costs_nobody(tmp_path, monkeypatch, gone, alone):
    """Gone, closed or on a disk that fails: it is not the student who is at fault. What else is there may be graded."""
    root = tree(
        tmp_path / "class", {"bob/lora.py": LORA, "bob/sub/notes.txt": "", "bob/notes.txt": "", "jane/lora.py": LORA}
    )
    if gone == "sub":
        (root / "bob/lora.py").unlink()
    list_folder = os.scandir

    def scan(folder: Path) -> list["os.DirEntry[str]"]:
        entries = list(list_folder(folder))
        if folder.name == "bob":
            (folder / gone).rename(tmp_path / "away")
        return entries

    monkeypatch.setattr("grader.intake.archive.os.scandir", scan)
    with open_submissions(root, ONE) as intake:
        handed = by_key(intake)
        assert intake.read(handed["jane"]) == {"lora": LORA.encode()}
        if alone:
            with pytest.raises(UnreadableError) as caught:
                intake.read(handed["bob"])
            said = line(caught.value)
        else:
            unpacked = intake.unpack(handed["bob"])
            assert unpacked.sources == {"lora": LORA.encode()}
            said = " ".join([*handed["bob"].notes, *unpacked.notes])
        assert f"{root}/bob/{gone}: cannot be read here (No such file or directory); check its permissions" in said


def test_a_broken_download_costs_nobody(tmp_path):
    """What a student packed is the student's; what an LMS packed is not."""
    broken = Forge().add(b"doe_1_2_lora.py", crc=1).add(b"roe_2_3_lora.py", LORA.encode()).pack()
    (tmp_path / "canvas.zip").write_bytes(broken)
    with open_submissions(tmp_path / "canvas.zip", ONE) as intake:
        handed = by_key(intake)
        assert intake.read(handed["roe-2"]) == {"lora": LORA.encode()}
        with pytest.raises(UnreadableError, match=r"doe_1_2_lora.py: cannot be read here \(Bad CRC.*download it again"):
            intake.read(handed["doe-1"])
    tree(tmp_path / "class", {"jane.zip": Forge().add(b"lora.py", crc=1).pack()})
    with open_submissions(tmp_path / "class", ONE) as intake, pytest.raises(UsageError) as caught:
        intake.read(intake.handed[0])
    assert not isinstance(caught.value, UnreadableError)


def test_hidden_files_and_what_systems_leave_are_no_ones_business(tmp_path):
    files = {"lora.py": LORA, ".DS_Store": "", "__MACOSX/._lora.py": "", "__pycache__/lora.pyc": "", ".venv/x.py": ""}
    assert hand_in(tmp_path / "a", files) == ({"lora": LORA}, [])
    assert hand_in(tmp_path / "b", zip_bytes(files)) == ({"lora": LORA}, [])


# Zips that were made to do harm


@pytest.mark.parametrize(
    "name",
    [
        b"../lora.py", b"/etc/lora.py", b"a/../../lora.py", b"..\\lora.py", b"C:\\lora.py", b"C:lora.py",
        b"\\\\host\\lora.py", b"a/" * 40 + b"lora.py", b"a" * 60_000 + b"/lora.py",
    ],
)  # fmt: skip
def test_a_name_that_leads_elsewhere_is_ignored(tmp_path, name):
    forged = Forge().add(name, OTHER.encode()).add(b"lora.py", LORA.encode()).pack()
    sources, notes = hand_in(tmp_path / "a", forged)
    assert sources == {"lora": LORA}
    assert any("a name that leads elsewhere" in note for note in notes)
    assert "a name that leads elsewhere" in problem(tmp_path / "b", Forge().add(name).pack())


def test_control_characters_are_never_shown(tmp_path):
    evil = "lora\x1b[2J\u202e\n.py"
    flagged = Forge().add(evil.encode(), flags=0x800).pack()
    message = problem(tmp_path, flagged, THREE)
    assert message.isprintable()
    assert "lora\ufffd[2J" in message


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (stat.S_IFLNK, "lora.py: is a link, and links are not followed"),
        (stat.S_IFCHR, "lora.py: is not a regular file"),
        (stat.S_IFIFO, "lora.py: is not a regular file"),
        (stat.S_IFSOCK, "lora.py: is not a regular file"),
    ],
)
def test_links_and_devices_in_a_zip_are_refused(tmp_path, kind, message):
    assert message in problem(tmp_path, Forge().add(b"lora.py", b"/etc/passwd", mode=kind | 0o777).pack())


def test_a_bomb_costs_nothing(tmp_path):
    zeros = b"#" * (200 * 1024 * 1024)
    honest = Forge().add(b"lora.py", zeros)
    liar = Forge().add(b"lora.py", zeros, claimed=100)
    nested = Forge().add(b"lora.py", zip_bytes({"lora.py": zeros}))
    del zeros
    for number, bomb in enumerate([honest.pack(), liar.pack(), zip_bytes({"lora.zip": nested.pack()})]):
        tree(tmp_path / str(number), {"jane.zip": bomb})
        tracemalloc.start()
        with open_submissions(tmp_path / str(number), ONE) as intake:
            (found,) = outcomes(intake).values()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 20 * 1024 * 1024
        assert any(word in found for word in ["would grow to", "cannot be read", "binary data", "holds lora.zip"]), (
            found
        )


def test_a_bomb_below_the_ratio_stops_at_the_limit(tmp_path):
    noise = os.urandom(64 * 1024).hex().encode()
    message = problem(tmp_path, Forge().add(b"lora.py", noise * 64).pack())
    assert "lora.py: is larger than 4 MiB" in message
    assert len(noise) * 64 > MAX_SOURCE


def test_overlapping_files_are_refused(tmp_path):
    forged = Forge().add(b"lora.py", LORA.encode())
    for _ in range(3):
        forged.add(b"lora.py", LORA.encode(), at=0)
    assert "its files overlap" in problem(tmp_path, forged.pack())


def test_a_table_of_contents_is_read_up_to_a_limit(tmp_path):
    crowded = Forge()
    for _ in range(60_000):
        crowded.add(b"x" * 100, at=0)
    assert "broken one (too many files)" in problem(tmp_path / "a", crowded.pack())
    few = Forge()
    for number in range(50_001):
        few.add(b"%d.py" % number, b"")
    assert "holds more than 50000 files" in problem(tmp_path / "b", few.pack())


@pytest.mark.parametrize("flags", [1, 1 | 64, 32])
def test_encrypted_files_are_said(tmp_path, flags):
    assert any(
        word in problem(tmp_path, Forge().add(b"lora.py", flags=flags).pack()) for word in ["encrypted", "patched"]
    )


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, 9, 99])
def test_packers_without_bounds_are_refused(tmp_path, method):
    message = problem(tmp_path, Forge().add(b"lora.py", method=method).pack())
    assert "is compressed in a way that is not read here; ask for an ordinary zip" in message


def test_a_wrong_checksum_is_said(tmp_path):
    assert "cannot be read (Bad CRC-32" in problem(tmp_path, Forge().add(b"lora.py", crc=1).pack())


def test_duplicate_names_count_as_unzip_counts_them(tmp_path):
    sources, notes = hand_in(tmp_path, Forge().add(b"lora.py", OTHER.encode()).add(b"lora.py", LORA.encode()).pack())
    assert sources == {"lora": LORA}
    assert notes == ["lora.py is in the zip 2 times; the last was taken"]


def test_names_that_clash_without_case_are_not_chosen_between(tmp_path):
    forged = Forge().add(b"Lora.py", OTHER.encode()).add(b"LORA.py", LORA.encode()).pack()
    assert "which is lora.py? keep one of them" in problem(tmp_path, forged)


@pytest.mark.parametrize(
    ("raw", "flags", "key"),
    [
        ("müller".encode(), 0x800, "müller-1"),
        ("müller".encode(), 0, "müller-1"),  # UTF-8 that does not say so
        ("müller".encode("cp437"), 0, "müller-1"),
        ("mu\u0308ller".encode(), 0x800, "müller-1"),  # as macOS spells it
    ],
)
def test_names_are_decoded_as_they_were_meant(tmp_path, raw, flags, key):
    (tmp_path / "c.zip").write_bytes(Forge().add(raw + b"_1_2_lora.py", LORA.encode(), flags=flags).pack())
    with open_submissions(tmp_path / "c.zip", ONE) as intake:
        assert outcomes(intake) == {key: LORA}
        assert intake.handed[0].student.name == "müller"


def test_a_name_that_is_not_the_utf8_it_says_is_one_line(tmp_path):
    assert "is no zip, or a broken one" in problem(tmp_path, Forge().add(b"lora\xff.py", flags=0x800).pack())


def test_a_backslash_is_a_slash_in_a_zip(tmp_path):
    assert hand_in(tmp_path, Forge().add(b"work\\lora.py", LORA.encode()).pack())[0] == {"lora": LORA}


def test_thousands_of_hostile_files_make_few_notes(tmp_path):
    forged = Forge().add(b"lora.py", LORA.encode())
    for number in range(3000):
        forged.add(b"../%d" % number, b"").add(b"%d" % number, b"", mode=stat.S_IFLNK)
    sources, notes = hand_in(tmp_path, forged.pack())
    assert sources == {"lora": LORA}
    assert len(notes) < 12
    assert "and 2997 more like it" in notes


@given(st.binary(max_size=400), st.integers(0, 400))
def test_any_bytes_are_a_zip_or_one_line(tmp_path_factory, junk, cut):
    packed = zip_bytes({"lora.py": LORA})
    path = tmp_path_factory.mktemp("junk") / "junk.zip"
    path.write_bytes(packed[:cut] + junk + packed[cut + len(junk) :])
    try:
        with open_submissions(path, ONE) as intake:
            outcomes(intake)
    except UsageError as error:
        line(error)


WORDS = (
    "lora Lora doe anon LATE 12 7 assignsubmission file onlinetext attempt submitted submission submission_metadata "
    "timestamp text 2026-11-20-10-00-00 \u202e 王 . .. .git con"
)
words = st.sampled_from([*WORDS.split(), "Jane Doe", "x" * 200])
names = st.builds(
    lambda parts, suffix: "/".join("_".join(part) for part in parts) + suffix,
    st.lists(st.lists(words, min_size=1, max_size=6), min_size=1, max_size=3),
    st.sampled_from([".py", "-1.py", ".zip", ".txt", ".html", ".yml", "/", ""]),
)


@given(st.dictionaries(names, st.sampled_from([b"", LORA.encode(), zip_bytes({"lora.py": LORA})]), max_size=8))
def test_any_names_are_read_or_one_line(tmp_path_factory, files):
    path = zip_file(tmp_path_factory.mktemp("names") / "any.zip", files)
    for name in [None, *FORMATS]:
        try:
            with open_submissions(path, THREE, format=name) as intake:
                outcomes(intake)
                assert len(by_key(intake)) == len(intake.handed)
                assert all(len(handed.student.key.encode()) <= 250 for handed in intake.handed)
        except UsageError as error:
            line(error)


def test_sources_are_read_when_asked_for(tmp_path):
    tree(tmp_path, {f"s{number}.py": b"#" * 1_000_000 for number in range(40)})
    tracemalloc.start()
    with open_submissions(zip_file(tmp_path / "a.zip", {}).parent, ONE) as intake:
        for handed in intake.handed:
            if handed.student.key != "a":
                intake.read(handed)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000


# Keys


@given(st.lists(st.text(max_size=80), min_size=1, unique=True))
def test_keys_are_unique_and_safe(names):
    keys = set_apart([make_key(name) for name in names], names)
    assert len({key.casefold() for key in keys}) == len(names)
    for key in keys:
        assert 0 < len(key) < 90
        assert len(f"{key}.html".encode()) <= 255
        assert all(letter.isalnum() or letter in "._-@" for letter in key)
        assert key[0] not in ".-"


def test_names_of_devices_are_no_keys():
    assert make_key("con") != "con"
    assert make_key("Aux.txt") != "Aux.txt"


def test_lossy_names_keep_apart_by_themselves():
    assert make_key("O'Brien") != make_key("O-Brien") == "O-Brien"


def test_keys_that_clash_are_told_apart_in_any_order():
    bob, other = set_apart(["Bob", "bob"], ["Bob", "bob"])
    assert set_apart(["bob", "Bob"], ["bob", "Bob"]) == [other, bob]


# Rosters

CANVAS_ROSTER = """\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,HW 3 (77)
    Points Possible,,,,,100
"Doe, Jane",101,S101,jdoe1,A,
"Doe, Jane",102,S102,jdoe2,A,
"Müller, Jörg",103,S103,jm,A,
"Absent, Ann",999,S999,absent,A,
"Student, Test",1000,,test,A,
"""


def roster(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "roster.csv"
    path.write_text(text, "utf-8")
    return path


def joined(tmp_path: Path, files: Mapping[str, Content], text: str) -> tuple[dict[str, Handed], Intake]:
    listed = roster(tmp_path, text)
    with open_submissions(zip_file(tmp_path / "given.zip", files), ONE, roster=listed) as intake:
        return by_key(intake), intake


def test_canvas_joins_by_id(tmp_path):
    handed, intake = joined(tmp_path, canvas(), CANVAS_ROSTER)
    assert handed["doejane-102"].student.name == "Jane Doe"
    assert (handed["doejane-102"].student.sis_id, handed["doejane-102"].student.login) == ("S102", "jdoe2")
    assert [one.name for one in intake.missing] == ["Ann Absent"]
    assert intake.missing[0].key == "Ann-Absent-999"
    assert intake.description.endswith(", 1 of the roster handed in nothing")


def test_moodle_joins_by_participant(tmp_path):
    text = (
        "Identifier;Full name;Email address;Status\nParticipant 12;Jane Doe;jane2@x.org;\nParticipant 16;Blind Eve;;\n"
    )
    handed, _ = joined(tmp_path, moodle(), text)
    assert handed["Jane-Doe-12"].student.email == "jane2@x.org"
    assert handed["Jane-Doe-11"].student.email == ""
    assert handed["Participant-16"].student.name == "Blind Eve"


def test_gradescope_joins_by_number_then_email(tmp_path):
    text = "First Name,Last Name,SID,Email,Role\nJane,Doe,0301,,Student\nJ.,Doe,7,OTHER.jane@example.org,\nT,A,,,TA\n"
    handed, intake = joined(tmp_path, gradescope(), text)
    assert handed["Jane-Doe-other.jane@example.org"].student.name == "J. Doe"
    assert handed["Jane-Doe-0301"].student.email == "jane@example.org"
    assert intake.missing == ()


def test_signs_before_keys_of_brightspace_are_no_part_of_them(tmp_path):
    text = "OrgDefinedId,Username,Last Name,First Name,End-of-Line Indicator\n#0301,#jdoe,Doe,Jane,#\n"
    handed, _ = joined(tmp_path, {"jdoe/lora.py": LORA}, text)
    student = handed["jdoe"].student
    assert (student.name, student.sis_id, student.login) == ("Jane Doe", "0301", "jdoe")


def test_folders_join_by_whatever_they_are_called(tmp_path):
    files = {f"{name}/lora.py": LORA for name in ["s1", "jdoe", "eve@x.org", "Max Muster", "who"]}
    text = "Name,Student ID,Username,E-mail\nA,S1,,\nB,,JDOE,\nC,,,eve@x.org\nMuster Max,,,\n"
    handed, _ = joined(tmp_path, files, text)
    assert handed["s1"].student.name == "A"
    assert handed["jdoe"].student.name == "B"
    assert handed["Max-Muster"].student.name == "Muster Max"
    assert handed["who"].student.name == "who"


def test_a_number_outweighs_what_is_less_sure(tmp_path):
    text = "name,sid,email\nJane,0301,jane@new.org\n"
    handed, _ = joined(tmp_path, gradescope(), text)
    assert handed["Jane-Doe-0301"].student.email == "jane@new.org"
    assert handed["Jane-Doe-0301"].notes == ("handed in by a group, with Jörg Müller",)


def test_a_login_that_is_a_number_is_joined_as_one(tmp_path):
    handed, _ = joined(tmp_path, BUILDERS["nbgrader"](), "name,sid,login\nJane,jdoe,jd\n")
    assert (handed["jdoe"].student.name, handed["jdoe"].student.login, handed["jdoe"].notes) == ("Jane", "jd", ())


@pytest.mark.parametrize(
    ("files", "text", "note"),
    [
        ({"Jane Doe": LORA}, "name,id\nJane Doe,1\nJane Doe,2\n", "2 of the roster have this name; not joined"),
        ({"doejane_1_2_x.py": LORA, "doejane_3_4_x.py": LORA}, "name,email\nJane Doe,j@x.org\n", "2 who handed in"),
        ({"doejane_1_2_x.py": LORA}, "name,id\nJane Doe,5\n", "the roster has other numbers for Jane Doe; not joined"),
        ({"jdoe": LORA, "s1": LORA}, "login,sid\njdoe,s1\n", "somebody else was joined with this login of the roster"),
    ],
)  # fmt: skip
def test_a_doubtful_join_is_said_and_not_made(tmp_path, files, text, note):
    files = {name if name.endswith(".py") else f"{name}/lora.py": content for name, content in files.items()}
    handed, _ = joined(tmp_path, files, text)
    assert any(said.startswith(note) for one in handed.values() for said in one.notes), handed


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no column tells who is meant; expected Name, ID, Username or Email, saw nothing"),
        (b"Grade,Comment\n1,x\n", "no column tells who is meant; expected Name, ID, Username or Email, saw Grade, Co"),
        ("Name\nMüller\n".encode("latin-1"), "is not UTF-8 text; save it as `CSV UTF-8`"),
        (b'Name\n"Jane\n', "is not CSV"),
    ],
)  # fmt: skip
def test_a_roster_that_cannot_be_read_is_one_line(tmp_path, content, message):
    path = tmp_path / "roster.csv"
    path.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        open_submissions(tree(tmp_path / "class", folder()), ONE, roster=path)
    assert str(caught.value).startswith(f"{path}: {message}")
