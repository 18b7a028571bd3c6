# Tries the launcher in the environments of containers, of cron and of other users. Each check says "ok", "FAILED" or "skipped" and its name.
#   bash environments.sh CHECKOUT PHOTO FOLDER
# CHECKOUT has bin/faithdiff and a build; PHOTO is a small PNG; FOLDER is empty and is filled.
root=$1 photo=$2 dir=$3
failed=0
quick=(--scale 1 --steps 1 --guard off --device cpu)
fd=$root/bin/faithdiff
cd "$dir" || exit 1

say() { echo "$1 $name${2:+: $2}"; [ "$1" != FAILED ] || failed=1; }

# expect CODE PATTERN COMMAND...: the exit code, and all of stderr matched by a pattern of bash ("" means silent); stdout goes to the file "out".
expect() {
  local code=$1 pattern=$2 got said
  shift 2
  "$@" >out 2>err
  got=$? said=$(cat err)
  # shellcheck disable=SC2053 # it is a pattern
  if [ $got != "$code" ]; then say FAILED "exit code $got, not $code: $said"
  elif [[ $said != $pattern ]]; then say FAILED "said: $said"
  else return 0
  fi
  return 1
}

png() { [ "$(head -c 4 "$1" | tail -c 3)" = PNG ] || { say FAILED "$1 is no PNG"; return 1; }; }

# As another user who is not root, if this one is.
unprivileged() { if [ "$(id -u)" = 0 ]; then setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; else "$@"; fi; }

# In mounts of its own, or skipped where that is not allowed.
can_mount() { unshare -m true 2>/dev/null || { say skipped "mounts are not allowed here"; return 1; }; }

name="locale C"
mkdir album
cp "$photo" album/plain.png
cp "$photo" album/näme.png
cp "$photo" $'album/l\xe4tin.png'
expect 0 "" env LC_ALL=C "$fd" restore album -o posix "${quick[@]}" -q && png posix/näme.png && png $'posix/l\xe4tin.png' \
  && expect 0 "" env -u LC_ALL LANG=xx_XX.UTF-8 "$fd" restore album/näme.png -o named.png "${quick[@]}" -q && png named.png \
  && expect 1 "faithdiff: album/gone*.png does not exist" env LC_ALL=POSIX "$fd" restore album/plain.png $'album/gone\xe4.png' -o rest "${quick[@]}" -q \
  && png rest/plain.png && expect 0 "" env LC_ALL=C "$fd" restore $'album/l\xe4tin.png' -o latin.png "${quick[@]}" -q && png latin.png && say ok

name="names"
cp "$photo" ./@x.png
cp "$photo" ./-y.png
echo "--steps 0" >x.png
expect 0 "" "$fd" restore @x.png -o at.png "${quick[@]}" -q && expect 0 "" "$fd" restore "${quick[@]}" -q -o dash.png -- -y.png && png at.png && png dash.png && say ok

name="read-only checkout, another user, no HOME"
mkdir -m 777 open
if [ "$(id -u)" = 0 ] && can_mount; then
  expect 0 "" unshare -m bash -c 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && "$@"' - "$root" \
    setpriv --reuid=65534 --regid=65534 --clear-groups env -i PATH="$PATH" FAITHDIFF_JAVA_OPTS="$FAITHDIFF_JAVA_OPTS" \
    "$fd" restore "$photo" -o open/a.png "${quick[@]}" -q && png open/a.png && say ok
else
  expect 0 "" unprivileged env -i PATH="$PATH" FAITHDIFF_JAVA_OPTS="$FAITHDIFF_JAVA_OPTS" "$fd" restore "$photo" -o open/a.png "${quick[@]}" -q && png open/a.png && say ok
fi

name="a user without a name or home"
nameless() { (cd open && setpriv --reuid=54321 --regid=54321 --clear-groups env -u HOME "$fd" restore "$photo" -o b.png "${quick[@]}" -q && [ ! -e "?" ]); }
if [ "$(id -u)" = 0 ]; then expect 0 "" nameless && png open/b.png && say ok; else say skipped "only root may become another user"; fi

name="read-only folder of results"
mkdir -m 555 closed
expect 1 "faithdiff: cannot write closed/a.png: permission denied" unprivileged env FAITHDIFF_JAVA_OPTS="$FAITHDIFF_JAVA_OPTS" \
  "$fd" restore "$photo" -o closed/a.png "${quick[@]}" -q && say ok

# A control group as a container has it, where root may make one (v1); else only the JVM is told.
name="2 GB of memory"
group=/sys/fs/cgroup/memory/faithdiff-$$
if mkdir $group 2>/dev/null && echo 2G >$group/memory.limit_in_bytes && unshare -m true 2>/dev/null; then
  limited() { unshare -m bash -c 'mount --bind "$1" /sys/fs/cgroup/memory && echo $$ >/sys/fs/cgroup/memory/cgroup.procs && shift && exec "$@"' - $group "$@"; }
else
  limited() { (ulimit -v 6000000; FAITHDIFF_JAVA_OPTS="$FAITHDIFF_JAVA_OPTS -XX:MaxRAM=2g -XX:MaxRAMPercentage=40" "$@"); }
fi
expect 0 "" limited "$fd" restore "$photo" -o small.png "${quick[@]}" -q && png small.png && expect 0 "" limited "$fd" devices \
  && { grep -q "the heap takes at most 7.. MB\|the heap takes at most 8.. MB" out || say FAILED "$(cat out)"; } && say ok
rmdir $group 2>/dev/null

name="temporary folder that is noexec, full or missing"
if can_mount; then
  noexec() {
    unshare -m bash -c 'mkdir -p tmp && mount -t tmpfs -o noexec,size=64k tmpfs tmp && export FAITHDIFF_JAVA_OPTS="$FAITHDIFF_JAVA_OPTS -Djava.io.tmpdir=$PWD/tmp" && "$@"' - "$@"
  }
  expect 0 "" noexec "$fd" restore "$photo" -o noexec.png "${quick[@]}" -q && png noexec.png \
    && expect 0 "WARNING: java.io.tmpdir directory does not exist" env FAITHDIFF_JAVA_OPTS="$FAITHDIFF_JAVA_OPTS -Djava.io.tmpdir=$PWD/none" "$fd" restore "$photo" -o notmp.png "${quick[@]}" -q && say ok
fi

name="standard streams"
through() { "$fd" restore - "${quick[@]}" -q <"$photo"; }
expect 0 "" through && png out && cp out first
through() { cat "$photo" | "$fd" restore - -o - "${quick[@]}" -q | cat; }
expect 0 "" through && cmp -s out first && expect 0 "" "$fd" restore <(cat "$photo") -o /dev/stdout "${quick[@]}" -q && cmp -s out first \
  && expect 0 "" "$fd" restore /dev/stdin -o stream.png "${quick[@]}" -q <"$photo" && cmp -s stream.png first && say ok || say FAILED "other bytes"

name="full and closed standard streams"
full() { "$fd" "$@" >/dev/full; }
closed() { "$fd" --version >&-; }
all_closed() { "$fd" restore "$photo" -o all-closed.png "${quick[@]}" -q <&- >&- 2>&-; }
expect 1 "faithdiff: cannot write to standard output: No space left on device" full --version \
  && expect 1 "faithdiff: cannot write to standard output: No space left on device" full restore "$photo" -o - "${quick[@]}" -q \
  && expect 1 "faithdiff: cannot write to standard output: Bad file descriptor" closed && expect 0 "" all_closed && png all-closed.png \
  && { "$fd" --help 2>err | head -n 1 >out; [ -s out ] && [ ! -s err ] && say ok || say FAILED "a reader that stops: $(cat err)"; }

name="working folder that is gone"
mkdir gone
lost() { (cd gone && rmdir ../gone && "$fd" --version); }
expect 1 "*faithdiff: the working folder is no longer there" lost && say ok

name="log that cannot be written"
expect 1 "faithdiff: cannot write the log /dev/full: No space left on device" "$fd" restore "$photo" -o logged.png "${quick[@]}" -q --log /dev/full \
  && png logged.png && say ok

name="pipes and devices"
mkfifo in.pipe out.pipe
cat "$photo" >in.pipe &
cat out.pipe >piped &
expect 0 "" "$fd" restore in.pipe -o out.pipe "${quick[@]}" -q && wait && cmp -s piped first && [ -p out.pipe ] && say ok || say FAILED "the pipe"
name="null device"
if mknod null-device c 1 3 2>/dev/null; then
  expect 0 "" "$fd" restore "$photo" -o null-device "${quick[@]}" -q && { [ -c null-device ] && say ok || say FAILED "it is replaced"; }
else
  expect 0 "" "$fd" restore "$photo" -o /dev/null "${quick[@]}" -q && { [ -c /dev/null ] && say ok || say FAILED "it is replaced"; }
fi

name="environment"
mkdir hooks
echo 'echo hook; exit 3' >hooks/env
hostile() {
  (
    cd() { echo "no"; }
    sed() { echo "no"; }
    export -f cd sed
    export CDPATH=.:/usr BASH_ENV=$PWD/hooks/env ENV=$PWD/hooks/env IFS=n SHELLOPTS JAVA_TOOL_OPTIONS=-Dx=y JDK_JAVA_OPTIONS=-Dz=y JAVA_HOME=/none
    export GREP_OPTIONS=-v POSIXLY_CORRECT=1 GLOBIGNORE='*'
    "$fd" --version
  )
}
expect 0 "" hostile && { [[ $(cat out) == "faithdiff "* ]] && say ok || say FAILED "printed $(cat out)"; }

name="no bash"
mkdir only
cp "$(command -v sh)" only/sh
expect 127 "faithdiff: bash is needed*" env PATH="$PWD/only" sh "$fd" --version && say ok

name="exit codes and signals"
ended() {
  local pid code
  "$fd" restore "$photo" -o ended.png --scale 4 --steps 900 --start lr --device cpu --resume -q &
  pid=$!
  for _ in {1..600}; do [ -f ended.png.resume ] && break; sleep 0.1; done
  kill -TERM $pid
  wait $pid
}
expect 143 "faithdiff: stopped; the same command resumes from ended.png.resume" ended && expect 2 "faithdiff: there is no command or file 'foo'*" "$fd" foo \
  && expect 1 "faithdiff: none.png does not exist" "$fd" none.png && expect 1 "Unrecognized VM option*" env FAITHDIFF_JAVA_OPTS=-XX:Nonsense "$fd" --version && say ok

name="archive of classes that is blank"
built=$root/target/launcher
blank=ok
for content in "" "\0\0\0\0"; do
  printf "$content" >"$built/app.jsa"
  expect 0 "" "$fd" --version || blank=
  [ "$(stat -c %s "$built/app.jsa")" -gt 100 ] || { say FAILED "no other was made"; blank=; }
done
[ -z "$blank" ] || say ok

name="no room for the archive of classes"
if can_mount; then
  crowded() {
    unshare -m bash -c 'cp -r "$0/app" app && mount -t tmpfs -o size=$(($(du -sk app | cut -f1) + 2000))k tmpfs "$0" && mv app "$0/app" && "$@"' \
      "$built" "$@"
  }
  expect 0 "" crowded "$fd" --version && say ok
fi

name="a name of its own folder with brackets, spaces and umlauts"
[[ $root == *"["*"]"*" "* ]] && expect 0 "" "$fd" --help && say ok

exit $failed
