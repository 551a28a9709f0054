#!/usr/bin/env bash
# nginx and wrk, to be measured beside: finds them, or installs them (Debian, as root) such that nothing starts by
# itself. Then runs the command that is given, if one is, with as many descriptors as it may have:
#   scripts/gateway.sh cargo run --profile served -p gateway
set -euo pipefail
cd "$(dirname "$0")/.."

say() { echo "gateway: $*" >&2; }

fail() {
    say "$*"
    exit 1
}

# A user's path may lack the places of servers.
PATH=$PATH:/usr/sbin:/sbin

install() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null ||
        fail "no ${1%-light} here, and only root on Debian can install it: install the package $1"
    say "installing $1"
    # The package must not start a server.
    local policy=/usr/sbin/policy-rc.d own=
    if [ ! -e $policy ]; then
        own=1
        printf '#!/bin/sh\nexit 101\n' >$policy
        chmod +x $policy
    fi
    local status=0
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$1"; } >&2 ||
        status=$?
    [ -z "$own" ] || rm -f $policy
    [ $status = 0 ] || fail "$1 could not be installed: install it by hand"
}

if ! command -v nginx >/dev/null; then
    install nginx-light
    # Nor does one start with the machine.
    systemctl --quiet disable nginx 2>/dev/null || true
fi
command -v wrk >/dev/null || install wrk
command -v taskset >/dev/null && command -v setpriv >/dev/null || install util-linux

# Ten thousand clients, and what is sent on for them.
ulimit -n "$(ulimit -Hn)"
if [ $# -gt 0 ]; then exec "$@"; fi
