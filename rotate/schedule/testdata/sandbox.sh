#!/usr/bin/env bash
# sandbox.sh WORK COMMAND...: runs COMMAND as a user who exists nowhere else, with
# a systemd user manager and a cron daemon of its own. It needs root. The
# crontabs, /run, the user and the processes are in name spaces that go away with
# it: nothing of the machine is changed. WORK must be a folder that all can enter.
set -euo pipefail
id=54321

outer() {
  local cgroups code=0
  cgroups=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
  group="$cgroups/keycare-timers.$$"
  mkdir "$group"
  # Only what was started here is in the group.
  trap 'echo 1 >"$group/cgroup.kill"; for _ in $(seq 50); do find "$group" -depth -type d -exec rmdir {} + 2>/dev/null && break; sleep 0.1; done' EXIT
  (
    echo "$BASHPID" >"$group/cgroup.procs"
    exec unshare --mount --cgroup --propagation private "$0" --inner "$@"
  ) || code=$?
  return "$code"
}

inner() {
  local work=$1
  shift
  mkdir -p "$work/home" "$work/spool" "$work/cron.d"
  cp /etc/passwd "$work/passwd"
  # "*" and not "x": there is no shadow entry that PAM could look for.
  echo "keycaretimers:*:$id:$id::$work/home:/bin/sh" >>"$work/passwd"
  mount --bind "$work/passwd" /etc/passwd
  chown -R "$id:$id" "$work/home"
  mount -t tmpfs -o mode=755 run /run
  mkdir -p /run/systemd/system "/run/user/$id"
  chown "$id:$id" "/run/user/$id"
  chmod 700 "/run/user/$id"
  umount -R /sys/fs/cgroup
  mount -t cgroup2 none /sys/fs/cgroup
  chown -R "$id:$id" /sys/fs/cgroup 2>/dev/null || true
  if [ -d /var/spool/cron/crontabs ]; then
    chown root:crontab "$work/spool"
    chmod 1730 "$work/spool"
    mount --bind "$work/spool" /var/spool/cron/crontabs
    : >"$work/crontab"
    [ ! -e /etc/crontab ] || mount --bind "$work/crontab" /etc/crontab
    [ ! -e /etc/cron.d ] || mount --bind "$work/cron.d" /etc/cron.d
    # cron compares whole seconds: what is written in the one in which it began
    # would never be seen.
    touch -d "1 hour ago" "$work/spool" "$work/crontab" "$work/cron.d"
    cron -f >/dev/null 2>&1 &
  fi
  exec setpriv --reuid="$id" --regid="$id" --clear-groups env -i PATH="$PATH:/usr/sbin:/sbin" HOME="$work/home" USER=keycaretimers \
    LOGNAME=keycaretimers XDG_RUNTIME_DIR="/run/user/$id" TMPDIR=/run/user/$id dbus-run-session -- "$0" --session "$@"
}

session() {
  /lib/systemd/systemd --user </dev/null >/dev/null 2>&1 &
  for _ in $(seq 100); do
    systemctl --user show-environment >/dev/null 2>&1 && break
    sleep 0.1
  done
  systemctl --user show-environment >/dev/null
  # Not exec: the session ends with this shell, and the manager with it.
  cd "$HOME"
  "$@"
}

case $1 in
--inner) shift && inner "$@" ;;
--session) shift && session "$@" ;;
*) outer "$@" ;;
esac
