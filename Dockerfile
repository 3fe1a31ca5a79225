# The images of docker-compose.yml: `service` (the program), `nginx` and `postgres`; and of docker-compose.cluster.yml,
# `cluster`.
# By itself the first one serves TCP ports 9000, 9001, … one for each worker:
#   docker build --target service -t atelier-qa .
#   docker run -e DATABASE_URL=postgresql://… -e QA_WORKERS=1 -p 127.0.0.1:9000:9000 atelier-qa
# Publish the port to a proxy only: slow clients, and HTTP that can be read in two ways, are the proxy's
# to stop (deploy/nginx.conf).

ARG DEBIAN=debian:bookworm-slim
ARG POSTGRES=postgres:15
ARG SHARED_FILE=/run/atelier-qa/versions.4

FROM $DEBIAN AS base
LABEL org.opencontainers.image.title="Atelier Q&A"
RUN groupadd --system --gid 10001 atelier-qa \
    && useradd --system --uid 10001 --gid 10001 --home-dir /var/lib/atelier-qa --create-home atelier-qa \
    && install -d -o atelier-qa -g atelier-qa /run/atelier-qa /secrets /service-secrets
WORKDIR /var/lib/atelier-qa

# ---- The program is compiled here ---------------------------------------------------------------

FROM base AS build
WORKDIR /src
COPY deploy/install-packages.sh deploy/
RUN deploy/install-packages.sh build
COPY Makefile VERSION ./
COPY deploy/settings.txt deploy/
COPY scripts scripts
COPY sql sql
COPY include include
COPY src src
RUN make --silent -j "$(nproc)" build/release/atelier-qa && strip build/release/atelier-qa

# ---- The page that shows the API's description, and the photos of the sample data ---------------

FROM base AS files
WORKDIR /src
RUN apt-get -qq update \
    && DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends python3-venv >/dev/null
COPY scripts scripts
COPY docs docs
COPY web web
RUN scripts/build-reference.sh && scripts/draw-photos.py build/photos

# ---- The service, and what is done before it starts ---------------------------------------------

FROM base AS service
ARG SHARED_FILE
# libunistring's version is in its name: 2 on Debian 12, 5 on Debian 13.
RUN apt-get -qq update \
    && DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends \
        libevent-2.1-7 libjansson4 libmicrohttpd12 libpq5 libxxhash0 zlib1g '^libunistring[0-9]+$' >/dev/null \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/*.log /var/log/apt
COPY --from=build /src/build/release/atelier-qa /usr/local/bin/
COPY deploy/containers /usr/local/lib/atelier-qa/containers
USER atelier-qa
ENV QA_STATE_DIR=/var/lib/atelier-qa QA_SHARED_FILE=$SHARED_FILE \
    QA_LISTEN=0.0.0.0:9000
EXPOSE 9000
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 \
    CMD ["/usr/local/lib/atelier-qa/containers/is-alive.sh"]
ENTRYPOINT ["atelier-qa"]
CMD ["serve"]

# ---- NGINX, Debian's as outside containers, and its module --------------------------------------

FROM base AS nginx-alone
RUN apt-get -qq update \
    && DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends libxxhash0 nginx openssl >/dev/null \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/*.log /var/log/apt

FROM nginx-alone AS module
WORKDIR /src
COPY deploy/install-packages.sh deploy/
RUN deploy/install-packages.sh build
COPY nginx/headers.sh nginx/
RUN nginx/headers.sh build/nginx
COPY Makefile VERSION ./
COPY include include
COPY src src
COPY nginx nginx
RUN make --silent -j "$(nproc)" module && strip build/release/ngx_http_qa_pages_module.so

FROM nginx-alone AS nginx
ARG SHARED_FILE
COPY deploy/configure-nginx.sh deploy/take-certificate.sh deploy/nginx.conf deploy/error-pages.conf \
    deploy/headers.conf deploy/page-headers.conf deploy/files.conf deploy/log-maps.conf deploy/tls.conf deploy/settings.txt \
    /usr/local/lib/atelier-qa/
COPY deploy/containers /usr/local/lib/atelier-qa/containers
COPY web /usr/local/share/atelier-qa/web
COPY --from=files /src/build/reference /usr/local/share/atelier-qa/reference
COPY --from=files /src/build/photos /usr/local/share/atelier-qa/photos
COPY --from=module /src/build/release/ngx_http_qa_pages_module.so /usr/local/share/atelier-qa/
ENV QA_SHARED_FILE=$SHARED_FILE
USER atelier-qa
EXPOSE 8080 8443
HEALTHCHECK --interval=5s --timeout=7s --start-period=30s --retries=3 \
    CMD ["/usr/local/lib/atelier-qa/containers/nginx-is-ready.sh"]
ENTRYPOINT ["/usr/local/lib/atelier-qa/containers/nginx.sh"]

# ---- PostgreSQL, as its makers publish it, with our settings ------------------------------------

FROM $POSTGRES AS postgres
COPY deploy/postgresql.conf deploy/private-cluster.sql /etc/atelier-qa/
RUN chmod 644 /etc/atelier-qa/*

# ---- What is beside the service in a cluster: Debian's Patroni with PostgreSQL, etcd and HAProxy -----

FROM $DEBIAN AS cluster
RUN mkdir -p /etc/postgresql-common/createcluster.d \
    && echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.d/atelier-qa.conf \
    && apt-get -qq update \
    && DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends curl etcd-server haproxy patroni \
        postgresql python3-etcd >/dev/null \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/*.log /var/log/apt \
    && install -d -o postgres -g postgres /var/lib/atelier-qa/node
COPY deploy/cluster/patroni.yml deploy/cluster/patroni.sh deploy/cluster/roles.sh deploy/cluster/database.cfg \
    deploy/cluster/front.cfg deploy/cluster/lost-write.http deploy/postgresql.conf deploy/private-cluster.sql \
    /var/lib/atelier-qa/etc/
USER postgres
