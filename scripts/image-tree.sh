#!/usr/bin/env bash
# Does what the Dockerfile's stages do, without Docker: reads its FROM, WORKDIR, COPY and RUN and carries them out below a clean
# folder, each stage in a folder of its own; base images, users and labels are left out. What stays is the last stage's tree.
# Usage: scripts/image-tree.sh FOLDER   (it must not exist yet; /app of the image is FOLDER/app)
set -euo pipefail
context=$(cd "$(dirname "$0")/.." && pwd)
target=${1:?usage: scripts/image-tree.sh FOLDER}
[ ! -e "$target" ] || { echo "image-tree: error: $target exists; name a folder that doesn't" >&2; exit 1; }
mkdir -p "$target"
target=$(cd "$target" && pwd)
stages=$target/.stages
stage=none
workdir=/

# Arguments: the folder that sources are in, then the words of a COPY. A folder is copied as what is in it, as Docker does.
copy() {
  local from=$1 to=${*: -1} source
  local sources=("${@:2:$#-2}")
  case $to in /*) to=$stages/$stage$to ;; *) to=$stages/$stage$workdir/$to ;; esac
  for source in "${sources[@]}"; do
    if [ -d "$from/$source" ]; then
      mkdir -p "$to"
      cp -R "$from/$source/." "$to/"
    elif [ "${#sources[@]}" -gt 1 ] || [ "${to%/}" != "$to" ] || [ "${to##*/}" = . ]; then
      mkdir -p "$to"
      cp "$from/$source" "$to/"
    else
      mkdir -p "$(dirname "$to")"
      cp "$from/$source" "$to"
    fi
  done
}

run() { (cd "$stages/$stage$workdir" && NODE_ENV='' sh -euc "$1"); }

while read -r word rest; do
  case $word in
    FROM)
      stage=final
      case $rest in *' AS '*) stage=${rest##* AS } ;; esac
      mkdir -p "$stages/$stage"
      workdir=/
      ;;
    WORKDIR) workdir=$rest && mkdir -p "$stages/$stage$workdir" ;;
    COPY)
      read -r -a words <<<"$rest"
      case ${words[0]} in
        --from=*) copy "$stages/${words[0]#--from=}" "${words[@]:1}" ;;
        *) copy "$context" "${words[@]}" ;;
      esac
      ;;
    RUN) run "$rest" >&2 ;;
    ENV | ARG | LABEL | USER | EXPOSE | ENTRYPOINT | CMD) ;;
    *) echo "image-tree: error: the Dockerfile has a $word, which this script doesn't know" >&2 && exit 1 ;;
  esac
done < <(sed -e ':a' -e '/\\$/N; s/\\\n */ /; ta' "$context/Dockerfile" | sed -e '/^ *#/d' -e '/^ *$/d')

mv "$stages/final"/* "$target/"
rm -rf "$stages"
