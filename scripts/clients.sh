#!/usr/bin/env bash
# Runs the tests with other people's clients (clients/README.md): scripts/clients.sh [FOLDER…]
#
# They use the debug builds of hiroba and hiroba-sparql, or those that HIROBA_PROFILE names. A client that cannot be
# installed is skipped, which the last lines say; what was installed must pass.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install.sh python
source scripts/broker.sh
clients=("$@")
[ ${#clients[@]} -gt 0 ] || mapfile -t clients < <(dirname clients/*/test_*.py clients/*/*.test.mjs | sort -u)

# Installs a client, with the reason on stderr where it cannot be had.
install() {
    if [ -f "$1/package.json" ]; then
        (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund --fetch-retries=1 --fetch-timeout=30000) 2>&1 \
            | { grep -i 'error\|not found' || true; } | head -n 1 >&2
        [ -f "$1/node_modules/.package-lock.json" ]
    else
        python=$(scripts/venv.sh "$1/requirements.txt")
    fi
}

run() {
    if [ -f "$1/package.json" ]; then
        node --test "$1"/*.test.mjs
    else
        "$python/bin/python" -B -m unittest discover --buffer --start-directory "$1"
    fi
}

start_broker --allow-private-egress
start_demo
skipped=() failed=()
for client in "${clients[@]}"; do
    client=${client%/}
    if ! install "$client" 2>"$broker_dir/reason"; then
        skipped+=("$client: $(cat "$broker_dir/reason")")
        continue
    fi
    echo "== $client"
    run "$client" || failed+=("$client")
done
for reason in "${skipped[@]}"; do
    echo "SKIPPED $reason" >&2
done
if [ ${#failed[@]} -gt 0 ]; then
    # Answers that the servers themselves took for errors are in their logs.
    cat "$broker_dir/log" "$broker_dir/demo-log" >&2
    echo "FAILED ${failed[*]}" >&2
    exit 1
fi
