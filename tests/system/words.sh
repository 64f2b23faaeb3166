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
member_uid=23301
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

install_here
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
check hog_names_a_group_cleanly
finish
