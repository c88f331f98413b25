"""What becomes of zips that were made to do harm."""

import os
import stat
import tracemalloc
import zipfile

import pytest
from downloads import LORA, Forge, tree, zip_bytes, zip_file
from hypothesis import given
from hypothesis import strategies as st
from reading import ONE, OTHER, THREE, by_key, hand_in, line, outcomes, problem

from grader.errors import UsageError
from grader.intake import FORMATS, open_submissions
from grader.submission import MAX_SOURCE


@pytest.mark.parametrize(
    "name",
    [
        b"../lora.py", b"/etc/lora.py", b"a/../../lora.py", b"..\\lora.py", b"C:\\lora.py", b"C:lora.py",
        b"\\\\host\\lora.py", b"a/" * 40 + b"lora.py", b"a" * 60_000 + b"/lora.py",
    ],
)  # fmt: skip
def test_a_name_that_leads_elsewhere_is_ignored(tmp_path, name):
    forged = Forge().add(name, OTHER.encode()).add(b"lora.py", LORA.encode()).pack()
    sources, notes = hand_in(tmp_path / "a", forged)
    assert sources == {"lora": LORA}
    assert any("a name that leads elsewhere" in note for note in notes)
    assert "a name that leads elsewhere" in problem(tmp_path / "b", Forge().add(name).pack())


def test_control_characters_are_never_shown(tmp_path):
    evil = "lora\x1b[2J\u202e\n.py"
    flagged = Forge().add(evil.encode(), flags=0x800).pack()
    message = problem(tmp_path, flagged, THREE)
    assert message.isprintable()
    assert "lora\ufffd[2J" in message


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (stat.S_IFLNK, "lora.py: is a link, and links are not followed"),
        (stat.S_IFCHR, "lora.py: is not a regular file"),
        (stat.S_IFIFO, "lora.py: is not a regular file"),
        (stat.S_IFSOCK, "lora.py: is not a regular file"),
    ],
)
def test_links_and_devices_in_a_zip_are_refused(tmp_path, kind, message):
    assert message in problem(tmp_path, Forge().add(b"lora.py", b"/etc/passwd", mode=kind | 0o777).pack())


def test_a_bomb_costs_nothing(tmp_path):
    zeros = b"#" * (200 * 1024 * 1024)
    honest = Forge().add(b"lora.py", zeros)
    liar = Forge().add(b"lora.py", zeros, claimed=100)
    nested = Forge().add(b"lora.py", zip_bytes({"lora.py": zeros}))
    del zeros
    for number, bomb in enumerate([honest.pack(), liar.pack(), zip_bytes({"lora.zip": nested.pack()})]):
        tree(tmp_path / str(number), {"jane.zip": bomb})
        tracemalloc.start()
        with open_submissions(tmp_path / str(number), ONE) as intake:
            (found,) = outcomes(intake).values()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 20 * 1024 * 1024
        assert any(word in found for word in ["would grow to", "cannot be read", "binary data", "holds lora.zip"]), (
            found
        )


def test_a_bomb_below_the_ratio_stops_at_the_limit(tmp_path):
    noise = os.urandom(64 * 1024).hex().encode()
    message = problem(tmp_path, Forge().add(b"lora.py", noise * 64).pack())
    assert "lora.py: is larger than 4 MiB" in message
    assert len(noise) * 64 > MAX_SOURCE


def test_overlapping_files_are_refused(tmp_path):
    forged = Forge().add(b"lora.py", LORA.encode())
    for _ in range(3):
        forged.add(b"lora.py", LORA.encode(), at=0)
    assert "its files overlap" in problem(tmp_path, forged.pack())


def test_a_table_of_contents_is_read_up_to_a_limit(tmp_path):
    crowded = Forge()
    for _ in range(60_000):
        crowded.add(b"x" * 100, at=0)
    assert "broken one (too many files)" in problem(tmp_path / "a", crowded.pack())
    few = Forge()
    for number in range(50_001):
        few.add(b"%d.py" % number, b"")
    assert "holds more than 50000 files" in problem(tmp_path / "b", few.pack())


@pytest.mark.parametrize("flags", [1, 1 | 64, 32])
def test_encrypted_files_are_said(tmp_path, flags):
    assert any(
        word in problem(tmp_path, Forge().add(b"lora.py", flags=flags).pack()) for word in ["encrypted", "patched"]
    )


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, 9, 99])
def test_packers_without_bounds_are_refused(tmp_path, method):
    message = problem(tmp_path, Forge().add(b"lora.py", method=method).pack())
    assert "is compressed in a way that is not read here; ask for an ordinary zip" in message


def test_a_wrong_checksum_is_said(tmp_path):
    assert "cannot be read (Bad CRC-32" in problem(tmp_path, Forge().add(b"lora.py", crc=1).pack())


def test_duplicate_names_count_as_unzip_counts_them(tmp_path):
    sources, notes = hand_in(tmp_path, Forge().add(b"lora.py", OTHER.encode()).add(b"lora.py", LORA.encode()).pack())
    assert sources == {"lora": LORA}
    assert notes == ["lora.py is in the zip 2 times; the last was taken"]


def test_names_that_clash_without_case_are_not_chosen_between(tmp_path):
    forged = Forge().add(b"Lora.py", OTHER.encode()).add(b"LORA.py", LORA.encode()).pack()
    assert "which is lora.py? keep one of them" in problem(tmp_path, forged)


@pytest.mark.parametrize(
    ("raw", "flags", "key"),
    [
        ("müller".encode(), 0x800, "müller-1"),
        ("müller".encode(), 0, "müller-1"),  # UTF-8 that does not say so
        ("müller".encode("cp437"), 0, "müller-1"),
        ("mu\u0308ller".encode(), 0x800, "müller-1"),  # as macOS spells it
    ],
)
def test_names_are_decoded_as_they_were_meant(tmp_path, raw, flags, key):
    (tmp_path / "c.zip").write_bytes(Forge().add(raw + b"_1_2_lora.py", LORA.encode(), flags=flags).pack())
    with open_submissions(tmp_path / "c.zip", ONE) as intake:
        assert outcomes(intake) == {key: LORA}
        assert intake.handed[0].student.name == "müller"


def test_a_name_that_is_not_the_utf8_it_says_is_one_line(tmp_path):
    assert "is no zip, or a broken one" in problem(tmp_path, Forge().add(b"lora\xff.py", flags=0x800).pack())


def test_a_backslash_is_a_slash_in_a_zip(tmp_path):
    assert hand_in(tmp_path, Forge().add(b"work\\lora.py", LORA.encode()).pack())[0] == {"lora": LORA}


def test_thousands_of_hostile_files_make_few_notes(tmp_path):
    forged = Forge().add(b"lora.py", LORA.encode())
    for number in range(3000):
        forged.add(b"../%d" % number, b"").add(b"%d" % number, b"", mode=stat.S_IFLNK)
    sources, notes = hand_in(tmp_path, forged.pack())
    assert sources == {"lora": LORA}
    assert len(notes) < 12
    assert "and 2997 more like it" in notes


@given(st.binary(max_size=400), st.integers(0, 400))
def test_any_bytes_are_a_zip_or_one_line(tmp_path_factory, junk, cut):
    packed = zip_bytes({"lora.py": LORA})
    path = tmp_path_factory.mktemp("junk") / "junk.zip"
    path.write_bytes(packed[:cut] + junk + packed[cut + len(junk) :])
    try:
        with open_submissions(path, ONE) as intake:
            outcomes(intake)
    except UsageError as error:
        line(error)


WORDS = (
    "lora Lora doe anon LATE 12 7 assignsubmission file onlinetext attempt submitted submission submission_metadata "
    "timestamp text 2026-11-20-10-00-00 \u202e 王 . .. .git con"
)
words = st.sampled_from([*WORDS.split(), "Jane Doe", "x" * 200])
names = st.builds(
    lambda parts, suffix: "/".join("_".join(part) for part in parts) + suffix,
    st.lists(st.lists(words, min_size=1, max_size=6), min_size=1, max_size=3),
    st.sampled_from([".py", "-1.py", ".zip", ".txt", ".html", ".yml", "/", ""]),
)


@given(st.dictionaries(names, st.sampled_from([b"", LORA.encode(), zip_bytes({"lora.py": LORA})]), max_size=8))
def test_any_names_are_read_or_one_line(tmp_path_factory, files):
    path = zip_file(tmp_path_factory.mktemp("names") / "any.zip", files)
    for name in [None, *FORMATS]:
        try:
            with open_submissions(path, THREE, format=name) as intake:
                outcomes(intake)
                assert len(by_key(intake)) == len(intake.handed)
                assert all(len(handed.student.key.encode()) <= 250 for handed in intake.handed)
        except UsageError as error:
            line(error)


def test_sources_are_read_when_asked_for(tmp_path):
    tree(tmp_path, {f"s{number}.py": b"#" * 1_000_000 for number in range(40)})
    tracemalloc.start()
    with open_submissions(zip_file(tmp_path / "a.zip", {}).parent, ONE) as intake:
        for handed in intake.handed:
            if handed.student.key != "a":
                intake.read(handed)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000
