#!/bin/sh
# Finds a Chromium for the test binary `browser`, and prints its path. Where there is none, and this is Debian or Ubuntu
# and the user is root, it is installed; elsewhere it says what to install. Run again it does nothing.
set -eu

found() {
    for name in "${CAMPAIGN_BROWSER:-}" chromium chromium-browser google-chrome google-chrome-stable; do
        if [ -n "$name" ] && command -v "$name"; then
            exit 0
        fi
    done
}

found
if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    {
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core
    } >/dev/null
    found
fi
echo "tests/browser/install.sh: no Chromium: install one, or set CAMPAIGN_BROWSER to its path" >&2
exit 1
