#!/bin/sh
# Makes the fleet's keys and prints them as two Secrets. Nothing is written to disk, and existing keys are never replaced:
#
#   deploy/k8s/keys.sh | kubectl create -n ringside -f -
#
# Pods wait for the Secrets, so it does not matter which comes first, this or kubectl apply.
set -eu
private=$(openssl genpkey -algorithm ed25519)
public=$(printf '%s\n' "$private" | openssl pkey -pubout)
authority=$(openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256)
root=$(printf '%s\n' "$authority" | openssl req -x509 -new -key /dev/stdin -days 3650 -subj "/CN=Ringside fleet CA" -addext keyUsage=critical,keyCertSign)
encode() { printf '%s' "$1" | base64 | tr -d '\n'; }
cat <<END
apiVersion: v1
kind: Secret
metadata:
  name: ringside-fleet
type: Opaque
data:
  cluster-key: $(encode "$(openssl rand -base64 32)")
  ca.crt: $(encode "$root")
  ca.key: $(encode "$authority")
  admin-token: $(encode "$(openssl rand -base64 24)")
  ticket.pub.pem: $(encode "$public")
---
apiVersion: v1
kind: Secret
metadata:
  name: ringside-ticket
type: Opaque
data:
  ticket.pem: $(encode "$private")
END
