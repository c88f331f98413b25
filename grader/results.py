"""The results of grading a class: pure data, versioned. Gradebooks and pages are functions of it."""

from dataclasses import dataclass
from datetime import datetime

from grader.report import Report

RESULTS_VERSION = 1


@dataclass(frozen=True)
class Student:
    """Who handed something in, by all the names under which a course knows them; unknown ones are empty."""

    key: str
    """unique in a batch, and safe as the name of a file"""
    name: str = ""
    id: str = ""
    """the number that the LMS itself gives to a user"""
    login: str = ""
    email: str = ""
    sis_id: str = ""
    """the number in the institution's own student information system"""
    participant: str = ""
    """Moodle's number of a participant, which is another one in each assignment"""


@dataclass(frozen=True)
class Deduction:
    """One step of a course's policy: what it changed the score to, and why, in a sentence."""

    why: str
    score: float


@dataclass(frozen=True)
class Grade:
    """What one student gets: the report as it was graded, and what the course's policy makes of it."""

    student: Student
    origin: str
    """where the submission was found, in the words of whoever looks for it"""
    report: Report | None
    """None if nothing of it could be graded: then `problem` says why"""
    final: float | None
    """the score after the policy; None, never 0, as long as our own fault stands in the way of one"""
    max_score: float
    deductions: tuple[Deduction, ...] = ()
    problem: str = ""
    notes: tuple[str, ...] = ()
    """what an instructor may want to know, such as which of two files was taken"""
    submitted_at: datetime | None = None
    late: bool = False
    """the LMS's own mark"""
    accounts: tuple[str, ...] = ()
    """which cells of each notebook were taken"""


@dataclass(frozen=True)
class Results:
    """A graded class."""

    title: str
    grades: tuple[Grade, ...]
    seed: int
    full: bool
    version: str
    """of the grader"""
    missing: tuple[Student, ...] = ()
    """who is on the roster and handed in nothing: no grade of theirs is made up here"""
