"""Modules in one file, as they were written.

Who embeds the widget loads it in one go, not import after import.
"""

import re
from collections.abc import Iterable, Mapping
from posixpath import dirname, join, normpath

IMPORT = re.compile(r'^import (?:\{[^}]*\} from )?"(\.[^"]+)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export ((?:async function|function|class|const) (\w+))", re.MULTILINE)
OTHER = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


def join_modules(sources: Mapping[str, str], root: str) -> str:
    """The module `root` after all that it imports, each in a function of its own, so that only exports meet.

    It goes where `root` is: addresses relative to `import.meta.url` are those of the root. Raises ValueError for an
    import or export that it does not know: known are `import { names } from "./path.js"`, without "as", and exported
    functions, classes and constants.
    """
    texts: dict[str, str] = {}
    _add(sources, root, texts)
    return "\n".join(texts.values())


def _add(sources: Mapping[str, str], path: str, texts: dict[str, str]) -> None:
    if path in texts:
        return
    source = sources[path]
    for name in IMPORT.findall(source):
        _add(sources, normpath(join(dirname(path), name)), texts)
    text = IMPORT.sub("", source)
    names = ", ".join(name for _, name in EXPORT.findall(text))
    text = EXPORT.sub(r"\1", text)
    if unknown := OTHER.search(text):
        raise ValueError(f"{path}: {unknown[0]}")
    texts[path] = f"// {path}\nexport const {{ {names} }} = (() => {{\n{text}\nreturn {{ {names} }};\n}})();\n"


def join_styles(sources: Mapping[str, str], paths: Iterable[str]) -> str:
    """The stylesheets, one after the other."""
    return "\n".join(f"/* {path} */\n{sources[path]}" for path in paths)
