"""The jail, in every mode that this machine can offer: see `jail/under.py` for how others are had on it.

What it holds is shown by `test_attacks.py`.
"""

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest
from jail.modes import under

from grader import doctor
from grader.catalog import UsageError
from grader.doctor import Facts
from grader.salt import Salt, read_salt
from grader.worker import scratch
from grader.worker.isolation import Confinement, Isolation, weakest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems have no jail, which their reports say")

MODES = {
    "asis": "full",
    "nonamespaces": "strong",
    "nolandlock": "strong",
    "user": "full",
    "user+nonamespaces": "strong",
    "user+nolandlock": "strong",
}
SECRET = "0123456789abcdef"


@pytest.fixture
def open_lesson(lesson):
    """A lesson that an ordinary user may enter: pytest keeps its own folders private."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield type(lesson)(shutil.copytree(lesson.root, Path(folder, "lesson")))


@pytest.mark.parametrize(("mode", "isolation"), MODES.items())
def test_label_is_earned(open_lesson, mode: str, isolation: str) -> None:
    done = under(mode, "-m", "grader", "doctor", cwd=open_lesson.root)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"Isolation: {isolation}" in done.stdout


def test_open_files_are_found_by_the_probe(open_lesson) -> None:
    """Without namespaces and Landlock an ordinary user's worker reads what the user reads, and says so."""
    done = under("user+nonamespaces+nolandlock", "-m", "grader", "doctor", cwd=open_lesson.root)
    text = "".join(done.stdout.split())
    assert "Isolation:none" in text
    assert str(open_lesson.root.resolve() / "exercises/vectors/oracle.py") in text


def test_full_refuses_where_nothing_confines(open_lesson) -> None:
    options = ["--full", "--submission", "solutions"]
    done = under("user+nonamespaces+nolandlock", "-m", "grader", "check", *options, cwd=open_lesson.root)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "--allow-unjailed" in done.stderr


def test_plain_check_does_not_nag(open_lesson) -> None:
    options = ["--submission", "solutions", "--json", "-"]
    done = under("user+nonamespaces+nolandlock", "-m", "grader", "check", *options, cwd=open_lesson.root)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["isolation"] == "none"


def test_full_can_be_forced(open_lesson) -> None:
    options = ["--full", "--allow-unjailed", "--submission", "solutions", "--json", "-"]
    done = under("user+nonamespaces+nolandlock", "-m", "grader", "check", *options, cwd=open_lesson.root)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["isolation"] == "none"


@pytest.mark.parametrize("mode", ["asis", "user+nonamespaces"])
@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("bytearray(10**9)", "a worker may use 256 MiB of memory"),
        ("open('a', 'wb').write(bytes(10**8))", "a file may have 64 MiB"),
        ("for n in range(99): open(str(n), 'wb').write(bytes(10**7))", "64"),
        ("__import__('os').fork()", "may start no processes"),
        ("__import__('socket').socket()", "a worker has no network"),
        ("print('x' * 2 * 2**20)", "printed more than 1 MiB"),
        ("while True: pass", "did not answer within 1 second"),
        ("import statistics", "this exercise is about writing it yourself: `statistics` cannot be imported here"),
    ],
)
def test_limits_are_named(open_lesson, reference: str, mode: str, body: str, said: str) -> None:
    source = f"{reference}\n\ndef scaled(x, factor):\n    {body}\n    return x * factor\n"
    folder = open_lesson.root / "handed-in"
    folder.mkdir()
    (folder / "vectors.py").write_text(source)
    done = under(mode, "-m", "grader", "check", "--submission", "handed-in", "--json", "-", cwd=open_lesson.root)
    assert done.stdout, done.stderr
    checks = json.loads(done.stdout)["exercises"][0]["checks"]
    value = next(check for check in checks if check["id"] == "vectors.1.value")
    assert value["verdict"] == "fail"
    assert said in value["message"]


@pytest.mark.parametrize(
    ("layers", "breaches", "isolation"),
    [
        (("namespaces", "user", "landlock", "seccomp"), (), Isolation.FULL),
        (("namespaces", "landlock", "seccomp"), (), Isolation.FULL),
        (("landlock", "seccomp"), (), Isolation.STRONG),
        (("user", "seccomp"), (), Isolation.STRONG),
        (("namespaces", "user", "landlock"), (), Isolation.NONE),
        (("seccomp",), (), Isolation.NONE),
        ((), (), Isolation.NONE),
        (("namespaces", "user", "landlock", "seccomp"), ("read solutions/x.py",), Isolation.NONE),
    ],
)
def test_isolation_follows_from_layers_and_breaches(layers, breaches, isolation) -> None:
    assert Confinement(layers, breaches).isolation is isolation


def test_weakest_worker_names_the_report() -> None:
    assert weakest([Isolation.FULL, Isolation.STRONG, Isolation.FULL]) is Isolation.STRONG


def test_deep_nesting_is_removed(tmp_path: Path) -> None:
    folder = tmp_path / "scratch"
    folder.mkdir()
    inner = os.open(folder, os.O_RDONLY)
    for _ in range(3000):  # longer than any path, deeper than any recursion
        os.mkdir("d", 0o300, dir_fd=inner)
        deeper = os.open("d", os.O_PATH, dir_fd=inner)
        os.close(inner)
        inner = deeper
    os.close(inner)
    scratch.remove(folder)
    assert not folder.exists()


def test_secret_changes_inputs_and_stays_out_of_the_report(lesson, reference: str) -> None:
    wrong = reference.replace("return", "return 1.01 *", 1)
    plain = lesson.grade(wrong, "--full")
    salted = lesson.run(
        "check", "--full", "--submission", "handed-in", "--json", "-", environment={"GRADER_SECRET": SECRET}
    )
    assert plain.report["salt"] == ""
    assert salted.report["salt"] == Salt(SECRET.encode()).fingerprint
    assert SECRET not in salted.out + salted.talk
    assert plain.check("vectors.1.value")["message"] != salted.check("vectors.1.value")["message"]


def test_same_secret_reproduces(lesson, stub: str) -> None:
    def messages() -> list[str]:
        ran = lesson.run(
            "check", "--full", "--submission", "handed-in", "--json", "-", environment={"GRADER_SECRET": SECRET}
        )
        return [check["message"] for exercise in ran.report["exercises"] for check in exercise["checks"]]

    lesson.grade(stub.replace('raise NotImplementedError("vectors.1")', "return x"))
    assert messages() == messages()


def test_short_secret_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("12345\n")
    with pytest.raises(UsageError, match="too short"):
        read_salt({"GRADER_SECRET_FILE": str(tmp_path / "secret")})


def facts(*layers: str, breaches: tuple[str, ...] = (), root: bool = True) -> Facts:
    refused = () if "namespaces" in layers else ("[Errno 1] unshare: Operation not permitted",)
    landlock = 7 if "landlock" in layers else 0
    return Facts("Linux 6.8 on x86_64", root, True, landlock, refused, Confinement(layers, breaches), salted=True)


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (facts("namespaces", "user", "landlock", "seccomp"), ["Isolation: full", "is safe here"]),
        (facts("user", "landlock", "seccomp"), ["Isolation: strong", "Nothing needs to be done", "is safe here"]),
        (facts("landlock", "seccomp", root=False), ["user namespaces", "is safe here"]),
        (facts("seccomp", breaches=("read solutions/a.py",), root=False), ["read solutions/a.py", "5.13", "not safe"]),
        (Facts("Darwin 24 on arm64", False, False), ["time limit", "Grade on Linux", "not safe"]),
    ],
)
def test_doctor_says_what_to_do(found: Facts, says: list[str]) -> None:
    text = doctor.render(found)
    assert [words for words in says if words not in " ".join(text.split())] == []
    assert max(map(len, text.splitlines())) < 80
    assert doctor.is_safe(found) == ("is safe here" in text)


def test_doctor_examines_this_machine(lesson) -> None:
    ran = lesson.run("doctor")
    assert ran.status == (0 if "is safe here" in ran.out else 1)
    assert ran.talk == ""
