#!/usr/bin/env bash
# Changes the code in thousands of small ways, and sees whether a test notices: `scripts/mutants.sh`, or with the names
# of modules. Each mutant meets a named subset of the tests that is fast, and what that does not notice a wider one. It
# ends with 1 if a mutant survives that `.cargo/mutants.toml` does not list. `control` shows that it would: without any
# test, everything survives. MUTANTS_OPTIONS goes to cargo-mutants: `--shard 0/8`, say.
set -euo pipefail
cd "$(dirname "$0")/.."

version=27.1.0
all="stamp phase repository reconcile controller consistency"
out=$PWD/target/mutants

# No debugging information: it is never read, and slow to write. One place for what is built: each run copies the tree,
# but need not compile its dependencies again.
export CARGO_PROFILE_DEV_DEBUG=0 CARGO_TARGET_DIR=$out/build

# What notices most mutants of a module, soonest: its unit tests, and the tests of its own name.
near() {
    case $1 in
        stamp) echo repository ;;
        phase) echo phase tracker ;;
        repository) echo repository digest ;;
        reconcile) echo reconcile ;;
        controller) echo controller controller_gates controller_fleet guard ;;
        consistency) echo consistency ;;
        *) echo "mutants: no module $1; there are: $all" >&2; return 2 ;;
    esac
}

# What else leans on a module.
wide() {
    case $1 in
        stamp) echo repository controller_fleet conformance ;;
        phase)
            echo phase tracker controller controller_gates controller_fleet repository consistency conformance_state \
                public_api
            ;;
        repository) echo repository digest conformance tracker reconcile backfill controller_fleet consistency ;;
        reconcile) echo reconcile repository controller_gates ;;
        controller | consistency) near "$1" ;;
    esac
}

# Seconds each, and they notice nothing that the others do not: random fleets, traffic at length.
slow=(
    fleet::no_random_fleet fleet::crossing_before fleet::a_seed_replays
    judged::no_fenced_fleet traffic::
)

# Runs cargo-mutants over a module with some of the tests: `mutate <module> <tests> <options>`.
mutate() {
    local module=$1 tests=(--cargo-arg=--lib) skips=() status=0
    for test in $2; do tests+=("--cargo-arg=--test=$test"); done
    for test in "${slow[@]}"; do skips+=(--skip "$test"); done
    shift 2
    mkdir -p "$out/$module"
    # The tests are named to every call of cargo, so that none of the others is built for each mutant.
    cargo mutants --file "src/$module/**/*.rs" --output "$out/$module" --minimum-test-timeout 30 --all-features \
        --no-times "${tests[@]}" ${MUTANTS_OPTIONS:-} "$@" -- -- "${skips[@]}" || status=$?
    # 2 and 3: some were missed, some ran into the timeout. Anything else is no verdict.
    case $status in 0 | 2 | 3) ;; *) exit "$status" ;; esac
}

if ! cargo mutants --version 2>/dev/null | grep -qx "cargo-mutants $version"; then
    cargo install cargo-mutants --locked --version "$version"
fi

if [ "${1:-}" = control ]; then
    mkdir -p "$out/control"
    cargo mutants --file src/stamp/record.rs --re is_tombstone --output "$out/control" --all-features --no-times \
        --cargo-arg=--lib -- -- no_test_is_called_so && status=0 || status=$?
    [ "$status" -eq 2 ] || { echo "mutants: without tests nothing survived: status $status" >&2; exit 1; }
    echo "mutants: without tests these survive, as they should:"
    cat "$out/control/mutants.out/missed.txt"
    exit 0
fi

survived=0
for module in ${*:-$all}; do
    tests=$(near "$module")
    mutate "$module" "$tests"
    if [ -s "$out/$module/mutants.out/missed.txt" ] && [ "$(wide "$module")" != "$tests" ]; then
        mutate "$module" "$(wide "$module")" --iterate
    fi
    missed=$out/$module/mutants.out/missed.txt
    if [ -s "$missed" ]; then
        echo "mutants: of $module these survive:"
        cat "$missed"
        survived=1
    fi
done
exit "$survived"
