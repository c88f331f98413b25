"""Saves are heard of, however an editor saves, and where no events arrive."""

import os
import queue
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grader.watch import saves
from grader.watch.saves import Saves

WAIT_S = 20.0


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "exercise/work.py"
    path.parent.mkdir()
    path.write_text("one")
    return path


@pytest.fixture
def heard(file: Path) -> Iterator[queue.Queue]:
    news: queue.Queue = queue.Queue()
    watching = Saves([file], lambda paths, told: news.put((paths, told)))
    yield news
    watching.end()


def in_place(path: Path) -> None:
    path.write_text("two, longer")


def by_rename(path: Path) -> None:
    path.with_suffix(".tmp").write_text("two, longer")
    path.with_suffix(".tmp").replace(path)


def by_making_it_anew(path: Path) -> None:
    path.unlink()
    path.write_text("two, longer")


def with_a_backup(path: Path) -> None:
    path.rename(path.with_suffix(".py~"))
    path.write_text("two, longer")


def test_file_that_stays_away_and_comes_back_is_heard_of(file, heard):
    aside = file.rename(file.with_suffix(".aside"))
    assert heard.get(timeout=WAIT_S) == ([file], True)
    aside.rename(file)
    paths, _ = heard.get(timeout=WAIT_S)
    assert paths == [file]


WAYS: list[Callable[[Path], None]] = [in_place, by_rename, by_making_it_anew, with_a_backup]


@pytest.mark.parametrize("save", WAYS)
def test_every_way_of_saving_is_heard(file, heard, save):
    save(file)
    paths, _ = heard.get(timeout=WAIT_S)
    assert paths == [file]


@pytest.mark.parametrize("save", WAYS)
def test_saves_are_seen_where_the_system_tells_nothing(file, monkeypatch, save):
    def refuse(*_: object, **__: object) -> Iterator[None]:
        raise OSError("inotify watch limit reached")

    monkeypatch.setattr(saves.watchfiles, "watch", refuse)
    news: queue.Queue = queue.Queue()
    watching = Saves([file], lambda paths, told: news.put((paths, told)))
    save(file)
    assert news.get(timeout=WAIT_S) == ([file], False)
    watching.end()


def test_file_that_is_missing_is_no_save(file):
    other = file.with_name("other.py")
    other.write_text("one")
    news: queue.Queue = queue.Queue()
    watching = Saves([file, other], lambda paths, _told: news.put(paths))
    file.unlink()
    other.write_text("two, longer")
    assert news.get(timeout=WAIT_S) == [other]
    file.write_text("one")
    assert news.get(timeout=WAIT_S) == [file]
    watching.end()


def test_other_files_are_nobodys_business(file, heard):
    (file.parent / "notes.txt").write_text("x")
    (file.parent / "__pycache__").mkdir()
    os.utime(file, ns=(1, 1))
    paths, _ = heard.get(timeout=WAIT_S)
    assert (paths, heard.empty()) == ([file], True)


@pytest.mark.parametrize(
    ("variable", "release", "expected"),
    [
        ("", "6.1.0-generic", False),
        ("true", "6.1.0-generic", True),
        ("false", "6.1.0-generic", False),
        ("", "5.15.90.1-microsoft-standard-WSL2", True),
    ],
)
def test_polling_is_for_where_it_is_known_that_events_do_not_arrive(monkeypatch, variable, release, expected):
    monkeypatch.setenv("WATCHFILES_FORCE_POLLING", variable)
    monkeypatch.setattr(saves.platform, "release", lambda: release)
    assert saves.polls() is expected
