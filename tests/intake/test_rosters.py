"""The list of a course, joined with who handed in where there is no doubt."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from downloads import BUILDERS, LORA, Content, canvas, folder, gradescope, moodle, tree, zip_file
from reading import ONE, by_key

from grader.errors import UsageError
from grader.intake import Handed, Intake, open_submissions

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
