#!/usr/bin/env bash
# What the library costs whoever builds it: crates it brings, and seconds of CPU from nothing, as `cargo build` builds, without features,
# with each alone, and with all. From the package, where nothing else of the project is.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() {
    echo "build-cost: $(cat "$work/said")" >&2
    exit 1
}

cargo package --quiet --no-verify --allow-dirty --target-dir "$work/packaged" 2>"$work/said" || fail
tar xzmf "$work"/packaged/package/strangler-fig-*.crate -C "$work"
cd "$work"/strangler-fig-*
cargo fetch --quiet
TIMEFORMAT='%U %S'
printf '%-16s %8s %8s\n' features crates 'CPU s'
for features in "" testkit mockall tower http metrics otel testkit,mockall,tower,http,metrics,otel; do
    crates=$(cargo tree --quiet --edges normal --prefix none --features "$features" | sed 's/ (.*//' | sort -u | grep -vc '^strangler-fig ')
    spent=$({ time CARGO_INCREMENTAL=0 CARGO_TARGET_DIR=$work/target cargo build --quiet --lib --features "$features" 2>"$work/said"; } 2>&1) || fail
    rm -rf "$work/target"
    case $features in "") name=none ;; *,*) name=all ;; *) name=$features ;; esac
    seconds=$(awk '{ printf "%.1f", $1 + $2 }' <<<"$spent")
    printf '%-16s %8s %8s\n' "$name" "$crates" "$seconds"
    if [ "$name" = none ]; then figures="figure release.dependencies $crates crates
figure release.cold_build_cpu_s $seconds s"; fi
done
echo "$figures"
