#!/usr/bin/env bash
# Whether NGINX of this container responds, and by it a worker that is ready. Bash asks by itself: the image has no
# program that speaks HTTP.
set -eu

exec 3<>/dev/tcp/127.0.0.1/8080
printf 'GET /readyz HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3
read -r -t 6 _ status _ <&3
[ "$status" = 200 ]
