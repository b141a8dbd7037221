#!/usr/bin/env bash
# Runs every check at once; prints one line for each, and the output of those that failed.
set -uo pipefail
cd "$(dirname "$0")/.."
logs=.cache/check
mkdir -p "$logs"
names=()
pids=()

start() {
  local name=$1
  shift
  ( "$@" >"$logs/$name.log" 2>&1 ) &
  names+=("$name")
  pids+=($!)
}

start types tsc --noEmit
start lint oxlint --type-aware --deny-warnings
start format oxfmt --check
start unused knip --no-progress --no-config-hints
start floors node --test --test-reporter=dot test/architecture.test.ts test/repository.test.ts

failed=()
for i in "${!pids[@]}"; do
  if wait "${pids[$i]}"; then
    printf 'check: %-7s ok\n' "${names[$i]}"
  else
    printf 'check: %-7s FAILED\n' "${names[$i]}"
    failed+=("${names[$i]}")
  fi
done
for name in "${failed[@]:+${failed[@]}}"; do
  printf '\n--- %s\n' "$name"
  cat "$logs/$name.log"
done
[ ${#failed[@]} -eq 0 ]
