"""The file that installs itself, as an ordinary user, on a machine without a network."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests.verify.installer.conftest import NEW, Machine

WHOLE, RUN, NEXT = "/files/whole/*.run", "/files/old/*.run", "/files/new/*.run"
SCREEN = "Xvfb :9 -screen 0 1280x800x24 >/dev/null 2>&1 & sleep 2; export DISPLAY=:9; openbox & "


def test_a_window_installs_and_each_plugin_makes_something(
    machine: Machine, pictures: Callable[[Machine, str], Path]
) -> None:
    told = machine.good(
        f"{SCREEN} sh {WHOLE} & setup=$!\n"
        "until xdotool search --name 'Install Offline Studio' >/dev/null 2>&1; do sleep 0.5; done\n"
        "sleep 1; import -window root /tmp/offer.png; xdotool key Return; sleep 5\n"
        "import -window root /tmp/copying.png\n"
        "until [ -e ~/.local/bin/studio ]; do sleep 1; kill -0 $setup; done; sleep 4\n"
        "import -window root /tmp/done.png\n"
        "studio --version; du -sm ~/.local/lib/offline-studio | cut -f1\n"
        "desktop-file-validate ~/.local/share/applications/offline-studio*.desktop\n"
        "ls ~/.cache"
    )
    print(told)
    for name in ("offer.png", "copying.png", "done.png"):
        pictures(machine, name)
    assert "Offline Studio 0." in told
    tour = machine.good("cd ~; studio tour --out made >tour.txt 2>&1 || { cat tour.txt; exit 1; }")
    print(tour, machine.good("cat ~/tour.txt; find ~/made -type f | wc -l"))
    plugins = machine.good("studio plugins list --json")
    shipped = [each for each in json.loads(plugins)["plugins"] if each.get("built_in", True)]
    assert len(shipped) >= 7
    bundle = machine.good(
        "studio plugins install /files/plugin/studio*.whl --find-links /files/plugin --yes\n"
        "studio plugins on csv_plot; studio plugins list"
    )
    assert "csv" in bundle.lower()


def test_an_upgrade_over_a_running_studio_a_downgrade_and_the_end(machine: Machine) -> None:
    machine.good(f"sh {RUN} --text")
    told = machine.good(
        f"{SCREEN} studio & sleep 20; kill -0 $!\n"
        "old=$(readlink -f ~/.local/lib/offline-studio/current)\n"
        f"sh {NEXT} --text; studio --version\n"
        "kill -0 $!; test -e $old/release.json && echo the old one is whole\n"
        "kill $!; wait $! || true\n"
        f"sh {RUN} --text && studio --version\n"
        "ls ~/.local/lib/offline-studio/versions"
    )
    assert f"Offline Studio {NEW} is installed" in told
    assert "the old one is whole" in told
    gone = machine.good("offline=$(readlink -f ~/.local/lib/offline-studio/current)/bin\n"
        "echo damage > $(dirname $offline)/python/lib/python3.11/site-packages/studio/__main__.py\n"
        "$offline/offline-studio-setup --repair --text; studio --version\n"
        "$offline/offline-studio-setup --uninstall --text\n"
        "test ! -e ~/.local/lib/offline-studio; test ! -e ~/.local/bin/studio\n"
        "test -d ~/.local/share/offline-studio/library"
    )  # fmt: skip
    assert "1 files were damaged" in gone
    assert "Your library stays" in gone


def test_a_path_with_spaces_and_umlauts_a_second_user_and_a_folder_nobody_may_write(
    machine: Machine,
) -> None:
    place = "/srv/Müller & Söhne/Offline Studio"
    machine.good(f"mkdir -p '{place}'; sh {RUN} --text --to '{place}'", "root")
    for user in ("anna", "bert"):
        told = machine.good(
            f"cd ~; '{place}/current/bin/studio' library list",
            user,
            ("--ro-bind", str(machine.layer / "rw/srv"), "/srv"),
        )
        assert "No results" in told, told
    refused = machine.run(f"sh {NEXT} --text --to '{place}'", "bert")
    assert refused.returncode == 1
    assert "cannot be written to" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_full_disk_and_kills_on_the_way_leave_what_was_there(machine: Machine) -> None:
    lib = "/home/anna/.local/lib"
    small = ("--size", str(300 * 2**20), "--tmpfs", lib, "--chmod", "0777", lib)
    full = machine.run(f"sh {RUN} --text", options=small)
    assert full.returncode == 1
    assert "not enough room" in full.stderr
    # Room is checked first; what fills up meanwhile must do no harm either.
    narrow = (
        "--size",
        str(900 * 2**20),
        "--tmpfs",
        "/home/anna/.local/lib",
        "--chmod",
        "0777",
        "/home/anna/.local/lib",
    )
    told = machine.run(
        f"sh {RUN} --text & setup=$!\n"
        "until ls ~/.local/lib/offline-studio/versions >/dev/null 2>&1; do sleep 0.2; "
        "done; head -c 600M /dev/zero > ~/.local/lib/hog; wait $setup; echo $?; "
        "rm ~/.local/lib/hog; ls ~/.local/lib/offline-studio/versions; "
        f"sh {RUN} --text; ~/.local/lib/offline-studio/current/bin/studio --version",
        options=narrow,
    )
    assert "not enough room" in told.stderr, told
    assert "Offline Studio 0." in told.stdout, told
    machine.good(f"sh {RUN} --text")
    for seconds in (1, 4, 9, 16):
        told = machine.run(
            f"sh {NEXT} --text & sleep {seconds}; pkill -9 -f 'm [s]tudio_installation'; wait\n"
            "studio --version; ls ~/.local/lib/offline-studio/versions"
        )
        assert "Offline Studio" in told.stdout, (seconds, told)
        print(seconds, told.stdout)
    assert f"Offline Studio {NEW} is installed" in machine.good(f"sh {NEXT} --text")
    left = machine.good("ls ~/.local/lib/offline-studio/versions ~/.cache")
    assert ".part" not in left
    assert "setup" not in left
