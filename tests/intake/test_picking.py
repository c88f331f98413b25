"""Which file is which exercise, whatever an LMS, a browser or a student called it."""

import pytest
from downloads import LORA, tree, zip_bytes
from reading import OTHER, THREE, by_key, hand_in, outcomes, problem

from grader.intake import open_submissions


@pytest.mark.parametrize(
    "names",
    [
        ["lora.py"],
        ["lora/lora.py"],
        ["work/src/lora.py"],
        ["exercises/lora/lora.py"],
        ["Lora.PY"],
        ["lora-1.py"],
        ["lora (2).py"],
        ["solution.py"],
        ["solution.py", "notes.txt"],
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_an_exercise_is_found(tmp_path, names, zipped):
    files = dict.fromkeys(names, LORA)
    assert hand_in(tmp_path, zip_bytes(files) if zipped else files)[0] == {"lora": LORA}


@pytest.mark.parametrize(
    ("files", "note"),
    [
        ({"lora.py": OTHER, "lora-1.py": LORA}, "2 versions of lora.py; the latest, -1, was taken"),
        ({"lora-9.py": OTHER, "lora-10.py": LORA}, "2 versions of lora.py; the latest, -10, was taken"),
        ({"lora.py": OTHER, "lora (1).py": LORA}, "2 versions of lora.py; the latest, lora (1).py, was taken"),
        ({"lora.py": LORA, "old/lora.py": OTHER}, "also holds old/lora.py, which was ignored"),
        ({"lora.py": LORA, "LORA.py": OTHER}, "2 versions of lora.py; the latest, lora.py, was taken"),
        ({"lora.py": LORA, "a": "", "b": "", "c": "", "d": ""}, "also holds a, b, c and 1 more, which were ignored"),
        ({"hw.py": OTHER, "hw-1.py": LORA}, "2 versions of hw.py; the latest, -1, was taken"),
        ({"hw.py": LORA}, "hw.py was taken as lora.py"),
        ({"hw.zip": zip_bytes({"lora.py": OTHER}), "hw-1.zip": zip_bytes({"lora.py": LORA})}, "also holds hw.zip"),
        ({"lora.py": LORA, "hw.zip": b"not a zip"}, "also holds hw.zip, which was ignored"),
    ],
)  # fmt: skip
def test_a_choice_is_said(tmp_path, files, note):
    sources, notes = hand_in(tmp_path, files)
    assert sources == {"lora": LORA}
    assert any(note in said for said in notes), notes


@pytest.mark.parametrize(
    ("files", "held"),
    [
        ({"lora.py": LORA}, "lora.py"),
        ({"Lora (1).py": LORA}, "Lora (1).py"),
        ({"lora/main.py": LORA, "a.txt": ""}, "lora/main.py"),
        ({"hw.zip": zip_bytes({"lora.py": LORA})}, "lora.py"),
    ],
)
def test_a_file_of_another_exercise_is_not_taken(tmp_path, files, held):
    assert problem(tmp_path, files, ["ptuning"], ["lora"]).endswith(
        f"/jane: holds {held}, of another exercise, but no ptuning.py; that is needed"
    )


@pytest.mark.parametrize("name", ["ptuning.py", "solution.py", "Untitled.py", "lorax.py"])
def test_a_file_beside_one_of_another_exercise_is_taken(tmp_path, name):
    assert hand_in(tmp_path, {"lora.py": LORA, name: OTHER}, ["ptuning"], ["lora"])[0] == {"ptuning": OTHER}


def test_a_file_of_another_exercise_is_no_students_work(tmp_path):
    """Whoever's name is that of an exercise is asked for a folder."""
    files = {"alice.py": OTHER, "bob.py": OTHER, "lora.py": LORA}
    with open_submissions(tree(tmp_path / "class", files), ["ptuning"], others=["lora"]) as intake:
        assert set(by_key(intake)) == {"alice", "bob", "lora"}
        assert "holds lora.py, of another exercise" in outcomes(intake)["lora"]
        assert intake.read(by_key(intake)["alice"]) == {"ptuning": OTHER.encode()}


def test_one_students_own_folder_without_the_exercise(tmp_path):
    path = tree(tmp_path / "jane", {"lora.py": LORA, "finetune/finetune.py": OTHER})
    with open_submissions(path, ["ptuning"], others=["lora", "finetune"]) as intake:
        assert list(by_key(intake)) == ["jane"]
        assert (
            "jane: holds finetune/finetune.py, lora.py, of another exercise, but no ptuning.py"
            in (outcomes(intake)["jane"])
        )


def test_no_choice_is_made_between_equals(tmp_path):
    message = problem(tmp_path / "a", {"one/lora.py": LORA, "two/lora.py": OTHER})
    assert "one/lora.py and " in message
    assert "two/lora.py: which is lora.py? keep one of them" in message
    assert hand_in(tmp_path / "b", {"one/lora.py": LORA, "two/lora.py": LORA})[0] == {"lora": LORA}


def test_several_exercises_come_from_files_and_zips(tmp_path):
    files = {"lora.py": LORA, "rest.zip": zip_bytes({"ptuning/ptuning.py": OTHER, "rest/finetune.py": LORA})}
    assert hand_in(tmp_path, files, THREE)[0] == {"lora": LORA, "ptuning": OTHER, "finetune": LORA}


def test_one_bad_file_leaves_the_others(tmp_path):
    sources, notes = hand_in(tmp_path, {"lora.py": LORA, "ptuning.py": b"\0\0"}, THREE)
    assert sources == {"lora": LORA}
    assert any("ptuning.py: is not a Python file" in note for note in notes)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"sub/": ""}, "jane: nothing was handed in; ask for lora.py or ptuning.py or finetune.py"),
        ({"lora.py": ""}, "lora.py: is empty"),
        ({"lora.py": " \n"}, "lora.py: is empty"),
        ({"lora.py": b"\x7fELF\0"}, "lora.py: is not a Python file (it holds binary data)"),
        ({"lora.py": b"\n\n\nx = '\xff'"}, "lora.py: line 4 is not utf-8 text; save the file as UTF-8"),
        ({"lora.py": b"#" * (50 * 1024 * 1024)}, "lora.py: is larger than 4 MiB; ask for the source alone"),
        ({"lora.zip": zip_bytes({"lora.py": LORA})[:-30]}, "lora.zip: is no zip, or a broken one"),
        ({"lora.zip": b""}, "lora.zip: is no zip, or a broken one"),
        ({"lora.zip": zip_bytes({"inner.zip": zip_bytes({"lora.py": LORA})})}, "holds inner.zip, but no lora.py or"),
        ({"work.7z": "7z"}, "work.7z: is packed in a way that is not read; ask for lora.py or"),
        ({"solution.py": LORA}, "jane: holds solution.py, but no lora.py or ptuning.py or finetune.py; that is needed"),
    ],
)
def test_nothing_to_grade_is_said(tmp_path, files, message):
    assert message in problem(tmp_path, files, THREE)


def test_hidden_files_and_what_systems_leave_are_no_ones_business(tmp_path):
    files = {"lora.py": LORA, ".DS_Store": "", "__MACOSX/._lora.py": "", "__pycache__/lora.pyc": "", ".venv/x.py": ""}
    assert hand_in(tmp_path / "a", files) == ({"lora": LORA}, [])
    assert hand_in(tmp_path / "b", zip_bytes(files)) == ({"lora": LORA}, [])
