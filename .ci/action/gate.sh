#!/usr/bin/env bash
# Measure, then judge; the exit code is that of `ganbench check`, or 2 where nothing could be measured.
# Everything comes in variables, whose words become arguments: none of them is run or expanded.
set -euo pipefail
record=$(mktemp -d)/record.json
read -r -d '' -a arguments <<<"$GATE_RUN" || true
check=(--baseline "$GATE_BASELINE")
while read -r tolerance; do
  [ -z "$tolerance" ] || check+=(--max-regression "$tolerance")
done <<<"$GATE_MAX_REGRESSION"
[ -z "${GATE_JUNIT:-}" ] || check+=(--junit "$GATE_JUNIT")
ganbench run "${arguments[@]}" --record "$record"
[ -z "${GITHUB_OUTPUT:-}" ] || echo "record=$record" >>"$GITHUB_OUTPUT"
ganbench check "${check[@]}" "$record"
