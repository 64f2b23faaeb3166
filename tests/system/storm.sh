#!/bin/bash
# SPDX-License-Identifier: MIT
# Many logins: at once, one after the other, in one process, and right after a reboot while somebody
# takes the stamp away again and again. Each is inside, or refused; and nothing of them stays.
# shellcheck disable=SC2317 # functions are called by name
names=t2
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
private_host "$@"

lab=t2lab
each=t2two # with limits of each member's own
users=(t2student t2second t2third t2fourth t2fifth)
outsider=t2outsider
at_once=${AT_ONCE:-200}
in_a_row=${IN_A_ROW:-1000}
limits=(MemoryMax=1G MemorySwapMax=0 TasksMax=2000)

tidy() {
	: >"$work/stop"
	until_true 30 nothing_left
	remove_groups "$lab"
	remove_groups "$each"
}

nothing_left() {
	local pids
	pids=$(pgrep -r D,I,R,S,T,t -U "$uids") || return 0
	# shellcheck disable=SC2086 # one word a process
	kill -KILL $pids 2>/dev/null
	return 1
}

prepare() {
	local user uid=47200
	# Uids that nobody else has, also not another private host: tidy ends all that they run.
	for user in "${users[@]}" "$outsider"; do
		useradd -M -s /bin/sh -u $((++uid)) "$user"
		uids+=${uids:+,}$uid
	done
	mkdir -p /usr/libexec/groupies
	install -m 644 "$build/pam_groupies.so" "$(dirname "$(find /usr/lib -name pam_unix.so)")/"
	install -m 755 "$build/groupies-place" /usr/libexec/groupies/
	wire
	mkdir -m 1777 "$work/seen"
	mkfifo -m 666 "$work/gate"
	all_in "$lab"
}
uids=

# all_in PLAYGROUND [LIMIT...]: enrols everybody there.
all_in() {
	local user playground=$1
	shift
	for user in "${users[@]}"; do enrol "$user" "$playground" "${limits[@]}" "$@"; done
	sed -i "s/^Members=.*/Members=${users[*]}/" "/var/lib/groupies/applied/$playground.conf"
}

# A session that writes down where it is and stays until the gate is opened.
# shellcheck disable=SC2016 # for the session's shell
stays='cat /proc/self/cgroup >"$SEEN.new" && mv "$SEEN.new" "$SEEN"; read -r line <"$GATE"'
# The same, that goes at once.
# shellcheck disable=SC2016 # for the session's shell
goes='cat /proc/self/cgroup >"$SEEN.new" && mv "$SEEN.new" "$SEEN"'

forget_all() { rm -rf "$work/seen" && mkdir -m 1777 "$work/seen"; }

login() { # USER NUMBER COMMAND
	SEEN=$work/seen/$1.$2 GATE=$work/gate su "$1" -c "$3" 2>>"$work/refused" 9>&-
}

count_seen() {
	local seen=("$work"/seen/*.*[0-9])
	[ -e "${seen[0]}" ] && echo ${#seen[@]} || echo 0
}
seen_are() { [ "$(count_seen)" -ge "$1" ]; }

# Every session that wrote something down was in PLAYGROUND, in both of its hierarchies.
all_inside() {
	local inside
	inside=$(find "$work/seen" -type f -exec awk -v lab="$1" '
		$0 ~ "^[0-9]+:([^:]*,)?(memory|pids)(,[^:]*)?:/" lab "(/|$)" { hits[FILENAME]++ }
		END { for (f in hits) if (hits[f] == 2) print f }' {} + | wc -l)
	[ "$inside" -eq "$(count_seen)" ] || no "$inside of $(count_seen) inside"
}

# What a login may leave behind: processes, groups, files. One line each, to compare.
traces() {
	pgrep -l -U "$uids" -r D,I,R,S,T,t
	{
		pgrep -x su
		pgrep -x groupies-place
	} | while read -r pid; do
		[ "$(readlink "/proc/$pid/ns/mnt")" != "$(readlink /proc/self/ns/mnt)" ] || cat "/proc/$pid/comm"
	done
	find "$(hierarchy memory)/$lab" "$(hierarchy pids)/$lab" "$(hierarchy memory)/$each" "$(hierarchy pids)/$each" \
		-type d 2>/dev/null
	find /run/groupies /var/lib/groupies 2>/dev/null
	# Other tests leave theirs in here meanwhile.
	find /dev/shm -mindepth 1 \( -uid +47200 -uid -47300 -o -name '*groupies*' \)
}
leaves_nothing() {
	traces >"$work/after"
	diff "$work/before" "$work/after" || no "something is left"
}

# ---- cases ----------------------------------------------------------------------------------------

two_hundred_logins_at_once_are_all_inside() {
	local number
	forget_all
	login "${users[0]}" 0 true
	traces >"$work/before"
	for ((number = 1; number <= at_once; number++)); do login "${users[0]}" "$number" "$stays" & done
	until_true 240 seen_are "$at_once" || no "$(count_seen) logins came in" || return
	all_inside "$lab" || return
	[ "$(wc -l <"$(hierarchy pids)/$lab/cgroup.procs")" -ge "$at_once" ] || no "not all at the same time" || return
	: >"$work/gate"
	wait
	leaves_nothing
}

a_thousand_logins_one_after_the_other_are_all_inside() {
	local number
	login "${users[0]}" 0 true
	traces >"$work/before"
	for ((number = 1; number <= in_a_row; number++)); do
		su -s /bin/cat "${users[0]}" /proc/self/cgroup 9>&- || no "login $number failed" || return
	done >"$work/thousand"
	[ "$(grep -cE "^[0-9]+:([^:]*,)?memory(,[^:]*)?:/$lab$" "$work/thousand")" -eq "$in_a_row" ] || no "not all in memory's" || return
	[ "$(grep -cE "^[0-9]+:([^:]*,)?pids(,[^:]*)?:/$lab$" "$work/thousand")" -eq "$in_a_row" ] || no "not all in pids'" || return
	leaves_nothing
}

# A daemon that calls PAM in its own process. The first sessions warm up what libc and others keep.
a_thousand_sessions_in_one_process_leave_no_descriptor() {
	cat >/etc/pam.d/t2storm <<-END
		session required pam_groupies.so
	END
	login "${users[0]}" 0 true
	traces >"$work/before"
	python3 "$here/tests/system/storm/sessions.py" t2storm "$in_a_row" "${users[0]}" "$outsider" || return
	leaves_nothing
}

as_after_a_reboot() { # PLAYGROUND
	remove_groups "$1"
	rm -rf /run/groupies
}

# All of them come first. Each that came in was inside; who did not was refused, with our line.
first_logins_race_with_whoever_takes_the_stamp_away() { # PLAYGROUND
	local number came refused before remover logins=()
	forget_all
	as_after_a_reboot "$1"
	rm -f "$work/stop" "$work/refused"
	before=$(grep -c ') is refused: ' "$work/log")
	python3 "$here/tests/system/storm/forget.py" "$1" "$work/stop" 9>&- &
	remover=$!
	for ((number = 1; number <= at_once; number++)); do
		login "${users[number % ${#users[@]}]}" "$number" "$goes" &
		logins[number]=$!
	done
	wait "${logins[@]}"
	: >"$work/stop"
	wait "$remover"
	came=$(count_seen)
	all_inside "$1" || return
	until_true 10 log_is_complete $((at_once - came + before))
	refused=$(($(grep -c ') is refused: ' "$work/log") - before))
	echo "$came inside, $refused refused" >&3
	[ $((came + refused)) -eq "$at_once" ] || no "$came came in and $refused were refused, of $at_once" || return
	# Nothing that the storm broke stays broken.
	forget_all
	login "${users[0]}" 0 "$goes" && seen_are 1 && all_inside "$1" || return
	[ "$(cat "$(hierarchy memory)/$1/memory.limit_in_bytes" 2>/dev/null || cat "$(hierarchy memory)/$1/memory.max")" -eq $((1 << 30)) ] ||
		no "the limit is not what it was" || return
	[ -z "$(find /run/groupies -name '*groupies-new')" ] || no "left: $(ls -A /run/groupies)"
}
log_is_complete() { [ "$(grep -c ') is refused: ' "$work/log")" -ge "$1" ]; }

# And without anybody in the way, the first logins are all inside.
first_logins_after_a_reboot_are_all_inside() { # PLAYGROUND
	local number logins=()
	forget_all
	as_after_a_reboot "$1"
	for ((number = 1; number <= at_once; number++)); do
		login "${users[number % ${#users[@]}]}" "$number" "$goes" &
		logins[number]=$!
	done
	wait "${logins[@]}"
	[ "$(count_seen)" -eq "$at_once" ] || no "$(count_seen) of $at_once came in: $(tail -n 1 "$work/log")" || return
	all_inside "$1"
}

prepare
check two_hundred_logins_at_once_are_all_inside
check a_thousand_logins_one_after_the_other_are_all_inside
check a_thousand_sessions_in_one_process_leave_no_descriptor
check first_logins_after_a_reboot_are_all_inside "$lab"
check first_logins_race_with_whoever_takes_the_stamp_away "$lab"
all_in "$each" Member:MemoryMax=256M Member:TasksMax=500
check first_logins_after_a_reboot_are_all_inside "$each"
check first_logins_race_with_whoever_takes_the_stamp_away "$each"
finish
