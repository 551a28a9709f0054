#!/usr/bin/env bash
# What has changed for users since the last release, by cargo-semver-checks: the package of this tree beside that of BASELINE (a
# revision; otherwise the newest tag v*; before the first, this tree). A version that says so may break; a module that is not public
# any more has to be found under one that does not.
set -euo pipefail
cd "$(dirname "$0")/.."

check=$(scripts/tool.sh cargo-semver-checks 0.51.0)
work=$(mktemp -d)
trap 'rm -rf "$work"; git worktree prune' EXIT
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}

fail() {
    echo "semver: $*" >&2
    exit 1
}

# The package of the tree $1, unpacked as $2.
unpacked() {
    (cd "$1" && cargo package --quiet --no-verify --allow-dirty --target-dir "$work/$2-target") 2>"$work/said" || fail "$(cat "$work/said")"
    mkdir "$work/$2"
    tar xzmf "$work/$2-target"/package/strangler-fig-*.crate -C "$work/$2" --strip-components 1
}

version() { sed -n '/^\[package\]$/,/^$/s/^version = "\(.*\)"/\1/p' "$1/Cargo.toml"; }

# Between releases the version is that of the last one; what comes next is to break nothing.
compared() {
    local kind=()
    if [ "$(version "$1")" = "$(version "$2")" ]; then kind=(--release-type minor); fi
    "$check" semver-checks check-release --manifest-path "$1/Cargo.toml" --baseline-root "$2" --all-features "${kind[@]}"
}

unpacked . now
baseline=${BASELINE:-$(git describe --tags --abbrev=0 --match 'v*' 2>/dev/null || true)}
if [ -n "$baseline" ]; then
    git worktree add --quiet --detach "$work/tree" "$baseline"
    unpacked "$work/tree" then
    git worktree remove --force "$work/tree"
else
    released=$(sed -n 's/^## \[\([0-9].*\)\] - .*/\1/p' CHANGELOG.md | sed 1d)
    [ -z "$released" ] || fail "there is no tag v*, but the changelog tells of releases before: fetch the tags, or set BASELINE"
    echo "semver: nothing is released yet" >&2
    cp -r "$work/now" "$work/then"
fi
compared "$work/now" "$work/then"

cp -r "$work/now" "$work/broken"
sed -i 's/^pub mod worker;/mod worker;/' "$work/broken/src/lib.rs"
! cmp -s "$work/now/src/lib.rs" "$work/broken/src/lib.rs" || fail "the control changes nothing"
if compared "$work/broken" "$work/now" >"$work/said" 2>&1; then fail "a module that is missing is not found"; fi
grep -q "strangler_fig::worker" "$work/said" || fail "the control failed otherwise: $(cat "$work/said")"
sed -i "0,/^version = .*/s//version = \"1000.0.0\"/" "$work/broken/Cargo.toml"
compared "$work/broken" "$work/now" >"$work/said" 2>&1 || fail "a new major version may break: $(cat "$work/said")"
echo "semver: compared with ${baseline:-this tree}; a module that is missing is found"
