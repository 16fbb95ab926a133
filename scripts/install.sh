#!/usr/bin/env bash
# Installs the Debian packages that a task needs and that are missing: scripts/install.sh build|test|python
#
# Rust (rustup.rs) and, for the map, Node.js 20.19 or later are expected to be there.
set -euo pipefail

need() { command -v "$1" >/dev/null 2>&1 || packages+=("$2"); }

packages=()
task=${1:?build, test or python}
if [ "$task" != python ]; then
    need cc build-essential
    need c++ build-essential
    # RocksDB, which the SPARQL sidecar keeps its triples in, is compiled with clang++ and bound with libclang.
    need clang++ clang
    compgen -G "/usr/lib/llvm-*/lib/libclang[.-][s0-9]*" >/dev/null || packages+=(libclang-dev)
fi
if [ "$task" = test ]; then
    ls -d /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || packages+=(postgresql)
    ls /usr/share/postgresql/*/extension/postgis.control >/dev/null 2>&1 || packages+=("^postgresql-[0-9]+-postgis-3$")
    # Debian keeps servers where only root looks.
    PATH=$PATH:/usr/sbin need mosquitto mosquitto
    need mosquitto_sub mosquitto-clients
    need chromium chromium
    need node nodejs
    need npm npm
fi
if [ "$task" != build ]; then
    need python3 python3
    # Debian's python3 makes no virtual environments by itself.
    python3 -c 'import ensurepip, venv' 2>/dev/null || packages+=(python3-venv)
fi
if [ ${#packages[@]} -gt 0 ]; then
    if [ "$(id -u)" = 0 ]; then root=(); else root=(sudo); fi
    command -v apt-get >/dev/null || { echo "Please install: ${packages[*]}" >&2; exit 1; }
    echo "Installing ${packages[*]}" >&2
    "${root[@]}" apt-get update -q >&2
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${packages[@]}" >&2
fi
command -v cargo >/dev/null || { echo "Rust is missing: https://rustup.rs" >&2; exit 1; }
