#!/bin/sh
# Compiles a kernel for the host and prints the library's path: emulate.sh KERNEL.cu CACHE [-DT0=F16 ...]
# KERNEL.cu is what NVRTC gets: prelude.cuh, a line directive, the source. What was compiled once is found again by the hash of all that made it.
set -e
here=$(dirname "$0") kernel=$1 cache=$2
shift 2
compile() { g++ -std=c++17 -O1 -w -fPIC -fvisibility=hidden "$@"; }

hash() { sha256sum | cut -c1-32; }

emulation=$(cat "$here"/emulate* | hash)
threads=$cache/$emulation.o
library=$cache/$({ echo "$emulation $*"; cat "$kernel"; } | hash).so
if [ ! -f "$library" ]; then
  mkdir -p "$cache"
  work=$(mktemp -d "$cache/work.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  [ -f "$threads" ] || { compile -c -o "$work/threads.o" "$here/emulate.cpp" && mv "$work/threads.o" "$threads"; }
  {
    echo '#include "emulate.h"'
    sed '/^#line 1 "/,$d' "$kernel"
    echo '#include "emulate_end.h"'
    sed -n '/^#line 1 "/,$p' "$kernel"
    # KERNEL(256) name(...) or KERNEL_OF_SOME_KIND(name, ...)
    sed -nE 's/^KERNEL(\([0-9]+\) |_[A-Z0-9_]+\()([A-Za-z0-9_]+).*/EMULATE(\2)/p' "$kernel"
  } >"$work/kernel.cpp"
  compile -nostdinc++ -shared -DEMULATED -I"$here" "$@" -o "$work/kernel.so" "$work/kernel.cpp" "$threads" >&2
  mv "$work/kernel.so" "$library"
fi
echo "$library"
