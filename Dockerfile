# Built on Debian 12, run on its slim image. Only classic instructions, so that any builder takes it.
FROM debian:12 AS build
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      g++ cmake ninja-build pkg-config libuv1-dev librocksdb-dev libspdlog-dev libexpected-dev \
      libjemalloc-dev libxxhash-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN cmake --preset release -DBUILD_TESTING=OFF && cmake --build build/release --target loomcache

FROM debian:12-slim
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      libuv1 librocksdb7.8 libspdlog1.10 libjemalloc2 libxxhash0 \
    && rm -rf /var/lib/apt/lists/* \
    && mkdir /data && chown 65532:65532 /data
COPY --from=build /src/build/release/loomcache /usr/local/bin/loomcache
# A number, so that Kubernetes can see that it is not root.
USER 65532:65532
WORKDIR /data
VOLUME /data
EXPOSE 6379 16379
# A container is reached from outside of it; who may do so is the network's to decide, or requirepass's.
ENV LOOMCACHE_PROTECTED_MODE=no
# The server itself is process 1: it gets SIGTERM, and hands its partitions over before it ends.
# Its data goes to the working directory, and it listens on every address.
ENTRYPOINT ["/usr/local/bin/loomcache"]
