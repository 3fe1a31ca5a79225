#!/bin/sh
# Assembles build/reference, which NGINX serves: the API's description, and the page under /docs/
# with its viewer, Swagger UI. Where the viewer cannot be fetched, the page says so; the next try is
# ten minutes later at the earliest, so that a build without a network does not wait each time.
set -eu
cd "$(dirname "$0")/.."

viewer=build/viewer
log=build/viewer.log
failed=$viewer/failed
mkdir -p $viewer

if [ -z "$(find $failed -mmin -10 2>/dev/null)" ]; then
    if scripts/npm-install.sh docs/reference $viewer 2>$log; then
        rm -f $failed $log
    else
        touch $failed
        echo "Swagger UI could not be fetched (see $log): /docs/ will say so" >&2
    fi
fi

new=build/reference.new
rm -rf $new
mkdir -p $new/swagger-ui
cp -p docs/openapi.yaml docs/reference/index.html docs/reference/reference.css \
    docs/reference/reference.js $new
for file in swagger-ui.css swagger-ui-bundle.js LICENSE NOTICE; do
    if [ ! -e $failed ]; then
        cp -p $viewer/node_modules/swagger-ui-dist/$file $new/swagger-ui
    fi
done
rm -rf build/reference
mv $new build/reference
