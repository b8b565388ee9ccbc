#!/bin/sh
# Makes the fleet's keys and prints them as two Secrets. Nothing is written to disk, and existing keys are never replaced:
#
#   deploy/k8s/keys.sh | kubectl create -n ringside -f -
#
# Pods wait for the Secrets, so it does not matter which comes first, this or kubectl apply.
set -eu
private=$(openssl genpkey -algorithm ed25519)
public=$(printf '%s\n' "$private" | openssl pkey -pubout)
encode() { printf '%s' "$1" | base64 | tr -d '\n'; }
cat <<END
apiVersion: v1
kind: Secret
metadata:
  name: ringside-fleet
type: Opaque
data:
  cluster-key: $(encode "$(openssl rand -base64 32)")
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
