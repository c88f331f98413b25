"""Which functions checks are: those that stand in the files now, of this tree and no other."""

from pathlib import Path

from grader.batch.keys import check_keys
from grader.catalog import read_catalog
from grader.checking.collecting import collect
from grader.salt import NO_SALT

PUBLIC, HIDDEN = Path("exercises/vectors/test_vectors.py"), Path("solutions/vectors/test_vectors_hidden.py")
NEEDS = 'needs = ["vectors.1"]\n'


def collected(lesson, *, hidden=True):
    """The checks of the lesson, by their ids."""
    found = collect(read_catalog(lesson.root).exercises, hidden=hidden)
    return {one.check.id: one for one in found}


def edit(path, old, new):
    """Replace what stands there once."""
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def lend_a_helper(lesson):
    """Let the hidden check use what stands in the file of the public ones."""
    edit(lesson.root / PUBLIC, '"""Public checks."""', '"""Public checks."""\n\nSIZE = 6')
    edit(lesson.root / HIDDEN, "from grader", "from exercises.vectors.test_vectors import SIZE\nfrom grader")
    edit(lesson.root / HIDDEN, '"x", 6', '"x", SIZE')


def test_hidden_checks_may_use_the_helpers_of_public_ones(lesson):
    lend_a_helper(lesson)
    ran = lesson.run("check", "--full", "--submission", "solutions/vectors/vectors.py")
    assert ran.status == 0, ran.out + ran.talk
    assert collected(lesson)["vectors.2.negative"].body.__globals__["SIZE"] == 6


def test_hidden_check_is_another_one_with_another_helper(lesson):
    lend_a_helper(lesson)
    edit(lesson.root / "exercises/vectors/exercise.toml", NEEDS, "")  # what is needed would be in its key anyway
    before = check_keys(list(collected(lesson).values()), 0, NO_SALT)
    edit(lesson.root / PUBLIC, "SIZE = 6", "SIZE = 7")
    after = check_keys(list(collected(lesson).values()), 0, NO_SALT)
    assert before.keys() == after.keys()
    assert not set(before.values()) & set(after.values())


def test_public_check_does_not_depend_on_hidden_ones(lesson):
    before = check_keys(list(collected(lesson, hidden=False).values()), 0, NO_SALT)
    edit(lesson.root / HIDDEN, '"x", 6', '"x", 5')
    after = check_keys(list(collected(lesson).values()), 0, NO_SALT)
    assert before.items() <= after.items()


def test_files_are_read_anew_whenever_checks_are_collected(lesson):
    assert collected(lesson)["vectors.1.fresh"].check.title == "a factor of one changes nothing"
    edit(lesson.root / PUBLIC, "a factor of one changes nothing", "one is neutral")
    assert collected(lesson)["vectors.1.fresh"].check.title == "one is neutral"
