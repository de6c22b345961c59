"""The documents say what the code does."""

import re
from pathlib import Path

import pytest
from tornado.options import options

import settings
from handlers import protocol
from handlers.methods import METHODS
from handlers.work import AUTH
from tests.service import ROOT

PROTOCOL = (ROOT / "docs" / "protocol.md").read_text()
README = (ROOT / "README.md").read_text()


def test_every_method_has_a_heading_in_the_protocol_and_no_other_has() -> None:
    headings = re.findall(r"^### `(\w+\.\w+) ", PROTOCOL, re.MULTILINE)
    assert sorted(headings) == sorted([*METHODS, AUTH])


def test_every_error_has_its_row_in_the_protocol() -> None:
    rows = set(re.findall(r"^\| (\d) \| `(.+?)` \|", PROTOCOL, re.MULTILINE))
    assert rows == {(str(error.code), error.message) for error in protocol.Error.__subclasses__()}


def test_every_setting_has_its_row_in_the_readme_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `--([\w-]+)` \| `?(.*?)`? \|", README, re.MULTILINE))
    defined = {name.replace("_", "-"): str(options[name] or "none") for name in options.group_dict(settings.GROUP)}
    assert rows == defined


@pytest.mark.parametrize("path", [*ROOT.glob("docs/*.md"), ROOT / "README.md"], ids=lambda path: path.name)
def test_every_link_leads_to_a_file(path: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", path.read_text()):
        assert (path.parent / link).exists(), link


def test_every_file_and_every_test_that_the_security_page_names_is_there() -> None:
    """A test in the file of tests that was named last."""
    quoted = re.findall(r"`([^`]+)`", (ROOT / "docs" / "security.md").read_text())
    names = [name for name in quoted if re.fullmatch(r"test_\w+|\w[\w/.-]*\.(py|js|conf|yaml)", name)]
    assert names
    tests = ""
    for name in names:
        if name.startswith("test_"):
            assert re.search(rf"^(async )?def {name}\(", tests, re.MULTILINE), name
        else:
            text = (ROOT / name).read_text()
            tests = text if name.startswith("tests/") else tests


def test_every_word_of_run_sh_that_the_documents_name_is_one() -> None:
    found = re.findall(r"^([\w| ]+)\)", (ROOT / "run.sh").read_text(), re.MULTILINE)
    words = {word for one in found for word in one.split(" | ")} | {"help"}
    for path in [*ROOT.glob("docs/*.md"), ROOT / "README.md"]:
        assert set(re.findall(r"\./run\.sh (\w+)", path.read_text())) <= words


@pytest.mark.parametrize("folder", ["", "tests", "bench"])
def test_every_requirement_is_pinned_with_hashes(folder: str) -> None:
    asked, locked = ((ROOT / folder / f"requirements.{suffix}").read_text() for suffix in ("in", "txt"))
    names = {line.partition("  #")[0] for line in asked.splitlines()}
    pins = re.findall(r"^(\S+==\S+)(?: ;[^\\]*)? \\\n    --hash=sha256:[0-9a-f]{64}\b", locked, re.MULTILINE)
    assert names <= set(pins)
    assert len(pins) == len(re.findall(r"^[^\s#]", locked, re.MULTILINE)), "./run.sh lock"
