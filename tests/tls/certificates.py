"""Certificates of an authority of our own, and a client that trusts it."""

import subprocess

from api import Api

EXTENSIONS = """\
subjectAltName = DNS:localhost, IP:127.0.0.1
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
"""


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, stderr=subprocess.DEVNULL)


def make_certificate(folder):
    """Of a service, by an authority: the latter is made where it is missing."""
    extensions = folder / "extensions"
    extensions.write_text(EXTENSIONS)
    if not (folder / "authority.pem").exists():
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "90", "-subj", "/CN=Our authority",
                "-out", folder / "authority.pem", "-keyout", folder / "authority.key")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-out", folder / "request",
            "-keyout", folder / "key.pem")
    openssl("x509", "-req", "-in", folder / "request", "-CA", folder / "authority.pem", "-CAkey", folder / "authority.key",
            "-CAcreateserial", "-days", "90", "-extfile", extensions, "-out", folder / "certificate.pem")
    (folder / "key.pem").chmod(0o644)  # the stack's user reads it


def client(port, authority):
    """Of what speaks TLS there; it trusts that authority and no other, whatever the environment says."""
    api = Api(f"https://localhost:{port}")
    api.session.verify, api.session.trust_env = authority, False
    return api
