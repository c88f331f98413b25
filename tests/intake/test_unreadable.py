"""Links, what goes while it is listed, broken downloads: who is at fault, and who is not."""

import os
from pathlib import Path

import pytest
from downloads import LORA, Forge, tree
from reading import ONE, by_key, line, outcomes

from grader.errors import UnreadableError, UsageError
from grader.intake import open_submissions


def test_links_and_devices_are_not_followed(tmp_path):
    secret = tmp_path / "secret.py"
    secret.write_text(LORA)
    jane = tree(tmp_path / "class/jane", {})
    (jane / "lora.py").symlink_to(secret)
    tree(tmp_path / "class/bob", {})
    os.mkfifo(tmp_path / "class/bob/lora.py")
    (tmp_path / "class/eve").symlink_to(jane)
    with open_submissions(tmp_path / "class", ONE) as intake:
        found = outcomes(intake)
    assert "lora.py: is a link, and links are not followed" in found["jane"]
    assert intake.notes == (f"ignored {tmp_path}/class/eve, which is a link, and links are not followed",)
    assert "lora.py: is not a regular file" in found["bob"]


@pytest.mark.parametrize(("gone", "alone"), [("lora.py", True), ("sub", True), ("notes.txt", False)])
def test_what_goes_while_it_is_listed_costs_nobody(tmp_path, monkeypatch, gone, alone):
    """Gone, closed or on a disk that fails: it is not the student who is at fault. What else is there may be graded."""
    root = tree(
        tmp_path / "class", {"bob/lora.py": LORA, "bob/sub/notes.txt": "", "bob/notes.txt": "", "jane/lora.py": LORA}
    )
    if gone == "sub":
        (root / "bob/lora.py").unlink()
    list_folder = os.scandir

    def scan(folder: Path) -> list["os.DirEntry[str]"]:
        entries = list(list_folder(folder))
        if folder.name == "bob":
            (folder / gone).rename(tmp_path / "away")
        return entries

    monkeypatch.setattr("grader.intake.archive.os.scandir", scan)
    with open_submissions(root, ONE) as intake:
        handed = by_key(intake)
        assert intake.read(handed["jane"]) == {"lora": LORA.encode()}
        if alone:
            with pytest.raises(UnreadableError) as caught:
                intake.read(handed["bob"])
            said = line(caught.value)
        else:
            unpacked = intake.unpack(handed["bob"])
            assert unpacked.sources == {"lora": LORA.encode()}
            said = " ".join([*handed["bob"].notes, *unpacked.notes])
        assert f"{root}/bob/{gone}: cannot be read here (No such file or directory); check its permissions" in said


def test_a_broken_download_costs_nobody(tmp_path):
    """What a student packed is the student's; what an LMS packed is not."""
    broken = Forge().add(b"doe_1_2_lora.py", crc=1).add(b"roe_2_3_lora.py", LORA.encode()).pack()
    (tmp_path / "canvas.zip").write_bytes(broken)
    with open_submissions(tmp_path / "canvas.zip", ONE) as intake:
        handed = by_key(intake)
        assert intake.read(handed["roe-2"]) == {"lora": LORA.encode()}
        with pytest.raises(UnreadableError, match=r"doe_1_2_lora.py: cannot be read here \(Bad CRC.*download it again"):
            intake.read(handed["doe-1"])
    tree(tmp_path / "class", {"jane.zip": Forge().add(b"lora.py", crc=1).pack()})
    with open_submissions(tmp_path / "class", ONE) as intake, pytest.raises(UsageError) as caught:
        intake.read(intake.handed[0])
    assert not isinstance(caught.value, UnreadableError)
