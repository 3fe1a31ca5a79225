"""TLS: an NGINX with a certificate in front of the stack's workers. `make test-tls` looks at versions, ciphers and
HTTP/2 with other tools."""

import json
import os
import signal
import ssl
import subprocess
import threading
from collections import Counter, namedtuple
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path

import pytest

import test_process
from api import PATIENCE_S, ask, ask_once, assert_problem, new_product
from stack import CHECKOUT, free_port, wait_until

pytestmark = pytest.mark.same_with_sanitizers("NGINX's TLS, and a module without sanitizers")

MODULE = CHECKOUT / "build/release/ngx_http_qa_pages_module.so"
TAKE_CERTIFICATE = CHECKOUT / "deploy/take-certificate.sh"
HSTS = "max-age=63072000"

Front = namedtuple("Front", "folder plain port certificate key access_log")


def make_certificate(certificate, key, days=2):
    """A new pair for localhost, in place of what is there."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                    str(days), "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                    "-out", f"{certificate}.new", "-keyout", f"{key}.new"], check=True, stderr=subprocess.DEVNULL)
    os.replace(f"{certificate}.new", certificate)
    os.replace(f"{key}.new", key)


@pytest.fixture(scope="module")
def front(stack, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    certificate, key, port = folder / "shop.pem", folder / "shop.key", free_port()
    make_certificate(certificate, key)
    (folder / "nginx").mkdir()
    with stack.another_nginx(MODULE if MODULE.exists() else None, into=folder / "nginx",
                             QA_TLS_CERTIFICATE=str(certificate), QA_TLS_KEY=str(key), QA_TLS_PORT=str(port),
                             QA_SERVER_TIMING="true") as plain:
        yield Front(folder / "nginx", plain, port, certificate, key, stack.access_log_of(plain))


def context(front, version=None):
    """What a client trusts and speaks: that certificate, all versions or only this one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(front.certificate)
    if version:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
    return context


def connect(front, tls=None, session=None):
    connection = HTTPSConnection("localhost", front.port, timeout=PATIENCE_S, context=tls or context(front))
    if session:
        connection.sock = connection._context.wrap_socket(socket_to(front), server_hostname="localhost", session=session)
    return connection


def socket_to(front):
    plain = HTTPConnection("localhost", front.port, timeout=PATIENCE_S)
    plain.connect()
    return plain.sock


def curl(front, *arguments):
    return subprocess.run(["curl", "--silent", "--show-error", "--http2", "--cacert", front.certificate, *arguments],
                          check=True, stdout=subprocess.PIPE, text=True, timeout=PATIENCE_S).stdout


def plainly(front, method, target, body=None, headers=None):
    return ask_once(namedtuple("At", "port")(front.plain), method, target, body, headers)


def test_pages_and_writes_are_the_same_over_http_2_and_1_1(front, api):
    product = new_product()
    question = api.add_question(product)["question_id"]
    page = f"https://localhost:{front.port}/qa/questions?product_id={product}"
    expected = api.get(f"/qa/questions?product_id={product}").text
    for version in ("2", "1.1"):
        for cache in ("miss", "hit"):
            body, told, by, timing = curl(front, f"--http{version}", page, "-w",
                                          "\n%{http_version}\n%header{strict-transport-security}\n"
                                          "%header{server-timing}").rsplit("\n", 3)
            assert (body, told, by) == (expected, version, HSTS)
            assert timing == "cache;desc=hit" or not MODULE.exists() or cache == "miss"
        assert curl(front, f"--http{version}", "-X", "PUT", "-d", "", "-w", "%{http_code}",
                    f"https://localhost:{front.port}/qa/questions/{question}/helpful") == "204"
        expected = api.get(f"/qa/questions?product_id={product}").text
    assert api.questions(product)[0]["question_helpfulness"] == 2


def test_requests_that_share_an_http_2_connection_have_ids_of_their_own(front):
    ids = curl(front, "--parallel", "--parallel-max", "50", "-o", "/dev/null", "-w", "%header{x-request-id}\n",
               f"https://localhost:{front.port}/qa/questions?product_id=[1-200]").split()
    assert len(ids) == len(set(ids)) == 200


def test_versions_before_1_2_are_refused(front):
    with pytest.warns(DeprecationWarning), pytest.raises(ssl.SSLError):
        connect(front, context(front, ssl.TLSVersion.TLSv1_1)).request("GET", "/healthz")
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        assert ask(connect(front, context(front, version)), "GET", "/healthz").status_code == 200


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_session_is_resumed(front, version):
    tls = context(front, version)
    first = connect(front, tls)
    assert ask(first, "GET", "/healthz").status_code == 200
    session = first.sock.session
    again = connect(front, tls, session)
    assert ask(again, "GET", "/healthz").status_code == 200
    assert again.sock.session_reused


@pytest.mark.parametrize("target", ["/qa/questions?product_id=1&page=%32", "/", "/nowhere", "/demo/", "//x/..", "/?a"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_read_without_tls_is_led_to_it(front, method, target):
    response = plainly(front, method, target)
    assert response.status_code == 308
    assert response.headers["Location"] == f"https://127.0.0.1:{front.port}{target}"
    assert response.headers["Access-Control-Allow-Origin"] == "*"  # else a page of another origin may not follow
    assert response.headers["Strict-Transport-Security"] is None


def test_a_write_without_tls_is_refused_and_nothing_is_written(front, api):
    question = api.add_question(new_product())["question_id"]
    for method, target in (("PUT", f"/qa/questions/{question}/helpful"), ("POST", "/qa/questions"), ("DELETE", "/"),
                           ("PUT", "/demo/"), ("POST", "/healthz/x")):
        problem = plainly(front, method, target, b"{}")
        assert problem.status_code == 403
        assert problem.headers["Content-Type"] == "application/problem+json"
        assert "https" in problem.json()["detail"]
    assert api.get(f"/qa/questions/{question}/answers").status_code == 200


def test_probes_preflights_and_what_is_no_http_need_no_tls(front):
    for target in ("/healthz", "/readyz", "/healthz/"):
        assert plainly(front, "GET", target).status_code == 200
    assert plainly(front, "OPTIONS", "/qa/questions").status_code == 204
    assert_problem(plainly(front, "GET", "/%00"), 400)
    assert_problem(plainly(front, "GET", "/" + 20_000 * "a"), 414)
    assert_problem(plainly(front, "GET", "/problem/400"), 404)


def test_a_request_without_tls_to_the_port_of_tls_is_told_so(front):
    problem = assert_problem(ask_once(front, "PUT", "/qa/questions/1/helpful"), 400)
    assert "https" in problem["detail"]


def take_certificate(front, **settings):
    return subprocess.run([TAKE_CERTIFICATE, front.folder], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={"PATH": os.environ["PATH"], "QA_TLS_CERTIFICATE": str(front.certificate),
                               "QA_TLS_KEY": str(front.key), **settings})


def presented(front):
    """The certificate that a client gets now."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    with tls.wrap_socket(socket_to(front)) as connection:
        return connection.getpeercert(binary_form=True)


def test_a_renewed_certificate_is_used_at_once_and_no_connection_is_cut(front):
    kept = connect(front)
    assert ask(kept, "GET", "/healthz").status_code == 200
    mine, before = kept.sock, presented(front)
    make_certificate(front.certificate, front.key)
    assert presented(front) == before
    renewed = take_certificate(front)
    assert renewed.returncode == 0
    assert "CN=localhost, which is valid until" in renewed.stdout
    assert presented(front) != before
    assert ask(connect(front), "GET", "/healthz").status_code == 200
    assert ask(kept, "GET", "/healthz").status_code == 200
    assert kept.sock is mine
    assert take_certificate(front).stdout == ""  # nothing has changed


def test_a_renewal_that_does_not_fit_is_refused_and_the_old_certificate_stays(front, tmp_path):
    before, files = (front.folder / "tls.pem").read_bytes(), set(front.folder.glob("tls.pem*"))
    make_certificate(tmp_path / "other.pem", tmp_path / "other.key")
    (tmp_path / "text").write_text("no certificate\n")
    subprocess.run(["openssl", "pkey", "-in", front.key, "-aes256", "-passout", "pass:secret", "-out",
                    tmp_path / "locked.key"], check=True)
    for settings, word in (({"QA_TLS_KEY": tmp_path / "other.key"}, "is not the key of"),
                           ({"QA_TLS_KEY": tmp_path / "locked.key"}, "encrypted"),
                           ({"QA_TLS_KEY": tmp_path / "text"}, "holds no key"),
                           ({"QA_TLS_CERTIFICATE": tmp_path / "text"}, "holds no certificate"),
                           ({"QA_TLS_CERTIFICATE": tmp_path / "nowhere"}, "cannot read"),
                           ({"QA_TLS_KEY": ""}, "must both be set")):
        refused = take_certificate(front, **{name: str(value) for name, value in settings.items()})
        assert refused.returncode == 1
        assert word in refused.stdout
    assert (front.folder / "tls.pem").read_bytes() == before
    assert set(front.folder.glob("tls.pem*")) == files
    assert oct((front.folder / "tls.pem").stat().st_mode & 0o777) == "0o600"


def test_no_handshake_fails_while_the_certificate_is_replaced(front, tmp_path):
    pairs = []
    for name in ("one", "other"):
        certificate, key = tmp_path / f"{name}.pem", tmp_path / f"{name}.key"
        make_certificate(certificate, key)
        pairs.append({"QA_TLS_CERTIFICATE": str(certificate), "QA_TLS_KEY": str(key)})
    done = threading.Event()

    def shake_hands():
        seen = Counter()
        while not done.is_set():
            seen[presented(front)] += 1
        return seen

    with ThreadPoolExecutor(4) as clients:
        seen = [clients.submit(shake_hands) for _ in range(4)]
        try:
            for pair in 10 * pairs:
                assert take_certificate(front, **pair).returncode == 0
        finally:
            done.set()
        handshakes = sum((one.result() for one in seen), Counter())
    for pair in pairs:
        assert handshakes[ssl.PEM_cert_to_DER_cert(Path(pair["QA_TLS_CERTIFICATE"]).read_text())] > 10
    assert take_certificate(front).returncode == 0
    now = front.folder / "tls.pem"
    assert now.read_text() == front.certificate.read_text() + "\n" + front.key.read_text()
    before = set(front.folder.glob("tls.pem.*")) - {now.resolve()}
    assert len(before) == 1  # that of the last handshakes


def ends_at(certificate):
    text = subprocess.run(["openssl", "x509", "-in", certificate, "-noout", "-enddate"], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    return ssl.cert_time_to_seconds(text.strip().removeprefix("notAfter="))


def test_metrics_tell_when_the_certificate_ends_also_of_a_renewed_one(stack, tmp_path):
    def told(service):
        return service.metrics().value("atelier_qa_tls_certificate_not_after_seconds")

    certificate, env_file = tmp_path / "shop.pem", tmp_path / "env"
    env_file.write_text(f"QA_TLS_CERTIFICATE={certificate}\n")
    make_certificate(certificate, tmp_path / "shop.key")
    with test_process.running(stack, tmp_path, QA_ENV_FILE=str(env_file)) as service:
        service.wait_until_ready()
        assert told(service) == ends_at(certificate)
        make_certificate(certificate, tmp_path / "shop.key", days=30)
        assert told(service) == ends_at(certificate)
        certificate.unlink()
        assert told(service) == 0
        service.process.send_signal(signal.SIGHUP)
        wait_until(lambda: [line["reason"] for line in service.lines() if line["level"] == "warning"] == [
            f"{certificate}: No such file or directory"])


def test_the_access_log_has_requests_over_http_2_as_all_others(front):
    curl(front, "-H", "X-Request-Id: over-http-2", f"https://localhost:{front.port}/qa/questions?product_id=7&page=2")

    def logged():
        return [line for line in front.access_log.read_text().splitlines() if "over-http-2" in line]

    wait_until(logged)
    entry = json.loads(logged()[0])
    assert (entry["method"], entry["path"], entry["product_id"], entry["page"], entry["status"]) == \
        ("GET", "/qa/questions", "7", "2", 200)


@pytest.mark.parametrize("settings, word", [
    ({"QA_TLS_KEY": ""}, "QA_TLS_CERTIFICATE needs QA_TLS_KEY"), ({"QA_TLS_PORT": "https"}, "QA_TLS_PORT"),
    ({"PORT": "8443"}, "QA_TLS_PORT must be another than PORT"), ({"QA_TLS_PUBLIC_PORT": "0"}, "QA_TLS_PUBLIC_PORT"),
    ({"QA_TLS_HSTS_S": "-1"}, "QA_TLS_HSTS_S"), ({"QA_TLS_HSTS_S": "63072001"}, "QA_TLS_HSTS_S")])
def test_wrong_settings_are_told(front, tmp_path, settings, word):
    result = subprocess.run([CHECKOUT / "deploy/configure-nginx.sh", tmp_path], text=True, stderr=subprocess.PIPE,
                            env={"PATH": os.environ["PATH"], "QA_TLS_CERTIFICATE": str(front.certificate),
                                 "QA_TLS_KEY": str(front.key), **settings})
    assert result.returncode == 2
    assert word in result.stderr


def test_the_port_that_clients_see_may_be_another_one(front, tmp_path):
    def configured(**settings):
        subprocess.run([CHECKOUT / "deploy/configure-nginx.sh", tmp_path], check=True, stdout=subprocess.DEVNULL,
                       env={"PATH": os.environ["PATH"], "QA_TLS_CERTIFICATE": str(front.certificate),
                            "QA_TLS_KEY": str(front.key), **settings})
        return (tmp_path / "http.conf").read_text()

    assert '"https://$tls_host$request_uri"' in configured(QA_TLS_PUBLIC_PORT="443")
    assert '"https://$tls_host:8443$request_uri"' in configured()
