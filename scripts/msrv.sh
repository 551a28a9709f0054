#!/usr/bin/env bash
# Checks the library with the oldest Rust it promises, a real one: that of MSRV_RUSTC, rustup's, or Debian's
# `rustc-web`, unpacked under target/ and installed nowhere.
set -euo pipefail
cd "$(dirname "$0")/.."

version=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
kit=$PWD/target/msrv

unpack_debian() {
    local found
    found=$(apt-cache madison rustc-web | awk -v v="$version." 'index($3, v) == 1 { print $3; exit }')
    if [ -z "$found" ]; then
        echo "msrv: no Rust $version here: set MSRV_RUSTC, or install it with rustup" >&2
        exit 2
    fi
    mkdir -p "$kit"
    (
        cd "$kit"
        apt-get download -qq "rustc-web=$found" "libstd-rust-web-dev=$found" "libstd-rust-web-$version=$found" libllvm19
        for package in *.deb; do dpkg -x "$package" .; done
    )
}

if [ -z "${MSRV_RUSTC:-}" ] && command -v rustup >/dev/null; then
    MSRV_RUSTC=$(rustup which --toolchain "$version" rustc 2>/dev/null || true)
fi
if [ -z "${MSRV_RUSTC:-}" ]; then
    [ -x "$kit/usr/bin/rustc" ] || unpack_debian
    MSRV_RUSTC=$kit/usr/bin/rustc
    export LD_LIBRARY_PATH=$kit/usr/lib/$(uname -m)-linux-gnu
fi

"$MSRV_RUSTC" --version
case $("$MSRV_RUSTC" --version) in
    "rustc $version."*) ;;
    *)
        echo "msrv: $MSRV_RUSTC is not Rust $version" >&2
        exit 2
        ;;
esac
for features in "" testkit mockall tower http metrics otel testkit,mockall,tower,http,metrics,otel; do
    RUSTC=$MSRV_RUSTC CARGO_TARGET_DIR=$kit/target cargo check --quiet --lib --no-default-features --features "$features"
    echo "checked with the features \"$features\""
done
