#!/usr/bin/env bash
# Checks what examples/storefront/deploy holds: its manifests against the schemas of the oldest Kubernetes they are for and of the
# newest (PyPI's package kubernetes-validate), compose file and workflows against theirs (check-jsonschema), those of the project too,
# and all of it against the sources. Both are in a virtual environment under target/, installed nowhere else.
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

of_schema() {
    local schema=$1
    shift
    "$home/bin/check-jsonschema" --quiet --builtin-schema "vendor.$schema" "$@"
}

# A fault that has to be found: of this file, made by this edit, by this check.
spoiled() {
    local source=$deploy/$1 fault=$2 file=$home/spoiled.yaml
    shift 2
    sed "$fault" "$source" >"$file"
    ! cmp -s "$file" "$source" || fail "the control '$fault' spoils nothing"
    ! "$@" "$file" >/dev/null 2>&1 || fail "the control '$fault' is not found by $*"
}

if ! cmp -s $wanted "$home/installed"; then
    say "installing PyPI's packages kubernetes-validate and check-jsonschema"
    rm -rf "$home"
    python3 -m venv "$home"
    "$home/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: --require-hashes -r $wanted
    cp $wanted "$home/installed"
fi

files=$(find $deploy/kubernetes -name '*.yaml' | sort)
one=kubernetes/gateway/deployment.yaml
for version in $versions; do
    # shellcheck disable=SC2086
    valid "$version" $files
    spoiled $one 's/replicas: 2/replicas: two/' valid "$version"
    spoiled $one 's/readinessProbe:/readynessProbe:/' valid "$version"
    spoiled $one 's/port: http }/prot: http }/' valid "$version"
    spoiled $one '/^  selector:/,/matchLabels/d' valid "$version"
done
of_schema compose-spec $deploy/compose/compose.yaml
spoiled compose/compose.yaml 's/depends_on:/depend_on:/' of_schema compose-spec
of_schema github-workflows $deploy/workflows/*.yml .github/workflows/*.yml
of_schema github-issue-forms .github/ISSUE_TEMPLATE/{bug,idea}.yml
of_schema github-issue-config .github/ISSUE_TEMPLATE/config.yml
spoiled workflows/gateway.yml 's/runs-on:/run-on:/' of_schema github-workflows
say "$(echo "$files" | wc -l) manifests are valid by $versions, compose file and workflows by their schemas; every planted fault is found"
"$home/bin/python" -B $deploy/check/check.py
