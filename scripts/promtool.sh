#!/usr/bin/env bash
# Prints the path of promtool: that of PROMTOOL, that of the path, or that of Debian's package prometheus, which is
# unpacked under target/promtool: nothing is installed, and no Prometheus starts.
set -euo pipefail
cd "$(dirname "$0")/.."

home=${PROMTOOL_HOME:-$PWD/target/promtool}

say() { echo "promtool: $*" >&2; }

fail() {
    say "$*"
    exit 1
}

runs() { [ -x "$1" ] && "$1" --version >/dev/null 2>&1; }

unpack() {
    command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null ||
        fail "it is not here, and only Debian's packages have it: install prometheus, or set PROMTOOL"
    say "unpacking Debian's package prometheus"
    (
        cd "$home"
        rm -f prometheus_*.deb
        { apt-get download -qq prometheus || { apt-get update -qq && apt-get download -qq prometheus; }; } >&2
        dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x ./usr/bin/promtool
        rm -f prometheus_*.deb
    ) || fail "the package prometheus could not be fetched: install it, or set PROMTOOL"
}

if [ -n "${PROMTOOL:-}" ]; then
    runs "$PROMTOOL" || fail "PROMTOOL is $PROMTOOL, which does not run"
    echo "$PROMTOOL"
    exit
fi
# One at a time: tests may ask at once.
mkdir -p "$home"
exec 9>"$home/lock"
flock 9
found=$(command -v promtool || true)
[ -n "$found" ] || found=$home/usr/bin/promtool
runs "$found" || unpack
runs "$found" || fail "$found does not run"
echo "$found"
