#!/bin/bash
# SPDX-License-Identifier: MIT
# What the programs say: nothing that somebody else named steers root's terminal, what goes wrong is one
# sentence with the right cause, and they start clean whatever their parent has left them.
# shellcheck disable=SC2317 # check and private_end call what is here by name

# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
private_host "$@"

lab=w1lab
member=w1student
member_uid=23401
outside=

tidy() {
	[ -z "$outside" ] || kill "$outside" 2>/dev/null
	remove_groups "$lab"
}

# What no text of ours may hold: controls, C1 as a byte or encoded, what is no UTF-8, what turns or hides.
clean() { # FILE
	python3 - "$1" <<-'END'
		import sys, unicodedata
		text = open(sys.argv[1], "rb").read().decode("utf-8")  # strict
		bad = [c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") and c not in "\n\t"]
		sys.exit(f"holds {bad!r}" if bad else 0)
	END
}

lab() {
	mkdir -p /etc/groupies
	printf '[Playground]\nMembers=%s\nMemoryMax=64M\n' "$member" >"/etc/groupies/$lab.conf"
	groupies-setup apply >/dev/null
}

# ---- what somebody else named ---------------------------------------------------------------------

# A process of the member's, outside, that calls itself NAME (as printf %b reads it).
calls_itself() {
	local name
	name=$work/$(printf '%b' "$1")
	cp "$(command -v sleep)" "$name"
	setpriv --reuid="$member_uid" --regid="$member_uid" --clear-groups "$name" 60 9>&- &
	outside=$!
	until_true 10 eval "[ \"\$(cat /proc/$outside/comm)\" != setpriv ] && [ \"\$(cat /proc/$outside/comm)\" != bash ]"
	rm "$name"
}

shows_a_process_that_calls_itself() { # NAME SHOWN
	lab && calls_itself "$1" || return
	groupies-setup check >"$work/check"
	groupies-setup check --json >"$work/json"
	kill "$outside"
	cat "$work/check"
	clean "$work/check" && clean "$work/json" || return
	python3 -m json.tool "$work/json" >"$work/tree" || return
	python3 - "$2" "$work/json" <<-'END' || no "the JSON does not show $2" || return
		import json, sys
		sys.exit(sys.argv[1] not in json.dumps(json.load(open(sys.argv[2])), ensure_ascii=False))
	END
	grep -qF -- "$2 ($outside)" "$work/check" || no "check does not show $2"
}

# A word of the command line is not ours either: a script may have it from anywhere.
shows_words_of_the_command_line_without_what_steers() { # PROGRAM ARGUMENT...
	local bad
	for bad in $'\x9b31mRED' $'\xe0\x82\x9b' $'\xc2\x9b' $'\e[2J' $'\u202e'; do
		"$@" "$bad" >"$work/out" 2>"$work/err" </dev/null && return 1
		[ "$(wc -l <"$work/err")" -eq 1 ] && clean "$work/err" && clean "$work/out" || return
	done
}

# hog in a group whose name its owner chose: the sentence and the JSON.
hog_names_a_group_cleanly() {
	local group
	group=$(hierarchy memory)/$lab$(printf '\x9b31m\xe2\x80\xae')é
	mkdir "$group" && echo 10M >"$group/memory.limit_in_bytes" || return
	sh -c 'echo $$ >"$1/cgroup.procs"; exec hog 50M --json' - "$group" >"$work/json" 2>"$work/err"
	until_true 5 rmdir "$group"
	cat "$work/json"
	clean "$work/json" && clean "$work/err" && python3 -m json.tool "$work/json" >"$work/tree" || return
	grep -qF "$lab?31m???é" "$work/json"
}

# ---- what stands in the way, before anything is changed --------------------------------------------

# refused CODE WORDS COMMAND...: one sentence with WORDS on stderr, and nothing of ours is made.
refused() {
	local code=$1 words=$2 seen
	shift 2
	"$@" >"$work/out" 2>"$work/err" </dev/null
	seen=$?
	cat "$work/out" "$work/err"
	[ "$seen" -eq "$code" ] || no "exit $seen, not $code" || return
	[ "$(wc -l <"$work/err")" -eq 1 ] || no "not one sentence" || return
	grep -qF -- "$words" "$work/err" || no "does not say: $words"
}

untouched() {
	! getent passwd w1new >/dev/null || no "the user was made" || return
	[ ! -e /etc/groupies/w1new.conf ] && [ ! -e /var/lib/groupies/journal/w1new ] || no "something was made"
}

# As a container without privileges has it.
finds_that_the_tree_is_read_only_before_the_first_change() {
	local memory
	memory=$(hierarchy memory)
	mount --bind "$memory" "$memory" && mount -o remount,bind,ro "$memory" || return
	refused 1 "$memory is mounted read-only" groupies-setup --user w1new --playground w1new && untouched &&
		refused 1 "$memory is mounted read-only" groupies-setup --user w1new --playground w1new --dry-run
	local result=$?
	umount "$memory"
	return "$result"
}

# Root of another user namespace: a container without privileges that may write its own files.
finds_that_the_tree_is_anothers_before_the_first_change() {
	local child result
	mkfifo "$work/mapped"
	# shellcheck disable=SC2016 # the child's own
	refused 1 "$(hierarchy memory) belongs to another root" unshare --user --keep-caps sh -c 'read -r _ <"$1"
		exec setpriv --reuid=0 --regid=0 --clear-groups groupies-setup --user w1new --playground w1new --dry-run' - "$work/mapped" &
	child=$!
	until_true 10 pgrep -P "$child" -f mapped >/dev/null
	map "$(pgrep -P "$child" -f mapped)"
	wait "$child"
	result=$?
	rm "$work/mapped"
	return "$result"
}

map() { # PID: once it is in a user namespace of its own
	until_true 10 eval "[ \"\$(readlink /proc/$1/ns/user)\" != \"\$(readlink /proc/self/ns/user)\" ]"
	echo '0 100000 65536' >"/proc/$1/uid_map" && echo '0 100000 65536' >"/proc/$1/gid_map"
	echo >"$work/mapped"
}

says_in_which_way_memory_is_missing() {
	local mount result=0
	for mount in $(awk '$3 == "cgroup" || $3 == "cgroup2" {print $2}' /proc/mounts); do umount "$mount"; done
	refused 1 "is mounted: mount cgroup2 on /sys/fs/cgroup" groupies-setup list || result=1
	echo "quiet cgroup_disable=memory" >"$work/cmdline"
	mount --bind "$work/cmdline" /proc/cmdline
	refused 1 "take cgroup_disable=memory out of the kernel's command line" groupies-setup list || result=1
	umount /proc/cmdline
	return "$result"
}

without_hierarchies() { unshare --mount "$BASH" -c "$(declare -f says_in_which_way_memory_is_missing refused no hierarchy); says_in_which_way_memory_is_missing"; }

# ---- what a parent may have left ------------------------------------------------------------------

# What cannot be written is one sentence and exit 1, to a full disk, a closed descriptor, a file that may not grow.
says_that_nobody_reads_it() { # PROGRAM ARGUMENT...
	local how code
	for how in full closed small; do
		{
			case $how in
			full) "$@" >/dev/full ;;
			closed) "$@" >&- ;;
			small) (ulimit -f 0; exec "$@" >"$work/small") ;;
			esac
			echo "code $?"
		} 2>&1 | cat >"$work/said"
		cat "$work/said"
		code=$(sed -n 's/^code //p' "$work/said")
		[ "$code" = 1 ] || no "$how: exit $code" || return
		[ "$(grep -c 'cannot write to' "$work/said")" -eq 1 ] && [ "$(wc -l <"$work/said")" -eq 2 ] ||
			no "$how: not one sentence" || return
	done
}

# Done, or one sentence; never killed by a signal, and never without a word. check's findings are on stdout.
lives_with() { # LIMIT VALUE
	local program code
	for program in 'groupies-setup list' 'groupies-setup check' 'hog 1M' 'groupies-docker check --socket /none'; do
		# shellcheck disable=SC2086 # words
		{ (ulimit "$1" "$2"; exec $program >"$work/out"); echo "code $?"; } 2>&1 | cat >"$work/said"
		code=$(sed -n 's/^code //p' "$work/said")
		[ "$code" -lt 126 ] || no "$program: exit $code" || return
		[ "$code" = 0 ] || [ "$(wc -l <"$work/said")" -eq 2 ] || grep -q 'Too many open files' "$work/out" || no "$program: exit $code: $(cat "$work/said")" || return
	done
}

names_what_it_had_too_few_of() {
	(exec 3>&- 9>&-; ulimit -n 4; exec "$build/groupies-setup" list) >"$work/out" 2>&1 && return 1
	cat "$work/out"
	grep -q 'Too many open files' "$work/out" && ! grep -q 'is mounted' "$work/out"
}

provisions_whatever_its_parent_left() { # BEFORE
	(eval "$1"; exec groupies-setup --user w1new --playground w1new --locked) 2>&1 | cat >"$work/said"
	cat "$work/said"
	grep -q 'enrolled' "$work/said" && su w1new -c 'cat /proc/self/cgroup' | grep -q w1new || no 'not provisioned'
	groupies-setup remove w1new --terminate || return
	untouched && [ ! -e /etc/groupies ] || no "something is left"
}

shows_no_colours_on_a_terminal_that_has_none() {
	lab
	TERM=dumb script -qec 'groupies-setup apply' /dev/null >"$work/dumb" </dev/null
	! grep -q $'\e' "$work/dumb" || return
	TERM=xterm script -qec 'groupies-setup apply' /dev/null </dev/null | grep -q $'\e' || no 'no colour on xterm either' || return
	! NO_COLOR=1 TERM=xterm script -qec 'groupies-setup apply' /dev/null </dev/null | grep -q $'\e'
}

install_here
for before in 'trap "" PIPE' 'trap "" CHLD' 'umask 777' 'exec <&-' 'ulimit -n 16'; do
	check provisions_whatever_its_parent_left "$before"
done
wire
useradd --uid "$member_uid" --create-home --shell /bin/sh "$member"

check shows_a_process_that_calls_itself '\x9b31mRED' '?31mRED'
check shows_a_process_that_calls_itself '\xe0\x82\x9bx' '???x'
check shows_a_process_that_calls_itself 'a\xc2\x9b31m' 'a??31m'
check shows_a_process_that_calls_itself 'a\xed\xa0\x80b' 'a???b'
check shows_a_process_that_calls_itself 'a\xe2\x80\xaetxt' 'a???txt'
check shows_a_process_that_calls_itself 'ro\xe2\x80\x8bot' 'ro???ot'
check shows_a_process_that_calls_itself 'h\xc3\xa9ros' 'héros'
check shows_words_of_the_command_line_without_what_steers groupies-setup
check shows_words_of_the_command_line_without_what_steers groupies-setup --user
check shows_words_of_the_command_line_without_what_steers groupies-setup --playground
check shows_words_of_the_command_line_without_what_steers hog
check shows_words_of_the_command_line_without_what_steers groupies-docker
check shows_words_of_the_command_line_without_what_steers groupies-docker run --name
check finds_that_the_tree_is_read_only_before_the_first_change
check finds_that_the_tree_is_anothers_before_the_first_change
check without_hierarchies
for program in groupies-setup hog groupies-docker; do
	for option in --help --version; do check says_that_nobody_reads_it "$program" "$option"; done
done
check says_that_nobody_reads_it groupies-setup list
check says_that_nobody_reads_it groupies-setup list --json
check lives_with -n 6
check lives_with -s 32
check lives_with -s 64
check lives_with -v 60000
check lives_with -f 0
check names_what_it_had_too_few_of
check shows_no_colours_on_a_terminal_that_has_none
check hog_names_a_group_cleanly
finish
