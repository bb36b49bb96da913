"""Run Vina on some ligands inside the sandbox. Prints one line of JSON for each.

Needs only the standard library and ``vina``; the working folder holds ``receptor.pdbqt``,
``settings.json`` and the ligands.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

_FEW = 4
"""Ligands for which maps of their own atoms are quicker than one set for all."""


def main() -> None:
    """Dock every ligand into the receptor."""
    from vina import Vina  # is there in the sandbox

    settings = json.loads(Path("settings.json").read_text("utf-8"))
    place = {"center": settings["center"], "box_size": settings["size"]}

    def fresh() -> Vina:
        vina = Vina(sf_name="vina", cpu=settings["threads"], seed=settings["seed"], verbosity=0)
        vina.set_receptor("receptor.pdbqt")
        return vina

    shared = len(settings["ligands"]) > _FEW
    vina = fresh()
    if shared:  # without a ligand the maps are of every type of atom
        vina.compute_vina_maps(**place)
    for name in settings["ligands"]:
        try:
            if not shared:  # else a type of atom that no earlier ligand had would end the program
                vina = fresh()
            vina.set_ligand_from_string(Path(name).read_text("utf-8"))
            if not shared:
                vina.compute_vina_maps(**place)
            vina.dock(exhaustiveness=settings["exhaustiveness"], n_poses=settings["poses"])
            report = {"ligand": name, "poses": vina.poses(n_poses=settings["poses"])}
        except (RuntimeError, TypeError, ValueError) as error:
            report = {"ligand": name, "error": str(error)[:300]}
        sys.stdout.write(json.dumps(report) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
