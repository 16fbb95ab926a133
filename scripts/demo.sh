#!/usr/bin/env bash
# Builds Hiroba and shows the open data of an invented town. Arguments go to `hiroba demo`: scripts/demo.sh --open
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install.sh build
# All members, so that the tests use what is compiled here.
cargo build --locked --workspace --bins
exec "${CARGO_TARGET_DIR:-target}/debug/hiroba" demo "$@"
