#!/usr/bin/env bash
# reladiff, to be measured beside: in a virtual environment under target/, installed nowhere else.
set -euo pipefail
cd "$(dirname "$0")/.."

home=${CARGO_TARGET_DIR:-target}/reladiff
if [ ! -x "$home/bin/reladiff" ]; then
    python3 -m venv "$home"
    "$home/bin/pip" install --quiet --disable-pip-version-check "reladiff==0.6.0" "psycopg2-binary==2.9.*"
fi
"$home/bin/reladiff" --version
