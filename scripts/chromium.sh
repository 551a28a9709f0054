#!/usr/bin/env bash
# Finds Chromium and its chromedriver, or installs them (Debian, as root). Prints where they are: export $(scripts/chromium.sh).
set -euo pipefail

say() { echo "chromium: $*" >&2; }

fail() {
    say "$*"
    exit 1
}

browser() { command -v chromium || command -v chromium-browser || command -v google-chrome || true; }

if [ -z "${CHROMIUM:-$(browser)}" ] || [ -z "${CHROMEDRIVER:-$(command -v chromedriver)}" ]; then
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null ||
        fail "not here, and only root on Debian can install it: install chromium and chromium-driver, or set CHROMIUM and CHROMEDRIVER"
    say "installing chromium and chromium-driver"
    # One at a time: tests may ask at once.
    exec 9>/tmp/chromium-install.lock
    flock 9
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium chromium-driver; } >&2 ||
        fail "could not be installed: install chromium and chromium-driver, or set CHROMIUM and CHROMEDRIVER"
fi
echo "CHROMIUM=${CHROMIUM:-$(browser)}"
echo "CHROMEDRIVER=${CHROMEDRIVER:-$(command -v chromedriver)}"
