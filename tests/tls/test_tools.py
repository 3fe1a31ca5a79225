"""TLS and HTTP/2 as other people's tools see them."""

import json
import re
import subprocess
from xml.etree import ElementTree

from conftest import make_certificate
from stack import CHECKOUT

H2SPEC = CHECKOUT / "build/tools/h2spec"
PAGE = "/qa/questions?product_id=1"


def test_testssl_finds_nothing_wrong_with_versions_ciphers_and_headers(front, tmp_path):
    report = tmp_path / "report.json"
    subprocess.run(["testssl", "--quiet", "--color", "0", "--warnings", "off", "--nodns", "min", "--add-ca", front.authority,
                    "--jsonfile", report, "--overwrite", f"https://localhost:{front.port}{PAGE}"],
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=1200)
    findings = json.loads(report.read_text())
    assert len(findings) > 100
    assert {each["id"]: each["finding"] for each in findings if each["severity"] not in ("OK", "INFO")} == {}


def test_h2spec_finds_nothing_but_what_is_known_of_nginx(front, tmp_path):
    report = tmp_path / "report.xml"
    result = subprocess.run([H2SPEC, "--host", "localhost", "--port", str(front.port), "--tls", "--insecure", "--path", PAGE,
                             "--timeout", "5", "--junit-report", report], stdout=subprocess.PIPE, text=True, timeout=1200)
    [passed] = re.findall(r"(\d+) passed", result.stdout)
    failed = {f"{suite.get('package')} {case.get('classname')}" for suite in ElementTree.parse(report).getroot()
              for case in suite if case.find("failure") is not None or case.find("error") is not None}
    print(result.stdout[-3000:])
    assert int(passed) > 130
    assert failed == set()


def test_make_reload_takes_a_renewed_certificate_and_fails_no_request(front):
    def presented():
        shown = subprocess.run(["openssl", "s_client", "-connect", f"localhost:{front.port}"], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        return re.search("-----BEGIN.*?-----END", shown.stdout, re.S)[0]

    before = presented()
    load = subprocess.Popen(["h2load", "--clients=20", "--duration=6", f"https://localhost:{front.port}{PAGE}"],
                            stdout=subprocess.PIPE, text=True)
    old = subprocess.Popen(["h2load", "--h1", "--clients=20", "--duration=6", f"https://localhost:{front.port}{PAGE}"],
                           stdout=subprocess.PIPE, text=True)
    make_certificate(front.certificate.parent)
    assert presented() == before
    reloaded = front.stack.stack_sh("reload")
    assert reloaded.returncode == 0, reloaded.stdout
    assert "NGINX uses the certificate of CN=localhost" in reloaded.stdout
    assert presented() != before
    for client in (load, old):
        told, _ = client.communicate(timeout=120)
        [succeeded, failed] = re.search(r"(\d+) succeeded, (\d+) failed", told).groups()
        assert int(succeeded) > 100
        assert failed == "0", told
