#!/usr/bin/env bash
# Installs what is missing, and says what. tools/setup.sh build|test|deep
#   build  compiler, libraries           test  + the AWS CLI, Node.js and the JavaScript SDK       deep  + clang, valgrind
# Does nothing, and needs no network, where everything is there already.
set -euo pipefail
cd "$(dirname "$0")/.."

build="build-essential cmake ninja-build ccache pkg-config git libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev
 libsimdjson-dev libsqlite3-dev libcurl4-openssl-dev libssl-dev libre2-dev libyaml-cpp-dev libcli11-dev libspdlog-dev
 libfmt-dev libzstd-dev zlib1g-dev libtomlplusplus-dev libgtest-dev libgmock-dev libbenchmark-dev python3"
test="awscli python3-botocore curl jq"
deep="clang-19 clang-tidy-19 clang-format-19 libclang-rt-19-dev valgrind"

case "${1:-build}" in
  build) wanted=$build ;;
  test) wanted="$build $test" ;;
  deep) wanted="$build $test $deep" ;;
  *) echo "usage: tools/setup.sh build|test|deep" >&2; exit 2 ;;
esac

missing=()
for package in $wanted; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
# Node.js may come from elsewhere than Debian's packages; any version from 18 on serves.
if [ "${1:-build}" != build ]; then
  command -v node >/dev/null || missing+=(nodejs)
  command -v npm >/dev/null || missing+=(npm)
fi

if [ ${#missing[@]} -gt 0 ]; then
  echo "Installing Debian packages: ${missing[*]}"
  as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "Run as root, or install them yourself: apt-get install ${missing[*]}" >&2; exit 1; }
    as_root=(sudo)
  fi
  "${as_root[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

if [ "${1:-build}" != build ] && [ -f tests/e2e/package-lock.json ]; then
  stamp=build/e2e-node/.installed
  if [ ! -f "$stamp" ] || ! cmp -s tests/e2e/package-lock.json "$stamp"; then
    echo "Installing npm packages for the tests: $(sed -n 's/.*"\(@aws-sdk\/[a-z-]*\)": "\([^"]*\)".*/\1@\2/p' tests/e2e/package.json | tr '\n' ' ')"
    mkdir -p build/e2e-node
    cp tests/e2e/package.json tests/e2e/package-lock.json build/e2e-node/
    npm ci --prefix build/e2e-node --no-audit --no-fund --loglevel=error
    cp tests/e2e/package-lock.json "$stamp"
  fi
fi
