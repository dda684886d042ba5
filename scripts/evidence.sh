#!/usr/bin/env bash
# Makes docs/evidence/ anew: what testssl.sh, nmap and ssh-audit say about a fixture on loopback.
# Needs testssl.sh, nmap and ssh-audit (Debian packages of these names) besides the checkout. ssh-audit comes from the
# folder NEWER_CLIENTS if that is set: scripts/newer-clients.sh makes one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

work=$(mktemp -d)
out=docs/evidence
mkdir -p "$out"

npm run -s fixture -- --dir "$work/fixture" --open >"$work/fixture.json" &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null; rm -rf "$work"' EXIT
for _ in $(seq 300); do
  [ -s "$work/fixture.json" ] && break
  sleep 0.2
done
# OpenSSL's client, given no input, goes as soon as the handshake is over: often before a ticket of TLS 1.3 has come.
cat >"$work/openssl" <<'END'
#!/bin/sh
case " $* " in
*' -sess_out '*) sleep 1 | openssl "$@" ;;
*) exec openssl "$@" ;;
esac
END
chmod 755 "$work/openssl"

port() { grep -o "\"$1\":{\"port\":[0-9]*" "$work/fixture.json" | grep -o '[0-9]*$'; }

# What changes from run to run, ports and times, would hide in a diff what really changed.
plain() {
  sed -E -e 's/\x1b\[[0-9;]*[A-Za-z]//g' -e "s#$work/openssl#openssl#" -e "s/127\.0\.0\.1:$1/HOST/g" -e "s/\b$1\b/PORT/g" \
    -e '/^ *(Start|Done) 20|^Starting Nmap|^Nmap done|^Host is up|scan(ned)? in/d' \
    -e '/^SF[:-]|^1 service unrecognized|^Service detection/d' \
    -e 's/^( (Serial|subjectAltName \(SAN\)|Fingerprints) +).*/\1(of this run)/' -e '/^ {30}(SHA256 |[0-9A-F:]+ *$)/d' \
    -e 's/^(\(fin\) [a-z0-9-]+: ).*/\1(of this run)/' -e 's/^( Certificate Validity .UTC. +[0-9]+ >= 60 days).*/\1/' \
    -e 's/[[:space:]]+$//'
}

tls() { # NAME PORT [ARGS]
  local name=$1 port=$2
  shift 2
  echo "testssl.sh: $name"
  testssl --quiet --color 0 --warnings batch --openssl "$work/openssl" "$@" "127.0.0.1:$port" </dev/null 2>&1 | plain "$port" >"$out/testssl-$name.txt" || true
}

tls explicit "$(port ftpes)" --starttls ftp
tls implicit "$(port ftps)"

echo 'nmap: ftp-*'
# ftp-brute guesses passwords; the lockout tests show what becomes of that.
nmap -Pn -p "$(port ftp)" --script 'ftp-* and not brute' --script-args 'ftp-anon.maxlist=5' -sV --version-light 127.0.0.1 2>&1 |
  plain "$(port ftp)" >"$out/nmap-ftp.txt"

echo 'ssh-audit'
audit=${NEWER_CLIENTS:+$NEWER_CLIENTS/}ssh-audit
# How fast this machine connects to itself is not a property of the server.
skip=$("$audit" --help 2>&1 | grep -o -- '--skip-rate-test' | head -n 1 || true)
"$audit" --no-colors ${skip:+"$skip"} -p "$(port sftp)" 127.0.0.1 2>&1 | plain "$(port sftp)" >"$out/ssh-audit.txt" || true
ls -l "$out"
