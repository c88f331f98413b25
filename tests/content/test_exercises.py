"""What every exercise must keep: its stub is fresh, its reference is right, its checks catch and are fair."""

from collections import Counter
from pathlib import Path

import pytest

from grader.audit.mutants import mutants_of
from grader.audit.records import read_records
from grader.authoring.stubs import stub_of
from grader.catalog import Exercise, read_catalog
from grader.grade import Session
from grader.report import Report
from grader.verdict import Verdict

SEEDS = (0, 4, 5, 6)
"""That of students, and some that the audit does not try."""
FAIR_SEED = 4
"""One that the audit does not try: docs/audit.md says what becomes of every answer under three others."""


def verdicts(report: Report, *wanted: Verdict) -> dict[str, str]:
    """Message by id of the checks with one of these verdicts."""
    return {check.id: check.message for check in report.checks if check.verdict in wanted}


NOT_PASSED = (Verdict.FAIL, Verdict.TODO, Verdict.SKIPPED, Verdict.BROKEN)


def test_stub_is_fresh(exercise: Exercise):
    assert exercise.stub.read_text() == stub_of(exercise.reference), "run `make stubs`"


def test_stub_is_all_todo(exercise: Exercise, session: Session):
    report = session.grade({exercise.name: exercise.stub.read_bytes()})
    assert report.score == 0.0
    assert {check.verdict for check in report.checks} == {Verdict.TODO}


def test_reference_earns_everything_under_every_seed(exercise: Exercise, session: Session):
    for seed in SEEDS:
        report = session.grade({exercise.name: exercise.reference.read_bytes()}, seed)
        assert verdicts(report, *NOT_PASSED) == {}, f"seed {seed}"
        assert (report.score, report.max_score) == (exercise.max_score, exercise.max_score)


def test_public_points_add_up(exercise: Exercise):
    """The public checks of a task are worth its points as written, so that what students see needs no scaling."""
    with Session((exercise,)) as session:
        report = session.grade({exercise.name: exercise.reference.read_bytes()})
    for task in exercise.config.tasks:
        assert sum(check.max_score for check in report.checks if check.task == task.id) == task.points
        for check in report.checks:
            assert (check.max_score * 2).is_integer(), f"{check.id}: points in halves"


def test_wrong_answer_fails_exactly_the_checks_it_names(exercise: Exercise, session: Session, wrong):
    report = session.grade({exercise.name: wrong.source}, seed=1, explain=False)
    failed = verdicts(report, Verdict.FAIL)
    assert set(failed) == wrong.fails, failed
    assert verdicts(report, Verdict.BROKEN, Verdict.TODO) == {}
    assert report.score < report.max_score


def test_accepted_answer_earns_everything(exercise: Exercise, session: Session, accepted):
    report = session.grade({exercise.name: accepted.source}, FAIR_SEED)
    assert verdicts(report, *NOT_PASSED) == {}


def test_every_check_catches_some_wrong_answer(exercise: Exercise, session: Session):
    from grader.authoring.answers import read_answers

    caught = Counter(check for answer in read_answers(exercise, "wrong") for check in answer.fails)
    report = session.grade({exercise.name: exercise.stub.read_bytes()})
    assert {check.id for check in report.checks} - set(caught) == set(), "no wrong answer fails these checks"
    assert set(caught) - {check.id for check in report.checks} == set(), "wrong answers name unknown checks"


@pytest.mark.parametrize("kind", ["wrong", "accepted"])
def test_answers_are_read(exercise: Exercise, kind: str):
    from grader.authoring.answers import read_answers

    headlines = [answer.headline for answer in read_answers(exercise, kind)]
    assert len(set(headlines)) == len(headlines) >= {"wrong": 35, "accepted": 10}[kind]


def test_recorded_mutants_exist(exercise: Exercise):
    """Whether they survive, `make audit` knows; that they are made at all is cheap to see."""
    made = {mutant.digest for mutant in mutants_of(exercise.reference.read_text(), exercise.name)}
    assert len(made) >= 150
    assert set(read_records(exercise).mutants) - made == set()


def test_calling_init_weights_again_changes_no_base():
    """transformers draws anew what is not marked as drawn, and our models are filled by hand."""
    (lora,) = read_catalog(Path(__file__).parents[2]).select(("lora",))
    source = lora.reference.read_bytes() + (
        b"\n\ninjected = inject_lora\n\n\n"
        b"def inject_lora(model, *given, **named):\n"
        b"    model = injected(model, *given, **named)\n"
        b"    if hasattr(model, 'init_weights'):\n"
        b"        model.init_weights()\n"
        b"    return model\n"
    )
    with Session((lora,), full=True) as session:
        assert verdicts(session.grade({"lora": source}, FAIR_SEED), *NOT_PASSED) == {}
