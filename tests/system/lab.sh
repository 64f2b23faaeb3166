# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# shellcheck disable=SC2317,SC2154,SC2034 # called by name, and set by whoever uses this
# shellcheck disable=SC2015,SC2016 # "what must be && more || no why" is meant as it reads
# A lab: folders of its own over those of the private host, in which one case provisions and removes,
# and of which it is told what differs afterwards. Behind lib.sh.

folders=(etc home var usr root run)

# ---- a lab --------------------------------------------------------------------------------------

# Lays layers over the folders; $lab/lower keeps how they are now.
lab_open() {
	local folder
	lab=$work/lab
	mkdir -p "$lab"
	for folder in "${folders[@]}"; do
		mkdir -p "$lab/lower/$folder" "$lab/up/$folder" "$lab/work/$folder"
		mount --bind "/$folder" "$lab/lower/$folder"
		mount -t overlay groupies-lab \
			-o "lowerdir=/$folder,upperdir=$lab/up/$folder,workdir=$lab/work/$folder" "/$folder"
	done
	# Uids of its own: processes are the machine's, and so is what is believed of a uid.
	sed -i "s/^\([UG]ID_MIN\).*/\1 $first_uid/" /etc/login.defs
	lab_settle
}

lab_close() {
	local folder
	for folder in "${folders[@]}"; do
		umount -l "/$folder" "$lab/lower/$folder"
	done
	rm -rf "$lab"
}

# After a case that went wrong: what it left, in the tree as well, must not spoil the next.
lab_again() {
	end_users
	remove_groups "$yard"
	lab_close
	lab_open
}

end_users() {
	local user uid
	for user in "$student" "$other"; do
		uid=$(id -u "$user" 2>/dev/null) && [ "$uid" -ge 1000 ] || continue
		pkill -KILL -U "$uid" 2>/dev/null
		runs_nothing "$uid"
	done
}

# What was ended may be there until init has heard of it.
runs_nothing() {
	until_true 5 eval "! pgrep -U $1 >/dev/null"
}

# Is everything as it was when the lab was opened? Says what is not.
is_as_before() {
	local differences
	differences=$(python3 "$here/tests/system/snapshot.py" compare "$lab" "$here/tests/system/snapshot.ignored") ||
		no "differs: $differences" || return
	[ -z "$(compgen -G "/sys/fs/cgroup/*/$yard")" ] || no "the cgroup $yard stays" || return
	[ ! -e /run/groupies ] || no "/run/groupies stays: $(ls -A /run/groupies)"
}

setup() { groupies-setup "$@"; }
# shellcheck disable=SC2120 # its callers are elsewhere
provision() { setup --playground "$yard" --user "$student" --locked "$@"; }
# shellcheck disable=SC2120
remove() { setup remove "$yard" "$@"; }

# Asks for exit code $1 and a complaint that has $2.
complains() {
	local code=$1 text=$2 said status
	shift 2
	said=$("$@" 2>&1 >/dev/null </dev/null)
	status=$?
	[ "$status" -eq "$code" ] || no "exit $status, not $code: $* ($said)" || return
	case $said in
	"groupies-setup: "*"$text"*) ;;
	*) no "says '$said', not '$text': $*" || return ;;
	esac
	[ "$(printf '%s\n' "$said" | wc -l)" -eq 1 ] || no "says more than one line: $said"
}

# What stands now is what it is compared with from here on.
lab_settle() {
	python3 "$here/tests/system/snapshot.py" settle "$lab"
}

# Starts something that USER runs outside of any playground.
log_in() {
	setpriv --reuid "$1" --regid "$1" --init-groups sleep 300 &
	session=$!
	until_true 5 eval "[ \"\$(stat -c %U /proc/$session)\" = $1 ]"
}

# ---- killed at any point ------------------------------------------------------------------------

# What changes the host, beside an openat that makes a file.
calls=creat,write,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir,link,linkat,symlink,chmod,fchmod,chown,fchown,fchownat,fchmodat,fsync,utimensat,mknod,mknodat,ftruncate

# The calls to be killed at, as strace injects it; runs the command to its end.
points() {
	strace -qq -y -o "$work/strace" -e trace="openat,$calls" "$@" >/dev/null 2>&1
	python3 "$here/tests/system/kill_points.py" "$calls" <"$work/strace"
}

# strace's options for a kill at POINT; none for what is killed at its execve, which then never runs.
injection() {
	case $1 in
	execve) echo never ;;
	openat:*) echo "-qq -o /dev/null -e trace=openat -e inject=${1%%@*} -P ${1#*@}" ;;
	*) echo "-qq -o /dev/null -e trace=${1%%:*} -e inject=$1" ;;
	esac
}

# killed_at POINT COMMAND...: true when it was killed there.
killed_at() {
	local point=$1
	shift
	# shellcheck disable=SC2046 # words
	strace $(injection "$point") "$@" >"$work/killed" 2>&1
	[ $? -eq 137 ]
} 2>/dev/null

# The lab for kills: quick, and as if it had always been so.
for_kills() {
	without_proof
	[ "${1:-}" = with_tool ] || without_tool
	lab_settle
}

# The proof is no part of this: it changes nothing, and takes most of the time.
without_proof() {
	printf '#!/bin/sh\nexit 1\n' >/usr/bin/su
}

# With marked blocks wiring is fast; pam-auth-update has kills of its own.
without_tool() {
	rm -f /usr/sbin/pam-auth-update
}

provisioned() {
	provision >"$work/again" 2>&1
	grep -q '^state=done$' "/var/lib/groupies/journal/$yard" && ! grep -q making /var/lib/groupies/journal/* &&
		grep -qF "$student" "/etc/groupies/$yard.conf" && [ -e "/sys/fs/cgroup/memory/$yard" ] &&
		[ -e "/var/lib/groupies/registry/uid/$(id -u "$student")" ] &&
		grep -q step=after /etc/pam.d/common-session || no "not finished: $(cat "$work/again")"
}

# By turns (COUNT) the next run goes on, or takes it back.
mended() {
	local count=$1 point=$2
	if [ $((count % 2)) -eq 0 ]; then
		provisioned || no "$point: provision does not finish it" || return
		remove >"$work/again" 2>&1 || no "$point: then remove fails: $(cat "$work/again")" || return
	else
		setup remove >"$work/again" 2>&1 || no "$point: remove fails: $(cat "$work/again")" || return
	fi
	is_as_before || no "$point, then mended: $(cat "$work/again")"
}

# ---- the labs -----------------------------------------------------------------------------------

# One case in a lab of its own.
case_in_lab() {
	lab_open
	check "$@"
	end_users
	remove_groups "$yard"
	remove_groups "${yard}b"
	lab_close
}

# labs_run [LAB [CASE...]]: runs the cases that the variable called LAB lists, the labs all at once or the
# one that is named; ends the test. $labs, $first_uids (a thousand uids for each) and $prefix are set.
labs_run() {
	local lab index
	# A lab is a process of its own, in a mount namespace of its own.
	if [ "${1:-}" = --lab ]; then
		shift
		lab_run "$@"
	fi
	private_host "$@"
	install_here
	chosen=("${labs[@]}")
	[ $# -eq 0 ] || chosen=("$1")
	shift
	for index in "${!chosen[@]}"; do lab_start "${chosen[index]}" "$@"; done
	tidy() {
		local lab
		for lab in "${chosen[@]}"; do
			[ -e "$work/$lab/result" ] || eval "kill \$pid_$lab && wait \$pid_$lab" 2>/dev/null
		done
	}
	for lab in "${chosen[@]}"; do
		eval "wait \$pid_$lab"
		[ ${#chosen[@]} -eq 1 ] || cat "$work/$lab/out"
		read -r good bad <"$work/$lab/result" || { good=0 bad=1; }
		passed=$((passed + good))
		failed=$((failed + bad))
	done
	finish
}

lab_start() { # LAB [CASE...]
	mkdir -p "$work/$1"
	if [ ${#chosen[@]} -eq 1 ]; then # which may be watched
		unshare --mount --propagation private "$BASH" "$0" --lab "$@" 2>&1 &
	else
		unshare --mount --propagation private "$BASH" "$0" --lab "$@" >"$work/$1/out" 2>&1 &
	fi
	eval "pid_$1=$!"
}

lab_run() { # LAB [CASE...]
	local index all
	lab_name=$1
	shift
	work=$work/$lab_name
	yard=$prefix$lab_name
	student=$prefix${lab_name}student
	other=$prefix${lab_name}other
	for index in "${!labs[@]}"; do
		[ "${labs[index]}" != "$lab_name" ] || first_uid=${first_uids[index]}
	done
	trap 'end_users; remove_groups "$yard"; remove_groups "${yard}b"' EXIT
	trap 'exit 130' INT TERM HUP
	[ $# -gt 0 ] || read -rd '' -a all <<<"${!lab_name}" || set -- "${all[@]}"
	for case in "$@"; do case_in_lab "$case"; done
	echo "$passed $failed" >"$work/result"
	exit 0
}
