#!/bin/sh
# Brings the schema up to date, and fills an empty database with sample data.
#
# Environment: QA_OWNER_DATABASE_URL_FILE, QA_SAMPLE_PRODUCTS (1000; 0 = no sample data)
set -eu

products=${QA_SAMPLE_PRODUCTS:-1000}
printf '%s\n' "$products" | grep -Eqx '0|[1-9][0-9]{0,6}|10000000' || {
    echo "schema: QA_SAMPLE_PRODUCTS must be a whole number from 0 to 10000000, not \"$products\"" >&2
    exit 2
}
atelier-qa migrate
if [ "$products" != 0 ]; then
    sample=$(mktemp -d)
    trap 'rm -rf "$sample"' EXIT
    atelier-qa generate "$sample" --products "$products" >/dev/null
    atelier-qa import --sample --if-empty "$sample"
fi
