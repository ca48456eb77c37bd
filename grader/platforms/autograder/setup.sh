#!/usr/bin/env bash
# Run once by Gradescope, as root, when the autograder is built.
set -euo pipefail
root="${AUTOGRADER_ROOT:-/autograder}"

find_python() {
    for name in python3.13 python3.12 python3.11; do
        if command -v "$name" > /dev/null; then command -v "$name"; return; fi
    done
}

export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends bubblewrap || true
python="$(find_python)"
if [ -z "$python" ]; then
    apt-get install -y --no-install-recommends python3.11 python3.11-venv
    python="$(find_python)"
fi
"$python" -m venv "$root/venv" || {
    apt-get install -y --no-install-recommends "$(basename "$python")-venv"
    "$python" -m venv "$root/venv"
}
"$root/venv/bin/pip" install --no-cache-dir -r "$root/source/requirements.txt"
