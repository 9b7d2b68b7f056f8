"""Fills the templates of a release from what was built: `fill.py VERSION OWNER/NAME DIST [PLATFORM...]`.

DIST has the tarballs of all platforms and SHA256SUMS with a line for each. The Homebrew formula and the manifest for cargo-binstall
are written beside them, with the name and the sum of every tarball of this version. A tarball that was changed since, a
platform that must be there and is not (such as `arm64-macos`), and a placeholder that
nothing fills end it with an error, and nothing is written.
"""

import hashlib
import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
#: Machines as `uname` calls them, with how Homebrew asks for them and what Rust calls them.
MACHINES = {
    "x86_64": ("on_intel", "x86_64"),
    "aarch64": ("on_arm", "aarch64"),
    "arm64": ("on_arm", "aarch64"),
}
SYSTEMS = {"linux": ("on_linux", "unknown-linux-gnu"), "macos": ("on_macos", "apple-darwin")}


class Tarball:
    """A tarball of one platform."""

    def __init__(self, name: str, machine: str, system: str, digest: str) -> None:
        self.name, self.machine, self.system, self.digest = name, machine, system, digest
        self.platform = f"{machine}-{system}"

    def formula(self, url: str) -> list[str]:
        asked = MACHINES[self.machine][0]
        return [f"    {asked} do", f'      url "{url}/{self.name}"', f'      sha256 "{self.digest}"', "    end"]

    def manifest(self, url: str) -> list[str]:
        target = f"{MACHINES[self.machine][1]}-{SYSTEMS[self.system][1]}"
        folder = self.name.removesuffix(".tar.gz")
        return [
            f"[package.metadata.binstall.overrides.{target}]",
            f'pkg-url = "{url}/{self.name}"',
            f'bin-dir = "{folder}/{{ bin }}"',
        ]


def tarballs(version: str, dist: Path) -> list[Tarball]:
    known = []
    form = re.compile(rf"campaign-{re.escape(version)}-(\w+)-(\w+)\.tar\.gz")
    for line in (dist / "SHA256SUMS").read_text(encoding="utf-8").splitlines():
        digest, name = line.split(maxsplit=1)
        name = name.removeprefix("*")
        if not (parts := form.fullmatch(name)):
            continue
        machine, system = parts.groups()
        if machine not in MACHINES or system not in SYSTEMS:
            raise SystemExit(f"{name}: there is no platform {machine}-{system}")
        if hashlib.sha256((dist / name).read_bytes()).hexdigest() != digest:
            raise SystemExit(f"{name} is not what SHA256SUMS says")
        known.append(Tarball(name, machine, system, digest))
    return sorted(known, key=lambda tarball: (tarball.system, tarball.machine))


def formula_platforms(known: list[Tarball], url: str) -> str:
    blocks = []
    for system, (asked, _) in SYSTEMS.items():
        lines = [line for tarball in known if tarball.system == system for line in tarball.formula(url)]
        if lines:
            blocks.append("\n".join([f"  {asked} do", *lines, "  end"]))
    return "\n\n".join(blocks)


def filled(template: str, values: dict[str, str]) -> str:
    text = (HERE / template).read_text(encoding="utf-8")
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    if left := re.search(r"@[A-Z0-9_]+@", text):
        raise SystemExit(f"{template}: nothing fills {left[0]}")
    return text


def main(version: str, repository: str, dist: Path, wanted: list[str]) -> None:
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
        raise SystemExit(f"{repository} is no repository such as owner/name")
    known = tarballs(version, dist)
    if missing := [platform for platform in wanted if platform not in [tarball.platform for tarball in known]]:
        raise SystemExit(f"no tarball for {', '.join(missing)}")
    if not known:
        raise SystemExit(f"{dist} has no tarball of version {version}")
    url = f"https://github.com/{repository}/releases/download/v{version}"
    values = {"VERSION": version, "REPOSITORY": repository}
    manifest = "\n\n".join("\n".join(tarball.manifest(url)) for tarball in known)
    made = {
        "campaign.rb": filled("campaign.rb.in", {**values, "PLATFORMS": formula_platforms(known, url)}),
        f"campaign-{version}.binstall.toml": filled("binstall.toml.in", {**values, "PLATFORMS": manifest}),
    }
    for name, text in made.items():
        (dist / name).write_text(text, encoding="utf-8")
        print(dist / name)


if __name__ == "__main__":
    if len(sys.argv) < 4:
        raise SystemExit(__doc__)
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), sys.argv[4:])
