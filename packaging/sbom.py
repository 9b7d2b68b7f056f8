"""The bill of materials, CycloneDX 1.5: `cargo metadata --format-version 1 | sbom.py CARGO_LOCK VERSION`.

It lists what is linked into the program on one platform, each crate with its checksum from the lock file and its licence; what
only tests or build scripts use is left out.
"""

import json
import sys
from pathlib import Path


def checksums(lock: str) -> dict:
    found = {}
    for entry in lock.split("[[package]]")[1:]:
        lines = dict(line.split(" = ", 1) for line in entry.splitlines() if " = " in line)
        if "checksum" in lines:
            found[(lines["name"].strip('"'), lines["version"].strip('"'))] = lines["checksum"].strip('"')
    return found


def linked(metadata: dict) -> set:
    """The packages that the program is linked from: normal dependencies of normal dependencies."""
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    reached, left = set(), [metadata["resolve"]["root"]]
    while left:
        package = left.pop()
        if package in reached:
            continue
        reached.add(package)
        for dependency in nodes[package]["deps"]:
            if any(kind["kind"] is None for kind in dependency["dep_kinds"]):
                left.append(dependency["pkg"])
    return reached


def component(package: dict, sums: dict) -> dict:
    name, version = package["name"], package["version"]
    made = {"type": "library", "name": name, "version": version, "purl": f"pkg:cargo/{name}@{version}"}
    made["bom-ref"] = made["purl"]
    if package.get("license"):
        made["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
    if (name, version) in sums:
        made["hashes"] = [{"alg": "SHA-256", "content": sums[(name, version)]}]
    return made


def main(lock: Path, version: str) -> None:
    metadata = json.load(sys.stdin)
    sums = checksums(lock.read_text(encoding="utf-8"))
    wanted, root = linked(metadata), metadata["resolve"]["root"]
    packages = [package for package in metadata["packages"] if package["id"] in wanted and package["id"] != root]
    components = sorted((component(package, sums) for package in packages), key=lambda made: made["purl"])
    program = {"type": "application", "name": "campaign", "version": version, "bom-ref": f"pkg:cargo/campaign@{version}"}
    bom = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": program},
        "components": components,
        "dependencies": [{"ref": program["bom-ref"], "dependsOn": [made["bom-ref"] for made in components]}],
    }
    json.dump(bom, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
