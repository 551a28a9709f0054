#!/usr/bin/env bash
# Prints the path of a cargo command of this version, `scripts/tool.sh cargo-deny 0.20.2`: that of the path, if it is it, else one
# that it builds under target/tools, once, unoptimized. Further words go to `cargo install`.
set -euo pipefail
cd "$(dirname "$0")/.."

name=$1 version=$2
shift 2
home=$PWD/target/tools
program=$home/$name-$version/bin/$name

if [ "$("$name" --version 2>/dev/null)" = "$name $version" ]; then
    command -v "$name"
    exit
fi
mkdir -p "$home"
# One at a time.
exec 9>"$home/lock"
flock 9
if [ ! -x "$program" ]; then
    echo "tool: building $name $version" >&2
    CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=0 cargo install --quiet --locked --debug --root "$home/$name-$version" \
        --target-dir "$home/build" "$@" "$name@$version" >&2
    rm -rf "$home/build"
fi
echo "$program"
