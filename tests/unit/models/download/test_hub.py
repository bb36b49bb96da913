"""From an address that was pasted to weights on the disk: whole, checked, and only from the hub."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.base import disk
from studio.base.settings import Settings
from studio.models import WeightsCatalogue
from studio.models.download import https, hub, hub_edition
from studio.models.download.https import Line
from studio.models.download.hub import Address
from studio.models.download.hub_edition import Order
from studio.protocol.errors import Cancelled, ErrorCode, StudioError
from tests.unit.models.download.toy_hub import COMMIT, ToyHub, tiny_gguf, toy_hub

pytestmark = pytest.mark.loopback
DATA = tiny_gguf()
NAME = "tiny-q8.gguf"
GET = """
import sys
from pathlib import Path
from studio.models.download import hub_edition as fetching, hub
from studio.models.download.https import Line
line = Line(sys.argv[1])
found = hub.look_up(hub.Address.parse("ada/tiny"), line)
fetching.fetch(fetching.Order(found, found.edition(sys.argv[3])), line, Path(sys.argv[2]))
"""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ToyHub]:
    monkeypatch.setattr(https, "PAUSES", (0.0, 0.0, 0.0))
    with toy_hub() as server:
        server.files = {NAME: DATA, "README.md": b"# tiny"}
        server.large = {NAME}
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "weights"


def order(server: ToyHub, name: str = NAME, *, convert: bool = False) -> Order:
    found = hub.look_up(Address.parse("ada/tiny"), Line(server.address))
    return Order(found, found.edition(name), convert)


def fetch(server: ToyHub, folder: Path, name: str = NAME) -> Path:
    return hub_edition.fetch(order(server, name), Line(server.address), folder)


def refusal(server: ToyHub, folder: Path, name: str = NAME) -> StudioError:
    with pytest.raises(StudioError) as caught:
        fetch(server, folder, name)
    return caught.value


def unfinished(folder: Path) -> Path:
    return folder / f"{NAME}.unfinished"


def begun(folder: Path, data: bytes, etag: str = '"one"') -> None:
    disk.make_folder(folder)
    unfinished(folder).write_bytes(data)
    (folder / f"{NAME}.unfinished.etag").write_text(etag)


# --- addresses ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ada/tiny", ("ada/tiny", "main", "")),
        (" https://huggingface.co/ada/tiny ", ("ada/tiny", "main", "")),
        ("hf.co/ada/tiny/tree/v2", ("ada/tiny", "v2", "")),
        (
            "https://huggingface.co/ada/tiny/resolve/main/sub/a%20b.gguf?download=true",
            ("ada/tiny", "main", "sub/a b.gguf"),
        ),
        ("https://huggingface.co/ada/tiny/blob/v1/t.gguf", ("ada/tiny", "v1", "t.gguf")),
    ],
)
def test_an_address_is_read(text: str, found: tuple[str, str, str]) -> None:
    address = Address.parse(text)
    assert (address.repository, address.revision, address.file) == found


@pytest.mark.parametrize(
    "text",
    [
        "", "tiny", "https://example.org/ada/tiny", "https://huggingface.co/datasets/ada/tiny",
        "ada/..", "../tiny", "ada/tiny/resolve/main/../../x", "ada/tiny/commits/main", "a b/c",
        "https://huggingface.co.example.org/ada/tiny",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(StudioError, match="not a model link") as caught:
        Address.parse(text)
    assert caught.value.code is ErrorCode.BAD_INPUT


# --- what there is ------------------------------------------------------------------------------


def test_the_list_says_what_can_be_chosen_and_how_large_it_is(server: ToyHub) -> None:
    server.files |= {
        "big-00001-of-00002.gguf": b"1" * 10, "big-00002-of-00002.gguf": b"2" * 20,
        "config.json": b"{}", "model.safetensors": b"s" * 50, "tokenizer.json": b"{}",
        "pytorch_model.bin": b"p" * 60, "../escape.gguf": b"x", "sub/../../up.gguf": b"x",
    }  # fmt: skip
    found = hub.look_up(Address.parse("ada/tiny"), Line(server.address))
    assert (found.commit, found.licence) == (COMMIT, "mit")
    rows = {edition.name: (edition.format, edition.bytes) for edition in found.editions}
    assert rows == {
        "big-00001-of-00002.gguf": ("gguf", 30),
        NAME: ("gguf", len(DATA)),
        "folder": ("safetensors", 54),
    }, "names that lead elsewhere, and pickles beside a safe edition, are not offered"


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (401, ErrorCode.NOT_FOUND, "requires an account"),
        (403, ErrorCode.NOT_FOUND, "requires an account"),
        (404, ErrorCode.NOT_FOUND, "no such repository"),
        (429, ErrorCode.BUSY, "in 7 seconds"),
        (503, ErrorCode.NOT_FOUND, "503"),
    ],
)
def test_a_refusal_of_the_hub_is_a_sentence(
    server: ToyHub, status: int, code: ErrorCode, words: str
) -> None:
    server.status = status
    with pytest.raises(StudioError) as caught:
        order(server)
    assert caught.value.code is code
    assert words in str(caught.value)


def test_without_a_connection_there_is_a_sentence(server: ToyHub, tmp_path: Path) -> None:
    with toy_hub() as gone:
        address = gone.address
    with pytest.raises(StudioError, match="The connection to"):
        Line(address).text("/")


# --- fetching -----------------------------------------------------------------------------------


def test_a_file_arrives_is_described_and_can_be_used(server: ToyHub, folder: Path) -> None:
    steps: list[tuple[int, int]] = []
    path = hub_edition.fetch(
        order(server), Line(server.address), folder, lambda done, total: steps.append((done, total))
    )
    assert path.read_bytes() == DATA
    assert steps == sorted(steps)
    assert steps[-1] == (len(DATA), len(DATA))
    (row,) = WeightsCatalogue([folder]).list("text")
    assert (row.id, row.licence, row.context, row.quantization) == ("tiny-q8", "mit", 512, "F32")
    assert row.source == {"hub": "ada/tiny", "revision": COMMIT, "file": NAME}
    assert WeightsCatalogue([folder]).verify(row.id).passed is True
    assert not list(folder.glob("*.unfinished*"))


def test_nothing_is_told_of_who_asks(server: ToyHub, folder: Path) -> None:
    fetch(server, folder)
    sent = {name for _, headers in server.asked for name in headers}
    assert sent <= {"Host", "User-Agent", "Accept-Encoding"}
    assert all(h["User-Agent"].startswith("offline-studio/") for _, h in server.asked)


def test_a_folder_arrives_whole(server: ToyHub, folder: Path) -> None:
    header = b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'
    tensors = len(header).to_bytes(8, "little") + header + b"\0" * 8
    server.files = {
        "config.json": b'{"architectures":["LlamaForCausalLM"],"model_type":"llama"}',
        "model.safetensors": tensors, "tokenizer.json": b"{}", "README.md": b"#",
    }  # fmt: skip
    server.large = {"model.safetensors"}
    path = fetch(server, folder, "folder")
    assert {each.name for each in path.iterdir()} == {
        "config.json", "model.safetensors", "tokenizer.json"
    }  # fmt: skip
    (row,) = WeightsCatalogue([folder]).list("text")
    assert (row.id, row.path) == ("ada-tiny", path)
    assert WeightsCatalogue([folder]).verify(row.id).passed is True, "the digest is of the whole"


def test_a_connection_that_is_cut_is_made_again(server: ToyHub, folder: Path) -> None:
    server.cut_after = [100_000, 50_000]
    assert fetch(server, folder).read_bytes() == DATA
    assert server.starts() == [0, 100_000, 150_000]


def test_a_line_that_is_cut_again_and_again_is_given_up_and_keeps_what_is_here(
    server: ToyHub, folder: Path
) -> None:
    server.cut_after = [1000, *[0] * 20]
    assert "download will resume" in str(refusal(server, folder))
    assert unfinished(folder).read_bytes() == DATA[:1000]
    server.cut_after = []
    assert fetch(server, folder).read_bytes() == DATA
    assert server.starts()[-1] == 1000


def test_a_part_of_another_version_is_not_gone_on_from(server: ToyHub, folder: Path) -> None:
    begun(folder, b"x" * 5000, etag='"older"')
    assert fetch(server, folder).read_bytes() == DATA
    _, headers = server.asked[-1]
    assert (headers["Range"], headers["If-Range"]) == ("bytes=5000-", '"older"')


def test_a_server_without_ranges_starts_anew(server: ToyHub, folder: Path) -> None:
    begun(folder, DATA[:5000])
    server.ranges = False
    assert fetch(server, folder).read_bytes() == DATA


def test_a_spoilt_part_is_found_out_and_thrown_away(server: ToyHub, folder: Path) -> None:
    begun(folder, b"x" * 5000)
    assert "does not match its checksum" in str(refusal(server, folder))
    assert list(folder.glob("*.unfinished*")) == []
    assert fetch(server, folder).read_bytes() == DATA


@pytest.mark.parametrize("name", [NAME, "config.json"])
def test_bytes_that_are_not_those_listed_are_thrown_away(
    server: ToyHub, folder: Path, name: str
) -> None:
    server.files |= {"config.json": b'{"a": 1}', "model.safetensors": b"s"}
    server.lies[name] = bytes(len(server.files[name]))
    error = refusal(server, folder, NAME if name == NAME else "folder")
    assert error.code is ErrorCode.BAD_WEIGHTS
    assert WeightsCatalogue([folder]).list() == []


def test_another_size_than_listed_is_refused_at_once(server: ToyHub, folder: Path) -> None:
    server.lies[NAME] = DATA + b"more"
    assert "invalid answer" in str(refusal(server, folder))


@pytest.mark.parametrize(
    "onward", ["https://example.org", "http://example.org", "file:///etc", "https://u:p@hf.co"]
)
def test_it_goes_nowhere_but_to_the_hub(server: ToyHub, folder: Path, onward: str) -> None:
    server.onward = onward
    error = refusal(server, folder)
    assert error.code is ErrorCode.UNSUPPORTED
    assert "not one of its own servers" in str(error)


def test_the_hubs_own_stores_are_known_by_the_end_of_their_names() -> None:
    from urllib.parse import urlsplit

    allowed = Line("https://huggingface.co")._is_allowed
    assert allowed(urlsplit("https://cdn-lfs-us-1.hf.co/x"))
    assert allowed(urlsplit("https://huggingface.co/x"))
    for other in ("https://evilhf.co", "https://hf.co.example.org", "http://hf.co", "ftp://hf.co",
                  "http://127.0.0.1"):  # fmt: skip
        assert not allowed(urlsplit(other)), other
    with pytest.raises(StudioError, match="not a valid server address"):
        Line("http://example.org")


def test_stop_ends_a_line_that_says_nothing(server: ToyHub, folder: Path) -> None:
    server.stall_after = 200_000
    wanted, line = order(server), Line(server.address)

    def stop() -> None:
        server.stalled.wait()
        until(lambda: unfinished(folder).exists())
        line.cut()

    threading.Thread(target=stop).start()
    with pytest.raises(Cancelled):
        hub_edition.fetch(wanted, line, folder)
    server.stall_after = -1
    here = unfinished(folder).stat().st_size
    assert fetch(server, folder).read_bytes() == DATA
    assert server.starts()[-1] == here


def test_after_a_kill_it_goes_on(server: ToyHub, folder: Path) -> None:
    server.stall_after = 200_000
    getter = subprocess.Popen(
        [sys.executable, "-c", GET, server.address, str(folder), NAME], env=dict(os.environ)
    )
    server.stalled.wait()
    until(lambda: unfinished(folder).exists() and unfinished(folder).stat().st_size > 0)
    getter.send_signal(signal.SIGKILL)
    getter.wait()
    assert not (folder / NAME).exists()
    server.stall_after = -1
    assert fetch(server, folder).read_bytes() == DATA
    assert server.starts()[-1] > 0


def test_a_disk_that_is_too_small_is_told_before_anything_comes(
    server: ToyHub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "free_bytes", lambda _: 1_000_000)
    assert refusal(server, folder).code is ErrorCode.DISK_FULL
    assert server.starts() == []


def test_what_is_in_the_way_stays(server: ToyHub, folder: Path) -> None:
    disk.make_folder(folder)
    (folder / NAME).write_bytes(b"mine")
    assert "already" in str(refusal(server, folder))
    assert (folder / NAME).read_bytes() == b"mine"


def test_a_pickle_is_refused_before_it_is_fetched(server: ToyHub, folder: Path) -> None:
    server.files = {"net.pth": b"\x80\x04" + b"x" * 100}
    server.large = {"net.pth"}
    error = refusal(server, folder, "net.pth")
    assert "--convert" in str(error)
    assert server.starts() == []


def test_what_came_but_is_no_weights_does_not_stay(server: ToyHub, folder: Path) -> None:
    server.files = {NAME: b"<html>not yet</html>"}
    assert "web page" in str(refusal(server, folder))
    assert [each.name for each in folder.iterdir() if not each.name.endswith(".lock")] == []


def test_the_switch_for_no_network_at_all_is_obeyed(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "settings.json")
    assert hub.line(settings).base.startswith("https://")
    settings.set(hub.NEVER, True)
    with pytest.raises(StudioError, match="Network access is turned off"):
        hub.line(settings)


def until(done: object) -> None:
    """Wait for a condition."""
    assert callable(done)
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.01)
