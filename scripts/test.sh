#!/usr/bin/env bash
# Installs what the tests need, runs all of them, and stops what it started.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install.sh test

dir=$(mktemp -d /tmp/hiroba-test.XXXXXX)
chmod 755 "$dir"
trap 'scripts/postgres.sh stop "$dir/postgres"; rm -rf "$dir"' EXIT
HIROBA_TEST_POSTGRES=$(scripts/postgres.sh start "$dir/postgres")
export HIROBA_TEST_POSTGRES HIROBA_REQUIRE_POSTGIS=1

(cd explorer && npm ci --no-audit --no-fund --ignore-scripts)
cargo fmt --all --check
cargo clippy --locked --workspace --all-targets -- -D warnings
# The tests of one program start the other: all must be there before the first test runs.
cargo test --locked --workspace --no-run
cargo test --locked --workspace
(cd explorer && npm run check && npm run stories)
scripts/clients.sh
scripts/contract.sh
