#!/usr/bin/env bash
# Reads the key files of a world with the openssl command: keys.sh KEYS PASSPHRASE-FILE. Ends with 1 at the first
# file that is not what it should be.
set -euo pipefail
keys=$1
passphrase=$2
count=0

# says FILE WHAT TEXT...: every TEXT must stand in what the last command printed, which is in $shown.
says() {
    local file=$1 text
    shift
    for text in "$@"; do
        grep -qF -- "$text" <<<"$shown" || {
            echo "openssl: $file: expected '$text', and saw:" >&2
            head -20 <<<"$shown" >&2
            exit 1
        }
    done
    count=$((count + 1))
}

for file in "$keys"/*/signing.pem; do
    shown=$(openssl pkey -in "$file" -passin "file:$passphrase" -noout -text 2>&1)
    says "$file" "ED25519 Private-Key"
    if openssl pkey -in "$file" -passin pass:wrong -noout 2>/dev/null; then
        echo "openssl: $file opens with a wrong passphrase" >&2
        exit 1
    fi
    shown=$(openssl asn1parse -in "$file")
    # scrypt with N 16384 (0x4000), r 8 and p 5, then AES-256-CBC.
    says "$file" PBES2 :scrypt ":4000" ":08" ":05" aes-256-cbc
done
for file in "$keys"/*/sealing-*.pem; do
    shown=$(openssl asn1parse -in "$file")
    says "$file" PBES2 :scrypt ":4000" aes-256-cbc
done
for name in log act; do
    shown=$(openssl pkey -in "$keys/relay/$name.key" -noout -text)
    says "$name.key" "ED25519 Private-Key"
done
shown=$(openssl verify -x509_strict -purpose sslserver -CAfile "$keys/relay/tls-root.pem" "$keys/relay/tls.pem")
says tls.pem ": OK"
shown=$(openssl x509 -in "$keys/relay/tls-root.pem" -noout -text)
says tls-root.pem "CA:TRUE" "Certificate Sign"
shown=$(openssl x509 -in "$keys/relay/relay.public" -noout -fingerprint -sha256)
says relay.public "$(openssl x509 -in "$keys/relay/tls-root.pem" -noout -fingerprint -sha256)"
for file in tls tls-root; do
    shown=$(openssl pkey -in "$keys/relay/$file.key" -pubout)
    says "$file.key" "$(openssl x509 -in "$keys/relay/$file.pem" -noout -pubkey)"
done
echo "openssl: $count looks at the key files, all as expected"
