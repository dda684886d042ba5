#!/usr/bin/env bash
# Puts later versions of some clients than Debian 12 has into a folder, and installs nothing:
#   scripts/newer-clients.sh FOLDER && NEWER_CLIENTS=FOLDER/bin npm test
# OpenSSH (backports) and PuTTY know mlkem768x25519-sha256, ssh-audit knows what both of its newer names mean.
# Ends with 0 only if all of them are there and run; a mirror that does not answer ends it within 90 seconds.
set -euo pipefail

readonly LIMIT_SECONDS=90

[ $# -eq 1 ] || {
  echo "usage: $0 FOLDER" >&2
  exit 2
}
if [ -z "${NEWER_CLIENTS_LIMITED:-}" ]; then
  export NEWER_CLIENTS_LIMITED=yes
  exec timeout --kill-after=5 "$LIMIT_SECONDS" "$0" "$1"
fi
mkdir -p "$1"/{lists/partial,cache/archives/partial,bin}
folder=$(cd "$1" && pwd)
apt=(
  apt-get -qq -o "Dir::Cache=$folder/cache" -o APT::Sandbox::User=root -o APT::Update::Error-Mode=any
  -o Acquire::Retries=0 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20
)

# The mirror that the system itself uses. Images often come without the lists that say what is Debian's.
mirror() {
  apt-get "$@" indextargets --format '$(ORIGIN) $(REPO_URI)' | sed -n 's/^Debian \(.*\/debian\/\)$/\1/p' | head -n 1
}
found=$(mirror)
if [ -z "$found" ]; then
  "${apt[@]}" -o "Dir::State::lists=$folder/lists" update
  found=$(mirror -o "Dir::State::lists=$folder/lists")
fi
[ -n "$found" ] || {
  echo 'the package sources name no Debian mirror' >&2
  exit 1
}
for suite in bookworm-backports trixie; do
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $found $suite main"
done >"$folder/sources.list"
apt+=(
  -o "Dir::Etc::sourcelist=$folder/sources.list" -o Dir::Etc::sourceparts=/dev/null -o "Dir::State::lists=$folder/lists"
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

# They were built for other systems: what lacks a library here must not look like a failed test.
bin/ssh -V
bin/psftp -V >/dev/null
bin/ssh-audit --help >/dev/null
