#!/usr/bin/env bash
# Gradescope runs this once, as root, when it builds the image: Python, and what the grader needs, into a place of its own.
set -euo pipefail
autograder=${AUTOGRADER:-/autograder}
cd "$autograder/source"
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1

if [ -d wheels ]; then
    from=(--no-index --find-links wheels)
else
    # The default wheel of torch brings several GB of CUDA libraries along.
    from=(--extra-index-url https://download.pytorch.org/whl/cpu)
fi

install_with() {
    command -v "$1" > /dev/null || return 1
    rm -rf "$autograder/venv"
    "$1" -m venv "$autograder/venv" &&
        "$autograder/venv/bin/python" -m pip install --quiet "${from[@]}" -r requirements.txt -c constraints.txt
}

install_any() {
    for python in python3.11 python3.12 python3.13 python3.14; do
        if install_with "$python"; then return; fi
    done
    return 1
}

if ! install_any; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3.11 python3.11-venv
    install_with python3.11
fi
rm -rf wheels
chmod 700 "$autograder/source"
"$autograder/venv/bin/python" -m grader doctor || true # for the build log: how submissions will be confined
