#!/usr/bin/env bash
# Holds a running broker against openapi.yaml: schemathesis makes requests from the contract, and every answer must be
# one that the contract knows (clients/schemathesis).
#
# They use the debug build of hiroba, or the one that HIROBA_PROFILE names, on an embedded database, and on PostGIS when
# HIROBA_TEST_POSTGRES names a server. What requests look like is tried on the first; on the second, which answers through
# the same code, each parameter once. HIROBA_CONTRACT_PHASES tries more, or less, on both. Without the package it is
# skipped, which the last line says.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install.sh python
source scripts/broker.sh

if ! python=$(scripts/venv.sh clients/schemathesis/requirements.txt 2>"$broker_dir/reason"); then
    echo "SKIPPED clients/schemathesis: $(cat "$broker_dir/reason")" >&2
    exit
fi
# An answer without end is none for schemathesis: /stream is left out. The Rust tests hold its parameters against the
# contract, and its events against what was done (suite/stream).
hold() {
    echo "== openapi.yaml on $1"
    start_broker --offline "${@:3}"
    "$python/bin/schemathesis" --config-file clients/schemathesis/schemathesis.toml run openapi.yaml --url "$HIROBA_URL" \
        --exclude-operation-id stream --no-color --phases "${HIROBA_CONTRACT_PHASES:-$2}"
    stop_broker
}
hold SQLite examples,coverage,fuzzing,stateful
if [ -n "${HIROBA_TEST_POSTGRES:-}" ]; then
    name=hiroba_contract_$$
    psql -qc "create database $name template hiroba_template" "$HIROBA_TEST_POSTGRES"
    hold PostGIS examples,coverage --database "${HIROBA_TEST_POSTGRES%/*}/$name"
fi
