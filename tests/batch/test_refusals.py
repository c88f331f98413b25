"""Input that cannot be used is one line."""

import pytest
from classroom import RIGHT, batch, hand_in


def test_results_that_cannot_be_written_are_one_line(lesson):
    hand_in(lesson, {"ada": RIGHT})
    (lesson.root / "results/results.json/in-the-way").mkdir(parents=True)
    ran = batch(lesson, "--public")
    assert ran.status == 2
    assert ran.talk.splitlines()[-1] == "grader: results/results.json: cannot be written (Is a directory)"


def test_links_in_a_circle_are_one_line(lesson):
    (lesson.root / "class").symlink_to("class")
    ran = batch(lesson, "--public")
    assert (ran.status, ran.talk) == (
        2, "grader: class: cannot be read (Too many levels of symbolic links); check its name and permissions\n",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["nowhere"], "nowhere"),
        (["class", "--format", "canvaz"], "did you mean `canvas`"),
        (["class", "--policy", "none.toml"], "none.toml"),
        (["class", "--store", "nonsense"], "--store nonsense: is no database address"),
        (["class", "--store", "sqlite:////nowhere/there.db"], "--store sqlite:////nowhere/there.db: cannot be used"),
        (["class", "--exercise", "vector"], "did you mean `vectors`"),
        (["class", "--out", "solutions/vectors/vectors.py"], "vectors.py: cannot be made"),
        (["class", "--out", "class/results"], "--out class/results: lies in class"),
        (["class", "--out", "class/../class"], "where the next run would take it for a hand-in"),
        (["class", "--jobs", "5000"], "5000 is not in the range 1<=x<=256"),
        (["class", "--jobs", "2", "--dask", "tcp://127.0.0.1:9"], "--jobs and --dask: the cluster says"),
        (["class", "--dask", "tcp://127.0.0.1:9"], "--dask tcp://127.0.0.1:9: no cluster answers there"),
    ],
)
def test_bad_input_is_one_line(lesson, arguments, line):
    hand_in(lesson, {"ada": RIGHT})
    ran = lesson.run("batch", "--public", *arguments)
    assert ran.status == 2
    assert line in ran.talk
    assert "Traceback" not in ran.talk


def test_password_of_a_store_is_not_shown(lesson):
    hand_in(lesson, {"ada": RIGHT})
    ran = batch(lesson, "--public", "--store", "postgresql+psycopg://me:geheim@127.0.0.1:9/db")
    assert ran.status == 2
    assert "geheim" not in ran.out + ran.talk
