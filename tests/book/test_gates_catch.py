"""Each gate passes on a small built paper and catches the fault that is planted in it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from book.browser import CHROMIUM, NO_BROWSER, SIZES, Visits, open_browser
from book.built import Page, pages, sheets
from book.chapters import Chapter
from book.forbidden import forbidden_claims
from book.small import ALT, CAPTION, PAGE, SHEET, small_checklist, small_ledger, small_pdf, small_site
from book.typed import typed_numbers
from livingpaper.build.cache import mark_of
from livingpaper.build.project import Project
from livingpaper.build.reproduce import MADE, ReproductionError, differences, reproduce
from livingpaper.build.state import state
from playwright.sync_api import Browser
from pypdf import PdfReader

from book import gates, gates_pdf


def page_with(folder: Path, old: str = "", new: str = "") -> Page:
    """Return the small page with one thing in it replaced."""
    assert old in PAGE
    return Page(small_site(folder, PAGE.replace(old, new) if old else PAGE) / "page.html")


HOLES = {
    "died.": [
        "died (nan).",
        "died (95% CI nan to 4).",
        "died ( to ).",
        "died, p = .",
        "died ??.",
        "died: None.",
    ],
    "<td>22</td>": ["<td>nan</td>", "<td><p>None</p></td>", "<td>-inf</td>"],
    "Back": [
        "Left out of this draft: words",
        "{result}`a`",
        "{numref}`fig-a`",
        "[[a]]",
        "Traceback",
        "KeyError: 'a'",
        "&lt;b ",
    ],
}


def test_a_whole_page_has_no_hole(tmp_path: Path) -> None:
    assert gates.page_holes(page_with(tmp_path)) == []


@pytest.mark.parametrize(("old", "new"), [(old, new) for old, all_ in HOLES.items() for new in all_])
def test_a_hole_in_a_page_is_caught(tmp_path: Path, old: str, new: str) -> None:
    assert gates.page_holes(page_with(tmp_path, old, new))


@pytest.mark.parametrize(
    "line", ["died nan", "CI nan to 4", "see ??", "died = ,", "{result}`a`", "died: None"]
)
def test_a_hole_on_a_sheet_is_caught(tmp_path: Path, line: str) -> None:
    whole = sheets(small_pdf(tmp_path / "a.pdf", SHEET))
    assert gates_pdf.sheet_holes(whole) == []
    assert gates_pdf.sheet_holes(sheets(small_pdf(tmp_path / "b.pdf", [*SHEET, line])))


def test_a_number_typed_by_hand_is_caught() -> None:
    assert typed_numbers(Chapter("a", "Of them, {result}`a` died.").prose) == []
    assert typed_numbers(Chapter("a", "Of them, 22 died.").prose) == ["22"]


def test_a_number_that_is_not_the_ledgers_is_caught(tmp_path: Path) -> None:
    assert gates.number_faults(page_with(tmp_path), [("a", "22")]) == []
    faults = gates.number_faults(page_with(tmp_path), [("a", "23")])
    assert faults == ["a is printed as '22', the ledger says otherwise", "a is not printed as '23'"]


@pytest.mark.parametrize("printed", ["23 C died", "122 C died", "1.22 C died", "22 S died", "2.2 C died"])
def test_a_number_that_the_pdf_prints_otherwise_is_caught(tmp_path: Path, printed: str) -> None:
    numbers = page_with(tmp_path).printed
    assert numbers == ["22C"]
    assert gates.not_printed(numbers, sheets(small_pdf(tmp_path / "a.pdf", SHEET))) == []
    wrong = [line.replace("22 C died", printed) for line in SHEET]
    assert gates.not_printed(numbers, sheets(small_pdf(tmp_path / "b.pdf", wrong)))


def test_a_number_may_go_over_the_sheet_but_not_change_there() -> None:
    number, foot = "+3.7 points (95% CI −9.6 to +16.7)S", "Version 1.0.0 (2026-11-23) · protocol abc 36"
    first = f"a difference of +3.7 points (95%\n{foot}"
    assert gates.not_printed([number], [first, "Figure 2. A finding.\nCI −9.6 to +16.7)S above it"]) == []
    assert gates.not_printed([number], [first, "Figure 2. A finding.\nCI −9.6 to +16.8)S above it"])


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (ALT, "", "alternative text"),
        (f'alt="{ALT}"', "", "alternative text"),
        (CAPTION, "", "caption"),
        (CAPTION, CAPTION.removeprefix("Figure 1: "), "caption"),
        (CAPTION, f"Figure 1: {ALT}", "repeats"),
    ],
)
def test_a_figure_without_words_is_caught(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert gates.figure_faults(page_with(tmp_path)) == []
    (fault,) = gates.figure_faults(page_with(tmp_path, old, new))
    assert words in fault


@pytest.mark.parametrize(
    "link", ["#nowhere", "gone.html", "page.html#nowhere", "../../outside.html", "http://doi.org/1", "https://a.example"]
)  # fmt: skip
def test_a_broken_or_unknown_link_is_caught(tmp_path: Path, link: str) -> None:
    whole = small_site(tmp_path / "whole")
    assert gates.link_faults(pages(whole), whole) == []
    site = small_site(tmp_path / "site", PAGE.replace('href="#top"', f'href="{link}"'))
    (fault,) = gates.link_faults(pages(site), site)
    assert link in fault


@pytest.mark.parametrize(
    "tag",
    [
        '<script src="https://cdn.example/a.js"></script>',
        '<link rel="stylesheet" href="//cdn.example/a.css">',
        '<img src="http://a.example/a.png">',
    ],
)
def test_a_page_that_loads_from_elsewhere_is_caught(tmp_path: Path, tag: str) -> None:
    assert gates.outside_loads(page_with(tmp_path)) == []
    assert len(gates.outside_loads(page_with(tmp_path, "<h1", f"{tag}<h1"))) == 1


@pytest.mark.parametrize(
    "css", ['@import "https://a.example/a.css";', "a{background:url(//a.example/a.png)}"]
)
def test_a_style_that_loads_from_elsewhere_is_caught(css: str) -> None:
    assert gates.outside_styles("a.css", "a{background:url(a.png)}") == []
    assert len(gates.outside_styles("a.css", css)) == 1


@pytest.mark.parametrize("old", ["Synthetic cohort", "commit abc1234567", "data 0123456789ab"])
def test_a_page_without_warning_or_stamp_is_caught(tmp_path: Path, old: str) -> None:
    assert gates.stamp_faults(page_with(tmp_path)) == []
    assert len(gates.stamp_faults(page_with(tmp_path, old, ""))) == 1


def test_a_patient_in_the_build_is_caught(tmp_path: Path) -> None:
    files = list(small_site(tmp_path).iterdir())
    assert gates.patients(files) == []
    (tmp_path / "a.svg").write_text("<text>SYN-0001</text>")
    assert gates.patients(files) == ["a.svg holds SYN-0001"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('[{"drug": "A", "share": 0.2}]', str([{"drug": 1}] * 251).replace("'", '"')),
        ('"drug": "A"', '"patient_id": 1'),
        ('data-chart="fig-a"', 'data-chart="fig-b"'),
    ],
)
def test_a_chart_of_single_patients_and_a_figure_without_a_chart_are_caught(
    tmp_path: Path, old: str, new: str
) -> None:
    assert gates.chart_faults(page_with(tmp_path)) == []
    assert len(gates.chart_faults(page_with(tmp_path, old, new))) == 1


def test_a_dead_anchor_of_a_checklist_is_caught(tmp_path: Path) -> None:
    ids = page_with(tmp_path).ids
    assert gates.dead_anchors([small_checklist()], ids) == []
    assert gates.dead_anchors([small_checklist("gone")], ids) == ["STROBE 1: no gone"]


CLAIMS = {
    "There was no difference between the drugs.": "no difference",
    "There was no significant difference between the drugs (p = 0.80).": "no difference",
    "The drugs have similar mortality.": "similarity",
    "Similar survival was seen in both arms.": "similarity",
    "There was a trend towards fewer deaths.": "trend",
    "Anakinra has a protective effect.": "direction",
    "The data show a harmful effect (−1.0 to +2.0 points).": "direction",
    "The risk ratio of 0.80 (95% CI 0.60 to 1.20) is a protective effect.": "direction",
    "We found fewer deaths.": "synthetic",
    "Among our patients, few died.": "synthetic",
    "This real-world evidence matters.": "synthetic",
    "The results demonstrate a benefit.": "synthetic",
}
ALLOWED = [
    "There was no difference larger than a few points (95% CI −6.9 to +9.8).",
    "Similar mortality? Anakinra versus baricitinib re-examined",
    "Is that similar mortality?",
    "The published counts do not show similar mortality.",
    "Similar mortality within five points is not shown.",
    "The original study concluded that the drugs have similar mortality.",
    "The words “similar mortality” need a margin.",
    "Whether two drugs lead to similar mortality is a question of equivalence.",
    "For a result read as \"no difference\" the other question matters more.",
    "A protective effect (risk difference −9.0 to −1.0 points) remains.",
    "The risk ratio of 0.80 (95% CI 0.60 to 0.90) is a protective effect.",
    "That is a reason to look further, not a demonstration.",
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "reason"), CLAIMS.items())
def test_a_claim_beyond_the_numbers_is_caught(sentence: str, reason: str) -> None:
    (fault,) = forbidden_claims([f"First this. {sentence} Then that."], small_ledger())
    assert reason in fault
    assert fault.endswith(sentence)


@pytest.mark.parametrize("sentence", ALLOWED)
def test_questions_denials_and_quotations_are_let_off(sentence: str) -> None:
    assert forbidden_claims([sentence], small_ledger()) == []


def test_similarity_may_be_said_once_it_is_shown() -> None:
    claim = ["The drugs have similar mortality."]
    assert forbidden_claims(claim, small_ledger(p=0.01)) == []
    assert forbidden_claims(claim, small_ledger().iloc[1:]) != []  # no such row: not shown


def test_a_denial_does_not_spread_to_the_next_sentence() -> None:
    assert forbidden_claims(["This is not shown. The drugs have similar mortality."], small_ledger())


def test_faults_of_a_pdf_are_caught(tmp_path: Path) -> None:
    whole = PdfReader(small_pdf(tmp_path / "a.pdf", SHEET))
    assert gates_pdf.font_faults(whole) == ["/F1 /Helvetica is not embedded"]
    assert gates_pdf.size_faults(whole) == []
    assert len(gates_pdf.size_faults(PdfReader(small_pdf(tmp_path / "b.pdf", SHEET, size=(612, 792))))) == 1
    assert gates_pdf.thin_sheets(sheets(tmp_path / "a.pdf")) == []
    assert len(gates_pdf.thin_sheets(sheets(small_pdf(tmp_path / "c.pdf", SHEET[:1])))) == 1
    assert gates_pdf.without("Version 1.0.0", sheets(tmp_path / "a.pdf")) == []
    assert gates_pdf.without("Version 1.0.1", sheets(tmp_path / "a.pdf")) == ["sheet 1 lacks 'Version 1.0.1'"]


@pytest.mark.parametrize(
    "line",
    [
        "Overfull \\hbox (14.9pt too wide) in alignment at lines 1--2",
        "Missing character: There is no ⁹ in font TeX Gyre Pagella!",
        "LaTeX Warning: Hyper reference `book/a:fig-a' on page 1 undefi\nned on input line 9.",
        "LaTeX Warning: There were undefined references.",
    ],
)
def test_what_latex_says_is_caught(line: str) -> None:
    assert gates_pdf.log_faults("Overfull \\hbox (0.9pt too wide) in paragraph\nOutput written.") == []
    assert gates_pdf.log_faults(f"Before.\n{line}\nAfter.")


def made(folder: Path, text: str = "same") -> Path:
    """Write what a build leaves behind."""
    small_site(folder / "html", text)
    (folder / "paper.pdf").write_bytes(b"%PDF")
    return folder


def test_builds_that_differ_are_caught(tmp_path: Path) -> None:
    one = made(tmp_path / "one")
    assert differences(one, made(tmp_path / "same")) == []
    assert differences(one, made(tmp_path / "b", "some")) == [
        "html/page.html: byte 1 of 4 and 4: b'same' and b'some'"
    ]
    (one / "html" / "more.html").touch()
    assert differences(one, tmp_path / "same") == ["html/more.html: only in one of the two"]
    assert differences(tmp_path / "none", tmp_path / "none") == ["nothing was built"]


@pytest.fixture
def repository(tmp_path: Path) -> Project:
    """Return a repository of one commit."""
    (tmp_path / "paper").mkdir()
    for name in ("protocol.toml", "paper.toml"):
        (tmp_path / "paper" / name).touch()
    (tmp_path / "paper" / "_toc.yml").write_text("root: index\n")
    (tmp_path / "paper" / ".gitignore").write_text("_build\n")
    name = ["-c", "user.name=The maintainers", "-c", "user.email=maintainers@example.org"]
    for step in (["init", "-q"], ["add", "-A"], [*name, "commit", "-q", "-m", "Start"]):
        subprocess.run(["git", "-C", str(tmp_path / "paper"), *step], check=True)
    return Project(tmp_path / "paper")


def test_a_build_that_prints_its_folder_is_not_reproducible(repository: Project) -> None:
    def build(copy: Path) -> None:
        made(copy / "_build", f"<p>{copy.name}</p>" if copy.joinpath("protocol.toml").is_file() else "")

    with pytest.raises(ReproductionError, match=r"html/page\.html: byte 4 .*one.*other"):
        reproduce(repository, build=build)


def test_a_build_that_does_not_is_reproducible_and_leaves_nothing(repository: Project) -> None:
    copies = []

    def build(copy: Path) -> None:
        copies.append(made(copy / "_build"))

    assert reproduce(repository, build=build) == 3
    assert len({copy.parent for copy in copies}) == 2
    assert not any(copy.exists() for copy in copies)


def test_what_is_built_here_of_this_commit_is_one_of_the_two(repository: Project) -> None:
    copies = []

    def build(copy: Path) -> None:
        copies.append(made(copy / "_build"))

    made(repository.build, "other")
    for name in MADE:
        mark_of(repository.build / name).write_text(state(repository))
    with pytest.raises(ReproductionError, match=r"html/page\.html: byte 0 of 5 and 4: b'other' and b'same'"):
        reproduce(repository, build=build)
    assert len(copies) == 1
    os.utime(mark_of(repository.build / "machine"), (9, 9))  # made from earlier pages
    assert reproduce(repository, build=build) == 3
    assert len(copies) == 3
    mark_of(repository.build / "machine").touch()
    (repository.root / "protocol.toml").write_text("changed")
    assert reproduce(repository, build=build) == 3
    assert len(copies) == 5


needs_browser = pytest.mark.skipif(NO_BROWSER or not CHROMIUM.is_file(), reason="no Chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@needs_browser
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")  # of playwright
def test_what_a_browser_sees_is_caught(browser: Browser, tmp_path: Path) -> None:
    """One window for all: asking the network, complaining, missing pictures, too wide, too faint."""
    charted = PAGE.replace('data-chart="fig-a"', "")  # the page has no script that draws
    faults = {
        "": None,
        '<img src="https://a.example/a.png">': "asks the network: https://a.example/a.png",
        "<script>console.error('bad')</script>": "error: bad",
        "<script>throw new Error('worse')</script>": "error: worse",
        '<img src="gone.png">': "a picture is missing",
        '<div style="width:3000px">x</div>': "something reaches over the right edge",
        '<p style="color:#ddd">x</p>': "text too faint to read",
    }
    for size in SIZES:
        window = Visits.of(browser, size)
        for number, (tag, words) in enumerate(faults.items()):
            site = small_site(tmp_path / f"{size}{number}", charted.replace("</article>", f"{tag}</article>"))
            found = window.faults(site / "page.html")
            assert (found == []) if words is None else any(words in fault for fault in found), found
        window.context.close()


@needs_browser
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_text_too_faint_in_the_dark_alone_is_caught(browser: Browser, tmp_path: Path) -> None:
    style = "<style>@media (prefers-color-scheme: dark) {p {color: #ddd}}</style>"
    site = small_site(tmp_path, PAGE.replace('data-chart="fig-a"', "").replace("</head>", f"{style}</head>"))
    found = Visits.of(browser, "desktop").faults(site / "page.html")
    assert found
    assert all(", dark: " in fault for fault in found), found
