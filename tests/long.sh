#!/usr/bin/env bash
# All the long runs, one after another, with a log each and a table of what they took: `tests/long.sh`, or some of them:
# `tests/long.sh seeds kills`. CI runs a share of each, as `cargo test --release` does.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export AWS_EC2_METADATA_DISABLED=true INSTA_UPDATE=no

logs=${CARGO_TARGET_DIR:-target}/long
mkdir -p "$logs"

# Name, what it plays, environment, arguments of `cargo test --release`.
runs=(
    "seeds|10,000 campaigns from a seed each|CAMPAIGN_SEEDS=10000|--test campaigns every_promise -- --nocapture"
    "hours|10,000 campaigns of weeks, in hours of three continents|CAMPAIGN_SEEDS=10000|--test campaigns campaigns_of_weeks -- --nocapture"
    "model|10,000 sequences of operations against the model|PROPTEST_CASES=10000|--test campaigns seeds::model"
    "day|14 hours of sending, 100,000 rows|CAMPAIGN_ROWS=100000|--test campaigns hours_of"
    "foretold|50 campaigns of days, and as many of senders and accounts|CAMPAIGN_FORETOLD=50|--test campaigns end_when_they_were_said_to"
    "told|100,000 contacts, all that is told of them|CAMPAIGN_CONTACTS=100000|--test campaigns every_event_that"
    "kills|2,000 processes killed|CAMPAIGN_KILLS=2000|--test program killed"
    "races|1,000 races of 2 to 5 processes|CAMPAIGN_RACES=1000|--test program of_several"
    "images|20,000 losses of power|CAMPAIGN_IMAGES=20000|--test program disk::power_loss"
    "faults|every failing call of a run|CAMPAIGN_FAULTS=100000|--test program disk::failing -- --nocapture"
    "requests|100,000 random requests to the page|CAMPAIGN_REQUESTS=100000|--test program whatever_is_sent"
    "damages|2,000 damaged journals|CAMPAIGN_DAMAGES=2000|--test program disk::damage"
    "templates|5,000 templates of another seed|PROPTEST_RNG_SEED=$RANDOM|--lib recorded::"
    "shown|5,000 cells as LibreOffice shows them|CAMPAIGN_CELLS=5000|--test outside long_values -- --ignored --nocapture"
)

# The last one needs LibreOffice; on Debian and Ubuntu it is installed, as root.
if [[ $# -eq 0 || " $* " == *" shown "* ]] && ! command -v soffice >/dev/null; then
    apt-get update -qq >/dev/null && apt-get install -y -qq --no-install-recommends libreoffice-calc-nogui >/dev/null
fi

wanted=" $* "
table=()
failed=0
cargo test --release --no-run || exit 1
for run in "${runs[@]}"; do
    IFS='|' read -r name what environment arguments <<<"$run"
    [[ $# -eq 0 || $wanted == *" $name "* ]] || continue
    printf '== %s: %s\n' "$name" "$what"
    begin=$SECONDS
    # shellcheck disable=SC2086
    if env "$environment" cargo test --release $arguments >"$logs/$name.log" 2>&1 &&
        grep -qE '^test result: ok\. [1-9]' "$logs/$name.log"; then
        said=ok
    else
        said="FAILED, see $logs/$name.log"
        failed=$((failed + 1))
    fi
    table+=("$(printf '%-8s| %-48s| %6d s | %s' "$name" "$what" "$((SECONDS - begin))" "$said")")
    printf '%s\n' "${table[-1]}"
done
printf '\n'
printf '%s\n' "${table[@]}"
((!failed))
