#!/usr/bin/env bash
# Records docs/run.svg anew: the sample campaign on a terminal, in real time, against the simulator. Needs no network.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec cargo test --release --locked --test sources -- --ignored --exact recording::tool_records_a_run
