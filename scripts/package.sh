#!/usr/bin/env bash
# What is published, tried where nothing else of the project is: its size; how many crates it brings; its own tests; and what
# docs/START.md and docs/SAGAS.md have a newcomer write, word for word as the pages in it say, with a wrong adapter that has to be
# found out.
set -euo pipefail
cd "$(dirname "$0")/.."

max=$((1024 * 1024))
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}

fail() {
    echo "package: $*" >&2
    exit 1
}

# The block number $3 of the language $2 of a page, without what its reader does not see.
block() { awk -v tag="\`\`\`$2" -v number="$3" '
    $0 == "```" { on = 0 }
    on && !/^# / { print }
    $0 == tag && ++seen == number { on = 1 }' "$package/docs/$1.md"; }

# How many crates it brings to whoever builds it, without itself.
crates() { (cd "$package" && cargo tree --quiet --edges normal --prefix none "$@") | sed 's/ (.*//' | sort -u | grep -vc '^strangler-fig '; }

# Runs this in the newcomer's directory; what it says is in the file `said`.
shop() { (cd "$work/shop" && "$@" >"$work/said" 2>&1); }

# Each fact that failed.
failures() { sed -n 's/^test conformance::\([a-z_0-9]*\) \.\.\. FAILED$/\1/p' "$work/said" | sort; }

cargo package --quiet --no-verify --allow-dirty 2>"$work/said" || fail "$(cat "$work/said")"
archive=$(ls -t "$CARGO_TARGET_DIR"/package/strangler-fig-*.crate | head -1)
size=$(stat -c %s "$archive")
echo "package: $(basename "$archive") has $((size / 1024)) KiB of $((max / 1024))"
[ "$size" -lt $max ] || fail "that is more than $((max / 1024)) KiB"
tar xzmf "$archive" -C "$work"
package=$work/strangler-fig
mv "$work"/strangler-fig-* "$package"

bare=$(crates) all=$(crates --all-features)
echo "package: it brings $bare crates, with all features $all"
grep -q " $bare crates in all without features, $all with all of them " docs/REVIEWER.md || fail "docs/REVIEWER.md tells of another number"

(cd "$package" && cargo test --quiet --all-features) >"$work/said" 2>&1 || fail "its own tests: $(cat "$work/said")"
passed=$(awk '/^test result: ok/ { passed += $4 } END { print passed + 0 }' "$work/said")
echo "package: $passed tests of its own pass"
[ "$passed" -gt 1000 ] || fail "that is not all of them"

# The newcomer.
cargo new --quiet --vcs none "$work/shop" 2>/dev/null
cp "$package/Cargo.lock" "$work/shop/"
sed -i '/^\[dependencies\]$/d' "$work/shop/Cargo.toml"
block START toml 1 >>"$work/shop/Cargo.toml"
block START rust 1 >"$work/shop/src/main.rs"
block START rust,ignore 1 >"$work/shop/src/conformance.rs"
mkdir "$work/shop/src/bin"
{
    block SAGAS rust 1
    printf '#[tokio::main]\nasync fn main() {\n    order().await.unwrap();\n}\n'
} >"$work/shop/src/bin/saga.rs"

shop cargo run --quiet --bin shop || fail "the program of START.md: $(cat "$work/said")"
block START console 2 | tail -n +2 | diff - "$work/said" >&2 || fail "the program of START.md says something else"
shop cargo run --quiet --bin saga || fail "the saga of SAGAS.md: $(cat "$work/said")"
shop cargo test --quiet --bin shop || fail "the adapter of START.md: $(cat "$work/said")"
grep -q "^test result: ok. 19 passed" "$work/said" || fail "not all facts were tried: $(cat "$work/said")"

right='self.rows_mut()?.insert(customer.id, customer.name);'
wrong=$(block START rust,ignore 2)
grep -qF "$right" "$work/shop/src/main.rs" || fail "START.md has no line to break"
text=$(<"$work/shop/src/main.rs")
printf '%s\n' "${text/"$right"/"$wrong"}" >"$work/shop/src/main.rs"
if shop cargo test --bin shop; then fail "nobody finds out the wrong adapter of START.md"; fi
told=$(block START console 4 | sed -n 's/^\([a-z_]*\): .*/\1/p' | sort)
[ "$(failures)" = "$told" ] || fail "START.md tells of other facts than fail: $(failures)"
echo "package: a newcomer's program, saga and tests run by the pages in it; a wrong adapter breaks ${told//$'\n'/, }"
