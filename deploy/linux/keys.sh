#!/bin/sh
# Makes the keys of a fleet as files, for machines without Kubernetes:
#
#   deploy/linux/keys.sh DIR gameserver/game-1 gameserver/game-2 router/router-1
#
# Each ROLE/NAME gets a certificate of its own, so it cannot take another's name. Run it again with further names to add
# members; what is there stays. Keep DIR off the machines of the fleet, and copy to each one what it needs:
#
#   every member    cluster.key (-cluster-key-file), admin.token (-admin-token-file), ca.crt (-fleet-ca),
#                   its own ROLE/NAME.crt (-fleet-cert) and ROLE/NAME.key (-fleet-key)
#   game servers    ticket.pub.pem (-ticket-keys)
#   routers         ticket.pem (-ticket-key)
#   nobody          ca.key, with which every certificate can be made
set -eu
[ $# -ge 1 ] || { echo "usage: $0 DIR [ROLE/NAME ...]" >&2; exit 2; }
dir=$1
shift
umask 077
mkdir -p "$dir"
cd "$dir"

# make FILE COMMAND...: writes FILE with what the command prints, if there is none yet.
make() {
	[ -e "$1" ] && return
	file=$1
	shift
	"$@" >"$file.new"
	mv "$file.new" "$file"
}
make cluster.key openssl rand -base64 32
make admin.token openssl rand -base64 24
make ticket.pem openssl genpkey -algorithm ed25519
make ticket.pub.pem openssl pkey -in ticket.pem -pubout
make ca.key openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256
make ca.crt openssl req -x509 -new -key ca.key -days 3650 -subj "/CN=Ringside fleet CA" -addext keyUsage=critical,keyCertSign

for id in "$@"; do
	case $id in
	gameserver/*/* | router/*/*) echo "$id is not of the form ROLE/NAME" >&2; exit 2 ;;
	gameserver/?* | router/?*) ;;
	*) echo "$id is not of the form gameserver/NAME or router/NAME" >&2; exit 2 ;;
	esac
	mkdir -p "${id%/*}"
	make "$id.key" openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256
	[ -e "$id.crt" ] && continue
	printf 'subjectAltName=URI:ringside://%s\nkeyUsage=critical,digitalSignature\n' "$id" >"$id.ext"
	openssl req -new -key "$id.key" -subj "/CN=${id##*/}" |
		openssl x509 -req -CA ca.crt -CAkey ca.key -days 730 -set_serial "0x$(openssl rand -hex 16)" -extfile "$id.ext" 2>/dev/null >"$id.crt.new"
	mv "$id.crt.new" "$id.crt"
	rm "$id.ext"
done
