"""The package, by ``dpkg``, on a machine without a network."""

from __future__ import annotations

from tests.verify.installer.conftest import NEW, SCREEN, Machine


def test_a_package_is_installed_used_upgraded_while_it_runs_and_removed(machine: Machine) -> None:
    told = machine.good("dpkg -i /files/old/*.deb 2>&1; studio --version", "root")
    assert "Offline Studio 0." in told
    for user in ("anna", "bert"):
        assert "No results" in machine.good("studio library list", user)
    upgraded = machine.good(
        f"{SCREEN}\n"
        "setpriv --reuid=1000 --regid=1000 --clear-groups env HOME=/home/anna studio & run=$!\n"
        "shows 'Offline Studio'; old=$(readlink -f /opt/offline-studio/current)\n"
        "dpkg -i /files/new/*.deb 2>&1; studio --version; kill -0 $run\n"
        "test -e $old/release.json && echo the old one is whole; kill $run; wait $run || true",
        "root",
    )
    assert f"versions/{NEW}-" in upgraded
    assert "the old one is whole" in upgraded
    asked = machine.run(
        "$(readlink -f /opt/offline-studio/current)/bin/offline-studio-setup --repair --text"
    )
    assert "apt install --reinstall" in asked.stderr
    machine.good(
        "dpkg -r offline-studio 2>&1; test ! -e /opt/offline-studio; test ! -e /usr/bin/studio",
        "root",
    )
    assert "database" in machine.good("ls ~/.local/share/offline-studio/library && echo database")


def test_dpkg_that_is_killed_leaves_a_studio_that_starts(machine: Machine) -> None:
    machine.good("dpkg -i /files/old/*.deb 2>&1", "root")
    for step in (
        "find /opt/offline-studio/folder -name '*.dpkg-new' | grep -q .",  # it unpacks
        f"ls -d /opt/offline-studio/versions/{NEW}-*",  # its script makes a version of that
    ):
        told = machine.run(
            "exec 3>&1 >/dev/null 2>&1; dpkg --configure -a; dpkg -i /files/new/*.deb & d=$!\n"
            f"until {step}; do kill -0 $d || break; done\n"
            "pkill -9 -x dpkg; pkill -9 -f 'm [s]tudio_installation'; wait; studio --version >&3",
            "root",
        )
        assert "Offline Studio" in told.stdout, (step, told)
    again = machine.good(
        "dpkg --configure -a 2>&1; dpkg -i /files/new/*.deb 2>&1; studio --version", "root"
    )
    assert f"versions/{NEW}-" in again
