#!/usr/bin/env bash
# The .deb, from what packaging/build.sh has laid out: `build.sh WORK VERSION SBOM DIST`.
set -euo pipefail
work=$1 version=$2 sbom=$3 dist=$4
here=$(dirname "${BASH_SOURCE[0]}")
systemd=$here/../systemd
arch=$(dpkg --print-architecture)
root=$work/deb

install -D -m 0755 "$work/campaign" "$root/usr/bin/campaign"
for page in "$work"/man/*.1; do
    install -d "$root/usr/share/man/man1"
    gzip -9n <"$page" >"$root/usr/share/man/man1/$(basename "$page").gz"
done
install -D -m 0644 "$work/completions/campaign" "$root/usr/share/bash-completion/completions/campaign"
install -D -m 0644 "$work/completions/_campaign" "$root/usr/share/zsh/vendor-completions/_campaign"
install -D -m 0644 "$work/completions/campaign.fish" "$root/usr/share/fish/vendor_completions.d/campaign.fish"
install -D -m 0644 "$systemd/campaign.sysusers" "$root/usr/lib/sysusers.d/campaign.conf"
install -D -m 0644 "$systemd/campaign.tmpfiles" "$root/usr/lib/tmpfiles.d/campaign.conf"
for unit in "$systemd"/*.service "$systemd"/*.timer; do
    install -d "$root/usr/lib/systemd/system"
    # A package puts the program elsewhere than a person does.
    sed 's|/usr/local/bin/campaign|/usr/bin/campaign|g' "$unit" >"$root/usr/lib/systemd/system/$(basename "$unit")"
done
doc=$root/usr/share/doc/campaign
install -D -m 0644 "$sbom" "$doc/sbom.cdx.json"
install -m 0644 "$here/copyright" "$doc/copyright"

# The C library that the program was linked against, by the newest symbol that it asks for.
glibc=$(grep -aoE 'GLIBC_2\.[0-9]+' "$work/campaign" | sort -uV | tail -1)
install -d "$root/DEBIAN"
cat >"$root/DEBIAN/control" <<CONTROL
Package: campaign
Version: $version
Architecture: $arch
Maintainer: campaign <campaign@example.com>
Section: comm
Priority: optional
Depends: libc6 (>= ${glibc#GLIBC_}), libgcc-s1, ca-certificates
Recommends: systemd
Installed-Size: $(du -sk "$root/usr" | cut -f1)
Description: sends a text message to each row of a file through Amazon Connect, once
 A CSV of recipients goes in, exactly one outbound SMS contact per recipient
 is started in Amazon Connect at the pace that the account allows, whatever
 crashes on the way, and a report that adds up comes out.
CONTROL
install -m 0755 "$here/postinst" "$here/postrm" "$root/DEBIAN/"
find "$root" -newermt "@$SOURCE_DATE_EPOCH" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
dpkg-deb --root-owner-group "-Z${CAMPAIGN_COMPRESSION:-xz}" --build "$root" "$dist/campaign_${version}_$arch.deb" >/dev/null
