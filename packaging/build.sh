#!/usr/bin/env bash
# Everything that is handed out, from one built program: a tarball, a .deb, a Python wheel that contains the program, a bill of
# materials (CycloneDX) and the sums of all of them.
#
#   packaging/build.sh                       builds the program first (cargo build --release)
#   CAMPAIGN_PROGRAM=PATH packaging/build.sh takes this one, which must run on this machine
#
# What it makes is in CAMPAIGN_DIST (dist/). CAMPAIGN_VERSION overrides the version. It needs a Rust toolchain (also with
# CAMPAIGN_PROGRAM: `cargo metadata` knows the dependencies), python3, and for the .deb `dpkg-deb`; nothing is downloaded that
# the lock file does not name. On macOS, where this has never run, it takes GNU's tar, coreutils and findutils, and makes no .deb.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

dist=$(realpath -m "${CAMPAIGN_DIST:-dist}")
version=${CAMPAIGN_VERSION:-$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)}
machine=$(uname -m)
case $(uname -s) in
    Darwin) system=macos ;;
    *) system=linux ;;
esac
# The same input gives the same bytes: no clock has a part in them.
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 315532800)}

program=${CAMPAIGN_PROGRAM:-}
if [[ -z $program ]]; then
    cargo build --release --locked
    program=${CARGO_TARGET_DIR:-target}/release/campaign
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$dist" "$work/man" "$work/completions"

# Stripped: symbols are for debuggers, and a report of a bug has the version.
cp "$program" "$work/campaign"
if command -v strip >/dev/null; then strip "$work/campaign"; fi
chmod 0755 "$work/campaign"
"$work/campaign" man "$work/man" >/dev/null
"$work/campaign" completions bash >"$work/completions/campaign"
"$work/campaign" completions zsh >"$work/completions/_campaign"
"$work/campaign" completions fish >"$work/completions/campaign.fish"

sbom=$dist/campaign-$version.cdx.json
cargo metadata --format-version 1 --locked --filter-platform "$(rustc -vV | sed -n 's/^host: //p')" |
    python3 packaging/sbom.py Cargo.lock "$version" >"$sbom"

# The tarball: unpack it anywhere, and `campaign` in it runs.
name=campaign-$version-$machine-$system
root=$work/tar/$name
mkdir -p "$root/share/man/man1" "$root/share/completions" "$root/systemd"
cp "$work/campaign" README.md CHANGELOG.md LICENSE-APACHE LICENSE-MIT "$root/"
cp "$work"/man/*.1 "$root/share/man/man1/"
cp "$work"/completions/* "$root/share/completions/"
cp packaging/systemd/* "$root/systemd/"
cp "$sbom" "$root/share/"
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -C "$work/tar" -cf - "$name" |
    gzip -n >"$dist/$name.tar.gz"

# The wheel: `pipx install` and `uvx` put the program on the PATH.
python3 packaging/wheel.py "$work" "$version" "$dist"

# The package for Debian and Ubuntu.
if command -v dpkg-deb >/dev/null; then
    bash packaging/deb/build.sh "$work" "$version" "$sbom" "$dist"
else
    echo "no .deb: there is no dpkg-deb on this machine" >&2
fi

(cd "$dist" && find . -maxdepth 1 -type f -name "campaign*$version*" -printf '%f\n' | sort | xargs sha256sum >SHA256SUMS)
ls -l "$dist"
