#!/bin/sh
# Started in ffmpeg's and ffprobe's place, with their arguments, to run them contained. run-ffmpeg.ts says what to do in the
# environment; nothing of that environment reaches the program itself. Only the steps that CONTAINED_BY names are taken:
#
#   parent-death       the kernel kills it when the thread that started it ends (a kill -9 of the service too)
#   parent-watch       the same without the kernel's help: somebody looks once a second
#   namespaces         no network, and no process of anyone else to be seen or signalled
#   no-new-privileges  nothing that it starts can gain rights (setuid programs)
#   no-capabilities    what root may do beyond other users is gone
#   limits             CPU time, size of a file, open files, no core dump
#   memory-limit       address space
#
# Each step replaces the process by the next program, so that the process id stays the one that was started.
set -u

does() {
  case " $CONTAINED_BY " in *" $1 "*) return 0 ;; *) return 1 ;; esac
}

# The script runs up to three times: as it was started, tied to its parent, and inside the namespaces.
stage=${CONTAINED_STAGE-started}
again() {
  CONTAINED_STAGE=$1
  export CONTAINED_STAGE
}

if [ "$stage" = started ] && does parent-death; then
  again tied
  exec setpriv --pdeathsig KILL -- "$0" "$@"
fi

# Who died before the kernel was asked to tell would go unnoticed. From inside, only /proc shows who the parent is.
parent=$PPID
if [ "$stage" = inside ]; then
  while read -r name value; do
    if [ "$name" = PPid: ]; then parent=$value; fi
  done </proc/self/status
fi
[ "$parent" = "$CONTAINED_PARENT" ] || exit 1

# What holds outside holds inside too: limits are inherited.
if [ "$stage" != inside ]; then
  if does parent-watch; then
    while kill -0 $$ && { kill -0 "$CONTAINED_PARENT" || kill -KILL $$; }; do sleep 1; done </dev/null >/dev/null 2>&1 &
  fi

  # The shell's own limits, since prlimit is Linux's alone. One that is already lower stays: hence no complaint.
  if does limits; then
    {
      ulimit -c 0
      ulimit -n 64
      ulimit -f $((LIMIT_FILE_BYTES / 512))
      # ffmpeg ends in order at the first, the kernel ends it at the second.
      ulimit -S -t "$LIMIT_CPU_SECONDS"
      ulimit -H -t $((LIMIT_CPU_SECONDS + 5))
    } 2>/dev/null
  fi
  if does memory-limit; then
    ulimit -v $((LIMIT_MEMORY_BYTES / 1024)) 2>/dev/null
    # Where the whole system runs out, this goes and the service stays.
    if [ -w /proc/self/oom_score_adj ]; then echo 800 >/proc/self/oom_score_adj; fi
  fi

  if does namespaces; then
    again inside
    CONTAINED_PARENT=$$
    export CONTAINED_PARENT
    exec unshare --user --map-root-user --net --pid --ipc --fork --kill-child=KILL -- "$0" "$@"
  fi
fi

# glibc reserves address space for every thread that allocates, up to eight times the cores.
set -- env -i PATH=/usr/bin:/bin LANG=C MALLOC_ARENA_MAX=2 "$CONTAINED_BINARY" "$@"

privileges=''
if does no-new-privileges; then privileges='--no-new-privs'; fi
if does no-capabilities; then privileges="$privileges --ambient-caps=-all --inh-caps=-all --bounding-set=-all"; fi
# shellcheck disable=SC2086 # several words
if [ -n "$privileges" ]; then set -- setpriv $privileges -- "$@"; fi

exec "$@"
