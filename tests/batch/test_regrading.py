"""What is judged again when something changed, and what is not."""

import shutil

import pytest
from classroom import HALF, RIGHT, WRONG, batch, change, hand_in, judged, results, verdicts_asked


@pytest.fixture
def small(lesson):
    """A class of three, graded with the public checks."""
    hand_in(lesson, {"ada": RIGHT, "bob": WRONG, "cyd": HALF})
    assert batch(lesson, "--public").status == 0
    return lesson


def test_changed_check_regrades_its_own_column(small):
    assert set(verdicts_asked(small).values()) == {3}
    change(small, '"mean", x=inputs.array("x", 0)', '"mean", x=inputs.array("y", 0)')
    ran = batch(small, "--public")
    assert judged(ran) == 3
    assert verdicts_asked(small) == {
        "vectors.1.value": 3, "vectors.1.fresh": 3, "vectors.2.value": 3, "vectors.2.empty": 6,
    }  # fmt: skip


def test_what_a_check_needs_regrades_it_too(small):
    change(small, "factor=1.0", "factor=1.00")
    assert judged(batch(small, "--public")) == 0  # the same number
    change(small, "factor=1.00", "factor=-1.0")
    change(small, "x, rtol=0)", "-x, rtol=0)")
    batch(small, "--public")
    assert verdicts_asked(small) == {
        "vectors.1.value": 3, "vectors.1.fresh": 6, "vectors.2.value": 6, "vectors.2.empty": 6,
    }  # fmt: skip


def test_words_and_points_change_without_judging(small):
    change(small, "a factor of one changes nothing", "one is neutral")
    change(small, "points=1, title", "points=2, title")
    ran = batch(small, "--public")
    assert judged(ran) == 0
    checks = results(small)["ada"]["report"]["exercises"][0]["checks"]
    assert "one is neutral" in [check["title"] for check in checks]
    assert results(small)["cyd"]["report"]["score"] == pytest.approx(2 + 4 * 3 / 5)
    assert "grader diff results/previous.json results/results.json" in ran.out
    difference = small.run("diff", "results/previous.json", "results")
    assert difference.status == 1
    assert "cyd" in difference.out


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("exercises/vectors/probes.py", "impl.mean(x)", "impl.mean(x + 0)"),
        ("exercises/vectors/oracle.py", "def mean", "A = 1\n\n\ndef mean"),
        ("exercises/vectors/exercise.toml", "call_s = 1.0", "call_s = 1.5"),
        ("exercises/vectors/test_vectors.py", '"""Public checks."""', '"""Public checks."""\nHELPER = 1'),
    ],
)
def test_what_determines_a_verdict_regrades_everything(small, file, old, new):
    change(small, old, new, file)
    assert judged(batch(small, "--public")) == 3


def test_check_that_is_marked_in_another_way_is_known_by_its_file(small):
    change(small, "@check(", "@checking.check(")
    change(small, "from grader.checking", "from grader import checking\nfrom grader.checking")
    assert judged(batch(small, "--public")) == 3
    change(small, "a factor of one changes nothing", "one is neutral")
    assert judged(batch(small, "--public")) == 3


def test_what_was_earned_unconfined_does_not_count_where_it_must_be_confined(lesson):
    hand_in(lesson, {"ada": RIGHT})
    assert judged(batch(lesson, "--allow-unjailed")) == 1
    assert judged(batch(lesson)) == 1
    assert judged(batch(lesson)) == 0


def test_no_file_is_taken_for_one_that_is_missing(lesson):
    lesson.copy_exercise("arrows")
    hand_in(lesson, {"ada": RIGHT, "bob": RIGHT})
    (lesson.root / "class/bob/arrows.py").write_text("not handed in")
    assert batch(lesson, "--public").status == 0
    seen = {
        key: {check["verdict"] for exercise in grade["report"]["exercises"] for check in exercise["checks"]}
        for key, grade in results(lesson).items()
    }
    assert "todo" in seen["ada"]
    assert "todo" not in seen["bob"]


def test_another_seed_is_another_grading(small):
    assert judged(batch(small, "--public", "--seed", "1")) == 3
    assert judged(batch(small, "--public")) == 0


def test_who_left_the_class_has_no_page(small):
    shutil.rmtree(small.root / "class/bob")
    batch(small, "--public")
    assert sorted(page.stem for page in (small.root / "results/students").iterdir()) == ["ada", "cyd"]
