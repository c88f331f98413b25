"""Who handed in what, in each format: read as a zip, as a zip that wraps all in one folder, and unzipped."""

import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from downloads import BUILDERS, LORA, canvas, folder, gradescope, moodle, tree, zip_file
from reading import ONE, OTHER, THREE, by_key, line, outcomes

from grader.errors import UsageError
from grader.intake import FORMATS, open_submissions


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
        assert "holds text.html, but no lora.py; that is needed" in outcomes(intake)["doejane-1"]


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
        assert "holds notes.txt, onlinetext.html, but no lora.py; that is needed" in outcomes(intake)["Ann-Roe-15"]


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
            assert "holds lora.ipynb, but no lora.py" in outcomes(intake)["wang"]


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
