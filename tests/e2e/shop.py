"""A shop on another origin than the service's, and a network between both that can fail."""

import contextlib
import http.client
import http.server
import threading
import time

from api import PATIENCE_S

# What a careful shop allows; docs/widget.md says the same of the service's origin.
POLICY = ("default-src 'none'; style-src 'self' {service} {network}; script-src {service} {network};"
          " connect-src {service} {network}; img-src 'self' {service}; require-trusted-types-for 'script'; trusted-types 'none'; form-action 'none'")


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A browser that leaves is no news."""


class _Listening:
    """A server in a thread of its own, at `address`."""

    def __init__(self, host="127.0.0.1"):
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                outer.handle(self)

            do_GET = do_PUT = do_POST = do_DELETE = do_OPTIONS = handle_any

            def log_message(self, *_):
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.address = f"http://{host}:{self._server.server_port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


class Shop(_Listening):
    """Serves `page`, a document, and `style`, its stylesheet."""

    def __init__(self, service, network=""):
        super().__init__("localhost")  # other than the service's 127.0.0.1
        self.policy = POLICY.format(service=service, network=network)
        self.page, self.style = "", ""

    def handle(self, request):
        is_style = request.path == "/style.css"
        body = (self.style if is_style else self.page if request.path == "/" else "").encode()
        request.send_response(200)
        request.send_header("Content-Type", f"text/{'css' if is_style else 'html'}; charset=utf-8")
        request.send_header("Content-Length", str(len(body)))
        request.send_header("Content-Security-Policy", self.policy)
        request.end_headers()
        request.wfile.write(body)


class Network(_Listening):
    """Passes requests on to the service, and remembers them."""

    def __init__(self, service):
        super().__init__()
        self._service = service.removeprefix("http://")
        self.requests = []     # (method, path, headers), as they came
        self.is_down = False   # nobody gets a response; no request gets through
        self.lost = []         # methods: of one request each the response is lost, after the service has acted
        self.delay_s = 0
        self.hidden = None     # a header of responses that does not come through
        self.change = lambda content: content
        self._hold = lambda request: None

    @contextlib.contextmanager
    def holding(self, method, text=""):
        """Requests of this method whose path has this text wait until the end."""
        released = threading.Event()

        def hold(request):
            if request.command == method and text in request.path:
                released.wait(PATIENCE_S)
        self._hold = hold
        try:
            yield
        finally:
            self._hold = lambda request: None
            released.set()

    def seen(self, *methods):
        return [request for request in self.requests if request[0] in methods]

    def handle(self, request):
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        self.requests.append((request.command, request.path, dict(request.headers)))
        if self.is_down:
            return self._cut(request)
        time.sleep(self.delay_s)
        self._hold(request)
        connection = http.client.HTTPConnection(self._service, timeout=PATIENCE_S)
        left_out = ("host", "connection", "accept-encoding")
        connection.request(request.command, request.path, body or None, {
            name: value for name, value in request.headers.items() if name.lower() not in left_out})
        response = connection.getresponse()
        content = self.change(response.read())
        connection.close()
        if request.command in self.lost:
            self.lost.remove(request.command)
            return self._cut(request)
        request.send_response(response.status)
        for name, value in response.getheaders():
            if name != self.hidden and name.lower() not in ("connection", "transfer-encoding", "content-length"):
                request.send_header(name, value)
        if response.status not in (204, 304):
            request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    @staticmethod
    def _cut(request):
        request.close_connection = True
        request.connection.shutdown(2)
