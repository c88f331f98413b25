"""Builds what each LMS hands out, as their sources and downloads show it; and zips that no program would write."""

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

Content = str | bytes


def tree(root: Path, files: Mapping[str, Content]) -> Path:
    """A folder with these files; a name that ends in a slash is a folder."""
    root.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = root / name
        if name.endswith("/"):
            path.mkdir(parents=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(as_bytes(content))
    return root


def zip_bytes(files: Mapping[str, Content], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip as an ordinary program writes it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, as_bytes(content))
    return buffer.getvalue()


def zip_file(path: Path, files: Mapping[str, Content]) -> Path:
    path.write_bytes(zip_bytes(files))
    return path


def as_bytes(content: Content) -> bytes:
    return content.encode() if isinstance(content, str) else content


class Forge:
    """A zip made byte by byte: names, sizes, kinds and offsets that no program would write."""

    def __init__(self) -> None:
        self._body = bytearray()
        self._directory = bytearray()
        self._count = 0

    def add(
        self,
        name: bytes,
        content: bytes = b"x = 1\n",
        *,
        flags: int = 0,
        mode: int = 0,
        method: int = zipfile.ZIP_DEFLATED,
        claimed: int | None = None,
        at: int | None = None,
        crc: int | None = None,
    ) -> "Forge":
        """Add a file; `claimed` is the size it says it has, `at` where it says it lies."""
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        packed = packer.compress(content) + packer.flush() if method == zipfile.ZIP_DEFLATED else content
        size = len(content) if claimed is None else claimed
        common = (
            20,
            flags,
            method,
            0,
            0x21,
            zlib.crc32(content) if crc is None else crc,
            len(packed),
            size,
            len(name),
            0,
        )
        offset = len(self._body) if at is None else at
        if at is None:
            self._body += struct.pack("<4s5H3L2H", b"PK\3\4", *common) + name + packed
        self._directory += (
            struct.pack("<4s6H3L5H2L", b"PK\1\2", 3 << 8 | 20, *common, 0, 0, 0, mode << 16, offset) + name
        )
        self._count += 1
        return self

    def pack(self) -> bytes:
        count = min(self._count, 0xFFFF)
        end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(self._directory), len(self._body), 0)
        return bytes(self._body + self._directory + end)


LORA = "def lora():\n    return 1\n"


def canvas() -> dict[str, Content]:
    """`Download Submissions`: two students of one name, umlauts, CJK, late, resubmitted, anonymous, with text."""
    return {
        "doejane_101_9001_lora.py": LORA,
        "doejane_102_9002_lora.py": LORA + "# the other Jane\n",
        "müllerjörg_LATE_103_9003_lora-1.py": LORA,
        "王小明_104_9004_lora.py": LORA,
        "smith_jones_105_9005_my_lora_v2.py": LORA,
        "roeann_106_9006_work.zip": zip_bytes({"work/lora.py": LORA, "__MACOSX/work/._lora.py": b"\0"}),
        "roeann_106_text.html": "<p>see the zip</p>",
        "anon_Xy3zZ_9007_lora.py": LORA,
        "anon_Qq9rR_LATE_9008_lora.py": LORA,
    }


def moodle() -> dict[str, Content]:
    """`Download all submissions`: folders of each student, blind ones, groups, texts typed into the page."""
    return {
        "Jane Doe_11_assignsubmission_file/lora.py": LORA,
        "Jane Doe_12_assignsubmission_file/hw/lora.py": LORA + "# the other Jane\n",
        "Jörg Müller_13_assignsubmission_file/lora.py": LORA,
        "王小明_14_assignsubmission_file/lora.py": LORA,
        "Ann Roe_15_assignsubmission_file/notes.txt": "sorry",
        "Ann Roe_15_assignsubmission_onlinetext/onlinetext.html": "<p>sorry</p>",
        "Participant_16_assignsubmission_file/lora.py": LORA,
        "Group A-Max Muster_17_assignsubmission_file/lora.py": LORA,
    }


def gradescope() -> dict[str, Content]:
    """`Export Submissions`: Ruby's keys, a group of two, an entry without files, objects of Rails."""
    metadata = """
submission_501:
  :submitters:
  - :name: Jane Doe
    :sid: '0301'
    :email: jane@example.org
  - :name: Jörg Müller
    :sid: '302'
    :email: joerg@example.org
  :created_at: 2026-11-20 21:30:00.131432000 Z
  :score: 3.0
  :results: !ruby/hash:ActiveSupport::HashWithIndifferentAccess
    score: 3.0
  :history: []
submission_502:
  :submitters:
  - :name: Jane Doe
    :sid:
    :email: other.jane@example.org
  :created_at: !ruby/object:ActiveSupport::TimeWithZone
    utc: 2026-11-21 08:00:00.000000000 Z
    zone: !ruby/object:ActiveSupport::TimeZone
      name: Etc/UTC
submission_503:
  :submitters:
  - :name: 王小明
    :sid: '303'
    :email: wang@example.org
"""
    files = {
        "submission_metadata.yml": metadata,
        "submission_501/lora.py": LORA,
        "submission_502/src/lora.py": LORA,
        "submission_504/lora.py": LORA,
    }
    return {f"assignment_77_export/{name}": content for name, content in files.items()}


def nbgrader() -> dict[str, Content]:
    """A course's folder, of which `submitted` alone matters."""
    return {
        "nbgrader_config.py": "",
        "gradebook.db": b"SQLite",
        "source/hw3/lora.py": LORA,
        "submitted/jdoe/hw3/lora.py": LORA,
        "submitted/jdoe/hw3/timestamp.txt": "2026-11-20 21:30:00.131432 UTC\n",
        "submitted/jmueller/hw3/lora.py": LORA,
        "submitted/jmueller/hw3/timestamp.txt": "2026-11-20 23:30:00 +0100\n",
        "submitted/wang/hw3/lora.ipynb": "{}",
    }


def git() -> dict[str, Content]:
    """Checkouts of GitHub Classroom: user names may hold the hyphen that ends the assignment's."""
    users = ["doe-jane", "doe-john", "wang"]
    return {
        name: content
        for user in users
        for name, content in [
            (f"hw-3-{user}/lora.py", LORA),
            (f"hw-3-{user}/.git/config", "[core]"),
            (f"hw-3-{user}/.github/workflow.yml", ""),
        ]
    }


def blackboard() -> dict[str, Content]:
    """`Assignment File Download`: a card of each attempt beside its files."""
    card = "Name: {} ({})\nAssignment: HW 3\nDate Submitted: Friday, 20 November 2026 22:30:00 o'clock CET\n"
    return {
        "HW_3_jdoe_attempt_2026-11-19-10-00-00_lora.py": LORA,
        "HW_3_jdoe_attempt_2026-11-19-10-00-00.txt": card.format("Jane Doe", "jdoe"),
        "HW_3_jdoe_attempt_2026-11-20-22-30-00_lora.py": LORA + "# the second attempt\n",
        "HW_3_jdoe_attempt_2026-11-20-22-30-00.txt": card.format("Jane Doe", "jdoe"),
        "HW_3_j_mueller_attempt_2026-11-20-22-31-00_lora.py": LORA,
        "HW_3_j_mueller_attempt_2026-11-20-22-31-00.txt": card.format("Jörg Müller", "j_mueller"),
        "HW_3_wang_attempt_2026-11-20-22-32-00.txt": card.format("王小明", "wang"),
    }


def folder() -> dict[str, Content]:
    """What an instructor put together: folders, files, a zip."""
    return {
        "Jane Doe/lora.py": LORA,
        "jörg/lora/lora.py": LORA,
        "wang.py": LORA,
        "roe.zip": zip_bytes({"lora.py": LORA}),
        "empty/": "",
        "readme.txt": "hand-ins of 2026",
    }


BUILDERS = {
    "canvas": canvas,
    "moodle": moodle,
    "gradescope": gradescope,
    "nbgrader": nbgrader,
    "git": git,
    "blackboard": blackboard,
    "folder": folder,
}
