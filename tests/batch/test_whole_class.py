"""`grader batch` as an instructor runs it: a class in with all that may be in one, results out."""

import csv
import shutil
from dataclasses import replace

import pytest
from classroom import CLASS, HALF, RIGHT, batch, hand_in, judged, results

from grader.batch.command import Options, grade_class
from grader.catalog import read_catalog
from grader.checking import grading

UNUSABLE = {
    "jon": b"",
    "kim": b"PK\x03\x04\0\0\0" + bytes(100),
    "max": b"# coding: bz2\n" + RIGHT.encode(),
    "nia": b"# coding: undefined\n" + RIGHT.encode(),
    "oda": b"# coding: punycode\n-" + b"ab" * 10**6,  # which takes minutes to find out
}
SCORES = {
    "ada": 6.0, "bob": 0.0, "cyd": 5.0, "dan": 6.0, "eve": 0.0, "fay": 0.0, "gus": 0.0, "hal": 0.0, "ida": 0.0,
    "jon": None, "kim": None, "lea": None, "max": None, "nia": None, "oda": None,
}  # fmt: skip


@pytest.fixture(scope="module")
def graded(shared_lesson):
    """A class with all that may be in one, graded once."""
    hand_in(shared_lesson, CLASS | UNUSABLE)
    (shared_lesson.root / "class/lea").mkdir()
    (shared_lesson.root / "class/lea/vectors.zip").write_bytes(b"PK\x03\x04 this is no zip")
    return batch(shared_lesson, "--public")


def test_every_student_has_a_row(shared_lesson, graded):
    assert graded.status == 0, graded.talk
    grades = results(shared_lesson)
    assert {key: grade["report"] and grade["report"]["score"] for key, grade in grades.items()} == SCORES
    assert {key for key, grade in grades.items() if grade["problem"]} == {*UNUSABLE, "lea"}
    assert all(grade["final"] is not None for grade in grades.values())


def test_same_file_is_judged_once(graded):
    assert judged(graded) == len(set(CLASS.values()))


def test_failures_are_told_as_they_come(graded):
    assert "eve, vectors: its process died" in graded.talk
    assert "fay, vectors: a time limit was hit" in graded.talk
    assert "hal, vectors: it imports what is forbidden" in graded.talk
    assert "folder" in graded.talk.splitlines()[0]


def test_who_needs_a_look_is_said(graded):
    assert "eve" in graded.out.split("Who needs a look")[1]
    assert "open results/index.html" in graded.out


@pytest.mark.usefixtures("graded")
def test_batch_and_check_agree(shared_lesson):
    report = shared_lesson.grade(HALF).report
    of_batch = results(shared_lesson)["cyd"]["report"]
    for mine, other in zip(report["exercises"][0]["checks"], of_batch["exercises"][0]["checks"], strict=True):
        assert {**mine, "duration_s": 0} == {**other, "duration_s": 0}
    assert report["isolation"] == of_batch["isolation"]


@pytest.mark.usefixtures("graded")
def test_nothing_is_judged_twice(shared_lesson):
    before = (shared_lesson.root / "results/results.json").read_bytes()
    ran = batch(shared_lesson, "--public")
    assert judged(ran) == 0
    assert "all is known" in ran.talk
    assert (shared_lesson.root / "results/results.json").read_bytes() == before
    assert not (shared_lesson.root / "results/previous.json").exists()


@pytest.mark.usefixtures("graded")
def test_where_all_is_known_no_process_is_started(shared_lesson, monkeypatch):
    def launch(*_, **__):
        raise AssertionError("a process would import torch for nothing")

    monkeypatch.setattr(grading, "launch", launch)
    options = Options(shared_lesson.root / "class", shared_lesson.root / "results", full=False)
    assert grade_class(read_catalog(shared_lesson.root), options, lambda _: None).judged == 0
    with pytest.raises(AssertionError, match="for nothing"):
        grade_class(read_catalog(shared_lesson.root), replace(options, seed=1), lambda _: None)


def test_hidden_checks_run_unless_asked_not_to(lesson):
    hand_in(lesson, {"ada": RIGHT})
    assert batch(lesson).status == 0
    checks = results(lesson)["ada"]["report"]["exercises"][0]["checks"]
    assert [check["id"] for check in checks if check["hidden"]] == ["vectors.2.negative"]
    shutil.rmtree(lesson.root / "solutions")
    ran = batch(lesson)
    assert ran.status == 2
    assert "is missing" in ran.talk


def test_who_handed_in_nothing_is_named_and_gets_no_grade(lesson):
    hand_in(lesson, {"ada": RIGHT})
    (lesson.root / "roster.csv").write_text("Name,Email\nAda,ada@x\n<b>Bob,bob@x\n")
    ran = batch(lesson, "--public", "--roster", "roster.csv")
    assert "1 of the roster handed in nothing: <b>Bob\n" in ran.out
    assert "median 6, mean 6 of 6" in ran.out
    with (lesson.root / "results/grades.csv").open(newline="") as file:
        ada, bob = csv.DictReader(file)
    assert (ada["final"], bob["name"], bob["email"], bob["final"], bob["vectors"], bob["max"]) == (
        "6.00", "<b>Bob", "bob@x", "", "", "",
    )  # fmt: skip
    assert bob["needs a look"] == "handed in nothing"
    page = (lesson.root / "results/index.html").read_text()
    assert "On the roster, and handed in nothing" in page
    assert "<bdi>&lt;b&gt;Bob</bdi>" in page
    assert lesson.run("diff", "results", "results").status == 0


def test_policy_keeps_raw_and_final(lesson):
    hand_in(lesson, {"ada": RIGHT})
    (lesson.root / "policy.toml").write_text('drop = ["vectors.1"]\nscale_to = 10.0\n')
    assert batch(lesson, "--public", "--policy", "policy.toml").status == 0
    grade = results(lesson)["ada"]
    assert (grade["report"]["score"], grade["final"], grade["max_score"]) == (6.0, 10.0, 10.0)


def test_policy_that_may_not_be_meant_so_is_said(lesson):
    hand_in(lesson, {"ada": RIGHT})
    (lesson.root / "policy.toml").write_text(
        "deadline = 2026-11-20T23:59:00Z\n[extensions]\nada = 2026-11-24T23:59:00Z\nadda = 2026-11-24T23:59:00Z\n"
    )
    talk = batch(lesson, "--public", "--policy", "policy.toml").talk
    assert "note: the policy extends the deadline for `adda`, and nobody of the class is called so\n" in talk
    assert "`ada`" not in talk
    assert "no time of handing in is known of anybody: only late marks count\n" in talk


def test_gradebook_says_what_it_replaces_and_whom_it_leaves(lesson):
    hand_in(lesson, {"ada01": RIGHT})
    assert batch(lesson, "--public").status == 0
    rows = [
        "Last Name,First Name,Username,HW [Total Pts: 6 Score] |7",
        "Lovelace,Ada,ada01,4.00",
        "Hopper,Grace,gh,1.00",
    ]
    (lesson.root / "export.csv").write_text("\n".join(rows) + "\n")
    roster = ["Name,Username", "Ada Lovelace,ada01"]
    (lesson.root / "roster.csv").write_text("\n".join(roster) + "\n")
    assert batch(lesson, "--public", "--roster", "roster.csv").status == 0
    ran = lesson.run("gradebook", "blackboard", "results", "--template", "export.csv", "--out", "filled.csv")
    assert ran.talk == (
        "filled.csv: 1 grade filled in, 0 left out\n"
        "of them, 1 replaces another grade:\n  Ada Lovelace (ada01): 4.00 -> 6.00\n"
        "of the template, 1 has no result and stays as it is:\n  Grace Hopper\n"
    )


def test_what_nobody_handed_in_is_said_before_it_costs_anybody(lesson):
    for name in ("ada", "bob"):
        (lesson.root / "class" / name).mkdir(parents=True)
        (lesson.root / "class" / name / "notes.txt").write_text("nothing yet")
    note = "note: nobody handed in vectors.py, so all get 0 for it; name what to grade with --exercise"
    assert note in batch(lesson, "--public").talk.splitlines()
    hand_in(lesson, {"bob": RIGHT})
    assert "note: nobody" not in batch(lesson, "--public").talk
