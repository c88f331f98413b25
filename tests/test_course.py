"""`grader nbgrader`: the folder of a course, before nbgrader sees it."""

import shutil

import pytest


@pytest.fixture
def made(lesson):
    """A lesson with a course beside it."""
    ran = lesson.run("nbgrader", "course")
    assert (ran.status, ran.talk) == (0, "")
    assert ran.out == "course: 7 files written; its source/ holds solutions, so keep that to yourself\n"
    return lesson


def files(lesson) -> list[str]:
    course = lesson.root / "course"
    return sorted(str(path.relative_to(course)) for path in course.rglob("*") if path.is_file())


def test_assignment_is_called_like_its_exercise(made):
    beside = ("exercise.toml", "oracle.py", "probes.py", "test_vectors.py", "vectors.py")
    assert files(made) == [
        "nbgrader_config.py",
        *(f"source/vectors/exercises/vectors/{name}" for name in beside),
        "source/vectors/vectors.ipynb",
    ]
    assert f"lesson='{made.root}'" in (made.root / "course/nbgrader_config.py").read_text()


def test_assignment_may_have_another_name_and_hold_several(lesson):
    lesson.copy_exercise("matrices")
    assert lesson.run("nbgrader", "course", "--assignment", "hw3").status == 0
    assert [name for name in files(lesson) if name.endswith(".ipynb")] == [
        "source/hw3/matrices.ipynb",
        "source/hw3/vectors.ipynb",
    ]
    assert lesson.run("nbgrader", "other", "matrices").out.startswith("other: 7 files")


def test_what_the_text_shows_lies_beside_the_notebook(lesson):
    (lesson.root / "exercises/vectors/README.md").write_text("# Vectors\n\n![a picture](picture.svg)\n")
    (lesson.root / "exercises/vectors/picture.svg").write_text("<svg/>")
    lesson.run("nbgrader", "course")
    assert "source/vectors/picture.svg" in files(lesson)


def test_nothing_that_was_changed_is_replaced_unasked(made):
    assert made.run("nbgrader", "course").out.startswith("course: 0 files written")
    notebook = made.root / "course/source/vectors/vectors.ipynb"
    (made.root / "course/nbgrader_config.py").unlink()
    notebook.write_text("{}")
    ran = made.run("nbgrader", "course")
    assert (ran.status, ran.out) == (2, "")
    assert ran.talk == (
        "grader: course/source/vectors/vectors.ipynb: is there already and differs; "
        "look at it, then move it away or say --force\n"
    )
    assert not (made.root / "course/nbgrader_config.py").exists()
    assert made.run("nbgrader", "course", "--force").out.startswith("course: 7 files written")
    assert notebook.read_text() != "{}"


def test_settings_of_an_instructor_stay(made):
    config = made.root / "course/nbgrader_config.py"
    config.write_text(text := config.read_text() + "c.GradeFromOutside.public = True\n")
    made.copy_exercise("matrices")
    assert made.run("nbgrader", "course").status == 0
    assert config.read_text() == text
    config.write_text("c = get_config()\n")
    assert "course/nbgrader_config.py: is there already and differs" in made.run("nbgrader", "course").talk


def test_stub_that_was_filled_stays_at_home(lesson):
    stub = (lesson.root / "exercises/vectors/vectors.py").read_text()
    shutil.copy(lesson.root / "solutions/vectors/vectors.py", lesson.root / "exercises/vectors/vectors.py")
    lesson.run("nbgrader", "course")
    assert (lesson.root / "course/source/vectors/exercises/vectors/vectors.py").read_text() == stub


def test_needs_the_solutions(lesson):
    (lesson.root / "solutions/vectors/vectors.py").unlink()
    ran = lesson.run("nbgrader", "course")
    assert ran.status == 2
    assert ran.talk.endswith("solutions/vectors/vectors.py: is missing; notebooks are generated from the references\n")
