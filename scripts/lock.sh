#!/usr/bin/env bash
# Pins requirements.in and requirements-dev.in to exact versions with hashes, naming no registry.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ ! -x build/lock/bin/pip-compile ]; then
  python3 -m venv build/lock
  build/lock/bin/python -m pip install --quiet pip-tools
fi
for name in requirements requirements-dev; do
  build/lock/bin/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-emit-options \
    --no-emit-index-url --no-emit-trusted-host --no-emit-find-links -o "$name.txt" "$name.in"
done
