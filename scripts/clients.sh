#!/usr/bin/env bash
# Runs the tests with other people's clients (clients/README.md): scripts/clients.sh [FOLDER…]
#
# They use the debug build of hiroba, or the one that HIROBA_PROFILE names. A client that cannot be installed is skipped,
# which the last lines say; what was installed must pass.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install.sh python
clients=("$@")
[ ${#clients[@]} -gt 0 ] || clients=(clients/*/)

program=${CARGO_TARGET_DIR:-target}/${HIROBA_PROFILE:-debug}/hiroba
[ -x "$program" ] || { echo "$program is missing: cargo build -p hiroba" >&2; exit 1; }
dir=$(mktemp -d /tmp/hiroba-clients.XXXXXX)
broker=
stop() {
    [ -z "$broker" ] || { kill "$broker" && wait "$broker"; } 2>/dev/null || true
    rm -rf "$dir"
}
trap stop EXIT

"$program" serve --listen 127.0.0.1:0 --data-dir "$dir/data" 2>"$dir/log" &
broker=$!
for _ in $(seq 100); do
    HIROBA_URL=$(sed -n 's/.* on \(http:.*\)/\1/p' "$dir/log")
    [ -z "$HIROBA_URL" ] || break
    sleep 0.1
done
[ -n "$HIROBA_URL" ] || { cat "$dir/log" >&2; exit 1; }
export HIROBA_URL

skipped=() failed=()
for client in "${clients[@]}"; do
    client=${client%/}
    if ! python=$(scripts/venv.sh "$client/requirements.txt" 2>"$dir/reason"); then
        skipped+=("$client: $(tr '\n' ' ' <"$dir/reason")")
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
    grep -i error "$dir/log" >&2 || true
    echo "FAILED ${failed[*]}" >&2
    exit 1
fi
