#!/bin/sh
# Installs Twilio's sms-segments-calculator, as pinned in package-lock.json, into the folder given as the argument; or what
# the package-lock.json of another folder, the second argument, pins.
# It needs node and npm and, the first time, the npm registry. Run again it does nothing.
set -eu

folder=${1:?usage: install.sh FOLDER [PACKAGES]}
here=${2:-$(dirname "$0")}

fail() {
    echo "tests/segments/install.sh: $1" >&2
    exit 1
}

if cmp -s "$here/package-lock.json" "$folder/installed.json"; then
    exit 0
fi
command -v node >/dev/null || fail "node is missing: install Node.js 18 or newer"
command -v npm >/dev/null || fail "npm is missing: install Node.js 18 or newer with npm"
rm -rf "$folder"
mkdir -p "$folder"
cp "$here/package.json" "$here/package-lock.json" "$folder/"
npm --prefix "$folder" ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2 ||
    fail "npm failed to install what $here/package-lock.json names"
cp "$here/package-lock.json" "$folder/installed.json"
