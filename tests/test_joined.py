"""The widget's modules in one file."""

import re

import pytest

from handlers.joined import join_modules
from handlers.pages import WEB, Pages

SOURCES = {
    "a/root.js": 'import { one } from "../one.js";\nimport {\n  Two,\n} from "./two.js";\n\nexport const sum = one;\n',
    "a/two.js": 'import { one } from "../one.js";\n\nexport class Two extends one {}\n',
    "one.js": "const local = 2;\nexport function one() {}\nexport async function other() {}\n",
}


def test_each_module_comes_once_after_what_it_imports() -> None:
    joined = join_modules(SOURCES, "a/root.js")
    assert re.findall("^// (.*)", joined, re.MULTILINE) == ["one.js", "a/two.js", "a/root.js"]
    assert re.findall("^export const { (.*) } =", joined, re.MULTILINE) == ["one, other", "Two", "sum"]
    assert "import" not in joined


@pytest.mark.parametrize(
    "line", ['import words from "./words.js";', "export default 1;", "export { one };", 'export * from "./one.js";']
)
def test_what_it_does_not_know_it_refuses(line: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"one.js: {line}")):
        join_modules({"one.js": f"{line}\n"}, "one.js")


def test_the_widgets_file_is_its_modules_as_they_are_sent_alone() -> None:
    files = Pages(16_000, ()).files
    joined = files["widget/whole.js"].body.decode()
    parts = re.split(r"^// ([\w/-]+\.js)\n", joined, flags=re.MULTILINE)[1:]
    modules = dict(zip(parts[::2], parts[1::2], strict=True))
    assert {path.name for path in (WEB / "widget").glob("*.js")} <= {path.rpartition("/")[2] for path in modules}
    for path, text in modules.items():
        alone = [line for line in files[path].body.decode().splitlines() if not line.startswith(("import ", "} from "))]
        sent = set(text.splitlines())
        assert [line for line in alone if line.removeprefix("export ") not in sent] == [], path
