# To be sourced by scripts that ask a running broker: start_broker ARGUMENTS…, which sets HIROBA_URL, and stop_broker;
# start_demo, which sets HIROBA_DEMO_URL: an invented town, with SPARQL.
# The debug build of hiroba, or the one that HIROBA_PROFILE names, on a new embedded database unless the arguments say
# otherwise. Whatever runs is stopped when the script ends, and its folder broker_dir removed.
broker_dir=$(mktemp -d /tmp/hiroba-broker.XXXXXX)
broker= demo=

stop_broker() {
    [ -z "$broker" ] || { kill "$broker" && wait "$broker"; } 2>/dev/null || true
    broker=
}

stop_demo() {
    [ -z "$demo" ] || { kill "$demo" && wait "$demo"; } 2>/dev/null || true
    demo=
}
trap 'stop_broker; stop_demo; rm -rf "$broker_dir"' EXIT

# Waits for up to 60 seconds until a log has a line, and prints what sed finds in it; shows the log when there is none.
address_in() {
    local found
    for _ in $(seq 600); do
        found=$(sed -n "$2" "$1")
        [ -z "$found" ] || { echo "$found"; return; }
        sleep 0.1
    done
    cat "$1" >&2
    return 1
}

start_demo() {
    local programs=${CARGO_TARGET_DIR:-target}/${HIROBA_PROFILE:-debug}
    for program in hiroba hiroba-sparql; do
        [ -x "$programs/$program" ] || { echo "$programs/$program is missing: cargo build -p $program" >&2; exit 1; }
    done
    RUST_LOG=${RUST_LOG:-warn} "$programs/hiroba" demo --listen 127.0.0.1:0 --data-dir "$broker_dir/demo" \
        >"$broker_dir/demo-log" 2>&1 &
    demo=$!
    HIROBA_DEMO_URL=$(address_in "$broker_dir/demo-log" 's|^ *map and tables *\(http:[^ ]*\)/ *$|\1|p') || exit 1
    export HIROBA_DEMO_URL
    # The copy is complete a moment after the town is.
    python3 - <<'END' || { cat "$broker_dir/demo-log" >&2; exit 1; }
import os, time, urllib.parse, urllib.request
query = urllib.parse.urlencode({"query": "ASK { ?s a <https://w3id.org/hiroba/vocab/AED> }"})
for _ in range(600):
    try:
        if b"true" in urllib.request.urlopen(f"{os.environ['HIROBA_DEMO_URL']}/sparql?{query}").read():
            raise SystemExit(0)
    except OSError:
        pass
    time.sleep(0.1)
raise SystemExit("the demo's SPARQL endpoint has no data after a minute")
END
}

start_broker() {
    local program=${CARGO_TARGET_DIR:-target}/${HIROBA_PROFILE:-debug}/hiroba
    [ -x "$program" ] || { echo "$program is missing: cargo build -p hiroba" >&2; exit 1; }
    rm -rf "$broker_dir/data"
    [[ " $* " == *" --database "* ]] || set -- "$@" --data-dir "$broker_dir/data"
    : >"$broker_dir/log"
    RUST_LOG=${RUST_LOG:-warn} "$program" serve --listen 127.0.0.1:0 "$@" 2>"$broker_dir/log" &
    broker=$!
    HIROBA_URL=$(address_in "$broker_dir/log" 's/^Hiroba .* on \(http:.*\)/\1/p') || exit 1
    export HIROBA_URL
}
