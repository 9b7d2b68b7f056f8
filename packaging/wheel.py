"""A Python wheel that contains the program: `wheel.py WORK VERSION DIST`.

The wheel format is a zip with metadata (PEP 427, PEP 491); a file below NAME.data/scripts goes beside `python`, and one below
NAME.data/data goes below the environment. The tag says the oldest C library that the program runs with: the newest symbol that
it asks for (PEP 600). So `pipx install` and `uvx` refuse the wheel where the program would not start.
"""

import base64
import csv
import hashlib
import io
import os
import platform
import re
import sys
import time
import zipfile
from pathlib import Path

SUMMARY = "Starts exactly one outbound SMS contact per recipient of a CSV in Amazon Connect, resumably"


def tag(program: bytes, system: str, machine: str) -> str:
    if system == "Darwin":
        # The oldest macOS that the linker was told of. Never run: no such machine was there.
        major, minor = (os.environ.get("MACOSX_DEPLOYMENT_TARGET", "11.0") + ".0").split(".")[:2]
        return f"macosx_{major}_{minor}_{machine}"
    symbols = re.findall(rb"GLIBC_2\.(\d+)", program)
    if not symbols:
        raise SystemExit("the program is not linked against glibc: this script makes wheels for Linux with glibc, and macOS")
    return f"manylinux_2_{max(map(int, symbols))}_{machine}"


def main(work: Path, version: str, dist: Path) -> None:
    program = (work / "campaign").read_bytes()
    platform_tag = tag(program, platform.system(), platform.machine())
    info, data = f"campaign-{version}.dist-info", f"campaign-{version}.data"
    metadata = (
        f"Metadata-Version: 2.1\nName: campaign\nVersion: {version}\nSummary: {SUMMARY}\n"
        "License: MIT OR Apache-2.0\nRequires-Python: >=3.8\nDescription-Content-Type: text/markdown\n\n"
        + Path("README.md").read_text(encoding="utf-8")
    )
    wheel = (
        "Wheel-Version: 1.0\nGenerator: packaging/wheel.py\nRoot-Is-Purelib: false\n"
        f"Tag: py3-none-{platform_tag}\n"
    )
    files = {f"{data}/scripts/campaign": program}
    for page in sorted((work / "man").glob("*.1")):
        files[f"{data}/data/share/man/man1/{page.name}"] = page.read_bytes()
    for folder, name in [
        ("bash-completion/completions", "campaign"),
        ("zsh/site-functions", "_campaign"),
        ("fish/vendor_completions.d", "campaign.fish"),
    ]:
        files[f"{data}/data/share/{folder}/{name}"] = (work / "completions" / name).read_bytes()
    for licence in ["LICENSE-APACHE", "LICENSE-MIT"]:
        files[f"{info}/licenses/{licence}"] = Path(licence).read_bytes()
    files[f"{info}/METADATA"] = metadata.encode()
    files[f"{info}/WHEEL"] = wheel.encode()

    record = io.StringIO()
    rows = csv.writer(record, lineterminator="\n")
    for name, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        rows.writerow([name, f"sha256={digest}", len(content)])
    rows.writerow([f"{info}/RECORD", "", ""])
    files[f"{info}/RECORD"] = record.getvalue().encode()

    made = time.gmtime(max(315532800, int(os.environ.get("SOURCE_DATE_EPOCH", "315532800"))))[:6]
    path = dist / f"campaign-{version}-py3-none-{platform_tag}.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, made)
            entry.compress_type = zipfile.ZIP_DEFLATED
            mode = 0o755 if "/scripts/" in name else 0o644
            entry.external_attr = (0o100000 | mode) << 16
            archive.writestr(entry, content)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
