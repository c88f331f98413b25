"""How each LMS lays out what it hands out. A layout takes a tree and says who handed in which files.

It finds nobody if the tree is not its own. Marks in the names are all it looks at, save for the small files that an LMS
adds itself.
"""

import os.path
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from grader.errors import UsageError
from grader.intake.archive import MIB, File, Parts, Tree, clean
from grader.intake.keys import make_key
from grader.intake.picking import of_another
from grader.intake.wanted import Wanted
from grader.results import Student
from grader.submission import SUFFIXES

MAX_METADATA = 64 * MIB
MAX_STAMP = 64 * 1024
MAX_NESTING = 64
MAX_WRAPPERS = 3
HAND_INS = frozenset({".py", ".zip", ".ipynb", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".rar", ".7z"})
"""what a file is called that is itself a hand-in"""

CANVAS_REST = r"_(?:(?P<file>\d+)_(?P<rest>.+)|(?P<typed>(?:text|link)\.html))"
CANVAS = re.compile(rf"(?P<name>.*?)(?P<late>_LATE)?_(?P<id>\d+){CANVAS_REST}")
CANVAS_ANONYMOUS = re.compile(rf"(?P<name>)anon_(?P<id>[A-Za-z0-9]+?)(?P<late>_LATE)?{CANVAS_REST}")
MOODLE = re.compile(r"(?P<name>.+)_(?P<number>\d+)_assignsubmission_(?:file|onlinetext)_?(?P<rest>.*)")
BLACKBOARD = re.compile(r"(?P<who>.+_.+)_attempt_(?P<time>\d{4}(?:-\d\d){5})(?:_(?P<file>.+)|\.txt)")
BLACKBOARD_NAME = re.compile(r"^Name: (?P<name>.*) \((?P<login>[^()]+)\)\s*$", re.MULTILINE)
STAMP = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.\d+)? ?(UTC|Z|[+-]\d\d:?\d\d)")


@dataclass(frozen=True)
class Found:
    """One student's files, their paths as the student would write them."""

    student: Student
    files: tuple[File, ...]
    origin: str
    handle: str = ""
    """a name of unknown kind: a login, a number, a full name"""
    notes: tuple[str, ...] = ()
    submitted_at: datetime | None = None
    late: bool = False


@dataclass(frozen=True)
class Layout:
    """What a download of one kind is called, and who handed in by it."""

    title: str
    looks_for: str
    find: Callable[[Tree, Wanted], Iterable[Found]]
    marks: re.Pattern[str] | None = None
    """what most names at the top look like"""

    def is_marked(self, tree: Tree) -> bool:
        """Whether this is no other layout in which a name or two happen to look like this one's."""
        names = tree.names()
        return not self.marks or 2 * sum(bool(self.marks.fullmatch(name)) for name in names) > len(names)

    def strangers(self, tree: Tree, found: Iterable[Found]) -> list[File]:
        """Files at the top that are neither anybody's nor the LMS's own."""
        claimed = {file.where for one in found for file in one.files}
        free = [file for file in tree.tops() if file.where not in claimed]
        return [file for file in free if not (self.marks and self.marks.fullmatch(file.name))]


def canvas(tree: Tree, _: Wanted) -> Iterator[Found]:
    """`doejane_LATE_123_456_hw-1.py`, flat; `anon_Xy3zZ_456_hw.py`; `doejane_123_text.html` for a typed text."""
    handed: dict[tuple[bool, str], list[tuple[File, re.Match[str]]]] = defaultdict(list)
    for file in tree.tops():
        anonymous = CANVAS_ANONYMOUS.fullmatch(file.name)
        if match := anonymous or CANVAS.fullmatch(file.name):
            inner = replace(file, parts=(match["rest"] or match["typed"],), order=int(match["file"] or 0))
            handed[bool(anonymous), match["id"]].append((inner, match))
    for (anonymous_too, number), pairs in handed.items():
        files = tuple(file for file, _ in pairs)
        name = pairs[0][1]["name"]
        student = Student(make_key("anon" if anonymous_too else name, number), name, "" if anonymous_too else number)
        yield Found(student, files, _origin(files), late=any(match["late"] for _, match in pairs))


def moodle(tree: Tree, _: Wanted) -> Iterator[Found]:
    """`Jane Doe_123_assignsubmission_file/hw.py`, or with the same before the name of each file."""
    by_student: dict[tuple[str, str], list[File]] = defaultdict(list)
    tops: dict[tuple[str, str], str] = {}
    flat = {file.name: file for file in tree.tops()}
    for top in tree.names():
        if match := MOODLE.fullmatch(top):
            identity = match["name"], match["number"]
            tops.setdefault(identity, top)
            by_student[identity] += tree.below(top)
            if top in flat:
                by_student[identity].append(replace(flat[top], parts=(match["rest"] or top,)))
    for (name, number), files in by_student.items():
        blind = name == "Participant"
        student = Student(make_key(name, number), "" if blind else name, participant=number)
        yield Found(student, tuple(files), tree.where((tops[name, number],)))


def gradescope(tree: Tree, _: Wanted) -> Iterator[Found]:
    """`submission_123/hw.py`, and who that was in `submission_metadata.yml`; each member of a group hands in."""
    for name, entry in _gradescope_metadata(tree).items():
        files = tuple(tree.below(name))
        created = _moment(entry.get(":created_at"))
        members = entry.get(":submitters") or [{}]
        mates = [_word(member.get(":name")) for member in members]
        for member, mate in zip(members, mates, strict=True):
            sid, email = _word(member.get(":sid")), _word(member.get(":email"))
            student = Student(make_key(mate, sid or email or name.rpartition("_")[2]), mate, email=email, sis_id=sid)
            others = [other for other in mates if other != mate]
            notes = (f"handed in by a group, with {', '.join(others)}",) if others else ()
            yield Found(student, files, tree.where((name,)), notes=notes, submitted_at=created)


def nbgrader(tree: Tree, wanted: Wanted) -> Iterator[Found]:
    """`submitted/STUDENT/ASSIGNMENT/hw.py` with `timestamp.txt`."""
    is_course = "submitted" in tree.children()
    if is_course:
        tree = tree.inside("submitted")
    stamped = any(len(file.parts) == 3 and file.name == "timestamp.txt" for file in tree.files)
    if not (is_course or stamped or PurePosixPath(tree.root).name == "submitted"):
        return
    for login in tree.children():
        below = tree.below(login)
        stamps = [file for file in below if file.name == "timestamp.txt" and len(file.parts) == 2]
        files = [replace(file, parts=file.parts[1:] or file.parts) for file in below if file not in stamps]
        # A course has other assignments too, and when those were handed in makes nobody late here.
        ours = {file.parts[0] for file in below if PurePosixPath(file.name).stem in wanted.exercises}
        times = [_stamp(file) for file in stamps if not ours or file.parts[0] in ours]
        at = max((time for time in times if time), default=None)
        yield Found(Student(make_key(login), login=login), tuple(files), tree.where((login,)), login, submitted_at=at)


def git(tree: Tree, wanted: Wanted) -> Iterator[Found]:
    """`assignment-username` for each repository."""
    names = tree.children()
    checkouts = [name for name in names if (name, ".git") in tree.folders]
    return _repositories(tree, wanted) if 2 * len(checkouts) > len(names) else iter(())


def _repositories(tree: Tree, wanted: Wanted) -> Iterator[Found]:
    repositories = tree.children()
    shared = os.path.commonprefix(repositories) if len(repositories) > 1 else ""  # noqa: RUF071 - of letters
    own = [f"{name}-" for name in wanted.exercises if all(folder.startswith(f"{name}-") for folder in repositories)]
    prefix = shared[: shared.rfind("-") + 1] or next(iter(own), "")
    for name in repositories:
        login = name.removeprefix(prefix)
        # The key is the whole name: what the names have in common hangs on who else handed in.
        yield Found(Student(make_key(name), login=login), tuple(tree.below(name)), tree.where((name,)), login)


def blackboard(tree: Tree, _: Wanted) -> Iterator[Found]:
    """`Assignment_jdoe_attempt_2026-11-20-23-10-05_hw.py`, and a `.txt` for each attempt."""
    attempts: dict[str, dict[str, list[File]]] = defaultdict(lambda: defaultdict(list))
    cards: dict[str, File] = {}
    for file in tree.tops():
        if match := BLACKBOARD.fullmatch(file.name):
            handed = attempts[match["who"]][match["time"]]
            if match["file"]:
                handed.append(replace(file, parts=(match["file"],)))
            else:
                cards[match["who"]] = file
    for who, by_time in attempts.items():
        name, login = _blackboard_names(cards.get(who), who)
        time = max(by_time)
        day, clock = time[:10], time[11:].replace("-", ":")
        before = f"{len(by_time)} attempts; the latest was taken: " if len(by_time) > 1 else "attempt of "
        note = f"{before}{day} {clock}, in the time zone of the server"
        files = tuple(by_time[time])
        yield Found(
            Student(make_key(login), name, login=login), files, _origin(files) or tree.where((who,)), login, (note,)
        )


def folder(tree: Tree, wanted: Wanted) -> Iterator[Found]:
    """A folder or a file for each student, called by name, number or login."""
    if _is_one_hand_in(tree, wanted):
        name = PurePosixPath(tree.root).stem
        yield Found(Student(make_key(name), name), tree.files, tree.root, name)
        return
    by_student = {name: tree.below(name) for name in tree.children()}
    origins = {name: tree.where((name,)) for name in by_student}
    for file in tree.tops():
        path = PurePosixPath(file.name)
        if _is_hand_in(file):
            # The name of a file at the top is its student's, and not that of an exercise, unless there is one.
            first = wanted.exercises[0]
            anybodys = len(wanted.exercises) == 1 and path.suffix in wanted.suffixes(first)
            inner = f"{first}{path.suffix}" if anybodys and not of_another(file, wanted) else file.name
            by_student[path.stem] = [*by_student.get(path.stem, ()), replace(file, parts=(inner,))]
            origins.setdefault(path.stem, file.where)
    for name, files in by_student.items():
        yield Found(Student(make_key(name), name), tuple(files), origins[name], name)


LAYOUTS: Mapping[str, Layout] = {
    "gradescope": Layout("Gradescope export", "a `submission_metadata.yml`", gradescope, re.compile(r"submission_.*")),
    "moodle": Layout("Moodle download", "names such as `Jane Doe_123_assignsubmission_file`", moodle, MOODLE),
    "blackboard": Layout(
        "Blackboard download", "names such as `HW_jdoe_attempt_2026-11-20-23-10-05_hw.py`", blackboard, BLACKBOARD
    ),
    "canvas": Layout(
        "Canvas download",
        "names such as `doejane_123_456_hw.py`",
        canvas,
        re.compile(re.sub(r"\?P<\w+>", "", f"{CANVAS_ANONYMOUS.pattern}|{CANVAS.pattern}")),
    ),
    "git": Layout("git checkouts", "folders such as `assignment-username` with a `.git`", git),
    "nbgrader": Layout("nbgrader course", "`submitted/STUDENT/ASSIGNMENT` with a `timestamp.txt`", nbgrader),
    "folder": Layout("folder of hand-ins", "a folder or a file for each student", folder),
}
"""the most telling marks first"""


def recognise(tree: Tree, wanted: Wanted, form: str | None) -> tuple[str, Tree, list[Found]]:
    """The format, the tree as that format sees it, and who handed in; raises UsageError if nobody is found."""
    for name in [form] if form else LAYOUTS:
        layout = LAYOUTS[name]
        for seen in _views(tree, wanted, name):
            found = list(layout.find(seen, wanted))
            if name == "git" and form and not found:  # a download of checkouts has no `.git` left
                found = list(_repositories(seen, wanted))
            if found and (form or layout.is_marked(seen)):
                return name, seen, found
    if unreadable := next((file for file in tree.files if file.unreadable), None):
        raise UsageError(f"{unreadable.where}: {unreadable.unreadable}")
    if form:
        raise UsageError(
            f"{tree.root}: is no {LAYOUTS[form].title}, which has {LAYOUTS[form].looks_for}; leave out --format"
        )
    raise UsageError(
        f"{tree.root}: holds nobody's hand-in; name the LMS's zip, or the folder with one for each student"
    )


def _views(tree: Tree, wanted: Wanted, name: str) -> Iterator[Tree]:
    """The tree, and what it holds in its only folder: many zips wrap all in one, and programs that unzip in another."""
    views = [tree]
    while len(views) < MAX_WRAPPERS and len(tops := views[-1].children()) == 1 and not views[-1].tops():
        views.append(views[-1].inside(tops[0]))
    if name != "folder":
        yield from views
    elif tree.zipped:
        yield next((view for view in reversed(views) if _is_class(view, wanted)), tree)
    else:
        yield tree


def _is_class(tree: Tree, wanted: Wanted) -> bool:
    """Whether a folder that is alone in a zip holds a class, and not one student's work."""
    hand_ins = [*tree.children(), *(file.name for file in tree.tops() if _is_hand_in(file))]
    stems = {PurePosixPath(name).stem for name in hand_ins}
    return len(hand_ins) > 1 and not stems & set(wanted.exercises) and not stems <= wanted.known


def _is_one_hand_in(tree: Tree, wanted: Wanted) -> bool:
    """Whether a tree is one student's: the files of the exercises lie at its top, and no other folder has them."""
    ours, known = _places(wanted.exercises), _places(wanted.known)
    scripts = [file.parts for file in tree.files if PurePosixPath(file.name).suffix in SUFFIXES]
    # Where none of ours are, a file of another exercise may bear the name of its student, as others there do.
    here = any(parts in ours for parts in scripts) or bool(scripts and set(scripts) <= known)
    below = [file for file in tree.files if len(file.parts) > 1 and file.parts not in ours]
    return here and not any(PurePosixPath(file.name).stem in wanted.exercises for file in below)


def _places(exercises: Iterable[str]) -> set[Parts]:
    """Where a student's own folder has the files of exercises."""
    files = [(name, f"{name}{suffix}") for name in exercises for suffix in SUFFIXES]
    return {place for name, file in files for place in [(file,), (name, file)]}


def _is_hand_in(file: File) -> bool:
    return PurePosixPath(file.name).suffix.lower() in HAND_INS


def _origin(files: Sequence[File]) -> str:
    if not files:
        return ""
    return files[0].where + (f" and {len(files) - 1} more" if len(files) > 1 else "")


def _blackboard_names(card: File | None, who: str) -> tuple[str, str]:
    """Name and login, from the card of an attempt; the login alone from the name of its files, if need be."""
    try:
        text = card.read(MAX_STAMP).decode("utf-8", "replace") if card else ""
    except UsageError:
        text = ""
    match = BLACKBOARD_NAME.search(text)
    if match and who.endswith(f"_{match['login']}"):
        return clean(match["name"].strip()), match["login"]
    return "", who.rpartition("_")[2]


def _gradescope_metadata(tree: Tree) -> dict[str, dict[str, Any]]:
    """The entry of each submission, its shape checked; empty if there is no such file."""
    file = next((file for file in tree.tops() if file.name == "submission_metadata.yml"), None)
    if not file:
        return {}
    data = _yaml(file.read(MAX_METADATA), file.where)
    entries: dict[str, dict[str, Any]] = {}
    for name, entry in data.items() if isinstance(data, dict) else ():
        submitters = entry.get(":submitters") if isinstance(entry, dict) else None
        if not isinstance(name, str) or not isinstance(submitters, list | None) or not isinstance(entry, dict):
            raise UsageError(f"{file.where}: `{str(name)[:80]}`: expected a submission with `:submitters`")
        if not all(isinstance(member, dict) for member in submitters or ()):
            raise UsageError(f"{file.where}: `{name[:80]}`: expected `:name`, `:sid` and `:email` of each submitter")
        entries[clean(name)] = entry
    for name in tree.children():
        if name.startswith("submission_"):  # one that the file does not tell of is somebody's work all the same
            entries.setdefault(name, {})
    return entries


def _yaml(content: bytes, where: str) -> Any:
    try:
        import yaml  # only here, as no other format needs it
    except ImportError:
        raise UsageError(f"{where}: reading it takes PyYAML; run `pip install pyyaml`") from None

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """Reads objects of Ruby as the plain mappings they are written as."""

    def plain(loader: Any, _: str, node: Any) -> Any:
        if isinstance(node, yaml.MappingNode):
            return loader.construct_mapping(node, deep=True)
        if isinstance(node, yaml.SequenceNode):
            return loader.construct_sequence(node, deep=True)
        return loader.construct_scalar(node)

    Loader.add_multi_constructor("!", plain)
    try:
        depth = 0
        for event in yaml.parse(content, Loader):  # the fast loader has no limit of its own, and crashes
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_NESTING:
                raise UsageError(f"{where}: is nested too deep; download the export again")
        return yaml.load(content, Loader)  # noqa: S506 - a safe one
    except (yaml.YAMLError, ValueError) as error:
        problem = getattr(error, "problem", None) or "a value in it cannot be read"
        raise UsageError(f"{where}: is not YAML ({problem}); download the export again") from None


def _word(value: Any) -> str:
    return clean(str(value)).strip() if isinstance(value, str | int) else ""


def _moment(value: Any) -> datetime | None:
    """A time of Gradescope's, whichever way Ruby wrote it."""
    if isinstance(value, dict):
        value = value.get("utc")
    if isinstance(value, str):
        return _parse_stamp(value)
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return None


def _stamp(file: File) -> datetime | None:
    try:
        return _parse_stamp(file.read(MAX_STAMP).decode("utf-8", "replace"))
    except UsageError:
        return None


def _parse_stamp(text: str) -> datetime | None:
    match = STAMP.match(text.strip())
    if not match:
        return None
    zone = "+00:00" if match[3] in {"UTC", "Z"} else match[3]
    try:
        return datetime.fromisoformat(f"{match[1]}T{match[2]}{zone}")
    except ValueError:
        return None
