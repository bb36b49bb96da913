"""The guide as a static site, for a browser or paper: part of ``make docs``.

The pages need no server, no script and no network.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from studio.base.settings import Settings
from studio.guide import ENGLISH, Guide, html
from studio.plugins import PluginHost

if TYPE_CHECKING:
    from jinja2 import Template

_PICTURE = re.compile(r'<img src="(pictures/[\w-]+)-light\.png"([^>]*)>')
_PAGE = """\
<!DOCTYPE html>
<html lang="{{ language }}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{{ topic.title }} – Offline Studio</title>
<link rel="stylesheet" href="{{ up }}guide.css">
<nav>
{% for group, members in contents %}
<b>{{ group }}</b>
{% for other in members %}
<a href="{{ up }}{{ other.id }}.html">{{ other.title }}</a>
{% endfor %}
{% endfor %}
</nav>
<main>
{{ body | safe }}
</main>
</html>
"""
_STYLE = """\
:root { color-scheme: light dark; --ink: #1b1f2a; --paper: #ffffff; --mute: #667085;
  --line: #dde1e8; --accent: #4f5dff }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e7e9ee; --paper: #0f1117; --mute: #9aa1b1; --line: #2a2f3c; --accent: #7c8cff }
}
body { margin: 0; display: flex; color: var(--ink); background: var(--paper);
  font: 16px/1.55 Inter, system-ui, sans-serif }
nav { flex: 0 0 15rem; padding: 2rem 1.5rem; border-right: 1px solid var(--line); font-size: 14px }
nav b { display: block; margin: 1rem 0 .2rem; color: var(--mute) }
nav a { display: block; padding: .15rem 0 }
main { max-width: 46rem; min-width: 0; padding: 2rem 2.5rem }
a { color: var(--accent); text-decoration: none }
img { max-width: 100%; border: 1px solid var(--line); border-radius: 8px }
code, pre { font: 13px/1.5 "JetBrains Mono", monospace }
pre { padding: .8rem 1rem; overflow-x: auto; border: 1px solid var(--line); border-radius: 8px }
td, th { padding: .3rem 1rem .3rem 0; text-align: left; border-bottom: 1px solid var(--line) }
@media (max-width: 50rem) { body { display: block } nav { border: 0 } }
@media print { nav { display: none } }
"""


def write_site(folder: Path) -> int:
    """Write the pages in English, and those that have a German text below ``de``.

    Returns:
        How many pages there are.
    """
    with tempfile.TemporaryDirectory() as home:
        host = PluginHost(Settings(Path(home) / "settings.json"), Path(home) / "journals")
        english, german = Guide(host), Guide(host, language="de")
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(english.folder / "pictures", folder / "pictures")
        (folder / "guide.css").write_text(_STYLE, "utf-8")
        for topic in english.topics:
            _write(folder / f"{topic.id}.html", english, topic.id, ENGLISH)
        shutil.copy(folder / f"{english.topics[0].id}.html", folder / "index.html")
        own = sorted((english.folder / "de").glob("*.md"))
        for path in own:
            _write(folder / "de" / f"{path.stem}.html", german, path.stem, "de")
        return len(english.topics) + len(own)


@cache
def _template() -> Template:
    import jinja2

    return jinja2.Environment(autoescape=True, trim_blocks=True).from_string(_PAGE)


def _write(path: Path, guide: Guide, id: str, language: str) -> None:
    up = "" if language == ENGLISH else "../"
    body = re.sub(r'href="([\w-]+)\.md', rf'href="{up}\1.html', html(guide.text(id)))
    body = _PICTURE.sub(
        rf'<picture><source srcset="{up}\1-dark.png" media="(prefers-color-scheme: dark)">'
        rf'<img src="{up}\1-light.png"\2></picture>',
        body,
    )
    contents = [(group, list(of)) for group, of in groupby(guide.topics, lambda t: t.group)]
    path.parent.mkdir(exist_ok=True)
    page = _template().render(
        language=language, topic=guide.topic(id), contents=contents, body=body, up=up
    )
    path.write_text(page, "utf-8")
