#!/bin/sh
# Fetches the component from npm, at the version that is written here, and packs what
# the page needs of it. Give another version to change it, and then the sums in
# page_test.go.
set -eu
version=${1:-3.2.1}
cd "$(dirname "$0")/component"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm pack --silent --pack-destination "$dir" "@asyncapi/react-component@$version" >/dev/null
tar -xzf "$dir"/*.tgz -C "$dir"
cp "$dir/package/LICENSE" LICENSE
cp "$dir/package/browser/standalone/without-parser.js.LICENSE.txt" LICENSE-bundled.txt
gzip -9nc "$dir/package/browser/standalone/without-parser.js" >without-parser.js.gz
gzip -9nc "$dir/package/styles/default.min.css" >default.min.css.gz
