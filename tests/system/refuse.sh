#!/bin/bash
# SPDX-License-Identifier: MIT
# A member whose placement cannot work is refused by every door, with one line in the log; root and
# everybody else come in by the same doors in each of these states.
# shellcheck disable=SC2317 # check and private_end call what is here by name
names=t1
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
private_host "$@"
# shellcheck source=tests/system/doors.sh
. "$here/tests/system/doors.sh"

run=/run/groupies
stamp=$run/$playground

tidy() {
	close_doors
	let_go
	remove_groups "$playground"
}

# Undoes what a state has mounted.
let_go() {
	local controller
	for controller in "${controllers[@]}"; do
		umount "$(hierarchy "$controller")/$playground" 2>/dev/null
	done
	umount "$run" 2>/dev/null
}

# Everything as it should be, and the member placed once.
well() {
	let_go
	rm -rf "$registry" "$applied" "$run"
	install_module
	wire
	enrol "$member" "$playground" "${limits[@]}"
	entry=$registry/uid/$(id -u "$member")
	su "$member" -c 't1-mark well' && placed well || return
	rm -f "$marks"/*
	sync_log
	: >"$work/log"
}

# ---- the states: what is broken, and what the line in the log has to say ---------------------------

declare -A says
says[helper_missing]='groupies-place cannot be started: install groupies again'
helper_missing() { rm "$groupies_place" "$stamp"; }

says[helper_not_executable]='groupies-place cannot be started: install groupies again'
helper_not_executable() { chmod 644 "$groupies_place" && rm "$stamp"; }

says[helper_crashes]='groupies-place ended without an answer'
# shellcheck disable=SC2016 # the helper's own pid
helper_crashes() { put_helper 'kill -SEGV $$'; }

says[helper_ends]='groupies-place ended without an answer'
helper_ends() { put_helper 'exit 0'; }

says[helper_lies]="$stamp: No such file"
helper_lies() { put_helper 'printf y >&3'; }

says[helper_talks]="$stamp: No such file"
helper_talks() { put_helper 'echo "not for the user"; echo "nor this" >&2; printf y >&3'; }

says[helper_hangs]='groupies-place gave no answer within 15 s'
helper_hangs() { put_helper 'exec sleep 120'; }

put_helper() {
	rm "$stamp"
	printf '#!/bin/sh\n%s\n' "$1" >"$groupies_place"
}

says[group_is_read_only]='cgroup.procs: Read-only file system'
group_is_read_only() {
	local group
	group=$(hierarchy pids)/$playground
	mount --bind "$group" "$group" && mount -o remount,bind,ro "$group"
}

says[group_is_gone]="is gone|cannot be started"
group_is_gone() {
	rm "$groupies_place"
	rmdir "$(hierarchy memory)/$playground"
}

says[group_is_another]="is not the directory that was realized|cannot be started"
group_is_another() {
	rm "$groupies_place"
	rmdir "$(hierarchy memory)/$playground" && mkdir "$(hierarchy memory)/$playground"
}

says[limit_is_gone]='reads as unlimited|cannot be started'
limit_is_gone() {
	rm "$groupies_place"
	echo -1 >"$(hierarchy memory)/$playground/memory.limit_in_bytes"
}

says[entry_corrupt]="uid/[0-9]+: does not begin with"
entry_corrupt() { head -c 200 /dev/urandom | tr -d '\0' >"$entry"; }

says[entry_with_a_nul]="uid/[0-9]+: holds a NUL byte"
entry_with_a_nul() { printf '\0' >>"$entry"; }

says[entry_cut_off]="uid/[0-9]+: "
entry_cut_off() { truncate -s -5 "$entry"; }

says[entry_empty]="uid/[0-9]+: does not begin with"
entry_empty() { : >"$entry"; }

says[entry_a_symlink]="uid/[0-9]+: is a symbolic link"
entry_a_symlink() { mv "$entry" "$work/entry" && ln -s "$work/entry" "$entry"; }

says[entry_a_dangling_symlink]="uid/[0-9]+: is a symbolic link"
entry_a_dangling_symlink() { ln -sf /nowhere "$entry"; }

says[entry_a_fifo]="uid/[0-9]+: is not a regular file"
entry_a_fifo() { rm "$entry" && mkfifo "$entry"; }

says[entry_a_directory]="uid/[0-9]+: is not a regular file"
entry_a_directory() { rm "$entry" && mkdir "$entry"; }

says[entry_of_another_owner]="uid/[0-9]+: belongs to uid [0-9]+, not to root"
entry_of_another_owner() { chown "$member" "$entry"; }

says[entry_writable_by_others]="uid/[0-9]+: others than root can write it"
entry_writable_by_others() { chmod o+w "$entry"; }

says[entry_of_another_uid]="uid/[0-9]+: is the entry of another uid"
entry_of_another_uid() { sed -i "s/^uid=.*/uid=$(id -u "$guest")/" "$entry"; }

says[entry_into_nowhere]="playground 't1nowhere': .*No such file"
entry_into_nowhere() { sed -i 's/^playground=.*/playground=t1nowhere/' "$entry"; }

says[entry_out_of_the_tree]="is no playground's name"
entry_out_of_the_tree() { sed -i 's#^playground=.*#playground=../process_api#' "$entry"; }

says[entry_too_large]="uid/[0-9]+: holds 1024 bytes or more"
entry_too_large() { head -c 5000 /dev/zero | tr '\0' '\n' >>"$entry"; }

says[applied_corrupt]="$playground"
applied_corrupt() {
	echo nonsense >"$applied/$playground.conf"
	rm "$stamp"
}

says[applied_missing]="playground '$playground': .*No such file"
applied_missing() { rm "$applied/$playground.conf" "$stamp"; }

says[applied_writable_by_others]="others than root can write it"
applied_writable_by_others() {
	chmod o+w "$applied/$playground.conf"
	rm "$stamp"
}

says[stamp_corrupt]='cannot be started'
stamp_corrupt() { rm "$groupies_place" && head -c 300 /dev/urandom >"$stamp"; }

says[stamp_of_another_boot]='cannot be started'
stamp_of_another_boot() {
	rm "$groupies_place"
	sed -i 's/^boot=.*/boot=00000000-0000-0000-0000-000000000000/' "$stamp"
}

says[stamp_of_another_inode]='cannot be started'
stamp_of_another_inode() {
	rm "$groupies_place"
	sed -i 's/^\(identity=[0-9]*\) .*/\1 1/' "$stamp"
}

says[stamp_of_another_owner]='cannot be started'
stamp_of_another_owner() { rm "$groupies_place" && chown "$guest" "$stamp"; }

says[stamp_believed_by_a_lying_helper]='is of another boot'
stamp_believed_by_a_lying_helper() {
	sed -i 's/^boot=.*/boot=00000000-0000-0000-0000-000000000000/' "$stamp"
	printf '#!/bin/sh\nprintf y >&3\n' >"$groupies_place"
}

says[disk_full]="No space left on device"
disk_full() {
	mount -t tmpfs -o size=4k,mode=755 full "$run" && head -c 8192 /dev/zero >"$run/filler" 2>/dev/null
	[ "$(df --output=avail "$run" | tail -n 1)" -eq 0 ]
}

says[no_inode_left]="No space left on device"
no_inode_left() { mount -t tmpfs -o nr_inodes=1,mode=755 full "$run"; }

# ---- what must come of it ------------------------------------------------------------------------

# The service name under which each door speaks to PAM.
declare -A service=([ssh]=sshd [su]=su [login]=login [sudo]=sudo [cron]=cron [at]=atd)

# The member has run nothing and one line says why; a real exit code says so as well.
refused() {
	local tag=$1 door=$2 wanted=$3 out=$work/$1-$2-$member lines
	[ ! -e "$marks/$tag-$door-$member" ] || no "$door let the member in" || return
	[ ! -e "$out.code" ] || [ "$(cat "$out.code")" -ne 0 ] || no "$door: exit code 0" || return
	! grep -iE 'groupies|not for the user|nor this' "$out.out" 2>/dev/null ||
		no "$door: said this to the user" || return
	lines=$(grep -c "pam_groupies(${service[$door]}:session)" "$work/log")
	[ "$lines" -eq 1 ] || no "$door: $lines lines in the log" || return
	grep "pam_groupies(${service[$door]}:session): '$member' (uid [0-9]*) is refused: " "$work/log" |
		grep -E "($wanted)" | grep "run 'groupies-setup check' as root\$" ||
		no "$door: the line says: $(grep "pam_groupies(${service[$door]}:" "$work/log")"
}

refuses_the_member_only() {
	local state=$1 door seen=0
	local through=("${@:2}")
	[ ${#through[@]} -gt 0 ] || through=("${doors[@]}")
	well || return
	"$state" || no "the state cannot be made" || return
	enter_all "$state" "$member" root "$guest"
	sync_log
	for door in "${through[@]}"; do
		refused "$state" "$door" "${says[$state]}" &&
			left_alone "$state-$door-root" && left_alone "$state-$door-$guest" || seen=1
	done
	return "$seen"
}

# ---- states in which nobody is refused -----------------------------------------------------------

everybody_comes_in() {
	local tag=$1 door
	enter_all "$tag" "$member" root "$guest"
	sync_log
	for door in "${doors[@]}"; do
		left_alone "$tag-$door-root" && left_alone "$tag-$door-$guest" &&
			[ -e "$marks/$tag-$door-$member" ] || no "$tag-$door-$member did not come in" || return
	done
}

a_missing_registry_has_no_members() {
	well && rm -rf "$registry" && everybody_comes_in gone &&
		left_alone "gone-ssh-$member" && [ -z "$(our_lines)" ]
}

a_registry_that_is_a_file_is_reported() {
	well && rm -rf "$registry" && : >"$registry" && everybody_comes_in file &&
		left_alone "file-su-$member" && our_lines | grep "'groupies-setup check'" &&
		! our_lines | grep -v 'nobody is placed, since the registry cannot be read'
}

a_deleted_module_lets_everybody_in() {
	well && rm "$groupies_module" && everybody_comes_in deleted && left_alone "deleted-su-$member"
}

a_trial_lets_the_member_in_and_says_so() {
	well && entry_corrupt || return
	sed -i '/pam_groupies/s/$/ onerr=allow/' /etc/pam.d/common-session /etc/pam.d/common-session-noninteractive
	everybody_comes_in trial
	local answer=$?
	unwire
	wire
	[ "$answer" = 0 ] && [ "$(our_lines | wc -l)" = 6 ] &&
		[ "$(our_lines | grep -c "is let in unlimited (onerr=allow): .*uid/")" = 6 ]
}

a_valid_stamp_needs_no_helper() {
	well && rm "$groupies_place" && su "$member" -c 't1-mark fast' && placed fast && [ -z "$(our_lines)" ]
}

root_is_nobodys_member() {
	well || return
	printf 'groupies-registry 1\nuid=0\nname=root\nplayground=%s\nown-limits=no\n' "$playground" >"$registry/uid/0"
	enter_all enrolled root
	echo broken >"$registry/uid/0"
	enter_all broken root
	local door
	for door in "${doors[@]}"; do
		left_alone "enrolled-$door-root" && left_alone "broken-$door-root" || return
	done
}

another_member_comes_in_beside_a_broken_entry() {
	well || return
	enrol "$mate" "$playground" "${limits[@]}"
	entry_corrupt
	su "$mate" -c 't1-mark beside' && placed beside
	! su "$member" -c 't1-mark broken' && [ ! -e "$marks/broken" ]
}

# ---- what it costs everybody else ----------------------------------------------------------------

trace_su() {
	strace -qq -o "$1" su "$guest" -c true 2>/dev/null &&
		sed -E 's/0x[0-9a-f]+/@/g; s/"<[0-9]+>.{15}/"LOG/; s/getrandom.*/getrandom/; s/\b[0-9]{2,}\b/N/g' "$1" |
		sort >"$1.sorted"
}

others_pay_a_few_calls_and_no_write() {
	well && su "$guest" -c true && trace_su "$work/with" || return
	unwire
	trace_su "$work/without"
	local answer=$?
	wire
	[ "$answer" = 0 ] || return
	comm -13 "$work/without.sorted" "$work/with.sorted" >"$work/calls"
	[ "$(grep -c groupies/registry "$work/calls")" = 2 ] || no "the look-up is not there" || return
	[ "$(wc -l <"$work/calls")" -le 30 ] || no "$(wc -l <"$work/calls") calls" || return
	! grep -E '^(write|pwrite|send|clone|fork|vfork|exec|kill|unlink|rename|mkdir|ioctl|prctl|set)' "$work/calls"
}

# ---- su from a shell that somebody prepared (escapes.md, 26) ---------------------------------------

full_pipe() {
	mkfifo -m 666 "$work/full"
	exec 7<>"$work/full"
	dd if=/dev/zero of="$work/full" bs=4096 count=1000 oflag=nonblock 2>/dev/null
	:
}

shells=(
	"ulimit -f 0" "ulimit -t 1" "ulimit -u 1" "ulimit -v 30000" "ulimit -d 100" "ulimit -s 100"
	"ulimit -l 0"
	"ulimit -n 3" "ulimit -n 4" "ulimit -n 5" "ulimit -n 6" "ulimit -n 7" "ulimit -n 8" "ulimit -n 9"
	"ulimit -n 10" "ulimit -n 12"
	"umask 777" "trap '' CHLD" "trap '' TERM INT HUP PIPE XFSZ XCPU"
	"exec <&-" "exec >&-" "exec 2>&-" "exec <&- >&- 2>&-" "exec 2>$work/full" "cd /proc/self/fd"
	"export LD_PRELOAD=/x CGROUP_LOGLEVEL=DEBUG PATH=/x LD_LIBRARY_PATH=/x MALLOC_PERTURB_=1"
	"trap '' CHLD; umask 777; ulimit -f 0 -n 12 -t 1; exec <&- >&- 2>$work/full"
)

# Says where a command of the member's runs that is started with su, as a guest, from such a shell:
# inside, outside or nowhere (refused).
where_from() {
	local pid found=
	setpriv --reuid="$guest" --regid="$guest" --init-groups \
		bash -c "$1; exec /usr/bin/su $member -c 'exec /usr/bin/sleep 60'" \
		>/dev/null 2>&1 </dev/null 9>&- &
	pid=$!
	until_true "${2:-20}" find_sleep_or_end "$pid"
	[ -z "$found" ] || cp "/proc/$found/cgroup" "$work/found"
	[ -z "$found" ] || kill "$found"
	until_true 5 ended "$pid" || kill -KILL "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	if [ -z "$found" ]; then
		echo nowhere
	elif is_inside "$work/found"; then
		echo inside
	else
		echo outside
	fi
}

ended() { ! kill -0 "$1" 2>/dev/null; }

# su is the process of the shell that became it; the member's command is su's child.
find_sleep_or_end() {
	local child name children=
	read -r children <"/proc/$1/task/$1/children" # which ends in no newline
	for child in $children; do
		read -r name <"/proc/$child/comm" && [ "$name" = sleep ] && found=$child
	done 2>/dev/null
	[ -n "$found" ] || ended "$1"
} 2>/dev/null

# guests_need_no_password: su asks nothing, so that a setuid su can be started without a terminal.
guests_need_no_password() { sed -i '1i auth sufficient pam_permit.so' /etc/pam.d/su; }

never_outside_from() {
	local shell=$1 state=$2 seen
	rm -f "$marks"/*
	[ "$state" = stamped ] || rm -f "$stamp"
	seen=$(where_from "$shell")
	echo "$seen" >"$work/seen"
	[ "$seen" != outside ] || no "outside: $(paste -sd' ' "$work/found")"
}

# Where the shell does no harm to su itself, it must not keep the member out either.
inside_from() {
	never_outside_from "$@" || return
	[ "$(cat "$work/seen")" = inside ] || no "nowhere: $(our_lines)"
}

# What the helper makes has the modes it should have.
a_prepared_umask_changes_no_mode() {
	local controller
	well || return
	remove_groups "$playground"
	rm -rf "$run"
	inside_from "umask 777" stamped || return
	for controller in "${controllers[@]}"; do
		[ "$(stat -c %a "$(hierarchy "$controller")/$playground")" = 755 ] || return
	done
	[ "$(stat -c %a "$run" "$stamp" | paste -sd' ')" = "755 644" ] || no "$(ls -la "$run")"
}

# ---- signals while it is placed (escapes.md, 25) ---------------------------------------------------

# The real helper, after a moment in which a signal can come.
slow_helper() {
	mv "$groupies_place" "$groupies_place.real"
	printf '#!/bin/sh\n: >%s/helper\nsleep 0.4\nexec %s.real "$@"\n' "$work" "$groupies_place" >"$groupies_place"
	chmod 755 "$groupies_place"
	rm -f "$stamp" "$work/helper"
}

never_outside_after_a_signal() {
	local pid
	well && slow_helper || return
	setpriv --reuid="$guest" --regid="$guest" --init-groups \
		su "$member" -c "t1-mark signal-$1" >/dev/null 2>&1 9>&- &
	pid=$!
	until_true 20 test -e "$work/helper"
	for _ in 1 2 3; do kill "-$1" "$pid" 2>/dev/null; done
	[ "$1" != STOP ] || kill -CONT "$pid"
	wait "$pid" 2>/dev/null
	[ ! -e "$marks/signal-$1" ] || placed "signal-$1" || return
	# The helper is no child of the terminal's: it ends what it has begun.
	until_true 10 test -e "$stamp" || no "the helper died with it"
	rm -f "$groupies_place.real"
}

never_outside_after_control_c() {
	well && slow_helper || return
	on_terminal --interrupt 0.2 --interrupt 0.3 --interrupt 0.5 su "$member" -c 't1-mark control-c'
	[ ! -e "$marks/control-c" ] || placed control-c
	rm -f "$groupies_place.real"
}

limits_are_set() {
	[ "$(cat "$(hierarchy memory)/$playground/memory.limit_in_bytes")" = $((64 * 1048576)) ] &&
		[ "$(cat "$(hierarchy pids)/$playground/pids.max")" = 100 ]
}

# strace counts each kind of call for itself: each kind in turn, until it gets through without being
# killed at one.
a_helper_killed_anywhere_refuses_and_the_next_one_mends() {
	local call number kills=0
	well || return
	mv "$groupies_place" "$groupies_place.real"
	for call in mkdir mkdirat openat write fsync rename renameat renameat2; do
		for ((number = 1; ; number++)); do
			killed_at_call "$call" "$number"
			case $? in 1) break ;; 2) return 1 ;; esac
			kills=$((kills + 1))
			cp "$groupies_place.real" "$groupies_place"
			{ su "$member" -c 't1-mark next' && placed next && limits_are_set; } ||
				no "$call $number: not mended" || return
		done
	done
	echo "$kills" >"$work/kills"
	[ "$kills" -gt 20 ] || no "only $kills calls"
}

# killed_at_call CALL NUMBER: the member logs in while the helper is killed there. 0: it was, and the
# member is inside or was refused; 1: it never came to that call; 2: the member got further than that.
killed_at_call() {
	remove_groups "$playground"
	rm -f "$marks"/*
	cat >"$groupies_place" <<-END
		#!/bin/sh
		exec strace -f -qq -o $work/killed -e trace=$1 -e inject=$1:signal=KILL:when=$2 $groupies_place.real "\$@"
	END
	chmod 755 "$groupies_place"
	if su "$member" -c 't1-mark first'; then
		{ placed first && limits_are_set; } || no "$1 $2: in too early" || return 2
	else
		[ ! -e "$marks/first" ] || no "$1 $2: refused, and let in" || return 2
	fi
	grep -q 'killed by SIGKILL' "$work/killed"
}

# ---- in order -----------------------------------------------------------------------------------

# By every door, and what is read by the same code by one.
by_every_door=(
	helper_missing helper_crashes helper_lies
	group_is_read_only group_is_gone limit_is_gone
	entry_corrupt entry_empty entry_a_symlink entry_a_fifo entry_a_directory
	entry_of_another_owner entry_writable_by_others entry_of_another_uid entry_into_nowhere
	entry_too_large applied_corrupt applied_missing
	stamp_corrupt stamp_of_another_boot stamp_of_another_inode stamp_of_another_owner disk_full
)
by_su=(
	helper_not_executable helper_ends helper_talks group_is_another
	entry_with_a_nul entry_cut_off entry_a_dangling_symlink entry_out_of_the_tree
	applied_writable_by_others stamp_believed_by_a_lying_helper no_inode_left
)

install_module
wire
open_doors
for state in "${by_every_door[@]}"; do check refuses_the_member_only "$state"; done
for state in "${by_su[@]}"; do check refuses_the_member_only "$state" su; done
check refuses_the_member_only helper_hangs su ssh

check a_missing_registry_has_no_members
check a_registry_that_is_a_file_is_reported
check a_deleted_module_lets_everybody_in
check a_trial_lets_the_member_in_and_says_so
check a_valid_stamp_needs_no_helper
check root_is_nobodys_member
check another_member_comes_in_beside_a_broken_entry

check others_pay_a_few_calls_and_no_write
sed 's/^/# a stranger pays: /' "$work/calls"

guests_need_no_password
full_pipe
well
for shell in "${shells[@]}"; do
	for state in stamped unstamped; do
		check never_outside_from "$shell" "$state"
		echo "#   $(cat "$work/seen")"
	done
done
for shell in "umask 777" "trap '' CHLD" "exec <&- >&- 2>&-" "exec 2>$work/full" "ulimit -n 12"; do
	check inside_from "$shell" unstamped
done

check a_prepared_umask_changes_no_mode

for signal in INT TERM HUP QUIT CHLD ALRM USR1 PIPE STOP KILL; do
	check never_outside_after_a_signal "$signal"
done
check never_outside_after_control_c
check a_helper_killed_anywhere_refuses_and_the_next_one_mends
echo "# killed at each of $(cat "$work/kills") calls that change something"
finish
