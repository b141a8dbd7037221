#!/usr/bin/env bash
# Brings what a target needs: Node 24, the packages of package-lock.json, and the Debian packages given as arguments.
# Does nothing, quickly, when all is there. A part that can't be brought is named with the command that would bring it.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p .cache

say() { printf 'setup: %s\n' "$*" >&2; }
fail() { printf 'setup: error: %s\n' "$1" >&2; printf 'setup: this would install it: %s\n' "$2" >&2; exit 1; }

# Two targets started at once must not install into each other.
if command -v flock >/dev/null; then
  exec 9>.cache/setup.lock
  flock 9
fi

wanted=$(cat .node-version)
local_node=.cache/node/bin/node

major() { "$1" -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0; }

platform() {
  case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) echo linux-x64 ;;
    Linux-aarch64 | Linux-arm64) echo linux-arm64 ;;
    Darwin-arm64) echo darwin-arm64 ;;
    Darwin-x86_64) echo darwin-x64 ;;
    *) fail "no Node $wanted is known for $(uname -s) $(uname -m)" 'install Node 24 or newer and put it on PATH' ;;
  esac
}

set_up_node() {
  if [ -x "$local_node" ] && [ "$(cat .cache/node/version 2>/dev/null)" = "$wanted" ]; then return; fi
  # PATH starts with .cache/node/bin; whatever else is found there is the machine's own Node.
  local own
  own=$(PATH=${PATH//"$PWD/.cache/node/bin:"/} command -v node || true)
  if [ -n "$own" ] && [ "$(major "$own")" -ge 24 ]; then return; fi
  command -v npm >/dev/null || fail 'npm is missing' 'apt-get install -y npm'
  local name
  name=node-$(platform)
  local install="npm install --prefix .cache/node --ignore-scripts --no-save --no-package-lock $name@$wanted"
  say "Node $wanted from npm into .cache/node"
  mkdir -p .cache/node
  $install >.cache/node/install.log 2>&1 || { tail -5 .cache/node/install.log >&2; fail "Node $wanted ($name) could not be installed" "$install"; }
  ln -sfn "node_modules/$name/bin" .cache/node/bin
  "$local_node" --version >/dev/null || fail "the installed Node $wanted does not run here" 'install Node 24 or newer and put it on PATH'
  echo "$wanted" >.cache/node/version
}

set_up_packages() {
  local stamp
  stamp=$(cat package.json package-lock.json .npmrc .node-version | cksum)
  if [ -d node_modules ] && [ "$(cat .cache/packages 2>/dev/null)" = "$stamp" ]; then return; fi
  say 'packages of package-lock.json (npm ci)'
  npm ci >.cache/npm-ci.log 2>&1 || { tail -15 .cache/npm-ci.log >&2; fail 'the npm packages could not be installed' 'npm ci'; }
  echo "$stamp" >.cache/packages
}

# Whether a Debian package, or on another system the same thing, is there.
present() {
  if command -v dpkg-query >/dev/null; then
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ] && return 0
  fi
  case "$1" in
    libnginx-mod-http-ndk) ls /usr/lib*/nginx/modules/ndk_http_module.so >/dev/null 2>&1 ;;
    libnginx-mod-http-set-misc) ls /usr/lib*/nginx/modules/ngx_http_set_misc_module.so >/dev/null 2>&1 ;;
    python3-venv) python3 -c 'import ensurepip, venv' 2>/dev/null ;;
    *) command -v "$1" >/dev/null ;;
  esac
}

set_up_debian() {
  local missing=() package root=()
  for package in "$@"; do present "$package" || missing+=("$package"); done
  [ ${#missing[@]} -gt 0 ] || return 0
  [ "$(id -u)" = 0 ] || root=(sudo)
  local install="${root[*]} apt-get install -y --no-install-recommends ${missing[*]}"
  command -v apt-get >/dev/null || fail "missing: ${missing[*]} (and this is no Debian: use your system's own packages)" "apt-get install -y ${missing[*]}"
  if [ ${#root[@]} -gt 0 ] && ! command -v sudo >/dev/null; then
    fail "missing: ${missing[*]} (neither root nor sudo)" "su -c 'apt-get install -y ${missing[*]}'"
  fi
  say "Debian packages: ${missing[*]}"
  # Old package lists name files that are gone, so the lists are read anew; the install says what is wrong if that fails.
  "${root[@]}" apt-get update >.cache/apt.log 2>&1 || say 'apt-get update failed, trying with the lists that are there'
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}" >>.cache/apt.log 2>&1 || tail -5 .cache/apt.log >&2
  for package in "${missing[@]}"; do present "$package" || fail "$package could not be installed (.cache/apt.log)" "${install# }"; done
}

set_up_node
PATH="$PWD/.cache/node/bin:$PATH"
set_up_packages
set_up_debian "$@"
