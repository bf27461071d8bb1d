#!/usr/bin/env bash
# Runs the Python client's test: run.sh VENV SERVER WORK. The environment is made once.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
venv=$1 server=$2 work=$3

if [[ ! $venv/done -nt $here/requirements.txt ]]; then
	python3 -m venv "$venv"
	"$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
	touch "$venv/done"
fi
BRAID_TEST_SERVER=$server BRAID_TEST_WORK=$work "$venv/bin/python" -m unittest discover -v -s "$here"
