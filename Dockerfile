# syntax=docker/dockerfile:1
# A static binary and certificate authorities, nothing else. For two architectures:
#
#   docker buildx build --platform linux/amd64,linux/arm64 --build-arg REVISION=$(git rev-parse --short=12 HEAD) .

# The same compiler as in the tests. Alpine's C library is musl, so what is built here is static.
FROM rust:1.95-alpine AS build
# A C compiler and its headers, for aws-lc.
RUN apk add --no-cache build-base ca-certificates
WORKDIR /build

# The dependencies by themselves: this layer stays as long as they do.
COPY Cargo.toml Cargo.lock build.rs ./
RUN mkdir --parents src benches/performance \
    && touch src/lib.rs benches/pure.rs benches/rendering.rs benches/performance/main.rs \
    && echo 'fn main() {}' >src/main.rs \
    && cargo build --release --locked \
    && rm -r src

COPY src src
ARG REVISION=unknown
# cargo goes by the time of the files, and those of a checkout can be older than the stand-ins above.
RUN touch src/lib.rs src/main.rs && BUILD_REVISION=$REVISION cargo build --release --locked

FROM scratch
ARG REVISION=unknown
LABEL org.opencontainers.image.title="github-copilot-exporter" \
      org.opencontainers.image.description="Prometheus exporter for the usage of GitHub Copilot" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="https://github.com/github-copilot-exporter/github-copilot-exporter" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /build/target/release/github-copilot-exporter /github-copilot-exporter
USER 65532:65532
EXPOSE 10220
ENTRYPOINT ["/github-copilot-exporter"]
