#!/usr/bin/env bash
# Writes tests/upgrade/v1.sql anew: a journal of the first version with a row in every state. Only while that version is not
# released: afterwards its journals are in the world, and a change of the schema is a new migration.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
[[ -e tests/upgrade/v1.sql ]] || : >tests/upgrade/v1.sql
cargo test --release --locked --test program -- --ignored --exact upgrade::tool_writes_the_fixture
git diff --stat -- tests/upgrade/v1.sql
