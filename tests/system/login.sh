#!/bin/bash
# SPDX-License-Identifier: MIT
# Every real door places a member in its playground with the limits in force, and leaves root and
# everybody else where they were.
# shellcheck disable=SC2317 # check and private_end call what is here by name
names=t1
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
private_host "$@"
# shellcheck source=tests/system/doors.sh
. "$here/tests/system/doors.sh"

second=t1other # another playground

tidy() {
	close_doors
	remove_groups "$playground"
	remove_groups "$second"
}

as_member() { su "$member" -c "$1"; }

# ---- each door ----------------------------------------------------------------------------------

places_the_member_only() {
	local door=$1
	enter "$door" plain root "$guest" "$member"
	placed "plain-$door-$member" && left_alone "plain-$door-$guest" &&
		left_alone "plain-$door-root" || return
	case $door in
	ssh | su | sudo) [ ! -s "$work/plain-$door-$member.out" ] || no "the door said something" ;;
	esac
}

su_with_a_login_shell_places() {
	su - "$member" -c 't1-mark su-l' && placed su-l
	su - "$guest" -c 't1-mark su-l-guest' && left_alone su-l-guest
}

sudo_with_a_login_shell_places() {
	sudo -n -i -u "$member" t1-mark sudo-i && placed sudo-i
	sudo -n -i -u "$guest" t1-mark sudo-i-guest && left_alone sudo-i-guest
}

login_with_a_password_places() {
	on_terminal --password "$password" --line 't1-mark login-pw; exit' login "$member" &&
		placed login-pw
}

# A setuid su, started by somebody who is nobody.
su_by_another_user_places() {
	setpriv --reuid="$guest" --regid="$guest" --init-groups python3 "$here/tests/system/terminal.py" \
		--password "$password" su "$member" -c 't1-mark su-by-guest' && placed su-by-guest
}

# The lines for the next minute were written when the test began.
cron_at_its_minute_places() {
	until_true 90 test -e "$marks/minute-tab-$member" -a -e "$marks/minute-tab-$guest" \
		-a -e "$marks/minute-d-$member" -a -e "$marks/minute-d-root"
	placed "minute-tab-$member" && placed "minute-d-$member" &&
		left_alone "minute-tab-$guest" && left_alone "minute-d-root"
}

expect_cron_at_its_minute() {
	local user
	for user in "$member" "$guest"; do
		echo "* * * * * /usr/local/bin/t1-mark minute-tab-$user" | crontab -u "$user" -
	done
	printf '* * * * * %s /usr/local/bin/t1-mark minute-d-%s\n' \
		"$member" "$member" root root >/etc/cron.d/t1
	start_cron
}

# ---- what ssh can do ----------------------------------------------------------------------------

ssh_shell_on_a_terminal_is_inside() {
	echo 't1-mark ssh-shell; exit' | in_ssh -tt "$member@t1" && placed ssh-shell
}

# Every process of the member's is inside, and there are COUNT at least. An ended one that waits to
# be collected has left its group.
all_of_member_inside() {
	local pid count=0
	for pid in $(pgrep -r D,R,S -U "$member"); do
		cat "/proc/$pid/cgroup" >"$work/one" 2>/dev/null || continue
		[ -n "$(tr -d '\0' <"/proc/$pid/cmdline")" ] || continue
		is_inside "$work/one" || no "process $pid: $(tr '\0' ' ' <"/proc/$pid/cmdline")" || return
		count=$((count + 1))
	done
	[ "$count" -ge "$1" ] || no "$count processes, not $1"
}

ssh_second_session_is_inside() {
	in_ssh "$member@t1" 't1-mark ssh-first; read -r wait' < <(until_true 60 test -e "$work/second.done") &
	local first=$!
	until_true 20 test -e "$marks/ssh-first"
	in_ssh "$member@t1" t1-mark ssh-second
	all_of_member_inside 2
	local answer=$?
	: >"$work/second.done"
	wait "$first"
	placed ssh-first && placed ssh-second && return "$answer"
}

ssh_multiplexed_is_inside() {
	local socket=$work/mux
	in_ssh -M -S "$socket" -f -N "$member@t1" 9>&-
	until_true 20 test -S "$socket"
	in_ssh -S "$socket" "$member@t1" t1-mark mux-1
	in_ssh -S "$socket" "$member@t1" t1-mark mux-2
	echo 't1-mark mux-3; exit' | in_ssh -S "$socket" -tt "$member@t1"
	all_of_member_inside 1
	local answer=$?
	in_ssh -S "$socket" -O exit "$member@t1"
	placed mux-1 && placed mux-2 && placed mux-3 && return "$answer"
}

ssh_forwarding_is_inside() {
	local local_port tunnel answer
	local_port=$(free_port)
	in_ssh -N -o ExitOnForwardFailure=yes -L "$local_port:127.0.0.1:$port" "$member@t1" 9>&- &
	tunnel=$!
	until_true 20 reads_a_banner "$local_port" && all_of_member_inside 1
	answer=$?
	kill "$tunnel"
	wait "$tunnel"
	return "$answer"
}

reads_a_banner() {
	local line
	exec 4<>"/dev/tcp/127.0.0.1/$1" || return
	IFS= read -rt 10 line <&4
	exec 4<&-
	[[ $line == SSH-2.0* ]]
} 2>/dev/null

# Runs what carries bytes over ssh and keeps both streams of each in DIRECTORY.
record_bytes() {
	local directory=$1
	mkdir -p "$directory"
	head -c 100000 /dev/urandom >"$work/payload"
	cd "$directory" || return
	in_ssh "$member@t1" 'echo one; echo two >&2; exit 3' >ssh.out 2>ssh.err
	echo $? >ssh.code
	in_ssh "$member@t1" 'cat' <"$work/payload" >"$work/back.cat" 2>cat.err
	cmp "$work/back.cat" "$work/payload" >cat.cmp 2>&1
	in_ssh "$member@t1" true >true.out 2>true.err
	sftp -F "$work/ssh_config" -b - "$member@t1" >sftp.out 2>sftp.err <<-END
		put $work/payload payload
		ls -1
		get payload $work/back.sftp
		rm payload
	END
	cmp "$work/back.sftp" "$work/payload" >sftp.cmp 2>&1
	scp -F "$work/ssh_config" "$work/payload" "$member@t1:payload" >scp.out 2>scp.err
	scp -O -F "$work/ssh_config" "$member@t1:payload" "$work/back.scp" >>scp.out 2>>scp.err
	cmp "$work/back.scp" "$work/payload" >scp.cmp 2>&1
	rsync -e "ssh -F $work/ssh_config" "$work/payload" "$member@t1:payload2" >rsync.out 2>rsync.err
	rsync -e "ssh -F $work/ssh_config" "$member@t1:payload2" "$work/back.rsync" >>rsync.out 2>>rsync.err
	cmp "$work/back.rsync" "$work/payload" >rsync.cmp 2>&1
	rm -f "$work"/back.*
	in_ssh "$member@t1" 'rm -f payload payload2'
	cd "$here" || return
}

ssh_carries_not_one_byte_of_ours() {
	record_bytes "$work/bytes-member"
	mv "$registry/uid/$(id -u "$member")" "$work/entry"
	record_bytes "$work/bytes-nobody"
	unwire
	record_bytes "$work/bytes-without"
	wire
	mv "$work/entry" "$registry/uid/$(id -u "$member")"
	(cd "$work/bytes-member" && wc -c ./*)
	[ "$(cat "$work/bytes-member/ssh.out" "$work/bytes-member/ssh.err" "$work/bytes-member/ssh.code")" = $'one\ntwo\n3' ] &&
		[ -z "$(cat "$work"/bytes-member/*.cmp)" ] &&
		diff -r "$work/bytes-without" "$work/bytes-nobody" &&
		diff -r "$work/bytes-without" "$work/bytes-member"
}

# The programs that sftp, scp and rsync start on the far side say themselves where they are.
copying_programs_are_inside() {
	local name real
	for name in sftp-server scp rsync; do
		real=$(command -v "$name" || echo "/usr/lib/openssh/$name")
		mv "$real" "$real.t1"
		printf '#!/bin/sh\nt1-mark copy-%s\nexec %s.t1 "$@"\n' "$name" "$real" >"$real"
		chmod 755 "$real"
	done
	echo ls | sftp -F "$work/ssh_config" -b - "$member@t1"
	scp.t1 -O -F "$work/ssh_config" /etc/hostname "$member@t1:copy"
	rsync.t1 -e "ssh -F $work/ssh_config" /etc/hostname "$member@t1:copy"
	for name in sftp-server scp rsync; do
		real=$(command -v "$name" || echo "/usr/lib/openssh/$name")
		mv "$real.t1" "$real"
	done
	placed copy-sftp-server && placed copy-scp && placed copy-rsync
}

# ---- the playground is made when it is not there -------------------------------------------------

limit_of() {
	cat "$(hierarchy "$1")/$2/$3"
}

limits_are_set() {
	[ "$(limit_of memory "$playground" memory.limit_in_bytes)" = $((64 * 1048576)) ] &&
		[ "$(limit_of pids "$playground" pids.max)" = 100 ] &&
		[ "$(limit_of cpu "$playground" cpu.cfs_quota_us)" -gt 0 ]
}

by_a_login() {
	as_member "t1-mark $1" && placed "$1" && limits_are_set && [ -s "/run/groupies/$playground" ] &&
		[ -z "$(our_lines)" ]
}

after_a_reboot_the_first_login_makes_it() {
	remove_groups "$playground"
	rm -rf /run/groupies
	: >"$work/log"
	by_a_login reboot
}

after_a_reboot_every_door_makes_it() {
	local door
	remove_groups "$playground"
	rm -rf /run/groupies
	enter_all reboot "$member"
	for door in "${doors[@]}"; do placed "reboot-$door-$member" || return; done
	limits_are_set
}

stamp=/run/groupies/$playground

a_wrong_stamp_is_mended() {
	: >"$work/log"
	case $1 in
	other-boot) sed -i 's/^boot=.*/boot=00000000-0000-0000-0000-000000000000/' "$stamp" ;;
	other-inode) sed -i 's/^\(identity=[0-9]*\) .*/\1 1/' "$stamp" ;;
	other-owner) chown "$guest" "$stamp" ;;
	writable) chmod o+w "$stamp" ;;
	corrupt) head -c 300 /dev/urandom >"$stamp" ;;
	empty) : >"$stamp" ;;
	symlink) mv "$stamp" "$work/moved" && ln -s "$work/moved" "$stamp" ;;
	fifo) rm "$stamp" && mkfifo "$stamp" ;;
	esac
	by_a_login "stamp-$1" && [ "$(stat -c %F,%U,%a "$stamp")" = "regular file,root,644" ] &&
		grep -qx "boot=$(cat /proc/sys/kernel/random/boot_id)" "$stamp" &&
		grep -q "^identity=[0-9]* $(stat -c %i "$(hierarchy memory)/$playground")\$" "$stamp"
}

a_directory_made_by_hand_gets_its_limits() {
	remove_groups_only
	local controller
	for controller in "${controllers[@]}"; do mkdir "$(hierarchy "$controller")/$playground"; done
	: >"$work/log"
	by_a_login by-hand
}

# The directories go, the stamp stays.
remove_groups_only() {
	cp "$stamp" "$work/kept"
	remove_groups "$playground"
	cp "$work/kept" "$stamp"
}

one_missing_directory_is_made_again() {
	rmdir "$(hierarchy pids)/$playground"
	: >"$work/log"
	by_a_login one-missing
}

a_limit_taken_away_is_set_again() {
	: >"$work/log"
	case $1 in
	memory) echo -1 >"$(hierarchy memory)/$playground/memory.limit_in_bytes" ;;
	pids) echo max >"$(hierarchy pids)/$playground/pids.max" ;;
	cpu) echo -1 >"$(hierarchy cpu)/$playground/cpu.cfs_quota_us" ;;
	esac
	by_a_login "unlimited-$1"
}

# ---- groups, and limits of one's own -------------------------------------------------------------

# enrol_group GROUP PLAYGROUND: as apply would for @GROUP; PLAYGROUND has been applied already.
enrol_group() {
	local gid
	gid=$(getent group "$1" | cut -d: -f3)
	mkdir -p "$registry/gid"
	printf 'groupies-registry 1\ngid=%s\nname=%s\nplayground=%s\nown-limits=no\n' \
		"$gid" "$1" "$2" >"$registry/gid/$gid"
}

forget_groups() {
	rm -rf "$registry/gid"
	gpasswd -d "$mate" t1class
	gpasswd -d "$mate" t1band
	groupmod -g 23202 t1band
	gpasswd -d "$member" t1band
} >/dev/null 2>&1

a_group_places_who_is_in_it() {
	as_mate_marks group-before && left_alone group-before || return
	enrol_group t1class "$playground"
	as_mate_marks group-not-yet && left_alone group-not-yet || return
	gpasswd -a "$mate" t1class
	as_mate_marks group-joined && placed group-joined || return
	enter ssh group "$mate" "$guest"
	placed "group-ssh-$mate" && left_alone "group-ssh-$guest"
	su root -c 't1-mark group-root' && left_alone group-root
}

as_mate_marks() { su "$mate" -c "t1-mark $1"; }

a_primary_group_counts() {
	enrol_group "$mate" "$playground"
	as_mate_marks group-primary && placed group-primary
	rm "$registry/gid/$(id -g "$mate")"
}

two_groups_into_one_playground_are_fine() {
	enrol_group t1class "$playground"
	enrol_group t1band "$playground"
	gpasswd -a "$mate" t1class
	gpasswd -a "$mate" t1band
	as_mate_marks group-two && placed group-two
}

two_groups_into_two_playgrounds_are_refused() {
	: >"$work/log"
	enrol_group t1band "$second"
	! as_mate_marks group-torn && [ ! -e "$marks/group-torn" ] &&
		[ "$(our_lines | wc -l)" = 1 ] &&
		our_lines | grep "'t1class' and 't1band' lead into different playgrounds ('$playground', '$second')"
}

a_uid_beats_a_group() {
	gpasswd -a "$member" t1band
	as_member 't1-mark group-uid' && placed group-uid
}

# ---- a directory that does not answer -------------------------------------------------------------

trial=/run/nss-trial
known=$registry/known

# The group t1dir, of the directory: with the mate in it, or with nobody.
directory_lists() { echo "t1dir:x:23203:$1" >$trial/group; }

directory_is() {
	rm -f $trial/unavail $trial/tryagain
	[ "$1" = up ] || touch "$trial/$1"
}

open_directory() {
	rm -rf "$registry/gid" "$known"
	nss_trial "$@"
	directory_is up
	directory_lists "$mate"
	mkdir -p "$registry/gid"
	printf 'groupies-registry 1\ngid=23203\nname=t1dir\nplayground=%s\nown-limits=no\n' \
		"$playground" >"$registry/gid/23203"
}

close_directory() {
	directory_is up
	nss_trial group files systemd
	rm -rf "$registry/gid" "$known"
}

# HOW it is down, and the services of nsswitch.conf's line for groups.
a_member_by_group_stays_one_while_the_directory_is_down() {
	local how=$1 answer=0
	shift
	open_directory group "$@"
	as_mate_marks dir-up && placed dir-up || answer=1
	directory_is "$how"
	: >"$work/log"
	stays_a_member || answer=1
	directory_is up
	as_mate_marks dir-again && placed dir-again || answer=1
	close_directory
	return "$answer"
}

stays_a_member() {
	as_mate_marks dir-down && placed dir-down || return
	our_lines >"$work/lines"
	[ "$(grep -c "is placed as a member of 't1dir', as at an earlier login" "$work/lines")" = 1 ] &&
		[ "$(wc -l <"$work/lines")" = 1 ] || no "said: $(cat "$work/lines")" || return
	enter ssh dir-down "$mate" "$guest" root
	placed "dir-down-ssh-$mate" && left_alone "dir-down-ssh-$guest" && left_alone dir-down-ssh-root
}

# The group itself stands in /etc/group, and only its members come from the directory.
a_group_of_the_host_with_members_of_the_directory_is_no_way_out() {
	local answer=0
	echo 't1dir:x:23203:' >>/etc/group
	a_member_by_group_stays_one_while_the_directory_is_down unavail files trial || answer=1
	sed -i '/^t1dir:/d' /etc/group
	return "$answer"
}

who_joins_and_leaves_is_followed() {
	local answer=0
	open_directory group files trial
	directory_lists ''
	as_mate_marks dir-not && left_alone dir-not || answer=1
	directory_lists "$mate"
	as_mate_marks dir-in && placed dir-in && [ -e "$known/$(id -u "$mate")" ] || answer=1
	directory_lists ''
	: >"$work/log"
	as_mate_marks dir-out && left_alone dir-out && [ ! -e "$known/$(id -u "$mate")" ] &&
		[ -z "$(our_lines)" ] || answer=1
	directory_is unavail
	as_mate_marks dir-forgotten && left_alone dir-forgotten || answer=1
	close_directory
	return "$answer"
}

a_released_group_places_nobody_whatever_is_remembered() {
	local answer=0
	open_directory group files trial
	enrol_group t1class "$playground" # while some group is a member, groups are asked for
	as_mate_marks dir-enrolled && placed dir-enrolled || answer=1
	rm "$registry/gid/23203"
	directory_is unavail
	as_mate_marks dir-released && left_alone dir-released || answer=1
	close_directory
	return "$answer"
}

# Nothing is known of the mate: it comes in, and a line says that its groups could not be told.
a_member_never_seen_before_is_told_of() {
	local answer=0
	open_directory group "$@"
	directory_is unavail
	: >"$work/log"
	as_mate_marks dir-new && left_alone dir-new &&
		our_lines | grep "cannot list the groups of '$mate' .*the service 'trial' does not answer" ||
		answer=1
	: >"$work/log"
	directory_is up
	su "$guest" -c 't1-mark dir-guest' && left_alone dir-guest && [ -z "$(our_lines)" ] || answer=1
	su root -c 't1-mark dir-root' && left_alone dir-root && [ -z "$(our_lines)" ] || answer=1
	close_directory
	return "$answer"
}

each_member_has_a_part_of_its_own() {
	local user uid
	enrol "$mate" "$playground" "${limits[@]}" Member:MemoryMax=16M Member:TasksMax=20
	enrol "$member" "$playground" "${limits[@]}" Member:MemoryMax=16M Member:TasksMax=20
	for user in "$member" "$mate"; do
		uid=$(id -u "$user")
		su "$user" -c "t1-mark part-$user" && placed "part-$user" "$playground/$uid" || return
		[ "$(limit_of memory "$playground/$uid" memory.limit_in_bytes)" = $((16 * 1048576)) ] &&
			[ "$(limit_of pids "$playground/$uid" pids.max)" = 20 ] || return
	done
	limits_are_set
}

# One has filled its part; the other still works, and so does root.
one_part_cannot_starve_the_other() {
	local uid
	uid=$(id -u "$mate")
	su "$mate" -c 'for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22; do sleep 30 & done'
	[ "$(cut -d' ' -f2 "$(hierarchy pids)/$playground/$uid/pids.events")" -gt 0 ] &&
		as_member 'sh -c "t1-mark part-still"' && placed part-still "$playground/$(id -u "$member")"
}

# ---- the limits hold ----------------------------------------------------------------------------

kills() { awk '$1 == "oom_kill" {print $2}' "$(hierarchy memory)/$playground/memory.oom_control"; }

fill='python3 -c "
import sys
x = bytearray(200 << 20)
for i in range(0, len(x), 4096): x[i] = 1
print(len(x))"'

# The guest's process is as large, and there at the same time.
the_memory_limit_kills_inside_only() {
	local before after outside
	su "$guest" -c "${fill%?}"'; sys.stdout.flush(); sys.stdin.read(1)"' >"$work/guest.out" \
		< <(until_true 60 test -e "$work/inside.done"; echo) &
	outside=$!
	until_true 30 test -s "$work/guest.out"
	before=$(kills)
	as_member "$fill" >"$work/member.out" 2>&1
	local code=$?
	after=$(kills)
	: >"$work/inside.done"
	wait "$outside" || no "the one outside died as well: $?" || return
	[ ! -s "$work/member.out" ] || [ "$code" -ne 0 ] || no "200 MiB fit in 64: $(cat "$work/member.out")" || return
	[ "$code" = 137 ] || no "exit code $code" || return
	[ "$after" -gt "$before" ] || no "the kernel counts $before, then $after kills"
}

the_task_limit_stops_forks() {
	local before
	before=$(cut -d' ' -f2 "$(hierarchy pids)/$playground/pids.events")
	# shellcheck disable=SC2016 # the member's shell counts
	as_member 'i=0; while [ $i -lt 120 ]; do sleep 20 & i=$((i + 1)); done'
	[ "$(cut -d' ' -f2 "$(hierarchy pids)/$playground/pids.events")" -gt "$before" ] &&
		[ "$(cat "$(hierarchy pids)/$playground/pids.current")" -le 100 ]
	local answer=$?
	end_processes "$member"
	return "$answer"
}

# ---- inherited immunity -------------------------------------------------------------------------

# Whether this machine lets root lower it at all (CAP_SYS_RESOURCE).
may_lower_score() { (echo -1000 >"/proc/$BASHPID/oom_score_adj") 2>/dev/null; }

score_of() {
	# shellcheck disable=SC2016 # the inner shell's own pid
	bash -c 'echo "$2" >/proc/$$/oom_score_adj && exec su "$1" -c "cat /proc/self/oom_score_adj"' - "$1" "$2"
}

immunity_is_taken_from_a_member_only() {
	[ "$(score_of "$member" -1000)" = 0 ] && [ "$(score_of "$guest" -1000)" = -1000 ]
}

# Where it may not be lowered, a file stands in for that of the process that opens the session;
# "0" written over "-1000" leaves "01000".
stand_in() {
	printf '%s' "$2" >"$work/score"
	# shellcheck disable=SC2016 # the inner shell's own pid
	bash -c 'mount --bind "$2" /proc/$$/oom_score_adj && exec su "$1" -c true' - "$1" "$work/score"
	cat "$work/score"
}

immunity_of_a_stand_in_is_taken_from_a_member_only() {
	[ "$(stand_in "$member" -1000)" = 01000 ] && [ "$(stand_in "$guest" -1000)" = -1000 ] &&
		[ "$(stand_in "$member" -17)" = 017 ] && [ "$(stand_in root -1000)" = -1000 ]
}

a_positive_score_stays() { [ "$(score_of "$member" 500)" = 500 ]; }

# ---- a daemon that does everything in one process ------------------------------------------------

daemon() {
	PYTHONDONTWRITEBYTECODE=1 python3 "$here/tests/system/pam_session.py" t1daemon "$@"
}

prepare_daemon() {
	echo 'session required pam_permit.so' >/etc/pam.d/t1daemon
	grep pam_groupies /etc/pam.d/common-session >>/etc/pam.d/t1daemon
	before=$(shows "$work/outside" memory)
}

says() {
	local expected=$1
	shift
	local seen
	seen=$(daemon "$@" | awk '/^where|^fork/ {print $2; next} {print $2 + 0}' | paste -sd' ')
	[ "$seen" = "$expected" ] || no "$*: said '$seen', not '$expected'"
}

a_daemon_goes_back_at_the_last_close() {
	says "$before 0 /$playground 0 $before" where "open:$member" where "close:$member" where
}

a_daemon_serves_several_at_once() {
	enrol "$mate" "$second" MemoryMax=32M TasksMax=50
	says "0 /$playground 0 /$second 0 /$second /$second 0 $before 0 /$playground 0 $before" \
		"open:$member" where "open:$mate" where "close:$member" where fork "close:$mate" where \
		"open:$member" where "close:$member" where
}

a_daemon_stays_while_a_second_session_is_open() {
	says "0 0 0 /$playground 0 $before" "open:$member" "open:$member" "close:$member" fork \
		"close:$member" where
}

a_daemon_leaves_others_alone() {
	says "0 $before 0 $before 0 0" "open:$guest" where open:root where close:root "close:$guest"
}

a_refused_daemon_is_where_it_was() {
	local group
	group=$(hierarchy cpu)/$playground
	mount --bind "$group" "$group"
	mount -o remount,bind,ro "$group"
	says "6 $before $before" "open:$member" where fork
	local answer=$?
	umount "$group"
	return "$answer"
}

# PAM has let the name in, as it does for a virtual one, and the user database knows neither.
a_member_whom_the_host_does_not_know_is_refused() {
	local answer=0
	cp /etc/passwd "$work/passwd"
	sed -i "/^$member:/d" /etc/passwd
	: >"$work/log"
	says "6 $before 0 $before" "open:$member" where open:t1virtual where || answer=1
	our_lines | grep "'$member' (uid 23101) is refused: the registry knows this name" || answer=1
	[ "$(our_lines | wc -l)" = 1 ] || answer=1
	cp "$work/passwd" /etc/passwd
	return "$answer"
}

# ---- in order -----------------------------------------------------------------------------------

install_module
wire
open_doors
groupadd -g 23201 t1class
groupadd -g 23202 t1band
enrol "$member" "$playground" "${limits[@]}"
expect_cron_at_its_minute

for door in ssh su login sudo at; do check places_the_member_only "$door"; done
check su_with_a_login_shell_places
check sudo_with_a_login_shell_places
check login_with_a_password_places
check su_by_another_user_places
check ssh_shell_on_a_terminal_is_inside
check ssh_second_session_is_inside
check ssh_multiplexed_is_inside
check ssh_forwarding_is_inside
check copying_programs_are_inside
check the_memory_limit_kills_inside_only
check the_task_limit_stops_forks
check cron_at_its_minute_places # until here nobody may be unwired, or logged out by force
check places_the_member_only cron
check ssh_carries_not_one_byte_of_ours

check after_a_reboot_the_first_login_makes_it
check after_a_reboot_every_door_makes_it
for wrong in other-boot other-inode other-owner writable corrupt empty symlink fifo; do
	check a_wrong_stamp_is_mended "$wrong"
done
check a_directory_made_by_hand_gets_its_limits
check one_missing_directory_is_made_again
for controller in "${controllers[@]}"; do check a_limit_taken_away_is_set_again "$controller"; done

if may_lower_score; then
	check immunity_is_taken_from_a_member_only
else
	echo "# this machine lets nobody lower oom_score_adj: a file stands in for it"
	check immunity_of_a_stand_in_is_taken_from_a_member_only
fi
check a_positive_score_stays

enrol "$guest" "$second" MemoryMax=32M TasksMax=50 # applied; the entry itself goes again
rm "$registry/uid/$(id -u "$guest")"
check a_group_places_who_is_in_it
check a_primary_group_counts
check two_groups_into_one_playground_are_fine
check two_groups_into_two_playgrounds_are_refused
check a_uid_beats_a_group
forget_groups

for services in 'files trial' 'files systemd trial' 'files trial systemd'; do
	# shellcheck disable=SC2086 # its words
	check a_member_by_group_stays_one_while_the_directory_is_down unavail $services
	# shellcheck disable=SC2086
	check a_member_never_seen_before_is_told_of $services
done
check a_member_by_group_stays_one_while_the_directory_is_down tryagain files trial
check a_group_of_the_host_with_members_of_the_directory_is_no_way_out
check who_joins_and_leaves_is_followed
check a_released_group_places_nobody_whatever_is_remembered

prepare_daemon
check a_member_whom_the_host_does_not_know_is_refused
check a_daemon_goes_back_at_the_last_close
check a_daemon_serves_several_at_once
check a_daemon_stays_while_a_second_session_is_open
check a_daemon_leaves_others_alone
check a_refused_daemon_is_where_it_was

check each_member_has_a_part_of_its_own
check one_part_cannot_starve_the_other
finish
