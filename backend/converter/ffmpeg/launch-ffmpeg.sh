#!/bin/sh
# Started instead of ffmpeg and ffprobe, with their arguments, to run them contained. run-ffmpeg.ts controls this script
# through environment variables, none of which reach the program itself. Only the steps that CONTAINED_BY names are
# taken:
#
# - parent-death: the kernel kills the program when the thread that started it ends, also after a kill -9 of the service
# - parent-watch: the same without the kernel's help; a loop checks once a second
# - namespaces: no network, and no other process can be seen or signalled
# - no-new-privileges: nothing that the program starts can gain rights (setuid programs)
# - no-capabilities: the program gives up root's power over other users
# - limits: CPU time, size of a file, open files, no core dump
# - memory-limit: address space
#
# Each step replaces the process by the next program, so the process id never changes.
set -u

does() {
  case " $CONTAINED_BY " in *" $1 "*) return 0 ;; *) return 1 ;; esac
}

# The script runs up to three times: first as started, then tied to its parent, then inside the namespaces.
stage=${CONTAINED_STAGE-started}
again() {
  CONTAINED_STAGE=$1
  export CONTAINED_STAGE
}

if [ "$stage" = started ] && does parent-death; then
  again tied
  exec setpriv --pdeathsig KILL -- "$0" "$@"
fi

# The parent may have died before the kernel was asked to report it, so compare the parent now. Inside the namespaces,
# only /proc shows who the parent is.
parent=$PPID
if [ "$stage" = inside ]; then
  while read -r name value; do
    if [ "$name" = PPid: ]; then parent=$value; fi
  done </proc/self/status
fi
[ "$parent" = "$CONTAINED_PARENT" ] || exit 1

# Limits are inherited, so they are set once, outside the namespaces.
if [ "$stage" != inside ]; then
  if does parent-watch; then
    while kill -0 $$ && { kill -0 "$CONTAINED_PARENT" || kill -KILL $$; }; do sleep 1; done </dev/null >/dev/null 2>&1 &
  fi

  # Uses the shell's ulimit, because prlimit exists on Linux only. A limit that is already lower stays; the error
  # message about it is dropped.
  if does limits; then
    {
      ulimit -c 0
      ulimit -n 64
      ulimit -f $((LIMIT_FILE_BYTES / 512))
      # ffmpeg ends cleanly at the soft limit. The kernel kills it at the hard limit.
      ulimit -S -t "$LIMIT_CPU_SECONDS"
      ulimit -H -t $((LIMIT_CPU_SECONDS + 5))
    } 2>/dev/null
  fi
  if does memory-limit; then
    ulimit -v $((LIMIT_MEMORY_BYTES / 1024)) 2>/dev/null
    # If the whole system runs out of memory, the kernel kills ffmpeg before the service.
    if [ -w /proc/self/oom_score_adj ]; then echo 800 >/proc/self/oom_score_adj; fi
  fi

  if does namespaces; then
    again inside
    CONTAINED_PARENT=$$
    export CONTAINED_PARENT
    exec unshare --user --map-root-user --net --pid --ipc --fork --kill-child=KILL -- "$0" "$@"
  fi
fi

# The service answers people while conversions use all cores.
# glibc reserves address space for every thread that allocates, for up to eight times the number of cores.
set -- nice -n 10 env -i PATH=/usr/bin:/bin LANG=C MALLOC_ARENA_MAX=2 "$CONTAINED_BINARY" "$@"

privileges=''
if does no-new-privileges; then privileges='--no-new-privs'; fi
if does no-capabilities; then privileges="$privileges --ambient-caps=-all --inh-caps=-all --bounding-set=-all"; fi
# shellcheck disable=SC2086 # several words
if [ -n "$privileges" ]; then set -- setpriv $privileges -- "$@"; fi

exec "$@"
