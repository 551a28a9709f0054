#!/usr/bin/env bash
# Bans, licences and sources by deny.toml: of the whole workspace, and of what the library brings to whoever depends on it, where no
# crate may be there twice either. Nothing is asked of the network but what `cargo fetch` fetches. Each rule has to find a fault.
set -euo pipefail
cd "$(dirname "$0")/.."

deny=$(scripts/tool.sh cargo-deny 0.20.2 --no-default-features)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    echo "deny: $*" >&2
    exit 1
}

# Checks by this configuration, of this manifest's crates.
checked() {
    local config=$1 manifest=$2
    shift 2
    "$deny" --config "$config" --manifest-path "$manifest" --offline --all-features "$@"
}

whole() { checked "$1" Cargo.toml --workspace check --hide-inclusion-graph -D license-not-encountered "${@:2}"; }

library() { checked "$1" "$2" --exclude-dev check --hide-inclusion-graph -A license-not-encountered "${@:3}"; }

# The file $1, edited, as $3.
edited() {
    sed "$2" "$1" >"$3"
    ! cmp -s "$1" "$3" || fail "the control '$2' changes nothing"
}

# A fault: the rule $1 fails, and no other is asked, when this is run.
found() {
    local rule=$1
    shift
    if "$@" "$rule" >"$work/said" 2>&1; then fail "$rule does not find a fault: $*"; fi
    grep -q "$rule FAILED" "$work/said" || fail "$rule fails otherwise: $(cat "$work/said")"
}

cargo fetch --quiet --locked
whole deny.toml bans licenses sources

cargo package --quiet --no-verify --allow-dirty --target-dir "$work/target" 2>"$work/said" || fail "$(cat "$work/said")"
tar xzmf "$work"/target/package/strangler-fig-*.crate -C "$work"
manifest=$(echo "$work"/strangler-fig-*/Cargo.toml)
edited deny.toml 's/^multiple-versions = "allow"/multiple-versions = "deny"/' "$work/once.toml"
library "$work/once.toml" "$manifest" bans licenses sources

found bans whole "$work/once.toml"
edited deny.toml 's/^    "MIT",$//' "$work/licenses.toml"
found licenses library "$work/licenses.toml" "$manifest"
edited deny.toml 's/^\[bans\]$/&\ndeny = [{ crate = "serde" }]/' "$work/bans.toml"
found bans library "$work/bans.toml" "$manifest"
edited deny.toml 's/^\[sources\]$/&\nallow-registry = []/' "$work/sources.toml"
found sources library "$work/sources.toml" "$manifest"
cp "$manifest" "$work/manifest"
edited "$work/manifest" '/^\[dependencies.tracing\]$/,/^$/s/^version = .*/version = "*"/' "$manifest"
found bans library deny.toml "$manifest"
echo "deny: every planted fault is found"
