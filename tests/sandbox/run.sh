#!/bin/sh
# Runs tests of the service under the restrictions of deploy/systemd/atelier-qa.service: `make test-sandbox`. systemd
# itself does not run the service, but launch.py does what the unit says. For root.
#   run.sh [--calls] [ARGUMENT...]    arguments of pytest, in place of these tests
#
# With --calls, strace notes which system calls the service makes, and calls.py compares them with the unit's filter in
# the end. It takes some times as long.
set -eu
cd "$(dirname "$0")/../.."

[ "$(id -u)" -eq 0 ] || { echo "test-sandbox: only root can restrict what the service sees" >&2; exit 1; }
calls=""
if [ "${1:-}" = --calls ]; then
    shift
    calls=$(mktemp -d)
    trap 'rm -rf "$calls"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
fi
[ $# -gt 0 ] || set -- tests/e2e/test_restrictions.py \
    tests/e2e/test_service_manager.py tests/e2e/test_questions.py \
    tests/e2e/test_answers.py tests/e2e/test_posting.py tests/e2e/test_votes_and_reports.py \
    tests/e2e/test_caching_headers.py tests/e2e/test_hits_in_nginx.py tests/e2e/test_http.py
[ -n "$calls" ] || SANDBOX=1 exec /usr/bin/python3 -m pytest -q "$@"
status=0
SANDBOX=1 SANDBOX_CALLS=$calls /usr/bin/python3 -m pytest -q "$@" || status=$?
tests/sandbox/calls.py deploy/systemd/atelier-qa.service "$calls" || status=1
exit "$status"
