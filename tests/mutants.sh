#!/usr/bin/env bash
# cargo-mutants over what decides whether somebody is contacted (.cargo/mutants.toml), in two passes: the tests of the
# file's own layer first, and for what they miss all tests that play whole campaigns. Survivors are listed at the end,
# and it fails where there is one. Needs `cargo install cargo-mutants --locked` (27.1), and some hours on two cores.
#
# `tests/mutants.sh` does all; `tests/mutants.sh src/engine` what is below a path.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/scratch.sh"

only=${1:-src/}
scratch_sources
export CARGO_TARGET_DIR=$scratch/target AWS_EC2_METADATA_DISABLED=true INSTA_UPDATE=no
# Enough to turn red, and not more: it is repeated for each mutant.
export CAMPAIGN_SEEDS=25 PROPTEST_CASES=48 CAMPAIGN_ROWS=300 CAMPAIGN_RACES=2

out=$scratch/mutants
rm -rf "$out"
cd "$scratch/src"

# `cargo test` gets the same arguments for building and for running, or it would build every test for each mutant.
pass() {
    local arguments=()
    for argument in "$@"; do
        arguments+=("--cargo-arg=$argument")
    done
    # 2: some survived; 3: some took too long, which is as good as caught.
    cargo mutants --in-place --output "$out" --iterate --re "$only" "${arguments[@]}" || (($? == 2 || $? == 3))
}

pass --lib --test=campaigns virtual_time
pass --test=campaigns --test=program

wc -l "$out"/mutants.out/*.txt
if [[ -s $out/mutants.out/missed.txt ]]; then
    cat "$out/mutants.out/missed.txt"
    echo "tests/mutants.sh: FAILED: these survived; write a test, or a reason into .cargo/mutants.toml"
    exit 1
fi
