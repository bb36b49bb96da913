"""The guide as a site: every page, every link, and nothing from the network."""

from __future__ import annotations

import re
from pathlib import Path

from guide_site import write_site


def test_links_of_the_site_lead_to_files_of_it(tmp_path: Path) -> None:
    count = write_site(tmp_path)
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) == count + 1, "and index.html"
    assert count > 20
    seen = 0
    for page in pages:
        text = page.read_text("utf-8")
        assert "<script" not in text
        for address in re.findall(r'(?:href|src|srcset)="([^"]+)"', text):
            name, _, anchor = address.partition("#")
            target = (page.parent / name).resolve() if name else page
            assert target.is_file(), f"{page.name}: {address}"
            assert not anchor or f'id="{anchor}"' in target.read_text("utf-8"), address
            seen += 1
    assert seen > 400, "the control: there are links"
    assert "--temperature" in (tmp_path / "chat.html").read_text("utf-8")
    assert 'lang="de"' in (tmp_path / "de/first-steps.html").read_text("utf-8")
