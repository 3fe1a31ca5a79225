"""The programs of the cluster that run in the background, in the order in which they start. Each works in the folder
of its name in the state directory and has the environment that docker-compose.cluster.yml gives its like."""

import os
import subprocess

from common import start
from places import end, processes_in

DATABASES = ("pg1", "pg2", "pg3")
APIS = ("api1", "api2")
FRONT = "front"
PASSWORDS = ("superuser", "replication", "rewind", "patroni", "owner", "service")
PATRONI_PORT = 8008


class Daemon:
    """One program on one host. Its first process works in its folder itself, all others there or below."""

    def __init__(self, cluster, name, host, command, environment):
        self.name, self.host = name, host
        self._cluster, self._command, self.environment = cluster, command, environment
        self.folder = f"{cluster.state}/{name}"
        self.log = f"{cluster.state}/log/{name}.log"

    def main(self):
        return next(iter(processes_in(self.folder)), None)

    def processes(self):
        return processes_in(self.folder, below=True)

    def launch(self, more=None, **options):
        """`more`: of its environment."""
        os.makedirs(self.folder, exist_ok=True)
        self._cluster.give_away(self.folder)
        with open(self.log, "ab") as log:
            start(*self._cluster.network.inside(self.host), "setsid", "--fork", *self._cluster.as_user,
                  *self._command, cwd=self.folder, stdout=log, stderr=subprocess.STDOUT,
                  env={**self._cluster.environment, **self.environment, **(more or {})}, **options)

    def end(self, *endings):
        return end(self.processes(), *endings)


def etcd(cluster, host):
    address = cluster.network.address(host)
    name = host.replace("pg", "etcd")
    return Daemon(cluster, name, host, ["etcd"], {
        **cluster.settings_of("etcd.env"),
        "ETCD_NAME": name,
        "ETCD_DATA_DIR": "data",
        "ETCD_LISTEN_CLIENT_URLS": f"http://{address}:2379",
        "ETCD_ADVERTISE_CLIENT_URLS": f"http://{address}:2379",
        "ETCD_LISTEN_PEER_URLS": f"http://{address}:2380",
        "ETCD_INITIAL_ADVERTISE_PEER_URLS": f"http://{address}:2380",
        "ETCD_INITIAL_CLUSTER": ",".join(f"{peer.replace('pg', 'etcd')}=http://{cluster.network.address(peer)}:2380"
                                         for peer in DATABASES)})


def patroni(cluster, host):
    address = cluster.network.address(host)
    return Daemon(cluster, host, host, ["patroni", "../etc/patroni.yml"], {
        "PATRONI_NAME": host,
        "PATRONI_ETCD_HOSTS": ",".join(f"{cluster.network.address(peer)}:2379" for peer in DATABASES),
        "PATRONI_RESTAPI_LISTEN": f"{address}:{PATRONI_PORT}",
        "PATRONI_RESTAPI_CONNECT_ADDRESS": f"{address}:{PATRONI_PORT}",
        "PATRONI_RESTAPI_USERNAME": "patroni",
        "PATRONI_RESTAPI_PASSWORD": cluster.password("patroni"),
        "PATRONI_POSTGRESQL_LISTEN": f"{address}:5432",
        "PATRONI_POSTGRESQL_CONNECT_ADDRESS": f"{address}:5432",
        "PATRONI_POSTGRESQL_DATA_DIR": "data",
        "PATRONI_POSTGRESQL_BIN_DIR": cluster.postgresql,
        "PATRONI_SUPERUSER_USERNAME": "postgres",
        "PATRONI_SUPERUSER_PASSWORD": cluster.password("superuser"),
        "PATRONI_REPLICATION_USERNAME": "replicator",
        "PATRONI_REPLICATION_PASSWORD": cluster.password("replication"),
        "PATRONI_REWIND_USERNAME": "rewinder",
        "PATRONI_REWIND_PASSWORD": cluster.password("rewind")})


def _haproxy(cluster, name, host, configuration, **environment):
    return Daemon(cluster, name, host, ["haproxy", "-db", "-f", f"../etc/{configuration}"], environment)


def database_proxy(cluster, host):
    return _haproxy(cluster, host.replace("api", "haproxy"), host, "database.cfg",
                    QA_DATABASE_BIND=cluster.network.own_address(host),
                    **{f"QA_{peer.upper()}": cluster.network.address(peer) for peer in DATABASES})


def front(cluster):
    return _haproxy(cluster, FRONT, FRONT, "front.cfg",
                    QA_LOST_WRITE=f"{cluster.state}/etc/lost-write.http",
                    **{f"QA_{host.upper()}": f"{cluster.network.address(host)}:{cluster.port_of(host)}"
                       for host in APIS})
