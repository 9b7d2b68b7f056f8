#!/bin/sh
# Installs the AWS CLI and boto3, as pinned in requirements.txt, or what another file of requirements pins, into the
# virtual environment given as the argument.
# It needs python3 with the module venv and, the first time, PyPI. Run again it does nothing.
set -eu

venv=${1:?usage: install.sh VENV [REQUIREMENTS]}
requirements=${2:-$(dirname "$0")/requirements.txt}

fail() {
    echo "tests/clients/install.sh: $1" >&2
    exit 1
}

if cmp -s "$requirements" "$venv/installed.txt"; then
    exit 0
fi
command -v python3 >/dev/null || fail "python3 is missing: install Python 3.10 or newer"
python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || fail "python3 is older than 3.10"
python3 -c 'import ensurepip, venv' || fail "python3 has no venv: install it (on Debian and Ubuntu: python3-venv)"
rm -rf "$venv"
python3 -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$requirements" ||
    fail "pip failed to install $requirements"
cp "$requirements" "$venv/installed.txt"
