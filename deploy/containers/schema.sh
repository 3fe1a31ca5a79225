#!/bin/sh
# Brings the schema up to date, and fills an empty database with sample data.
#
# Environment: QA_OWNER_DATABASE_URL_FILE, QA_SAMPLE_PRODUCTS (1000; 0 = no sample data)
set -eu

atelier-qa migrate
if [ "${QA_SAMPLE_PRODUCTS:-1000}" != 0 ]; then
    sample=$(mktemp -d)
    trap 'rm -rf "$sample"' EXIT
    atelier-qa generate "$sample" --products "${QA_SAMPLE_PRODUCTS:-1000}" >/dev/null
    atelier-qa import --sample --if-empty "$sample"
fi
