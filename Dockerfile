# One image with the three programs: they are built from one source, speak one protocol with each other and share most of
# their code, so a node pulls one image, and a fleet cannot be put together from two versions by mistake.
#
#   docker build --build-arg VERSION=v1.2.3 -t ringside:v1.2.3 .
#
# deploy/k8s/image builds the same without Docker: it runs the same `make static`, and reads the last stage below.

FROM --platform=$BUILDPLATFORM golang:1.26-bookworm AS build
ARG VERSION=dev TARGETOS=linux TARGETARCH=amd64
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN GOOS=$TARGETOS GOARCH=$TARGETARCH make static VERSION=$VERSION OUT=/out

FROM scratch
COPY --from=build /out/router /out/gameserver /out/bot /usr/bin/
LABEL org.opencontainers.image.title="Ringside"
LABEL org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/usr/bin
USER 65532:65532
WORKDIR /
