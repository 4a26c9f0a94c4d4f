"""What a file may leave unsaid or say shorter, written out before it is validated.

* A building's ``profile``, ``load_kwh_per_year``, ``floor_m2``, ``tier_shares`` and ``tier_uses`` stand for one device
  of kind ``load``, id ``load``.
* A device without an id is called by its kind: ``solar``, the next one ``solar_2``.
* A building of several copies is diverse.
"""

from __future__ import annotations

from typing import Any

from ysc_sim.scenario.overrides import BESIDE_ID
from ysc_sim.scenario.tree import Tree, item_names


def complete(tree: Tree) -> None:
    """Write out what is short; data that is not of the right form is left to the validation."""
    if not isinstance(tree.data, dict) or not isinstance(tree.data.get("buildings"), list):
        return
    buildings = [_building(tree, number, item) for number, item in enumerate(tree.data["buildings"])]
    tree.data = {**tree.data, "buildings": buildings}


def _building(tree: Tree, number: int, building: Any) -> Any:
    if not isinstance(building, dict):
        return building
    result = {key: value for key, value in building.items() if key not in BESIDE_ID}
    beside = {key: value for key, value in building.items() if key in BESIDE_ID and value is not None}
    devices = building.get("devices", [])
    if isinstance(devices, list):
        if beside:
            devices = [{"kind": "load", "id": "load", **beside}, *devices]
            _move(tree, number)
        names = item_names(devices)
        result["devices"] = [
            {**device, "id": name} if isinstance(device, dict) and "id" not in device and "kind" in device else device
            for device, name in zip(devices, names, strict=True)
        ]
    if result.get("count", 1) != 1 and result.get("diversity") is None:
        result["diversity"] = {}
    return result


def _move(tree: Tree, number: int) -> None:
    """The devices make room for the load; its places are those beside the id."""
    devices = ("buildings", number, "devices")
    origins = {path: origin for path, origin in tree.origins.items() if path[:3] == devices and len(path) > 3}
    whole = tree.origin(devices)
    count = len(tree.data["buildings"][number].get("devices", []))
    beside = tree.origin(devices[:2])
    for path in origins:
        del tree.origins[path]
    for device in range(count):
        tree.origins[(*devices, device + 1)] = type(whole)(whole.document, (*whole.path, device))
    for path, origin in origins.items():
        assert isinstance(path[3], int)
        tree.origins[(*devices, path[3] + 1, *path[4:])] = origin
    tree.origins[(*devices, 0)] = beside
    for key in BESIDE_ID:
        if (*devices[:2], key) in tree.origins:
            tree.origins[(*devices, 0, key)] = tree.origins[(*devices[:2], key)]
    tree.shown_as[(*devices, 0)] = devices[:2]
    tree.with_load_in_front.add(devices)
