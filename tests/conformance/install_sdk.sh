#!/usr/bin/env bash
# Installs the vendor's SDK for JavaScript into js/node_modules, as js/package-lock.json pins it; does nothing if it is there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/js"
cmp -s package-lock.json node_modules/.installed-lock.json && exit 0
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
cp package-lock.json node_modules/.installed-lock.json
