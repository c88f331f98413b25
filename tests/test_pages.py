"""The pages of a graded class: what they say, to whom, and that nothing a student writes can become part of them.

Structure is judged by a parser; the last tests open the pages in a real browser, where there is one.
"""

import dataclasses
import html
import json
import os
import re
import shutil
import subprocess
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import graded_class as lesson
import pytest
from graded_class import MEANING, at, everywhere, failure, grade, report, results

from grader.results import Grade, Results, Student
from grader.verdict import Verdict

pytest.importorskip("jinja2", reason="pages come with the extra `batch`")
from grader.writers.pages import overview, render

GOLDEN = Path(__file__).parent / "golden"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
VOID = {"meta", "br", "col", "hr"}


class Page(HTMLParser):
    """A page as its structure: what is open is closed, and what its parts are called."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.source, self.text = text, ""
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID and not self.get_starttag_text().endswith("/>"):
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag, f"{tag} at {self.getpos()}"
        self.text += " " if tag in ("th", "td", "dt", "dd") else ""

    def handle_data(self, data):
        if self._open and self._open[-1] != "style":
            self.text += data

    def all(self, name: str, tag: str | None = None) -> list[str]:
        """The values of an attribute."""
        return [value for of, key, value in self.attributes if key == name and tag in (None, of)]

    @property
    def words(self) -> str:
        """Its text, without line breaks."""
        return " ".join(self.text.split())


def pages(of: Results) -> dict[str, Page]:
    return {path: Page(text) for path, text in render(of)}


def page_of(one: Grade, **more) -> Page:
    """A student's page."""
    return pages(results([one], **more))[f"students/{one.student.key}.html"]


def index(*grades: Grade) -> Page:
    """The page of the class."""
    return pages(results(list(grades)))["index.html"]


@pytest.fixture(scope="module")
def everybody():
    return results(lesson.usual(30) + lesson.special())


@pytest.fixture(scope="module")
def all_pages(everybody):
    return pages(everybody)


ANN, BEN, CLEO = Student("ann", "Ann"), Student("ben", "Ben"), Student("cleo", "Cleo")
PERFECT = report(everywhere(Verdict.PASS))


# ---- every page


def test_there_is_a_page_for_each_student(everybody, all_pages):
    paths = [f"students/{one.student.key}.html" for one in everybody.grades]
    assert list(all_pages) == ["index.html", *paths]


def test_same_results_make_the_same_pages(everybody):
    assert list(render(everybody)) == list(render(everybody))


def test_pages_are_made_one_at_a_time(everybody):
    class Counted(tuple):
        asked = 0

        def __iter__(self):
            for one in super().__iter__():
                self.asked += 1
                yield one

    counted = Counted(everybody.grades)
    made = render(dataclasses.replace(everybody, grades=counted))
    next(made)
    counted.asked = 0
    next(made)
    assert counted.asked == 1


def test_structure_is_sound(all_pages):
    for path, page in all_pages.items():
        assert page.tags["h1"] == page.tags["main"] == page.tags["title"] == 1, path
        identities = page.all("id")
        assert len(identities) == len(set(identities)), path
        assert len(page.all("scope", "th")) == page.tags["th"], path
        assert set(page.all("aria-labelledby")) <= set(identities), path
        assert page.all("lang", "html") == ["en"]


def test_every_link_leads_somewhere(all_pages):
    for path, page in all_pages.items():
        for link in page.all("href"):
            file, _, part = link.partition("#")
            target = all_pages[unquote(file) or path]
            assert not part or part in target.all("id"), f"{path}: {link}"


def test_pages_need_nothing_but_themselves(all_pages):
    for path, page in all_pages.items():
        assert not page.tags.keys() & {"script", "link", "img", "iframe", "object", "embed", "form", "base"}, path
        assert not page.all("src"), path
        assert not [name for _, name, _ in page.attributes if name.startswith("on")], path
        assert not re.search(r"(https?:)?//|@import|url\(", page.source), path
        policy = page.all("content", "meta")[0]
        assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def test_text_of_students_stays_text(all_pages):
    for path in ("index.html", "students/markup.html"):
        assert " ".join(MEANING.split()) in all_pages[path].words, path
        assert "<script" not in all_pages[path].source


def test_what_utf8_and_html_cannot_hold_is_replaced(all_pages):
    for page in all_pages.values():
        page.source.encode()
        assert not re.search("[\x00-\x08\x0b-\x1f]", page.source)
    assert "Zoë 👩‍🔬 ??" in all_pages["students/emoji.html"].text


def test_names_keep_their_direction_to_themselves(all_pages):
    assert re.search("<h1><bdi>\u202eليلى حداد</bdi></h1>", all_pages["students/rtl.html"].source)
    assert "<bdi>\u202eليلى حداد</bdi></a>" in all_pages["index.html"].source


# ---- the page of a student


def test_student_page_is_as_agreed(golden):
    failing = report(at(1, *failure("the result has the wrong value|yours is exactly 2 times ours")))
    _, (_, text) = render(results([grade(ANN, failing)]))
    golden(GOLDEN / "student.html", re.sub("<style>.*?</style>\n", "", text, flags=re.S))


def test_student_page_tells_nothing_of_others_nor_to_instructors(everybody, all_pages):
    for one in everybody.grades:
        page = all_pages[f"students/{one.student.key}.html"]
        assert all(link.startswith("#") for link in page.all("href"))
        assert one.origin not in page.source
        assert not any(html.escape(note)[:9] in page.source for note in one.notes)
    assert "Petra" not in "".join(
        page.source for path, page in all_pages.items() if path[:8] == "students" and "late" not in path
    )


def test_policy_is_shown_step_by_step(all_pages):
    words = all_pages["students/late.html"].words
    assert "33.75 of 39 points" in words
    assert "The checks give 37.5 of 39 1 day late: 10% off 33.75" in words
    assert "Handed in 2026-03-02 09:30 UTC, marked late." in words


def test_failure_is_shown_with_its_case_and_hint():
    page = page_of(grade(ANN, report(at(0, *failure("the result has the wrong value")))))
    assert "fails: the update is alpha / r times B A0 of 0.75" in page.words
    assert "\nexpected  [[4.0, 8.0, 12.0],\n           [2.0, 4.0, 6.0]]\nsaw " in page.text
    assert "Hint how often does alpha appear?" in page.words
    assert "23 checks pass x 1 fails" in page.words


def test_same_message_is_said_once(all_pages):
    page = all_pages["students/syntax.html"]
    assert page.text.count("was never closed") == 1
    assert page.words.count("As above.") == len(lesson.CHECKS) - 1
    assert "Hint" not in page.text


def test_hidden_checks_that_say_the_same_keep_their_hints():
    hidden = everywhere(*failure("", hidden=True))
    page = page_of(grade(ANN, report(hidden)))
    assert page.words.count("As above.") == page.words.count("Hint") - 1 == len(lesson.CHECKS) - 1


def test_broken_check_is_our_fault(all_pages):
    words = all_pages["students/partly.html"].words
    assert "What could not be judged lora.1 lora_delta !broken: with rslora" in words
    assert "The grader itself failed here. This is not your fault and costs no points." in words


def test_no_score_is_not_zero(all_pages):
    for key, why in [("broken", "The grader itself failed"), ("ours", "What you handed in could not be read here")]:
        words = all_pages[f"students/{key}.html"].words
        assert f"No score yet {why}, which is not your fault" in words
        assert "points " not in words.replace("costs no points", "")
        assert "hand in again" not in words


def test_what_cannot_be_graded_says_why(all_pages):
    words = all_pages["students/corrupt.html"].words
    assert "Nothing could be graded corrupt/hw.zip: is not complete" in words
    assert "hand in again" in words


def test_open_holes_are_told_kindly():
    page = page_of(grade(ANN, report(everywhere(Verdict.TODO))))
    assert "Nothing is wrong with these" in page.words
    assert "lora.2 LoRALinear: 8 checks, about 45 minutes" in page.words
    assert "What does not pass yet" not in page.words
    assert page.tags["details"] == len(lesson.TASKS)


def test_public_checks_are_not_a_grade():
    public = dataclasses.replace(PERFECT, full=False)
    assert "Hidden checks try other inputs: this is not yet a grade." in page_of(grade(ANN, public)).words
    assert "All checks pass, the hidden ones too." in page_of(grade(ANN, PERFECT)).words


# ---- the page of the class


@pytest.mark.parametrize("grades", [[], lesson.usual(1), lesson.special()[-2:]], ids=["none", "one", "no-report"])
def test_small_classes_have_a_page(grades):
    page = pages(results(grades))["index.html"]
    assert ("Nobody has handed in anything." in page.words) is (not grades)


def test_large_class_stays_small():
    path, text = next(render(results(lesson.usual(400))))
    assert path == "index.html"
    assert len(text) < 500_000


def test_scores_are_spread_over_tenths():
    grades = [grade(Student(str(final)), PERFECT, final=final) for final in (-1.0, 0.0, 3.9, 38.9, 39.0, 45.0)]
    spread = overview.of(results(grades)).spread
    assert spread.bins == (2, 1, 0, 0, 0, 0, 0, 0, 0, 3)
    assert (spread.lowest, spread.highest) == (-1.0, 45.0)


def test_own_fault_is_no_score_of_the_class():
    broken = grade(ANN, report(everywhere(Verdict.BROKEN)), final=None)
    view = overview.of(results([broken, grade(BEN, PERFECT, final=0.0)]))
    assert sum(view.spread.bins) == 1
    assert [row.person.name for row in view.rows] == ["Ben", "Ann"]
    assert view.tasks[0].checks[0].rate == 1.0


def test_rates_stand_in_the_order_of_teaching(everybody, all_pages):
    in_order = [check.id for check in everybody.grades[0].report.checks]
    assert re.findall('<tr id="check-([^"]+)"', all_pages["index.html"].source) == in_order


def test_rate_is_never_rounded_up():
    grades = [grade(Student(str(number)), PERFECT) for number in range(299)]
    page = index(*grades, grade(ANN, report(at(0, *failure("wrong")))))
    assert Counter(re.findall(r"<b>(\d+%)</b>", page.source)) == {"99%": 1, "100%": len(lesson.CHECKS) - 1}


def test_map_has_a_sign_for_every_check():
    mixed = [Verdict.PASS, Verdict.FAIL, Verdict.TODO, Verdict.SKIPPED, Verdict.BROKEN]
    page = index(grade(ANN, report(lambda index, *_: (mixed[index % 5], "", ""))), Grade(BEN, "", None, 0.0, 39.0))
    rows = re.findall('<tbody>\n<tr><th scope="row">.*?</tbody>', page.source, re.S)[-2]
    signs = re.findall(r"<td(?: class=\w)?>([^\d&]?)</td>", rows)
    assert "".join(signs) == ("+x.-!" * 5)[:24]
    assert rows.count("<td class=n></td>") == 24
    assert ": 5 pass, 5 fail, 5 todo, 5 skipped, 4 broken" in page.words


def failures(*grades: Grade) -> list[tuple[str, int]]:
    return [(one.says, len(one.students)) for one in overview.of(results(list(grades))).common]


def test_failures_that_differ_in_numbers_are_one():
    def wrong(number: str):
        return report(
            at(0, Verdict.FAIL, f"first difference at [{number}], off by {number}e-05\nsaw  {number}", "value")
        )

    assert failures(*(grade(Student(n), wrong(n)) for n in ("1", "22", "-3.5"))) == [
        ("first difference at [1], off by 1e-05", 3)
    ]


def test_failures_of_other_looks_checks_or_kinds_are_apart():
    reports = [
        report(at(0, Verdict.FAIL, "wrong", "value")),
        report(at(1, Verdict.FAIL, "wrong", "value")),
        report(at(1, Verdict.FAIL, "wrong", "shape")),
        report(at(1, Verdict.FAIL, "wrong\nnote      twice", "shape")),
        report(at(1, Verdict.FAIL, "wrong\nnote      twice", "shape")),
    ]
    found = failures(*(grade(Student(str(number)), one) for number, one in enumerate(reports)))
    assert found == [("wrong: twice", 2), ("wrong", 1), ("wrong", 1), ("wrong", 1)]


def test_submission_that_does_not_load_is_one_failure(everybody):
    view = overview.of(everybody)
    found = [one for one in (*view.common, *view.rarer) if one.kind.startswith("load")]
    assert [(one.check, len(one.students)) for one in found] == [(None, 1), (None, 1)]


def test_a_submission_that_does_not_load_is_one_failure():
    """Hidden checks say less of it."""
    public = report(everywhere(Verdict.FAIL, "lora.py cannot be loaded: NameError: no x", "load raised NameError"))
    (exercise,) = public.exercises
    checks = [
        dataclasses.replace(check, message="failed on a hidden case (load raised NameError)") if check.hidden else check
        for check in exercise.checks
    ]
    told = dataclasses.replace(public, exercises=(dataclasses.replace(exercise, checks=tuple(checks)),))
    (failure_,) = overview.of(results([grade(ANN, told)])).common
    assert failure_.says == "lora.py cannot be loaded: NameError: no x"


def test_all_who_fail_alike_are_linked():
    wrong = report(at(3, *failure("wrong")))
    page = index(*(grade(Student(f"s{number}"), wrong) for number in range(5)))
    links = [link for link in page.all("href") if link.endswith("#check-lora.1.graph") and "/" in link]
    assert Counter(links)["students/s4.html#check-lora.1.graph"] == 1
    assert Counter(links)["students/s0.html#check-lora.1.graph"] >= 2


def concerns(*grades: Grade) -> dict[str, list[tuple[str, str]]]:
    return {
        one.why: [(who.key or who.name, detail) for who, detail in one.students]
        for one in overview.of(results(list(grades))).concerns
    }


def test_who_needs_a_look_is_listed():
    assert concerns(*lesson.special()) == {
        "No final score, by our own fault": [
            ("Bo Broken", "grade again"),
            ("Otto Ours", "class.zip/ours: cannot be read here"),
        ],
        "Nothing could be graded": [("Cara Corrupt", "class.zip/corrupt/hw.zip: is not complete")],
        "The grader itself failed at a check": [
            ("Pat Partly", "lora.1.rslora: oracle of lora, probe `delta`: it raised"),
            ("Bo Broken", "lora.1.product: oracle of lora: it raised (and 23 more)"),
        ],
        "Tried what is forbidden": [
            ("Ivy Import", "lora.1.product: your file imports peft, which this exercise forbids (and 23 more)")
        ],
        "Hung, hit a limit, or ended its process": [
            ("Hal Halting", "lora.1.graph: your code did not answer within 10 seconds"),
            ("Max Memory", "lora.2.output: your code needed more than 512 MiB"),
        ],
        "Graded with less than full isolation": [("Una Confined", "none")],
        "Marked late": [("Petra Late", "handed in 2026-03-02 09:30 UTC")],
        "Noted while reading the submission": [(f"Robert {MEANING}", f"two files {MEANING}")],
    }


def test_nobody_needs_a_look_in_a_usual_class():
    assert concerns(*lesson.usual(5)) == {}


def test_students_of_one_name_are_told_apart(all_pages):
    assert "Kim Lee twin one #1" in all_pages["index.html"].words
    assert "Kim Lee twin-2" in all_pages["index.html"].words
    assert "students/twin%20one%20%231.html" in all_pages["index.html"].all("href")


def test_time_is_told():
    slow = dataclasses.replace(PERFECT.exercises[0].checks[5], duration_s=7.5)
    exercise = PERFECT.exercises[0]
    checks = (*exercise.checks[:5], slow, *exercise.checks[6:])
    slowed = dataclasses.replace(PERFECT, exercises=(dataclasses.replace(exercise, checks=checks),))
    time = overview.of(results([grade(ANN, PERFECT), grade(BEN, slowed)])).time
    assert (time.longest.name, time.slowest[0].check.id, time.slowest[0].longest_s) == ("Ben", slow.id, 7.5)
    assert time.total_s == pytest.approx(sum(check.duration_s for check in (*PERFECT.checks, *checks)))


# ---- how it looks


def colours(style: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]+)", style))


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


TEXT_ON = [
    (text, on) for text in ("ink", "quiet", "link", "fail") for on in ("ground", "paper")
] + [("ink", "code"), ("pass", "pass-fill"), ("on-fill", "fail-fill"), ("on-fill", "broken-fill"),
     ("todo", "todo-fill"), ("ink", "skipped-fill"), ("ink", "todo-fill")]  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_on_its_ground(scheme):
    style = (Path(overview.__file__).parent / "page.css").read_text()
    light, _, dark = style.partition("@media screen and (prefers-color-scheme: dark)")
    palette = colours(light) | (colours(dark.partition("* {")[0]) if scheme == "dark" else {})
    for text, on in TEXT_ON:
        lighter, darker = sorted((luminance(palette[text]), luminance(palette[on])), reverse=True)
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5, f"{text} on {on}"


# Measures pages in frames of several widths, in both schemes; a frame follows the scheme of what it stands in.
HARNESS = """
<!doctype html><meta charset="utf-8"><pre id="found"></pre><script>
const wanted = %s, found = [];
for (const [name, page, width, scheme] of wanted) {
  const frame = document.createElement("iframe");
  frame.style = `width: ${width}px; height: 800px; border: 0; color-scheme: ${scheme}`;
  frame.onload = () => {
    const inside = frame.contentDocument, root = inside.documentElement;
    found.push({
      name, width, scheme, scrolls: root.scrollWidth, text: inside.body.innerText,
      ground: frame.contentWindow.getComputedStyle(inside.body).backgroundColor,
    });
    document.getElementById("found").textContent = JSON.stringify(found);
  };
  frame.srcdoc = page;
  document.body.append(frame);
}
</script>
"""


def browser(page: Path, profile: Path) -> subprocess.CompletedProcess[str]:
    """What a browser makes of a page, as HTML, and what it says."""
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
    options += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    options += ["--enable-logging=stderr", f"--user-data-dir={profile}", "--virtual-time-budget=20000", "--dump-dom"]
    environment = os.environ | {"HOME": str(profile)}
    command = [str(CHROMIUM), *options, page.as_uri()]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=True)


@pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium to look at pages with")
def test_a_browser_shows_pages_at_every_width_in_both_schemes(tmp_path, everybody):
    made = dict(render(everybody))
    shown = {
        "index.html": "Most common failures",
        "students/markup.html": "Hint",
        "students/long.html": "All checks pass",
    }
    wanted = [
        [path, made[path], width, scheme]
        for path in shown
        for width, scheme in [(360, "light"), (360, "dark"), (1200, "light")]
    ]
    harness = tmp_path / "harness.html"
    harness.write_text(HARNESS % json.dumps(wanted).replace("<", "\\u003c"), "utf-8")
    done = browser(harness, tmp_path / "profile")
    assert "CONSOLE" not in done.stderr
    found = json.loads(html.unescape(re.search('<pre id="found">(.*?)</pre>', done.stdout, re.S)[1]))
    assert len(found) == len(wanted)
    for one in found:
        assert one["scrolls"] <= one["width"], one["name"]
        assert shown[one["name"]] in one["text"]
    assert {one["ground"] for one in found if one["scheme"] == "light"} == {"rgb(247, 247, 245)"}
    assert {one["ground"] for one in found if one["scheme"] == "dark"} == {"rgb(20, 23, 27)"}
