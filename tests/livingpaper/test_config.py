"""What the machinery knows of a paper: read from one file, errors named, defaults that suffice."""

from __future__ import annotations

from pathlib import Path

import pytest
from livingpaper.book.choices import choice_words
from livingpaper.build.project import Project, find_project
from livingpaper.config import ConfigError, config

SMALL = '[origins.public]\nmark = "R"\nsays = "public data"\n'


def paper(folder: Path, text: str = SMALL, protocol: str = "") -> Project:
    (folder / "paper.toml").write_text(text)
    if protocol:
        (folder / "protocol.toml").write_text(protocol)
    return Project(folder)


def test_the_smallest_paper(tmp_path: Path) -> None:
    found = config(paper(tmp_path))
    assert found.marks == {"public": "R"}
    assert found.sentence("public") == found.sentence("design") == ""
    assert not found.blinded
    assert not found.draft
    assert not found.withholds("a.b")
    assert found.margins_of(found.plan()) == {}


def test_the_folder_of_a_paper_is_found_from_below(tmp_path: Path) -> None:
    (tmp_path / "book" / "deep").mkdir(parents=True)
    assert find_project(paper(tmp_path).root / "book" / "deep").root == tmp_path.resolve()
    with pytest.raises(
        FileNotFoundError, match=r"a paper\.toml must stand in .* go to the folder of a paper"
    ):
        find_project(Path("/"))


def test_choices_margins_and_switches_without_any_code(tmp_path: Path) -> None:
    text = SMALL + (
        '[choices]\nblinded = "study.blinded"\npercent = ["level"]\nplain = ["seed"]\n'
        '[margins]\nmargin = { choice = "test.margin_pp", per = 100 }\n[withheld]\nids = "a[.].*"\n'
    )
    choices = '[study]\nblinded = true\n[test]\nmargin_pp = 5.0\nlevel = 0.95\nseed = 2026\nn = 2000\nof = ["x", "y"]\n'
    mine = paper(tmp_path, text, choices)
    found = config(mine)
    assert found.blinded
    assert found.withholds("a.b")
    assert not found.withholds("b.a")
    assert found.margins_of(found.plan()) == {"margin": 0.05}
    said = [choice_words(mine, f"test.{name}") for name in ("margin_pp", "level", "seed", "n", "of")]
    assert said == ["5", "95%", "2026", "2,000", "x and y"]
    with pytest.raises(KeyError, match=r"no choice 'test\.x' in protocol\.toml; the section has \['level'"):
        choice_words(mine, "test.x")


def test_several_origins_in_a_caption(tmp_path: Path) -> None:
    text = (
        SMALL
        + 'sentence = "Public data."\n[origins.made]\nmark = "M"\nsays = "made up"\namong = "made-up data"\n'
    )
    found = config(paper(tmp_path, text))
    assert found.sentence("public") == "Public data."
    assert found.sentence("public+made") == "Rests on public data and made-up data."
    found = config(paper(tmp_path, f'{text}[mixed]\n"public+made" = "Both."\n'))
    assert found.sentence("public+made") == "Both."


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", r"origins: Field required; correct it"),
        ('[origins.a]\nmark = ""\nsays = "b"\n', r"origins\.a\.mark: String should have at least 1"),
        (SMALL + "[withheld]\nwords = 1\n", r"withheld\.words: Extra inputs are not permitted"),
        (SMALL + 'colours = ["red", "#000000"]\n', r"origins\.public\.colours\.0: String should match"),
        (SMALL + '[hooks]\nsimulate = "json.dumps"\n', r"hooks\.simulate: String should match pattern"),
        ("[origins", r"must be valid TOML, found: .*correct that line"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        config(paper(tmp_path, text))
    assert str(tmp_path / "paper.toml") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_hook_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    found = config(paper(tmp_path, SMALL + '[hooks]\nsimulate = "json:nothing"\n'))
    with pytest.raises(ConfigError, match="'json:nothing' leads nowhere"):
        found.hook(found.hooks.simulate)


def test_a_change_of_the_file_is_seen(tmp_path: Path) -> None:
    assert config(paper(tmp_path)).banner == ""
    assert config(paper(tmp_path, 'banner = "New."\n' + SMALL)).banner == "New."


def test_a_paper_without_the_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"stands in .*paper\.toml, there is none"):
        config(Project(tmp_path))


def test_every_hook_of_this_paper_leads_somewhere(project: Project) -> None:
    found = config(project)
    hooks = found.hooks.model_dump(exclude={"commands"}).values()
    commands = [command.run for command in found.hooks.commands.values()]
    given = [*hooks, *commands, found.choices.load, found.choices.words]
    assert len(list(filter(None, given))) >= 3
    for dotted in filter(None, given):
        assert callable(found.hook(dotted)), dotted
