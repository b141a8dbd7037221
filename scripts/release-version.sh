#!/usr/bin/env bash
# Is this tag a release of this checkout? It is, when package.json, the chart's appVersion and a section of CHANGELOG.md all name
# its version, and samples of what it seals are kept (scripts/freeze-samples.ts). With --notes it prints that section.
# Usage: scripts/release-version.sh [--notes] vX.Y.Z
set -euo pipefail
cd "$(dirname "$0")/.."
notes=no
if [ "${1:-}" = --notes ]; then notes=yes && shift; fi
tag=${1:?usage: scripts/release-version.sh [--notes] vX.Y.Z}
version=${tag#v}
failed=0
expect() { [ "$2" = "$version" ] || { echo "release: error: $1 says $2, the tag $tag" >&2; failed=1; }; }

expect 'version in package.json' "$(sed -n 's/^  "version": "\(.*\)",$/\1/p' package.json)"
expect 'appVersion in charts/cognito-gate/Chart.yaml' "$(sed -n 's/^appVersion: *//p' charts/cognito-gate/Chart.yaml)"
section=$(awk -v heading="## $version" 'index($0, heading) == 1 { inside = 1; next } /^## / { inside = 0 } inside' CHANGELOG.md)
[ -n "$section" ] || { echo "release: error: CHANGELOG.md has no section \"## $version\"" >&2; failed=1; }
samples=test/session/frozen/$version.json
[ -f "$samples" ] || { echo "release: error: $samples is missing: node scripts/freeze-samples.ts $version" >&2; failed=1; }
[ "$failed" = 0 ] || exit 1
if [ "$notes" = yes ]; then printf '%s\n' "$section"; fi
