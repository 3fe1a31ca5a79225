"""Projects of docker-compose that are the tests' own, with images, ports and volumes of theirs."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import uuid
from pathlib import Path

import requests

from api import PATIENCE_S
from stack import free_port, wait_until

CHECKOUT = Path(__file__).resolve().parents[2]
WORKERS = 2  # of a container, which is what docker-compose.yml says
LABEL = "org.opencontainers.image.title=Atelier Q&A"  # of every image of the Dockerfile
# Perl, which Debian has everywhere, asks a Unix socket: no program of the image speaks HTTP.
ASK = r"""$socket = IO::Socket::UNIX->new(Peer => shift) or die;
print $socket "GET @{[shift]} HTTP/1.0\r\nHost: worker\r\n\r\n"; local $/;
($head, $body) = split /\r\n\r\n/, <$socket>, 2; die $head if $head !~ m{^HTTP/1.. 200 }; print $body"""


def run(*command, **options):
    """What a command prints; fails with all of it when the command does."""
    result = subprocess.run(command, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, start_new_session=True, **options)
    assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
    return result.stdout


def tools():
    """The commands that read docker-compose.yml here: the old one, the plugin, or both."""
    found = [["docker-compose"]] if shutil.which("docker-compose") else []
    plugin = subprocess.run(["docker", "compose", "version"], stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)
    return found + ([["docker", "compose"]] if plugin.returncode == 0 else [])


class Project:
    """`with Project(tool) as project:` brings it up and takes it down in every case."""

    file = "docker-compose.yml"

    def __init__(self, tool):
        self.name = f"atelier-qa-test-{uuid.uuid4().hex[:8]}"
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.images = {"QA_IMAGE": self.name, "QA_NGINX_IMAGE": f"{self.name}-nginx",
                       "QA_POSTGRES_IMAGE": f"{self.name}-postgres", "QA_CLUSTER_IMAGE": f"{self.name}-cluster"}
        self._tool = tool
        self._files = [self.file]
        outer = {name: value for name, value in os.environ.items()
                 if not name.startswith(("QA_", "PG", "POSTGRES_", "DATABASE_URL", "COMPOSE_"))}
        self._environment = {**outer, **self.images, "PORT": str(self.port)}

    def __enter__(self):
        try:
            self.compose("up", "--detach", "--build")
            self.wait_until_ready()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, *_):
        self.remove()

    def compose(self, *arguments):
        files = [f"--file={CHECKOUT / name}" for name in self._files]
        return run(*self._tool, f"--project-name={self.name}", *files, f"--env-file={CHECKOUT / '.env.example'}",
                   *arguments, env=self._environment, cwd=CHECKOUT)

    @contextlib.contextmanager
    def changed(self, *files, **settings):
        """With these files behind docker-compose.yml, and these settings, while the block runs."""
        files_before, environment_before = self._files, self._environment
        self._files, self._environment = [*files_before, *files], {**environment_before, **settings}
        try:
            self.compose("up", "--detach")
            self.wait_until_ready()
            yield
        finally:
            self._files, self._environment = files_before, environment_before
            self.compose("up", "--detach")
            self.wait_until_ready()

    def is_ready(self):
        try:
            return requests.get(self.base_url + "/readyz", timeout=PATIENCE_S).status_code == 200
        except requests.ConnectionError:
            return False

    def wait_until_ready(self):
        wait_until(self.is_ready)

    def scale(self, containers):
        self.compose("up", "--detach", "--no-recreate", "--scale", f"service={containers}")

    def remove(self):
        self.compose("--profile", "bench", "down", "--volumes")
        # By name: under another one the same image may be somebody's.
        for image in run("docker", "image", "ls", "--filter", f"reference={self.name}*",
                         "--format", "{{.Repository}}").split():
            run("docker", "image", "rm", image)
        # The old builder leaves the stage in which the program was compiled.
        run("docker", "image", "prune", "--force", "--filter", f"label={LABEL}")

    def left_behind(self):
        """What the engine still has of this project."""
        label = f"label=com.docker.compose.project={self.name}"
        return (run("docker", "ps", "--all", "--quiet", "--filter", label)
                + run("docker", "network", "ls", "--quiet", "--filter", label)
                + run("docker", "volume", "ls", "--quiet", "--filter", label)
                + run("docker", "image", "ls", "--quiet", "--filter", f"reference={self.name}*"))

    def containers(self, service):
        """The ids of a service's containers, oldest first, also of those that have ended."""
        ids = run("docker", "ps", "--all", "--quiet", "--no-trunc",
                  "--filter", f"label=com.docker.compose.project={self.name}",
                  "--filter", f"label=com.docker.compose.service={service}").split()
        return ids[::-1]

    def container(self, service):
        """The id of a service's only one."""
        [container] = self.containers(service)
        return container

    def inspect(self, container):
        return json.loads(run("docker", "inspect", container))[0]

    def state(self, container):
        return self.inspect(container)["State"]

    def is_healthy(self, container):
        return self.state(container)["Health"]["Status"] == "healthy"

    def inside(self, container, *command):
        return run("docker", "exec", container, *command)

    def ask(self, container, socket, target):
        """The body of the response to a GET, on a Unix socket in a container."""
        return self.inside(container, "perl", "-MIO::Socket::UNIX", "-e", ASK, socket, target)

    def workers(self):
        """The sockets of the workers that NGINX spreads requests over."""
        links = self.inside(self.container("nginx"), "sh", "-c", "for s in nginx/slots/*; do readlink $s; done").split()
        return sorted(set(links))

    def ask_each_worker(self, target):
        """The body that each worker itself answers with."""
        return [json.loads(self.ask(self.container("nginx"), worker, target)) for worker in self.workers()]

    def sql(self, statement):
        return self.inside(self.container("postgres"), "psql", "--username=postgres", "--dbname=atelier_qa",
                           "--no-align", "--tuples-only", "--command", statement).strip()

    def addresses_in_logs(self):
        return re.findall(r"\S+@\S+\.example", self.compose("logs", "--no-color"))


@contextlib.contextmanager
def running(project):
    """A project that is up. It must leave nothing behind, and have no address in a log."""
    with project:
        yield project
        assert not project.addresses_in_logs()
    assert not project.left_behind()
