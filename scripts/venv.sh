#!/usr/bin/env bash
# A Python virtual environment with the packages of a requirements file, made once and kept below target/: prints its
# folder.
#
#   scripts/venv.sh REQUIREMENTS
#
# Exit code 3 says that the packages cannot be had, with the reason on stderr: there is no network, or no such package
# for this Python.
set -euo pipefail
requirements=$(realpath "${1:?a requirements file}")
cd "$(dirname "$0")/.."

key=$({ python3 --version; cat "$requirements"; } | sha256sum | cut -c1-16)
dir=$(realpath -m "${CARGO_TARGET_DIR:-target}")/venv/$key
if [ ! -e "$dir/complete" ]; then
    rm -rf "$dir"
    mkdir -p "$dir"
    log=$dir/install.log
    if ! { python3 -m venv "$dir" && "$dir/bin/pip" install --disable-pip-version-check --retries 2 --timeout 20 \
        --requirement "$requirements"; } >"$log" 2>&1; then
        { grep '^ERROR' "$log" || cat "$log"; } | tail -n 1 >&2
        exit 3
    fi
    touch "$dir/complete"
fi
echo "$dir"
