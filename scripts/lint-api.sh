#!/bin/sh
# Lints docs/openapi.yaml with Redocly CLI, which reports nothing to its makers here.
set -eu
cd "$(dirname "$0")/.."

export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true
scripts/npm-install.sh tests/lint build/lint
if ! scripts/npm.sh node build/lint/node_modules/@redocly/cli/bin/cli.js lint \
    --config tests/lint/redocly.yaml docs/openapi.yaml >build/lint/report 2>&1; then
    cat build/lint/report >&2
    exit 1
fi
