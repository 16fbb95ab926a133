#!/usr/bin/env bash
# Runs the tests with other people's clients (clients/README.md): scripts/clients.sh [FOLDER…]
#
# They use the debug build of hiroba, or the one that HIROBA_PROFILE names. A client that cannot be installed is skipped,
# which the last lines say; what was installed must pass.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install.sh python
source scripts/broker.sh
clients=("$@")
[ ${#clients[@]} -gt 0 ] || mapfile -t clients < <(dirname clients/*/test_*.py)

start_broker --allow-private-egress
skipped=() failed=()
for client in "${clients[@]}"; do
    client=${client%/}
    if ! python=$(scripts/venv.sh "$client/requirements.txt" 2>"$broker_dir/reason"); then
        skipped+=("$client: $(cat "$broker_dir/reason")")
        continue
    fi
    echo "== $client"
    "$python/bin/python" -B -m unittest discover --buffer --start-directory "$client" || failed+=("$client")
done
for reason in "${skipped[@]}"; do
    echo "SKIPPED $reason" >&2
done
if [ ${#failed[@]} -gt 0 ]; then
    # Answers that the broker itself took for errors are in its log.
    cat "$broker_dir/log" >&2
    echo "FAILED ${failed[*]}" >&2
    exit 1
fi
