"""Settings, from the environment and from the file that QA_ENV_FILE names. The program knows what such a file
means, and which numbers are right."""

import os
import re
import shlex

from common import Failure, output

FILES = ("DATABASE_URL_FILE", "QA_READ_DATABASE_URL_FILE", "QA_OWNER_DATABASE_URL_FILE",
         "QA_MODERATION_DATABASE_URL_FILE", "QA_MODERATION_TOKENS_FILE", "QA_ENV_FILE")
RENEWED_FILES = ("QA_TLS_CERTIFICATE", "QA_TLS_KEY")  # links that lead to another file after a renewal


class Settings:
    def __init__(self, checkout):
        variant = "sanitize" if os.environ.get("SANITIZE") else "release"
        fault = os.environ.get("FAULT")
        self.program = checkout / "build" / "-".join(filter(None, [variant, fault])) / "atelier-qa"
        self._checkout = checkout
        self._values = {}  # of the program: from the environment, QA_ENV_FILE or by default
        self._given = set()  # those of them that are not by default
        for name in FILES:
            if os.environ.get(name):
                os.environ[name] = os.path.realpath(os.environ[name])
        self._find_renewed_files()

    def read(self):
        """False where the program is missing or has told what is wrong."""
        if not os.access(self.program, os.X_OK):
            return False
        own = output(self.program, "settings")
        elsewhere = own is not None and output(self.program, "settings", "--elsewhere")
        if own is None or elsewhere is None:
            return False
        for line in own.splitlines():
            name, _, value = line.removeprefix("#").partition("=")
            self._values[name] = value
            if not line.startswith("#"):
                self._given.add(name)
        # For configure-nginx.sh and the stack. Those of the program stay in the file, for a reload.
        for line in filter(None, elsewhere.splitlines()):
            name, _, value = line.partition("=")
            os.environ[name] = value
        self._find_renewed_files()
        return True

    @staticmethod
    def _find_renewed_files():
        for name in RENEWED_FILES:
            if os.environ.get(name):
                os.environ[name] = os.path.abspath(os.environ[name])

    def given(self, name):
        """A value that is not by default, or None."""
        return self._values[name] if name in self._given else None

    def value(self, name):
        return self._values[name]

    def number(self, name, otherwise=0):
        return int(self._values.get(name) or otherwise)

    @property
    def state(self):
        return os.path.abspath(self.given("QA_STATE_DIR") or os.environ.get("QA_STATE_DIR")
                               or self._checkout / ".local")

    def shared_file(self, sockets):
        """By default it is beside the workers' sockets. A relative path begins where the service works."""
        given = self.given("QA_SHARED_FILE")
        if given:
            return os.path.abspath(os.path.join("bin", given))
        path = os.path.join(sockets, os.path.basename(self._values["QA_SHARED_FILE"]))
        if sockets != os.path.abspath("run"):  # whose path is too long for a socket, and one has the file's name
            os.environ["QA_SHARED_FILE"] = path
        return path

    @property
    def port(self):
        return os.environ.get("PORT") or "8080"

    @property
    def sample_products(self):
        text = os.environ.get("QA_SAMPLE_PRODUCTS") or "1000"
        if not re.fullmatch("0|[1-9][0-9]{0,6}|10000000", text):
            raise Failure(f"QA_SAMPLE_PRODUCTS must be a whole number from 0 to 10000000, not '{text}'")
        return int(text)

    def stop_command(self):
        """As a shell understands it."""
        for given, name in ((os.environ.get("QA_STATE_DIR"), "QA_STATE_DIR"),
                            (self.given("QA_STATE_DIR"), "QA_ENV_FILE")):
            if given:
                return f"{name}={shlex.quote(os.environ[name])} make stop"
        return "make stop"
