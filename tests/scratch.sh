# A copy of the sources in which something may be broken, with a build directory of its own: cargo could take what was
# built there for the real thing. To be sourced; it changes into the project's folder.
#
# $CAMPAIGN_SCRATCH is where it lies (default: target/scratch). The first build there takes as long as any first build,
# unless what is built already can be copied; then cargo builds our own crate alone, incrementally and hardly optimized.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
scratch=${CAMPAIGN_SCRATCH:-$root/target/scratch}

# Makes the copy anew: what git knows, as it is in the working tree.
scratch_sources() {
    local built=${CARGO_TARGET_DIR:-$root/target}
    rm -rf "$scratch/src"
    mkdir -p "$scratch/src" "$scratch/target"
    git ls-files -z | tar --null --files-from=- --create --ignore-failed-read --file=- | tar -xf - -C "$scratch/src"
    if [[ ! -e $scratch/target/release && -e $built/release ]]; then
        cp -a "$built/release" "$scratch/target/release"
    fi
    scratch_touch
}

# Cargo compares times, and those of a copy or of a patch taken back lie in the past.
scratch_touch() {
    find "$scratch/src/src" "$scratch/src/tests" "$scratch/src/migrations" -type f -exec touch {} +
}

scratch_cargo() {
    local command=$1
    shift
    CARGO_TARGET_DIR=$scratch/target AWS_EC2_METADATA_DISABLED=true INSTA_UPDATE=no cargo "$command" --release \
        --config profile.release.incremental=true --config profile.release.package.campaign.opt-level=1 "$@"
}
