#!/usr/bin/env bash
# Checks what examples/storefront/deploy holds: its manifests against the schemas of the oldest Kubernetes they are for and of the
# newest (PyPI's package kubernetes-validate, in a virtual environment under target/, installed nowhere else), and all of it
# against the sources.
set -euo pipefail
cd "$(dirname "$0")/.."

deploy=examples/storefront/deploy
wanted=$deploy/check/requirements.txt
home=${CARGO_TARGET_DIR:-target}/manifests
versions="1.30.0 1.37.0"

say() { echo "manifests: $*" >&2; }

fail() {
    say "$*"
    exit 1
}

valid() {
    local version=$1
    shift
    "$home/bin/kubernetes-validate" --strict --quiet -k "$version" "$@"
}

# Each of them a fault of one line that has to be found.
spoiled() {
    local fault=$1 file=$home/spoiled.yaml
    sed "$fault" $deploy/kubernetes/gateway/deployment.yaml >"$file"
    cmp -s "$file" $deploy/kubernetes/gateway/deployment.yaml && fail "the control '$fault' spoils nothing"
    ! valid "$version" "$file" >/dev/null 2>&1 || fail "the control '$fault' is not found by $version"
}

if ! cmp -s $wanted "$home/installed"; then
    say "installing PyPI's package kubernetes-validate"
    rm -rf "$home"
    python3 -m venv "$home"
    "$home/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: --require-hashes -r $wanted
    cp $wanted "$home/installed"
fi

files=$(find $deploy/kubernetes -name '*.yaml' | sort)
for version in $versions; do
    # shellcheck disable=SC2086
    valid "$version" $files
    spoiled 's/replicas: 2/replicas: two/'
    spoiled 's/readinessProbe:/readynessProbe:/'
    spoiled 's/port: http }/prot: http }/'
    spoiled '/^  selector:/,/matchLabels/d'
done
say "$(echo "$files" | wc -l) files are valid by $versions, and 4 faults are found by each"
"$home/bin/python" $deploy/check/check.py
