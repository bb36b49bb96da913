"""The file that installs itself, as an ordinary user, on a machine without a network."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.verify.installer.conftest import NEW, SCREEN, Machine

WHOLE, RUN, NEXT = "/files/whole/*.run", "/files/old/*.run", "/files/new/*.run"
PREFIX = "~/.local/lib/offline-studio"
SETUP = "bin/offline-studio-setup"


def test_a_window_installs_and_each_plugin_makes_something(
    machine: Machine, pictures: Callable[[Machine, str], Path]
) -> None:
    told = machine.good(
        f"{SCREEN}\nsh {WHOLE} & setup=$!\n"
        "shows 'Install Offline Studio'; picture offer; xdotool key Return\n"
        "during() { kill -0 $setup; sleep 0.2; }\n"
        f"until ls -d {PREFIX}/versions/*.part 2>/dev/null; do during; done; picture copying\n"
        "until [ -e ~/.local/bin/studio ]; do during; done; sleep 4; picture done\n"
        f"studio --version; du -sm {PREFIX} | cut -f1\n"
        "desktop-file-validate ~/.local/share/applications/offline-studio*.desktop\n"
        "pkill -f 'm [s]tudio_installation'; wait $setup || true\n"
        "! ls ~/.cache | grep setup"
    )
    print(told)
    for name in ("offer.png", "copying.png", "done.png"):
        pictures(machine, name)
    assert "Offline Studio 0." in told
    tour = json.loads(machine.good("cd ~; studio tour --json --out made 2>tour.txt"))["tour"]
    plugins = json.loads(machine.good("studio plugins list --json"))["plugins"]
    makers = {each["plugin"] for each in tour}
    print(sorted(makers), machine.good("find ~/made -type f | wc -l"))
    assert makers >= {"chat", "code", "image", "lab", "molecules", "music"}  # voices are downloaded
    assert len(plugins) >= 7
    bundle = machine.good(
        "studio plugins install /files/plugin/studio*.whl --find-links /files/plugin --yes\n"
        "studio plugins on csv_plot; cd ~; studio plugins export csv_plot --to csv.studioplugin\n"
        "studio plugins remove csv_plot; studio plugins import csv.studioplugin --yes\n"
        "studio plugins on csv_plot; studio plugins show csv_plot"
    )
    assert "csv_columns" in bundle.replace("-", "_")
    machine.good(f"{SCREEN}\nstudio & shows 'Offline Studio'; sleep 20; picture studio; kill $!")
    pictures(machine, "studio.png")


def test_an_upgrade_over_a_running_studio_a_downgrade_and_the_end(
    machine: Machine, pictures: Callable[[Machine, str], Path]
) -> None:
    machine.good(f"sh {RUN} --text")
    told = machine.good(
        f"{SCREEN}\nstudio & run=$!\nshows 'Offline Studio'\n"
        f"old=$(readlink -f {PREFIX}/current)\n"
        f"sh {NEXT} --text; studio --version\n"
        "kill -0 $run; test -e $old/release.json && echo the old one is whole\n"
        f"! $old/{SETUP} --uninstall --text 2>&1\n"
        "kill $run; wait $run || true\n"
        f"sh {RUN} --text && studio --version\n"
        f"ls {PREFIX}/versions"
    )
    assert f"Offline Studio {NEW} is installed" in told
    assert "the old one is whole" in told
    assert "Offline Studio is open, so it cannot be uninstalled" in told
    gone = machine.good(
        f"current=$(readlink -f {PREFIX}/current)\n"
        "file=$(echo $current/python/lib/python3*/site-packages/studio/__main__.py)\n"
        "damage() { echo damage > $file; }\n"
        f"damage; $current/{SETUP} --repair --text; studio --version\n"
        f"{SCREEN}\ndamage; $current/{SETUP} --repair & setup=$!\n"
        "shows 'Repair Offline Studio'; picture repair; xdotool key Return\n"
        "while grep -q ^damage $file; do sleep 1; done; sleep 3; picture repaired\n"
        "studio --version; kill $setup; wait $setup || true\n"
        f"$current/{SETUP} --uninstall & setup=$!\n"
        "shows 'Uninstall Offline Studio'; picture uninstall; xdotool key Return\n"
        f"while [ -e {PREFIX} ]; do sleep 0.5; done; picture uninstalled\n"
        "test ! -e ~/.local/bin/studio; test -d ~/.local/share/offline-studio/library\n"
    )
    for name in ("repair", "repaired", "uninstall", "uninstalled"):
        pictures(machine, f"{name}.png")
    assert "One file was damaged" in gone


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


def disk(megabytes: int, place: str) -> tuple[str, ...]:
    """Return the words for a small disk of its own at ``place``."""
    return ("--size", str(megabytes * 2**20), "--tmpfs", place, "--chmod", "0777", place)


FILL = "fallocate -l $(df --output=avail -B1 $1 | tail -1) $1/hog 2>/dev/null"


def test_a_disk_that_is_full_before_or_meanwhile_changes_nothing(machine: Machine) -> None:
    lib = "/home/anna/.local/lib"
    machine.good("mkdir -p ~/.local/lib ~/.cache")
    full = machine.run(f"sh {RUN} --text", options=disk(20, "/home/anna/.cache"))
    assert full.returncode == 1
    assert "There is not enough room in /home/anna/.cache" in full.stderr
    full = machine.run(f"sh {RUN} --text", options=disk(300, lib))
    assert full.returncode == 1
    assert "not enough room" in full.stderr
    # Room is checked first; what fills up meanwhile must do no harm either.
    told = machine.run(
        f"fill() {{ {FILL}; }}\nsh {RUN} --text & setup=$!\n"
        f"until ls -d {PREFIX}/versions/*.part >/dev/null 2>&1; do kill -0 $setup || break; done\n"
        f"fill {lib}; wait $setup; echo $?; rm {lib}/hog; ls {PREFIX}/versions\n"
        f"sh {RUN} --text; {PREFIX}/current/bin/studio --version",
        options=disk(2500, lib),
    )
    assert "not enough room" in told.stderr, told
    assert told.stdout.splitlines()[0].startswith(("1", "Copying")), told
    assert "Offline Studio 0." in told.stdout, told


@pytest.mark.parametrize(
    "step",
    [
        "ls -d ~/.cache/offline-studio-setup.*",
        f"ls -d {PREFIX}/versions/{NEW}-*.part",
        f"ls {PREFIX}/versions/{NEW}-*.part/python/lib",
        f"ls {PREFIX}/versions/{NEW}-*[!t]/release.json",
        f"readlink {PREFIX}/current | grep {NEW}",
    ],
    ids=["unpacks itself", "begins to copy", "copies", "has copied", "is current"],
)
def test_an_installer_that_is_killed_leaves_a_studio_that_starts(
    machine: Machine, step: str
) -> None:
    machine.good(f"sh {RUN} --text")
    told = machine.run(
        f"sh {NEXT} --text & setup=$!\n"
        f"until {step} >/dev/null 2>&1; do kill -0 $setup || break; done\n"
        f"kill -9 $setup; pkill -9 -f 'm [s]tudio_installation'; wait\n"
        f"studio --version; ls {PREFIX}/versions"
    )
    assert "Offline Studio" in told.stdout, told
    print(told.stdout)
    assert f"Offline Studio {NEW} is installed" in machine.good(f"sh {NEXT} --text")
    left = machine.good(f"ls {PREFIX}/versions; ls ~/.cache")
    assert ".part" not in left
    assert "setup" not in left
