# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What every system test shares: a private copy of the system's folders, a log of what was said to
# syslog, and a line for each case. cgroups, processes and sockets stay the real ones.
#
#   . "$(dirname "$0")/lib.sh"
#   private_host "$@"       # from here on in a mount namespace of its own
#   check does_what_it_says # runs the function of that name, one line each
#   finish                  # the closing line, and the exit code

set -u
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin # not what root has made of it
export PATH
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=${B:-$here/build}
# Tests that call users and playgrounds alike say so ($names) and wait for each other.
lock=/run/groupies-tests-${names:-$(basename "$0" .sh)}.lock # where root alone can put a link
passed=0
failed=0

# Nobody else can open it and hold it.
lock_open() {
	local mask
	mask=$(umask)
	umask 077
	exec 9>"$lock"
	umask "$mask"
}

# ---- a private host -----------------------------------------------------------------------------

# Lays a writable layer over FOLDER that goes with the namespace. $work is a tmpfs.
private_folder() {
	local layer=$work/layers$1
	mkdir -p "$layer/up" "$layer/work"
	mount -t overlay groupies-test -o "lowerdir=$1,upperdir=$layer/up,workdir=$layer/work" "$1"
}

# /dev is a layer as well, so that /dev/log can be ours; its own mounts are brought along.
private_dev() {
	mkdir -p "$work/pts" "$work/shm"
	mount --bind /dev/pts "$work/pts"
	mount --bind /dev/shm "$work/shm"
	private_folder /dev
	mkdir -p /dev/pts /dev/shm
	mount --bind "$work/pts" /dev/pts
	mount --bind "$work/shm" /dev/shm
}

# Collects what programs say to syslog in $work/log, a line a message.
start_log() {
	rm -f /dev/log
	python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("/dev/log")
with open(sys.argv[1], "ab", buffering=0) as out:
    print("ready", flush=True)
    while True:
        out.write(s.recv(65536).rstrip(b"\0\n") + b"\n")
' "$work/log" >"$work/log.ready" 2>/dev/null &
	log_pid=$!
	: >>"$work/log"
	chmod 666 /dev/log 2>/dev/null
	until_true 10 test -s "$work/log.ready"
	chmod 666 /dev/log
}

# GROUPIES_HOST=real: this host is a machine that will be thrown away, and may be changed.
real() { [ "${GROUPIES_HOST:-private}" = real ]; }

real_host() {
	patience=6
	work=$(mktemp -d /srv/groupies-test.XXXXXX) # a disk, which members can reach
	export work
	chmod 755 "$work"
	trap private_end EXIT
	trap 'exit 130' INT TERM HUP
	umask 022
}

# Re-executes the test in a mount namespace with private folders; returns inside of it. systemd knows
# only the real folders, and what it made of them would be the host's: there the machines do it.
private_host() {
	if real; then
		real_host
		return
	fi
	if [ -d /run/systemd/system ]; then
		echo "# left to make check-vm: systemd reads the host's own folders, which this must not change"
		echo "0 passed, 0 failed"
		exit 0
	fi
	if [ "$(id -u)" -ne 0 ]; then
		echo "$0: needs root" >&2
		exit 1
	fi
	if [ "${GROUPIES_PRIVATE:-}" != "$PPID" ]; then
		lock_open
		flock -w 1800 9 || exit 1
		work=$(mktemp -d /tmp/groupies-test.XXXXXX)
		export work
		trap 'rmdir "$work"' EXIT
		GROUPIES_PRIVATE=$$ unshare --mount --propagation private "$BASH" "$0" "$@" &
		wait_for_child $!
		exit $?
	fi
	trap private_end EXIT
	trap 'exit 130' INT TERM HUP
	umask 022
	mount -t tmpfs -o mode=755 groupies-test "$work"
	local folder
	for folder in /etc /home /var /usr /root /run; do
		private_folder "$folder"
	done
	private_dev
	start_log
}

# Passes a signal on to the child, so that its own clean-up runs, and waits until it has.
wait_for_child() {
	local child=$1 code
	trap 'kill -TERM "$child" 2>/dev/null' INT TERM HUP
	wait "$child"
	code=$?
	while kill -0 "$child" 2>/dev/null; do
		wait "$child"
		code=$?
	done
	return "$code"
}

# A test may define tidy(): it runs first, whatever happened.
private_end() {
	local code=$?
	trap '' INT TERM HUP
	declare -F tidy >/dev/null && tidy
	[ -n "${log_pid:-}" ] && kill "$log_pid" 2>/dev/null
	! real || rm -rf "$work"
	exit "$code"
}

# Installs what was built into the private host. The folder is called as make called it before: what
# depends on a header is written down by that name.
install_here() {
	make -s -C "$here" B="${build#"$here/"}" DESTDIR=/ install >"$work/install.out" 2>&1 || {
		cat "$work/install.out"
		exit 1
	}
}

# ---- a directory that may be down ----------------------------------------------------------------

# Installs the name service `trial` (tests/nss) into the private host, with users and groups in
# /run/nss-trial/passwd and group; touch /run/nss-trial/unavail and it does not answer any more.
# nss_trial DATABASE SERVICES...: `nss_trial group files trial systemd` sets that line of nsswitch.conf.
nss_trial() {
	local database=$1
	shift
	if [ ! -e /usr/lib/libnss_trial.so.2 ]; then
		install -m 644 "$build/tests/libnss_trial.so.2" /usr/lib/
		mkdir -p /run/nss-trial
		touch /run/nss-trial/passwd /run/nss-trial/group
	fi
	sed -i "/^$database:/d" /etc/nsswitch.conf
	echo "$database: $*" >>/etc/nsswitch.conf
}

# ---- waiting, without guessing how long -----------------------------------------------------------

# How many times longer than here things may take: a host of its own is most often an emulated one.
patience=1

# until_true SECONDS COMMAND...: asks again and again, at most that long.
until_true() {
	local end=$((SECONDS + $1 * patience))
	shift
	# A pipe into which nobody writes: waiting costs no process.
	[ -n "${never:-}" ] || exec {never}<> <(:)
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		read -rt 0.05 -u "$never" || :
	done
}

# ---- cgroups ------------------------------------------------------------------------------------

# The mount point of a v1 hierarchy with the controller, or of cgroup2 when it has it.
hierarchy() {
	local type mount options
	while read -r _ mount type options _; do
		case $type,$options in
		cgroup,*) case ",$options," in *",$1,"*) echo "$mount" && return ;; esac ;;
		cgroup2,*) grep -qw "$1" "$mount/cgroup.controllers" && echo "$mount" && return ;;
		esac
	done </proc/mounts
	return 1
}

# Is memory limited on v2 here?
unified() { [ -e "$(hierarchy memory)/cgroup.controllers" ]; }

# The group of process $2 (or self) in the hierarchy of controller $1.
group_of() {
	local line
	while IFS= read -r line; do
		case $line in
		0::*) [ -z "$1" ] && echo "${line#0::}" ;;
		*:"$1":* | *:"$1",* | *,"$1":*) echo "${line#*:*:}" ;;
		esac
	done <"/proc/${2:-self}/cgroup"
}

# Removes the playground of that name and what is below it, in every hierarchy.
remove_groups() {
	local mount group
	while read -r mount; do
		[ -d "$mount/$1" ] || continue
		find "$mount/$1" -depth -type d | while read -r group; do
			until_true 5 rmdir "$group" 2>/dev/null || echo "# $group stays"
		done
	done < <(awk '$3 ~ /^cgroup2?$/ {print $2}' /proc/mounts)
	rm -f "/run/groupies/$1" /run/groupies/"$1".*
}

# ---- members, without groupies-setup --------------------------------------------------------------

# enrol USER PLAYGROUND LIMIT...: writes what `groupies-setup apply` would derive; a LIMIT that
# begins with Member: goes into [Member].
enrol() {
	local user=$1 playground=$2 uid own=no limit
	shift 2
	uid=$(id -u "$user")
	mkdir -p /var/lib/groupies/registry/uid /var/lib/groupies/applied
	{
		printf '[Playground]\nMembers=%s\n' "$user"
		for limit; do case $limit in Member:*) own=yes ;; *) echo "$limit" ;; esac done
		[ "$own" = no ] || echo '[Member]'
		for limit; do case $limit in Member:*) echo "${limit#Member:}" ;; esac done
	} >"/var/lib/groupies/applied/$playground.conf"
	printf 'groupies-registry 1\nuid=%s\nname=%s\nplayground=%s\nown-limits=%s\n' \
		"$uid" "$user" "$playground" "$own" >"/var/lib/groupies/registry/uid/$uid"
	name_leads_to "$user" "$uid"
}

# The link by which an entry is found by its user's name (include/groupies/known.h).
name_leads_to() {
	mkdir -p /var/lib/groupies/registry/name
	ln -sfn "$2" "/var/lib/groupies/registry/name/$(python3 -c '
import os, sys
hash = 0xcbf29ce484222325
for byte in os.fsencode(sys.argv[1]):
    hash = (hash ^ byte) * 0x100000001b3 % 2**64
print(f"{hash:016x}")' "$1")"
}

# Puts the module into both session stacks, as pam-auth-update would.
wire() {
	local file
	for file in common-session common-session-noninteractive; do
		grep -q pam_groupies "/etc/pam.d/$file" ||
			sed -i '/end of pam-auth-update/i session [success=ok ignore=ignore module_unknown=ignore default=die] pam_groupies.so step=after' \
				"/etc/pam.d/$file"
	done
}

# ---- cases --------------------------------------------------------------------------------------

# Why a case is not true; returns 1.
no() {
	echo "#   $*" >&3
	return 1
}

# Runs the function $1 in a subshell and says what came of it. Its output is shown when it failed.
# CASE=WORD runs only the cases whose name has WORD.
check() {
	local name=$1
	shift
	[[ $name == *${CASE:-}* ]] || return 0
	if (exec 3>&1 && "$name" "$@") >"$work/case.out" 2>&1 </dev/null; then
		echo "ok - ${name//_/ }${*:+ ($*)}"
		passed=$((passed + 1))
	else
		echo "not ok - ${name//_/ }${*:+ ($*)}"
		sed 's/^/#   /' "$work/case.out" | head -n 40
		failed=$((failed + 1))
	fi
}

finish() {
	echo "$passed passed, $failed failed"
	[ "$failed" -eq 0 ]
	exit $?
}
