#!/usr/bin/env bash
# Plants the bugs of tests/planted/ one at a time in a copy of the sources, and runs the tests that must turn red for
# each. `tests/plant.sh` plants all, `tests/plant.sh normal no-lock` those two. It ends with a table, and fails where a
# test stayed green. Nothing is changed but below target/scratch (or $CAMPAIGN_SCRATCH).
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/scratch.sh"

# What must turn red: a bug a line, and then arguments of `cargo test`.
red() {
    case $1 in
    normal) echo "--test program disk::power_loss" ;;
    late-attempt) echo "--test campaigns attempts_are_committed" ;;
    random-token) echo "--test campaigns hours_of" ;;
    default-burst) echo "--lib no_window_has_more" ;;
    sdk-retries) echo "--test campaigns hours_of" ;;
    no-lock) echo "--test program of_several" ;;
    removed-lock) echo "--lib a_file_that_was_removed_or_replaced_is" ;;
    holder-elsewhere) echo "--lib a_line_goes_only" ;;
    doubt-is-no-contact) echo "--lib what_is_in_doubt_counts" ;;
    contact-over-at-once) echo "--lib of_a_sender_and_a_number" ;;
    own-contacts-only) echo "--lib a_number_that_another_campaign_contacted" ;;
    corrected-token) echo "--test program what_was_corrected" ;;
    not-in-at-plan-only) echo "--test program whom_another_campaign_contacts_meanwhile" ;;
    contacted-number-again) echo "--lib who_was_contacted_under_another_key" ;;
    hours-at-claim) echo "--test campaigns hours_are_asked_again" ;;
    moment-at-claim) echo "--test campaigns a_row_waits_for_its_moment_again" ;;
    parts-as-messages | lane-blocks-others) echo "--test campaigns each_sender_reaches_its_rate" ;;
    account-blocks-others) echo "--test campaigns each_account_reaches_its_pace" ;;
    weight-ignored) echo "--lib weights_hold" ;;
    zones-of-first-prefix) echo "--lib a_north_american_number_has_all" ;;
    fold-once) echo "--lib every_minute_of_days" ;;
    opt-outs-once) echo "--test campaigns who_opts_out_while_a_run_lasts" ;;
    second-name) echo "--lib by_one_name_many" ;;
    stale-copy) echo "--lib a_copy_that_was_made_before" ;;
    old-copy) echo "--lib a_copy_of_a_run_that_has_no_end" ;;
    hard-link) echo "--lib a_file_with_two_names" ;;
    proxied-loopback) echo "--lib this_machine_and_plain_http" ;;
    lost-reader) echo "--lib a_reader_that_went_away" ;;
    output-over-input) echo "--lib an_input_is_known" ;;
    time-out-failed) echo "--test campaigns in_doubt_for_six_days" ;;
    plan-keeps-late-sync) echo "--test program the_program_knows_after_a_power_loss" ;;
    index-at-once) echo "--test campaigns an_index_that_lags" ;;
    join-by-destination) echo "--test campaigns every_event_that_can_be_joined" ;;
    esac
}
# And with each of them, but those that live in processes, disks and files, the seeds.
seeds() {
    case $1 in
    doubt-is-no-contact | contact-over-at-once | own-contacts-only) echo "--test campaigns campaigns_with_the_same_people" ;;
    hours-at-claim | zones-of-first-prefix | fold-once) echo "--test campaigns campaigns_of_weeks" ;;
    parts-as-messages | lane-blocks-others) echo "--test campaigns senders_keep_their_rates" ;;
    account-blocks-others) echo "--test campaigns senders_of_several_accounts_keep" ;;
    not-in-at-plan-only | contacted-number-again | moment-at-claim | normal | plan-keeps-late-sync | no-lock | removed-lock | holder-elsewhere | weight-ignored | join-by-destination | second-name | hard-link | stale-copy | old-copy | proxied-loopback | lost-reader | output-over-input | index-at-once) ;; *)
        echo "--test campaigns every_promise"
        ;;
    esac
}

# How many of them it takes: a time that comes twice matters to few.
stories() {
    case $1 in
    fold-once) echo 400 ;;
    *) echo 60 ;;
    esac
}

bugs=("$@")
((${#bugs[@]})) || for patch in tests/planted/*.patch; do
    bugs+=("$(basename "$patch" .patch)")
done

table=()
green=0
scratch_sources
for bug in "${bugs[@]}"; do
    (cd "$scratch/src" && patch --quiet -p1 <"$root/tests/planted/$bug.patch") || {
        echo "tests/planted/$bug.patch does not fit the sources any more: plant it by hand and write it anew"
        exit 2
    }
    for arguments in "$(red "$bug")" "$(seeds "$bug")"; do
        [[ -n $arguments ]] || continue
        log=$scratch/$bug.log
        # shellcheck disable=SC2086
        if ! (cd "$scratch/src" && scratch_cargo test --no-run ${arguments% *}) >"$log" 2>&1; then
            tail -n 30 "$log"
            echo "the sources with $bug do not compile: plant it by hand and write it anew"
            exit 2
        fi
        # shellcheck disable=SC2086
        if (cd "$scratch/src" && CAMPAIGN_SEEDS=${CAMPAIGN_SEEDS:-$(stories "$bug")} scratch_cargo test $arguments) >"$log" 2>&1; then
            said="STAYED GREEN"
            green=$((green + 1))
        else
            said=$(sed -nE 's/^test (.*) \.\.\. FAILED$/\1/p' "$log" | head -n 1)
            broken=$(grep -aoE '[0-9]+ of [0-9]+ seeds broke a promise' "$log" | head -n 1 || true)
            [[ -n $said ]] || green=$((green + 1))
            said=${said:-"NO TEST FAILED, see $log"}${broken:+: $broken}
        fi
        table+=("$(printf '%-16s| %-44s| %s' "$bug" "${arguments#--}" "$said")")
        printf '%s\n' "${table[-1]}"
    done
    (cd "$scratch/src" && patch --quiet -R -p1 <"$root/tests/planted/$bug.patch")
    scratch_touch
done
printf '\n'
printf '%s\n' "${table[@]}"
if ((green)); then
    echo "tests/plant.sh: FAILED: $green stayed green"
    exit 1
fi
echo "tests/plant.sh: ${#bugs[@]} bugs, every test turned red"
