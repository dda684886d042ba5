#!/usr/bin/env bash
# Puts later versions of some clients than Debian 12 has into a folder, and installs nothing:
#   scripts/newer-clients.sh FOLDER && NEWER_CLIENTS=FOLDER/bin npm test
# OpenSSH (backports) and PuTTY know mlkem768x25519-sha256, ssh-audit knows what both of its newer names mean.
set -euo pipefail

[ $# -eq 1 ] || {
  echo "usage: $0 FOLDER" >&2
  exit 2
}
mkdir -p "$1"/{lists/partial,cache/archives/partial,bin}
folder=$(cd "$1" && pwd)

# The mirror that the system itself uses.
mirror=$(apt-get indextargets --format '$(ORIGIN) $(REPO_URI)' | sed -n 's/^Debian \(.*\/debian\/\)$/\1/p' | head -n 1)
[ -n "$mirror" ] || {
  echo 'the package lists name no Debian mirror: run apt-get update first' >&2
  exit 1
}
for suite in bookworm-backports trixie; do
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main"
done >"$folder/sources.list"
apt=(
  apt-get -qq -o "Dir::Etc::sourcelist=$folder/sources.list" -o Dir::Etc::sourceparts=/dev/null
  -o "Dir::State::lists=$folder/lists" -o "Dir::Cache=$folder/cache" -o APT::Sandbox::User=root
)
"${apt[@]}" update
cd "$folder"
"${apt[@]}" download openssh-client/bookworm-backports putty-tools/trixie ssh-audit/trixie
for package in ./*.deb; do dpkg-deb -x "$package" root; done
for name in ssh sftp scp psftp; do ln -sf "../root/usr/bin/$name" bin/; done
printf '#!/bin/sh\nPYTHONPATH=%q exec /usr/bin/python3 %q "$@"\n' \
  "$folder/root/usr/lib/python3/dist-packages" "$folder/root/usr/bin/ssh-audit" >bin/ssh-audit
chmod 755 bin/ssh-audit
rm -rf ./*.deb lists cache sources.list
