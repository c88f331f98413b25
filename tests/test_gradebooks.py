"""Gradebooks: each is read back by a reader written here, as the LMS reads it, and nothing else in a template moves.

The samples have what real files have: Canvas' row of points, read-only columns and test student; a worksheet in German;
UTF-16 with tabs from Blackboard; quotes, commas and line ends in cells; two students of one name.
"""

import codecs
import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from grader.errors import UsageError
from grader.report import CheckResult, ExerciseResult, Report, TaskResult
from grader.results import Deduction, Grade, Results, Student
from grader.verdict import Verdict
from grader.writers import results_json
from grader.writers.gradebooks import NAMES, write
from grader.writers.gradebooks.sheet import number, read


def check(verdict: Verdict, score: float, max_score: float = 5.0, **changes) -> CheckResult:
    found = CheckResult("ex.1.law", "ex.1", "a law holds", verdict, score, max_score, False, "expected 1", "look", 0.1)
    return replace(found, **changes)


def report(*checks: CheckResult) -> Report:
    score, out_of = sum(c.score for c in checks), sum(c.max_score for c in checks)
    task = TaskResult("ex.1", "first", 10, score, out_of)
    return Report(
        score, out_of, 7, "full", True, (ExerciseResult("ex", "Exercise", score, out_of, (task,), tuple(checks)),)
    )


def grade(final: float | None, max_score: float = 100.0, *, problem: str = "", **student: str) -> Grade:
    who = Student(**{"key": student.get("login") or student.get("name") or "somebody"} | student)
    judged = check(Verdict.FAIL, 0.0) if final is not None else check(Verdict.BROKEN, 0.0, 0.0)
    return Grade(who, "somewhere", report(judged), final, max_score, problem=problem)


def results(*grades: Grade) -> Results:
    return Results("Homework 3", grades, 7, True, "0.1.0")


ADA = {"key": "ada", "name": "Ada Lovelace", "id": "101", "sis_id": "s101", "login": "ada01", "email": "ada@uni.edu"}
ALAN = {"key": "alan", "name": "Alan Turing", "id": "102", "sis_id": "s102", "login": "alan02", "email": "al@uni.edu"}


def cells(content: bytes, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=delimiter, strict=True))


# ---- Canvas

CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Notes,Homework 2 (4711),Homework 3 (4712),"
    '"Essay, the ""long"" one (4713)",Assignments Current Score,Final Score\r\n'
    ",,,,,,,Manual Posting,,,\r\n"
    "    Points Possible,,,,,,10.00,100.00,20.00,(read only),(read only)\r\n"
    '"Lovelace, Ada",101,s101,ada01,"Monday, 8 a.m.","sits\nin front",9.50,,18.00,95.00,95.00\r\n'
    '"Turing, Alan",102,s102,alan02,Monday,=1+1,10.00,40.00,,88.10,44.05\r\n'
    '"Hopper, Grace",103,s103,grace03,Monday,,10.00,EX,,88.10,44.05\r\n'
    '"Noether, Emmy",104,s104,emmy04,Monday,,10.00,N/A,,88.10,44.05\r\n'
    '"Student, Test",999,,aaaf1,Monday,,,,,,\r\n'
)
GRACE = {"key": "grace", "name": "Grace Hopper", "id": "103"}
EMMY = {"key": "emmy", "name": "Emmy Noether", "id": "104"}


def canvas_import(content: bytes) -> dict[str, dict[str, str]]:
    """Canvas ID -> assignment id -> score, by the rules of Canvas' own importer."""
    text = content.decode("utf-8-sig")
    delimiter = max(",;", key=lambda sign: min(line.count(sign) for line in text.splitlines()[:3]))
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    header = rows[0]
    assert "Student" in header[0]
    assert "ID" in header[1]
    assert "Section" in header[max(n for n, title in enumerate(header[:8]) if "Section" in title)]
    imported: dict[str, dict[str, str]] = {}
    for row in rows[1:]:
        if "Points Possible" in row[0] or not row[1]:
            continue
        imported[row[1]] = {
            title.rpartition("(")[2].rstrip(")"): text.replace(",", ".")
            for title, text in zip(header, row, strict=True)
            if title.endswith(")") and text not in ("", "-")
        }
    return imported


@pytest.mark.parametrize("column", ["4712", "Homework 3", "homework 3", "Homework 3 (4712)"])
def test_canvas_fills_one_column_and_moves_no_other_byte(column):
    class_ = results(grade(87.129, **ADA), grade(61.0, **ALAN))
    written = write("canvas", class_, CANVAS.encode(), column=column)
    expected = CANVAS.replace("9.50,,18.00", "9.50,87.12,18.00").replace("10.00,40.00", "10.00,61.00")
    assert written.content.decode() == expected
    assert canvas_import(written.content)["101"] == {"4711": "9.50", "4712": "87.12", "4713": "18.00"}
    assert written.filled == 2
    assert written.changed == (("Alan Turing (alan)", "40.00", "61.00"),)
    assert written.without == ("Hopper, Grace", "Noether, Emmy", "Student, Test")


def test_canvas_leaves_excused_students_alone():
    class_ = results(grade(50.0, **GRACE), grade(60.0, **EMMY))
    written = write("canvas", class_, CANVAS.encode(), column="4712")
    assert written.content == CANVAS.encode()
    assert [(who, "(EX)" in why, "(N/A)" in why) for who, why in written.left_out] == [
        ("Grace Hopper (grace)", True, False),
        ("Emmy Noether (emmy)", False, True),
    ]


def test_canvas_keeps_bom_semicolons_and_decimal_comma():
    text = (
        "Student;ID;SIS Login ID;Section;Homework 3, a, b, c, d, e (4712)\n"
        "    Points Possible;;;;100,00\n"
        "Lovelace, Ada;101;ada01;Montag;\n"
    )
    template = codecs.BOM_UTF8 + text.encode()
    written = write("canvas", results(grade(87.129, **ADA)), template, column="4712")
    assert written.content == template.replace(b"Montag;", b"Montag;87,12")
    assert canvas_import(written.content)["101"] == {"4712": "87.12"}


def test_canvas_takes_first_and_last_names_in_columns():
    text = "LastName,FirstName,ID,SIS Login ID,Section,Homework (1)\r\nLovelace,Ada,101,ada01,A,\r\n"
    written = write("canvas", results(grade(5.0, 5.0, key="x", name="Ada Lovelace")), text.encode())
    assert written.content.decode() == text.replace("A,\r\n", "A,5.00\r\n")


@pytest.mark.parametrize("column", ["9999", "Final Score", "Notes", ""])
def test_canvas_says_which_columns_there_are(column):
    with pytest.raises(UsageError, match=r"there are: `Homework 2 \(4711\)`, `Homework 3 \(4712\)`, `Essay"):
        write("canvas", results(grade(1.0, **ADA)), CANVAS.encode(), column=column)


def test_canvas_column_of_a_title_that_two_have_needs_its_id():
    template = CANVAS.replace("Homework 2 (", "Homework 3 (").encode()
    with pytest.raises(UsageError, match="name one by its id: 4711, 4712"):
        write("canvas", results(grade(1.0, **ADA)), template, column="Homework 3")


def test_canvas_never_fills_what_is_read_only():
    """A term in brackets looks like an id."""
    text = (
        "Student,ID,Section,Attendance (1),Homework (2),Final Score (2026)\n"
        "    Points Possible,,,(read only),10,\n"
        "Ada,101,A,,,\n"
    )
    for column in ("1", "2026", "Attendance"):
        with pytest.raises(UsageError, match=r"there are: `Homework \(2\)`$"):
            write("canvas", results(grade(5.0, 10.0, **ADA)), text.encode(), column=column)
    assert b"A,,5.00,\n" in write("canvas", results(grade(5.0, 10.0, **ADA)), text.encode()).content


def test_canvas_login_may_be_the_email_address():
    template = CANVAS.replace("ada01", "Ada@uni.edu").encode()
    written = write("canvas", results(grade(5.0, key="x", email="ada@uni.edu")), template, column="4712")
    assert canvas_import(written.content)["101"]["4712"] == "5.00"


def test_grade_above_the_maximum_is_left_out():
    written = write("canvas", results(grade(87.0, **ADA)), CANVAS.encode(), column="4711")
    assert written.content == CANVAS.encode()
    assert written.left_out == (("Ada Lovelace (ada)", "87 is above the column's maximum of 10"),)


def test_canvas_without_a_template_is_what_canvas_takes():
    nobody = {"key": "nobody", "name": "No Key"}
    written = write("canvas", results(grade(87.129, **ADA), grade(3.0, **nobody)), column="Homework 3 (4712)")
    assert canvas_import(written.content) == {"101": {"4712": "87.12"}}
    assert cells(written.content)[1] == ["    Points Possible", "", "", "", "", "100.00"]
    assert written.left_out[0][0] == "No Key (nobody)"


# ---- Moodle


def moodle_import(content: bytes, users: set[str], maximum: float, decimal: str) -> dict[str, float | None]:
    """Key -> grade by Moodle's rules: one row that cannot be read, and nothing is imported; empty erases."""
    rows = cells(content)
    imported: dict[str, float | None] = {}
    for key, text, _ in rows[1:]:
        assert key in users
        assert ("," if decimal == "." else ".") not in text
        imported[key] = float(text.replace(decimal, ".")) if text else None
        assert (imported[key] or 0) <= maximum
    return imported


@pytest.mark.parametrize("decimal", [".", ","])
def test_moodle_import_has_rows_with_grades_only(decimal):
    class_ = results(grade(87.129, **ADA), grade(None, **ALAN), grade(50.0, **GRACE))
    written = write("moodle", class_, decimal=decimal)
    assert moodle_import(written.content, {"s101", "s102"}, 100.0, decimal) == {"s101": 87.12}
    assert cells(written.content)[0] == ["ID number", "Homework 3", "Feedback"]
    assert [who for who, _ in written.left_out] == ["Alan Turing (alan)", "Grace Hopper (grace)"]


def test_moodle_import_has_the_key_that_most_students_have():
    by_mail = [grade(float(n), key=f"k{n}", name="Same Name", email=f"{n}@uni.edu") for n in range(3)]
    written = write("moodle", results(*by_mail, grade(9.0, key="k9", sis_id="s9")))
    assert cells(written.content)[0][0] == "Email address"
    assert moodle_import(written.content, {"0@uni.edu", "1@uni.edu", "2@uni.edu"}, 100.0, ".")["2@uni.edu"] == 2.0
    assert [who for who, _ in written.left_out] == ["k9"]


def test_moodle_import_never_mixes_up_two_of_one_key():
    twins = [grade(1.0, key="a", email="x@uni.edu"), grade(2.0, key="b", email="X@uni.edu")]
    written = write("moodle", results(*twins))
    assert written.filled == 0
    assert len(written.left_out) == 2


def test_moodle_import_has_no_key_that_makes_a_formula():
    """Made harmless, it would be an unknown user, and Moodle would import nothing at all."""
    written = write(
        "moodle", results(grade(1.0, key="a", email="=1+1@uni.edu"), grade(2.0, key="b", email="b@uni.edu"))
    )
    assert moodle_import(written.content, {"b@uni.edu"}, 100.0, ".") == {"b@uni.edu": 2.0}
    assert written.left_out == (("a", "their email begins with a sign that makes a formula of a cell"),)


WORKSHEET = (
    'ID,"Vollständiger Name",E-Mail-Adresse,Status,Bewertung,Bestwertung,"Bewertung kann geändert werden",'
    '"Zuletzt geändert (Abgabe)","Zuletzt geändert (Bewertung)","Feedback als Kommentar"\n'
    'Teilnehmer/in501,"Jörg Müller",,"Zur Bewertung abgegeben",,"100,00",Ja,"Montag, 3. August 2026, 10:00",-,\n'
    'Teilnehmer/in502,"Jörg Müller",,"Keine Abgabe","40,00","100,00",Ja,-,"Montag, 3. August","Von <b>Hand</b>"\n'
    'Teilnehmer/in503,"Ada Lovelace",,"Keine Abgabe",,"100,00",Nein,-,-,\n'
)
FIRST = {"key": "j1", "name": "Jörg Müller", "participant": "501"}
SECOND = {"key": "j2", "name": "Jörg Müller", "participant": "502"}


class Text(HTMLParser):
    """What a browser shows of a page, with tags that are not line breaks counted."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text, self.tags = "", []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, *attrs))

    def handle_data(self, data):
        self.text += data


def worksheet_import(content: bytes, decimal: str) -> dict[int, tuple[float, str]]:
    """Participant -> grade and feedback, as Moodle reads a worksheet: an empty grade is skipped."""
    rows = cells(content)
    at = {title: n for n, title in enumerate(rows[0])}
    imported = {}
    for row in rows[1:]:
        text = row[at["Bewertung"]]
        if text:
            assert ("," if decimal == "." else ".") not in text
            number_ = int("".join(filter(str.isdigit, row[at["ID"]])))
            imported[number_] = float(text.replace(decimal, ".")), row[at["Feedback als Kommentar"]]
    return imported


def test_worksheet_tells_two_of_one_name_apart():
    class_ = results(grade(87.129, **FIRST), grade(61.0, **SECOND))
    written = write("moodle_worksheet", class_, WORKSHEET.encode())
    imported = worksheet_import(written.content, ",")
    assert {number_: points for number_, (points, _) in imported.items()} == {501: 87.12, 502: 61.0}
    assert written.changed == (("Jörg Müller (j2)", "40,00", "61,00"),)
    assert written.without == ("Ada Lovelace",)


def test_worksheet_without_any_grade_tells_the_decimal_mark_by_its_maxima():
    template = WORKSHEET.replace("40,00", "").encode()
    assert (
        worksheet_import(write("moodle_worksheet", results(grade(61.5, **FIRST)), template).content, ",")[501][0]
        == 61.5
    )


def test_worksheet_has_no_grade_above_its_maximum():
    written = write("moodle_worksheet", results(grade(100.5, **FIRST)), WORKSHEET.encode())
    assert written.content == WORKSHEET.encode()
    assert written.left_out == (("Jörg Müller (j1)", "100.5 is above the column's maximum of 100"),)


def test_worksheet_feedback_is_html_that_holds_no_foreign_markup():
    deducted = replace(
        grade(80.0, **FIRST),
        deductions=(Deduction("<script>alert(1)</script> & late", 80.0),),
        report=report(check(Verdict.FAIL, 0.0, title="a < b holds")),
    )
    content = write("moodle_worksheet", results(deducted), WORKSHEET.encode()).content
    shown = Text(worksheet_import(content, ",")[501][1])
    assert set(shown.tags) == {("br",)}
    assert "not yet: a < b holds" in shown.text
    assert "<script>alert(1)</script> & late: 80" in shown.text


@pytest.mark.parametrize(
    ("origin", "problem", "told"),
    [
        ("/srv/class/ada", "/srv/class/ada/hw.py: is empty", "ada/hw.py: is empty"),
        ("class.zip: ada_1_2_hw.py", "class.zip: ada_1_2_hw.py: is empty", "ada_1_2_hw.py: is empty"),
        ("class.zip: a_1_2_x and 1 more", "class.zip: a_1_2_y: is <empty>", "a_1_2_y: is <empty>"),
        ("ada", "ada/hw.py: is empty", "ada/hw.py: is empty"),
    ],
)
def test_feedback_says_why_nothing_could_be_graded(origin, problem, told):
    nothing = replace(grade(0.0, **FIRST), report=None, origin=origin, problem=problem)
    content = write("moodle_worksheet", results(nothing), WORKSHEET.encode()).content
    shown = Text(worksheet_import(content, ",")[501][1]).text
    assert shown == f"Automatic feedback{told}Grade: 0 of 100"


def test_worksheet_keeps_what_a_teacher_wrote():
    written = write("moodle_worksheet", results(grade(61.0, **SECOND)), WORKSHEET.encode())
    assert worksheet_import(written.content, ",")[502] == (61.0, "Von <b>Hand</b>")
    assert written.notes == ("feedback that somebody wrote by hand stays as it is: Jörg Müller (j2)",)


def test_worksheet_replaces_our_own_feedback():
    first = write("moodle_worksheet", results(grade(61.0, **FIRST)), WORKSHEET.encode())
    second = write("moodle_worksheet", results(grade(75.5, **FIRST)), first.content)
    assert "Grade: 75.5 of 100" in worksheet_import(second.content, ",")[501][1]
    assert second.changed == (("Jörg Müller (j1)", "61,00", "75,50"),)
    assert write("moodle_worksheet", results(grade(75.5, **FIRST)), second.content).content == second.content


def test_worksheet_of_another_assignment_fits_nobody():
    """Participants have other numbers in each assignment, from one series."""
    stranger = grade(10.0, key="x", name="Emmy Noether", participant="501")
    written = write("moodle_worksheet", results(stranger), WORKSHEET.encode())
    assert written.content == WORKSHEET.encode()
    assert "is it of another assignment?" in written.left_out[0][1]


def test_worksheet_knows_names_that_were_part_of_file_names():
    template = WORKSHEET.replace("Ada Lovelace", "Ada O'Brien-Lovelace").replace("Nein", "Ja").encode()
    written = write(
        "moodle_worksheet", results(grade(1.0, key="a", name="Ada OBrien-Lovelace", participant="503")), template
    )
    assert written.filled == 1


def test_locked_grade_stays():
    written = write("moodle_worksheet", results(grade(1.0, key="a", participant="503")), WORKSHEET.encode())
    assert written.left_out == (("a", "Moodle has locked this grade"),)


POLISH = (
    "Identyfikator,Status,Ocena,Najwyższa ocena,Można zmienić,Modyfikacja (ocena),Komentarz\n"
    "Uczestnik 7,Oddane,,10.00,Tak,-,\n"
    "Uczestnik 8,Oddane,,10.00,Tak,-,\n"
)


def test_worksheet_in_an_unknown_language_is_read_by_what_stands_in_it():
    written = write("moodle_worksheet", results(grade(9.0, 10.0, key="a", participant="8")), POLISH.encode())
    rows = cells(written.content)
    assert [row[2] for row in rows] == ["Ocena", "", "9.00"]
    assert "Grade: 9 of 10" in rows[2][6]


def test_worksheet_in_an_unknown_language_is_not_filled_by_a_guess():
    template = POLISH.replace("Oddane,,", "Oddane,bardzo dobry,").encode()
    with pytest.raises(UsageError, match="which column is for grades"):
        write("moodle_worksheet", results(grade(9.0, 10.0, key="a", participant="8")), template)


def test_worksheet_without_a_column_for_grades_asks_for_one():
    template = POLISH.replace("10.00", "-").encode()
    with pytest.raises(UsageError, match=r"which column is for grades\? name one of: Identyfikator, Status, Ocena"):
        write("moodle_worksheet", results(grade(9.0, 10.0, key="a", participant="8")), template)
    written = write("moodle_worksheet", results(grade(9.0, 10.0, key="a", participant="8")), template, column="Ocena")
    assert cells(written.content)[2][2] == "9.00"


# ---- Blackboard

BLACKBOARD = (
    '"Last Name"\t"First Name"\t"Username"\t"Student ID"\t"Availability"\t'
    '"Homework 3 [Total Pts: 100 Score] |92372"\t"Total [Total Pts: up to 250 Score] |92300"\n'
    '"Lovelace"\t"Ada"\t"ada01"\t"s101"\t"Yes"\t""\t"12.00"\n'
    '"Müller"\t"Jörg"\t"jm"\t""\t"Yes"\t"Needs Grading"\t""\n'
)


@pytest.mark.parametrize("column", ["92372", "|92372", "Homework 3", ""])
def test_blackboard_fills_utf16_with_tabs(column):
    template = codecs.BOM_UTF16_LE + BLACKBOARD.encode("utf-16-le")
    class_ = results(grade(87.129, **ADA), grade(5.0, key="j", login="JM"))
    written = write("blackboard", class_, template, column=column)
    expected = BLACKBOARD.replace('"Yes"\t""\t', '"Yes"\t"87.12"\t').replace("Needs Grading", "5.00")
    assert written.content == codecs.BOM_UTF16_LE + expected.encode("utf-16-le")
    assert written.changed == (("j", "Needs Grading", "5.00"),)


def test_blackboard_csv_has_every_cell_in_quotes():
    for empty in (',"",', ",,"):
        template = BLACKBOARD.replace("\t", ",").replace(',"",', empty).encode()
        written = write("blackboard", results(grade(87.129, **ADA)), template, column="92372")
        assert b'"Yes","87.12","12.00"' in written.content


def test_blackboard_never_fills_what_it_adds_up_itself():
    with pytest.raises(UsageError, match=r"has no column `92300`; there are: `Homework 3 \(92372\)`"):
        write("blackboard", results(grade(1.0, **ADA)), BLACKBOARD.encode(), column="92300")


WITH_COMMENTS = (
    '"Last Name","First Name","Username","Student ID","Homework 3 [Total Pts: 100 Score] |92372",'
    '"Grading Notes","Notes Format","Feedback to Learner","Feedback Format"\n'
    '"Lovelace","Ada","ada01","s101","","late, see mail","SMART_TEXT","","SMART_TEXT"\n'
    '"Turing","Alan","alan02","s102","40.00","","SMART_TEXT","By hand, < & >","PLAIN_TEXT"\n'
)


def blackboard_import(content: bytes) -> dict[str, dict[str, str]]:
    """Username -> column -> cell, by number or, for those that have none, by title."""
    header, *rows = cells(content)
    titles = [title.rpartition("|")[2] for title in header]
    return {row[2]: dict(zip(titles, row, strict=True)) for row in rows}


def test_blackboard_gets_feedback_where_its_download_has_comments():
    lost = replace(grade(87.129, **ADA), report=report(check(Verdict.FAIL, 0.0, title="a < b holds")))
    written = write("blackboard", results(lost, grade(61.0, **ALAN)), WITH_COMMENTS.encode())
    imported = blackboard_import(written.content)
    ada, alan = imported["ada01"], imported["alan02"]
    shown = Text(ada["Feedback to Learner"])
    assert (ada["92372"], ada["Feedback Format"]) == ("87.12", "HTML")
    assert "not yet: a < b holds" in shown.text
    assert set(shown.tags) == {("br",)}
    assert (ada["Grading Notes"], ada["Notes Format"]) == ("late, see mail", "SMART_TEXT")
    assert (alan["92372"], alan["Feedback to Learner"], alan["Feedback Format"]) == (
        "61.00", "By hand, < & >", "PLAIN_TEXT",
    )  # fmt: skip
    assert written.notes == ("feedback that somebody wrote by hand stays as it is: Alan Turing (alan)",)
    again = write("blackboard", results(replace(lost, final=90.0), grade(61.0, **ALAN)), written.content)
    assert "Grade: 90 of 100" in blackboard_import(again.content)["ada01"]["Feedback to Learner"]


def test_blackboard_has_no_feedback_where_it_could_be_another_columns():
    template = WITH_COMMENTS.replace('"Grading Notes"', '"Homework 2 [Total Pts: 10 Score] |92371"').encode()
    written = write("blackboard", results(grade(5.0, **ADA)), template, column="92372")
    assert blackboard_import(written.content)["ada01"]["Feedback to Learner"] == ""


# ---- Brightspace

BRIGHTSPACE = (
    "OrgDefinedId,Username,Last Name,First Name,"
    "Homework 2 Points Grade <Numeric MaxPoints:10 Weight:5>,"
    '"Homework 3, the long one Points Grade <Numeric MaxPoints:100 Weight:20 Category:Homework CategoryWeight:50>",'
    "Essay Text Grade <Text>,End-of-Line Indicator\r\n"
    "#s101,#ada01,Lovelace,Ada,9.5,,fine,#\r\n"
    "#s102,#alan02,Turing,Alan,10,40,,#\r\n"
)


def brightspace_import(content: bytes) -> dict[str, dict[str, str]]:
    """Username -> item -> points, by the rules of D2L: signs stand before keys, and a sign ends each row."""
    header, *rows = cells(content)
    assert header[-1] == "End-of-Line Indicator"
    assert all(row[0][0] == row[1][0] == row[-1] == "#" for row in rows)
    items = {n: title.partition(" Points Grade")[0] for n, title in enumerate(header) if " Points Grade" in title}
    return {row[1].removeprefix("#"): {item: row[n] for n, item in items.items()} for row in rows}


@pytest.mark.parametrize("column", ["Homework 3, the long one", "homework 3, the long one"])
def test_brightspace_fills_one_item_and_moves_no_other_byte(column):
    class_ = results(grade(87.129, **ADA), grade(5.0, key="a", sis_id="s102"), grade(5.0, key="other", login="other"))
    written = write("brightspace", class_, BRIGHTSPACE.encode(), column=column)
    expected = BRIGHTSPACE.replace("9.5,,fine", "9.5,87.12,fine").replace("10,40,", "10,5.00,")
    assert written.content.decode() == expected
    assert brightspace_import(written.content)["ada01"] == {"Homework 2": "9.5", "Homework 3, the long one": "87.12"}
    assert written.changed == (("a", "40", "5.00"),)
    assert written.left_out == (("other", "no row of the table has one of their keys"),)


def test_brightspace_takes_points_only():
    with pytest.raises(UsageError, match=r"has no column `Essay`; there are: `Homework 2`, `Homework 3, the long one`"):
        write("brightspace", results(grade(5.0, **ADA)), BRIGHTSPACE.encode(), column="Essay")
    written = write("brightspace", results(grade(87.0, **ADA)), BRIGHTSPACE.encode(), column="Homework 2")
    assert written.left_out == (("Ada Lovelace (ada)", "87 is above the column's maximum of 10"),)


# ---- plain


def test_plain_has_everything_and_no_formula():
    late = replace(
        grade(87.129, **ADA | {"name": '=HYPERLINK("x";"y")', "email": "+1@uni.edu"}),
        late=True,
        submitted_at=datetime(2026, 8, 3, 10, tzinfo=UTC),
        deductions=(Deduction("two days late", 87.129),),
        notes=("-1 of 2 files was taken", "an empty folder"),
    )
    owed = grade(None, **ALAN)
    nothing = Grade(Student("emmy"), "", None, 0.0, 100.0, problem="@file is no Python")
    written = write("plain", results(late, owed, nothing))
    rows = [dict(zip(cells(written.content)[0], row, strict=True)) for row in cells(written.content)[1:]]
    assert rows[0]["name"] == '\'=HYPERLINK("x";"y")'
    assert rows[0]["email"] == "'+1@uni.edu"
    assert (rows[0]["ex"], rows[0]["ex.1"], rows[0]["raw"], rows[0]["final"]) == ("0.00", "0.00", "0.00", "87.12")
    assert (rows[0]["late"], rows[0]["submitted at"]) == ("late", "2026-08-03T10:00:00+00:00")
    assert rows[0]["deductions"] == "two days late: 87.12"
    assert rows[0]["needs a look"] == "'-1 of 2 files was taken; an empty folder"
    assert (rows[1]["final"], rows[1]["needs a look"]) == ("", "the grader itself failed at ex.1.law")
    assert (rows[1]["ex"], rows[1]["ex.1"], rows[1]["raw"]) == ("", "", "")
    assert (rows[2]["final"], rows[2]["ex"], rows[2]["needs a look"]) == ("0.00", "", "'@file is no Python")
    assert [who for who, _ in written.left_out] == ["Alan Turing (alan)"]


def test_plain_with_decimal_comma_has_semicolons():
    assert cells(write("plain", results(grade(1.5, **ADA)), decimal=",").content, ";")[1][-6] == "1,50"


# ---- what holds for all

SAMPLES = {
    "plain": None,
    "canvas": CANVAS.encode(),
    "moodle": None,
    "moodle_worksheet": WORKSHEET.replace("Nein", "Ja").encode(),
    "blackboard": BLACKBOARD.encode(),
    "brightspace": BRIGHTSPACE.encode(),
}
COLUMNS = {"canvas": "Homework 3", "brightspace": "Homework 3, the long one"}
OF_ALL = ADA | {"participant": "503"}


@pytest.mark.parametrize("name", NAMES)
def test_missing_grade_never_becomes_a_zero_or_an_empty_cell(name):
    """The same file as for a class without this student; in the plain one an empty cell erases nothing."""
    written = write(name, results(grade(None, **OF_ALL)), SAMPLES[name], column=COLUMNS.get(name, ""))
    why = "has no grade: the grader itself failed at ex.1.law"
    assert (written.filled, written.left_out) == (0, (("Ada Lovelace (ada)", why),))
    if SAMPLES[name] is not None:
        assert written.content == SAMPLES[name]
    if name == "moodle":
        assert len(cells(written.content)) == 1


@pytest.mark.parametrize("name", ["canvas", "moodle", "moodle_worksheet", "blackboard", "brightspace"])
def test_grade_out_of_less_than_the_others_is_left_out(name):
    """A broken task leaves the sum: 60 of 60 must not stand as 60 beside others out of 100."""
    class_ = results(grade(60.0, 60.0, **OF_ALL), grade(70.0, key="other"))
    written = write(name, class_, SAMPLES[name], column=COLUMNS.get(name, ""))
    assert written.filled == 0
    assert written.left_out[0] == ("Ada Lovelace (ada)", "could be graded out of 60 only, others out of 100")


TWO_ADAS = CANVAS + '"Lovelace, Ada",105,s105,ada05,Monday,,,,,,\r\n'


@pytest.mark.parametrize(
    ("template", "grades", "why"),
    [
        (TWO_ADAS, [grade(1.0, key="x", name="Ada Lovelace")], "not the only one of that name"),
        (
            CANVAS,
            [grade(1.0, key="x", name="Ada Lovelace"), grade(2.0, key="y", name="ada  LOVELACE")],
            "only one of that",
        ),
        (CANVAS, [grade(1.0, key="x", name="Ada Lovelace", id="777")], "no row of the table"),
        (CANVAS, [grade(1.0, key="x", id="101", login="alan02")], "2 rows of the table"),
        (CANVAS, [grade(1.0, key="x", id="101", login="other")], "has their id, but another login"),
        (CANVAS, [grade(1.0, key="x", id="101"), grade(2.0, key="y", login="ada01")], "would be that of"),
    ],
)
def test_doubtful_students_are_never_guessed(template, grades, why):
    written = write("canvas", results(*grades), template.encode(), column="4712")
    assert written.content == template.encode()
    assert len(written.left_out) == len(grades)
    assert all(why in reason for _, reason in written.left_out)


def test_unique_name_will_do_where_there_is_no_key():
    written = write("canvas", results(grade(1.0, key="x", name="Ada  Lovelace")), CANVAS.encode(), column="4712")
    assert canvas_import(written.content)["101"]["4712"] == "1.00"


def test_same_grade_is_not_spelt_anew():
    template = CANVAS.replace("10.00,40.00", "10.00,40").encode()
    written = write("canvas", results(grade(40.001, **ALAN)), template, column="4712")
    assert (written.content, written.filled, written.changed) == (template, 1, ())


@pytest.mark.parametrize(
    ("name", "template", "message"),
    [
        ("canvas", b"PK\x03\x04\0\0\xff", "is not UTF-8 or UTF-16 text"),
        ("canvas", "Müller,1".encode("cp1252"), "is not UTF-8 or UTF-16 text"),
        ("canvas", b"", "has no columns"),
        ("canvas", b"just words\n", "has no columns"),
        ("canvas", b'a,b\nc,d\ne,f\n"g,h\n', "row 4 has a quotation mark out of place"),
        ("canvas", b"Name,ID,Section,A (1)\n", "its first row is not Student, ID, ... Section"),
        ("canvas", b"Student,Section,A (1)\nAda,X,\n", "has none of the columns ID, SIS User ID, SIS Login ID"),
        ("canvas", b"Student,ID,Section,A (1)\nAda,7\n", r"row 2 ends before the column `A \(1\)`"),
        ("blackboard", b"Name,A [Total Pts: 5] |7\nAda,\n", "has none of the columns Username, Student ID"),
        ("blackboard", b"Username,Last Name,A [Total Pts: 5] |7\nada01,Ada\n", "row 2 has not as many cells"),
        ("brightspace", b"Name,A Points Grade\nAda,\n", "has none of the columns OrgDefinedId, Username"),
        ("brightspace", b"Username,Last Name,A Points Grade\n#ada01,Ada\n", "row 2 has not as many cells"),
        ("brightspace", None, "export the grades"),
        ("moodle_worksheet", CANVAS.encode(), "row 2 does not begin with `Participant N`"),
        ("moodle_worksheet", WORKSHEET.splitlines()[0].encode(), "has no participants"),
        ("canvas", None, "which column"),
        ("blackboard", None, "download the gradebook"),
        ("moodle_worksheet", None, "download the assignment's grading worksheet"),
        ("moodle", b"a,b", "fills no template"),
        ("canvass", None, "did you mean `canvas`"),
    ],
)
def test_template_that_cannot_be_filled_is_refused(name, template, message):
    with pytest.raises(UsageError, match=message) as refused:
        write(name, replace(results(grade(1.0, **ADA)), title=""), template)
    assert "\n" not in str(refused.value)


def test_decimal_mark_is_one_of_two():
    with pytest.raises(UsageError, match=r"use `\.` or `,`"):
        write("plain", results(), decimal=";")


@pytest.mark.parametrize(
    ("value", "text"),
    [(11.999, "11.99"), (0.29, "0.29"), (100 / 3, "33.33"), (12345.678, "12345.67"), (0.0, "0.00"), (8.2 * 3, "24.60")],
)
def test_points_are_cut_and_never_rounded_up(value, text):
    assert number(value) == text


@given(st.lists(st.lists(st.text(max_size=6), min_size=2, max_size=2), min_size=1, max_size=5), st.booleans())
@settings(max_examples=200, deadline=None, database=None, derandomize=True)
def test_any_table_survives_byte_for_byte_and_cell_for_cell(rows, quoted):
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL, lineterminator="\n").writerows(
        [["head", "of it"]] + [[cell.replace("\0", "") for cell in row] for row in rows]
    )
    content = text.getvalue().encode()
    sheet = read(content, "the table")
    assert sheet.content() == content
    if sheet.delimiter == ",":
        assert [[cell.text for cell in row] for row in sheet.rows] == cells(content)


classes = st.lists(st.none() | st.floats(0, 120), min_size=1, max_size=6).map(
    lambda finals: results(*(grade(final, key=f"k{n}", sis_id=f"s{n}") for n, final in enumerate(finals)))
)


@given(classes, st.sampled_from([".", ","]))
@settings(max_examples=100, deadline=None, database=None, derandomize=True)
def test_every_student_is_in_the_file_or_listed(class_, decimal):
    written = write("moodle", class_, decimal=decimal)
    imported = moodle_import(written.content, {grade.student.sis_id for grade in class_.grades}, 120.0, decimal)
    for one in class_.grades:
        if one.final is None:
            assert one.student.sis_id not in imported
            assert one.student.key in dict(written.left_out)
        else:
            assert one.final - 0.01 < imported[one.student.sis_id] <= one.final + 1e-6
    assert written.filled == len(imported)


# ---- results.json


def test_results_are_written_a_student_at_a_time():
    words = {"message": "word " * 2000}
    graded = [replace(grade(1.0, key=f"s{n}"), report=report(check(Verdict.FAIL, 0.0, **words))) for n in range(100)]
    of_class = results(*graded)
    sizes = [len(piece) for piece in results_json.pieces(of_class)]
    assert max(sizes) < 2 * sum(sizes) / len(graded)
    assert "".join(results_json.pieces(of_class)) == results_json.render(of_class)
    assert results_json.parse(results_json.render(of_class)) == of_class


@pytest.mark.parametrize("students", [0, 1, 2])
def test_results_look_as_one_document(students):
    of_class = replace(results(*(grade(1.0, key=f"s{n}") for n in range(students))), title='\u2028 "grades": []')
    data = json.loads(results_json.render(of_class))
    assert results_json.render(of_class) == json.dumps(data, indent=2, ensure_ascii=False) + "\n"
