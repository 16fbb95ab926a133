# To be sourced by scripts that ask a running broker: start_broker ARGUMENTS…, which sets HIROBA_URL, and stop_broker.
# The debug build of hiroba, or the one that HIROBA_PROFILE names, on a new embedded database unless the arguments say
# otherwise. Whatever runs is stopped when the script ends, and its folder broker_dir removed.
broker_dir=$(mktemp -d /tmp/hiroba-broker.XXXXXX)
broker=

stop_broker() {
    [ -z "$broker" ] || { kill "$broker" && wait "$broker"; } 2>/dev/null || true
    broker=
}
trap 'stop_broker; rm -rf "$broker_dir"' EXIT

start_broker() {
    local program=${CARGO_TARGET_DIR:-target}/${HIROBA_PROFILE:-debug}/hiroba
    [ -x "$program" ] || { echo "$program is missing: cargo build -p hiroba" >&2; exit 1; }
    rm -rf "$broker_dir/data"
    [[ " $* " == *" --database "* ]] || set -- "$@" --data-dir "$broker_dir/data"
    : >"$broker_dir/log"
    RUST_LOG=${RUST_LOG:-warn} "$program" serve --listen 127.0.0.1:0 "$@" 2>"$broker_dir/log" &
    broker=$!
    HIROBA_URL=
    for _ in $(seq 200); do
        HIROBA_URL=$(sed -n 's/^Hiroba .* on \(http:.*\)/\1/p' "$broker_dir/log")
        [ -z "$HIROBA_URL" ] || break
        sleep 0.1
    done
    [ -n "$HIROBA_URL" ] || { cat "$broker_dir/log" >&2; exit 1; }
    export HIROBA_URL
}
