#!/bin/bash
# SPDX-License-Identifier: MIT
# groupies-docker when things go wrong: each time one sentence, and the exit code of the manual. The
# engine is docker/engine.py, which does what a real one cannot be made to do. Changes nothing on this
# host but for one group of its own, which it removes.

. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || { echo "$0: needs root" >&2; exit 1; }

program=$build/groupies-docker
work=$(mktemp -d /tmp/groupies-test.XXXXXX)
chmod 755 "$work"
socket=$work/sock
engine=
group=
sleeper=

end() {
	[ -z "$engine" ] || kill "$engine"
	[ -z "$sleeper" ] || kill "$sleeper"
	[ -z "$group" ] || remove_groups "$group"
	rm -rf "$work"
} 2>/dev/null
trap end EXIT
trap 'exit 130' INT TERM HUP

# ---- shorthands; ONLY=WORDS chooses some of the cases ---------------------------------------------------

try() { [[ $* != *${ONLY:-}* ]] || check "$@"; }

# with MODE COMMAND...: starts that engine and runs groupies-docker against it; $code, out and err.
with() {
	local mode=$1
	shift
	rm -f "$socket"
	# shellcheck disable=SC2086 # two words
	python3 "$here/tests/system/docker/engine.py" "$socket" "$mode" ${process:-} 2>"$work/engine.err" &
	engine=$!
	until_true 20 test -S "$socket"
	ours --socket "$socket" "$@"
	kill "$engine"
	wait "$engine" 2>/dev/null
	engine=
}

# ours ARG...: within a bound that nothing here may need. $closed: a descriptor that it does not have.
ours() {
	case ${closed:-} in
	out) timeout -k 5 50 "$program" "$@" >&- 2>"$work/err" </dev/null ;;
	others) timeout -k 5 50 "$program" "$@" >"$work/out" 2>&- <&- ;;
	*) timeout -k 5 50 "$program" "$@" >"$work/out" 2>"$work/err" </dev/null ;;
	esac
	code=$?
}

# says CODE PATTERN: that exit code, and one line on stderr that matches.
says() {
	[ "$code" = "$1" ] || { echo "exit $code, not $1"; cat "$work/err"; return 1; }
	[ "$(wc -l <"$work/err")" = 1 ] || { echo "not one line:"; cat "$work/err"; return 1; }
	# shellcheck disable=SC2254 # a pattern
	case $(cat "$work/err") in "groupies-docker: "$2) ;; *) echo "it says:"; cat "$work/err"; return 1 ;; esac
	! grep -q $'\033' "$work/err" "$work/out"
}

# row MODE CODE PATTERN COMMAND...: one row of the table below.
engine_that_is() {
	local mode=$1 wanted=$2 pattern=$3
	shift 3
	with "$mode" "$@"
	says "$wanted" "$pattern"
}

# ---- no engine ---------------------------------------------------------------------------------------

says_that_there_is_no_socket() {
	ours --socket "$work/none" stats --once
	says 3 "$work/none: there is no such socket: start docker (or install docker.io), or name another one with --socket"
}

takes_the_socket_of_the_environment() {
	DOCKER_HOST=unix://$work/none ours check
	says 3 "$work/none: there is no such socket: *" || return 1
	DOCKER_HOST=tcp://127.0.0.1:2375 ours check
	says 2 "DOCKER_HOST: 'tcp://127.0.0.1:2375' is not a unix socket: write /path or unix:///path"
}

asks_no_proxy() {
	http_proxy=http://127.0.0.1:1 all_proxy=http://127.0.0.1:1 with good where fake
	[ "$code" = 1 ] && [ ! -s "$work/err" ]
}

says_that_it_has_no_right() {
	cp "$program" "$work/program" && chmod 755 "$work/program"
	python3 -c 'import socket, sys, os; s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); os.chmod(sys.argv[1], 0o600)' "$work/private"
	setpriv --reuid 65534 --regid 65534 --clear-groups "$work/program" --socket "$work/private" check >"$work/out" 2>"$work/err"
	code=$?
	says 3 "$work/private: no right to it: run this as root (*"
}

says_that_nobody_listens() {
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$work/deaf"
	ours --socket "$work/deaf" demo
	says 3 "$work/deaf: nobody listens there: the engine has been stopped, start it again"
}

says_that_it_is_no_socket() {
	echo hello >"$work/file"
	ours --socket "$work/file" check
	says 3 "$work/file: is not a socket"
}

says_that_the_path_is_too_long() {
	ours --socket "/$(printf 'x%.0s' {1..200})" check
	says 2 '--socket: a path of 201 bytes is too long for a socket (107)'
}

# ---- what is typed -------------------------------------------------------------------------------------

refuses_a_bad_name() { # NAME, quoted for the shell
	local option
	eval "set -- $1"
	for option in where show stats; do
		ours --socket "$socket" "$option" -- "$1"
		says 2 "'*' is not the name or id of a container: *" || return 1
	done
	for option in name image parent; do
		ours --socket "$socket" run 1M "--$option=$1"
		says 2 "--$option: '*' is not *" || return 1
	done
}

refuses_what_makes_no_sense() {
	local row
	while IFS='|' read -r row pattern; do
		# shellcheck disable=SC2086 # words
		ours $row
		says 2 "$pattern" || { echo "for: $row"; return 1; }
	done <<-'END'
		|a command is missing: see groupies-docker --help
		dance|'dance' is not a command: see groupies-docker --help
		run|run: needs a SIZE
		where|where: needs a NAME
		where a b|where: 'b' is too much
		run 10X|SIZE: '10X' is not a size*
		run 0|SIZE: nothing to eat: *
		run 1M --memory 0|--memory: 0 is no limit
		run 1M --memory 101%|--memory: *more than 100%*
		run 1M --once|--once: does not go with run
		stats --memory 1M|--memory: does not go with stats
		demo --name x|--name: does not go with demo
		check --socket|--socket: needs a value: see groupies-docker --help
		check --json=1|--json: takes no value: leave out what follows the =
		check --frob|--frob: no such option*
		check --socket x|--socket: 'x' is not a unix socket: write /path or unix:///path
	END
}

answers_help_and_version_without_an_engine() {
	ours --help
	[ "$code" = 0 ] && grep -q '^usage: groupies-docker' "$work/out" || return 1
	ours --version
	[ "$code" = 0 ] && grep -q '^groupies-docker (groupies) ' "$work/out"
}

# ---- what still works ------------------------------------------------------------------------------------

reads_answers_split_at_every_byte() {
	with good stats --once --json
	cp "$work/out" "$work/whole"
	[ "$code" = 0 ] && with bytewise stats --once --json && [ "$code" = 0 ] && cmp "$work/whole" "$work/out" || return 1
	grep -q '"usage_bytes": 42000000, "limit_bytes": 157286400' "$work/out" && grep -q '"tasks_limit": null' "$work/out" || return 1
	with bytewise check
	[ "$code" = 0 ] && [ ! -s "$work/err" ]
}

speaks_with_a_newer_engine() {
	with new check
	[ "$code" = 0 ] && grep -q '29.1, API 1.52, spoken 1.44' "$work/out"
}

leaves_out_who_vanishes_between_two_calls() {
	with vanished stats --once
	[ "$code" = 0 ] && [ ! -s "$work/err" ] && [ "$(wc -l <"$work/out")" = 1 ]
}

# What the engine was asked to remove, a line each.
removed() { sed -n 's/^DELETE //p' "$socket.log"; }

# The engine made nothing, so what has that name is somebody else's.
removes_nothing_when_the_engine_makes_none() { # MODE CODE PATTERN
	engine_that_is "$1" "$2" "$3" run 1M --name fake && [ -z "$(removed)" ] || no "removed: $(removed)"
}

# It was made, and the answer never came: the name tells nothing, the mark does.
removes_what_it_made_without_hearing_of_it() {
	engine_that_is creates-unheard 3 '*: the engine broke off in the middle of an answer: *' run 1M --name fake &&
		removed | grep -qx '.*/containers/[0-9a-f]\{64\}?force=1&v=1' || no "removed: $(removed)"
}

says_that_swap_elsewhere_cannot_be_seen() {
	with elsewhere-on-v2 run 200M --swap 150m
	[ "$code" = 1 ] && grep -q '^  VERDICT  *lives at 150 MiB of 200 MiB .*swap cannot be seen from here, so nothing is proved$' "$work/out" || return 1
	with elsewhere-on-v2 run 200M --swap 150m --json
	grep -q '"swap_bytes": null' "$work/out" && grep -q '"ending": "unsettled", "held": false' "$work/out"
}

shows_an_ended_container_as_json_with_the_same_exit_code() {
	with ended show fake && [ "$code" = 0 ] || no "show: $code" || return 1
	with ended show fake --json && [ "$code" = 0 ] && grep -q '"exit": 137' "$work/out" || no "show --json: $code"
}

# What it opens next would be its stdout otherwise.
says_that_its_stdout_is_closed() {
	local command
	for command in 'run 1M' 'show fake' --version; do
		# shellcheck disable=SC2086 # words
		closed=out with good $command
		says 1 'cannot write to stdout: Bad file descriptor' || return 1
	done
	[ ! -s "$socket.log" ] || no "it has asked the engine: $(cat "$socket.log")"
}

works_without_stdin_and_stderr() {
	: >"$work/err"
	closed=others with good stats --once
	[ "$code" = 0 ] && grep -q '^0123456789ab  fake ' "$work/out"
}

# Another run had loaded it, has ended, and has taken it away.
brings_an_image_again_that_vanished() {
	with image-vanishes run 1M
	[ ! -s "$work/err" ] && [ "$(grep -c containers/create "$socket.log")" = 2 ] && [ "$(grep -c images/load "$socket.log")" = 1 ] &&
		[ "$(removed | grep -c /images/)" = 1 ] && grep -q '^  verdict  *lives: 1 MiB' "$work/out" || no "$(cat "$socket.log" "$work/err" "$work/out")"
}

# It runs when it is asked, has just said that it is full, and is killed before anybody has judged.
says_of_nobody_who_ended_meanwhile_that_it_lives() {
	with ends-meanwhile run 1M
	[ "$code" = 1 ] && [ ! -s "$work/err" ] && grep -q '^  VERDICT  *killed, but not for memory' "$work/out" && ! grep -q lives "$work/out"
}

lets_no_name_steer_the_terminal() {
	with escapes stats --once
	[ "$code" = 0 ] && grep -q '?\[31mred??' "$work/out" && ! grep -q $'\033' "$work/out"
}

notes_that_swap_is_not_accounted_for() {
	with no-swap check
	if [ "$(awk '/^SwapTotal/ {print $2}' /proc/meminfo)" = 0 ]; then
		[ "$code" = 0 ] && grep -q '^note  swap .*swapaccount=1' "$work/out"
	else
		[ "$code" = 1 ] && grep -q '^BAD   swap .*swapaccount=1' "$work/out"
	fi
}

checks_that_a_rootless_engine_has_limits() {
	with rootless check
	[ "$code" = 1 ] && grep -q '^BAD   memory  *cannot be limited by this engine: it is rootless' "$work/out"
}

# begin MODE COMMAND...: as with, in the background, and not deaf to SIGINT. $ours is groupies-docker.
begin() {
	local mode=$1
	shift
	rm -f "$socket" "$socket".*
	python3 "$here/tests/system/docker/engine.py" "$socket" "$mode" &
	engine=$!
	until_true 20 test -S "$socket"
	python3 -c '
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$program" --socket "$socket" "$@" >"$work/out" 2>"$work/err" &
	ours=$!
}

# ended SECONDS: its exit code is $code; within so long, or it is killed.
ended() {
	until_true "$1" is_gone "$ours" || kill -KILL "$ours"
	wait "$ours"
	code=$?
	kill "$engine"
	wait "$engine" 2>/dev/null
	engine=
}
is_gone() { ! grep -q '^State:[[:space:]]*[^Z]' "/proc/$1/status" 2>/dev/null; }
has_asked() { grep -q "$1" "$socket.log"; }

ends_at_once_with_a_signal_while_an_engine_is_silent() {
	begin silent stats --once
	until_true 10 has_asked _ping
	kill -INT "$ours"
	ended 9
	[ "$code" = 130 ] && [ ! -s "$work/err" ]
}

# What changes the engine is waited for, until somebody insists; nor is an engine like that waited for again.
gives_up_with_a_second_signal() {
	begin silent-at-load run 1M
	until_true 10 has_asked /images/load
	kill -INT "$ours"
	kill -TERM "$ours"
	ended 15
	says 130 'image localhost/groupies-hog:* may stay in the engine: * (waited 5 s)*'
}

ends_with_the_signal_whatever_else_fails() {
	begin dies-when-told run 1M --name fake
	until_true 10 has_asked /containers/create
	kill -INT "$ours"
	: >"$socket.die"
	ended 20
	says 130 'fake: *: the engine broke off in the middle of an answer: *' && [ -z "$(removed)" ]
}

# The engine says 150 MiB; the group of the process that it names has 100 MiB.
says_when_the_kernel_has_another_limit() {
	local id memory process
	[ -d /run/systemd/system ] && return 0 # there it owns the tree
	id=$(printf '%064x' $$)
	group=groupies_test_fake_$$
	memory=$(hierarchy memory)/$group
	mkdir "$memory" && mkdir "$memory/$id" || return 1
	if [ -e "$memory/memory.max" ]; then
		echo +memory >"$memory/cgroup.subtree_control"
		echo 100M >"$memory/$id/memory.max"
	else
		echo 100M >"$memory/$id/memory.limit_in_bytes"
	fi
	sleep 100 &
	sleeper=$!
	[ "$sleeper" -gt 1 ] && echo "$sleeper" >"$memory/$id/cgroup.procs" || return 1
	process="$sleeper $id"
	with good run 40M
	kill "$sleeper"
	wait "$sleeper" 2>/dev/null
	sleeper=
	remove_groups "$group"
	group=
	[ "$code" = 1 ] && grep -Eq '^  mismatch +limit: asked 157286400, the kernel has 104857600 in memory\.(max|limit_in_bytes)$' "$work/out"
}

# -------------------------------------------------------------------------------------------------------------

until_true 0 false
try says_that_there_is_no_socket
try takes_the_socket_of_the_environment
try asks_no_proxy
try says_that_it_has_no_right
try says_that_nobody_listens
try says_that_it_is_no_socket
try says_that_the_path_is_too_long
for bad in /b .. ../../etc/passwd 'a b' "a'b" 'a"b' $'a\nb' $'a\033[31mb' '' '-x' 'a;b' 'a%2fb'; do
	try refuses_a_bad_name "$(printf %q "$bad")"
done
try refuses_what_makes_no_sense
try answers_help_and_version_without_an_engine
try engine_that_is silent 3 '*: the engine does not answer (waited 10 s): *' check
try engine_that_is silent-later 3 '*: the engine does not answer (waited 20 s): *' where fake
try engine_that_is hangs-up 3 '*: the engine broke off in the middle of an answer: *' check
try engine_that_is dies 3 '*: the engine broke off in the middle of an answer: *' where fake
try engine_that_is dies-in-chunks 3 '*: the engine broke off in the middle of an answer: *' where fake
try engine_that_is dies-in-chunks 3 '*: the engine broke off in the middle of an answer: *' run 1M
try engine_that_is not-http 3 '*speaks no HTTP: *' check
try engine_that_is no-version 3 '*does not say which API it speaks: *' check
try engine_that_is too-old 3 'the engine is too old: it speaks API 1.12, this program 1.25 and later: update docker' stats --once
try engine_that_is too-new 3 'the engine 99.1 is too new: it speaks API 1.60 and later, this program up to 1.44: *' stats --once
try engine_that_is odd-version 3 'the engine speaks API 2.0, this program 1.25 to 1.44' stats --once
try engine_that_is wrong-type 3 "the engine's answer: State.Pid is a text, not a number" where fake
try engine_that_is negative 3 "the engine's answer: State.Pid is negative: -7" where fake
try engine_that_is bad-id 3 "the engine's answer: Id is no id: '../../../../etc/pass'" show fake
try engine_that_is missing 3 "the engine's answer has no State.OOMKilled" show fake
try engine_that_is list 3 "the engine's answer is a list, not an object" show fake
try engine_that_is truncated 3 "the engine's answer is JSON that was cut off after * bytes" show fake
try engine_that_is not-json 3 "the engine's answer is not JSON: *" show fake
try engine_that_is trailing 3 "the engine's answer goes on behind its JSON at byte *" show fake
try engine_that_is deep 3 "the engine's answer is not JSON: *" show fake
try engine_that_is empty 3 "the engine's answer is *" show fake
try engine_that_is huge 3 "the engine's answer is longer than 4194304 bytes: is this an engine[?]" show fake
try engine_that_is refuses 1 'the engine says: driver failed:*no "luck"' show fake
try engine_that_is vanished 4 'the engine says: No such container: fake' show fake
try engine_that_is vanished 1 '*: somebody else has removed it meanwhile' run 1M
try engine_that_is load-fails 1 'loading localhost/groupies-hog:*: no space left on device' run 1M
try engine_that_is load-is-no-json 3 "loading *: the engine's answer is not JSON: *" load
try engine_that_is long-line 3 'loading *: the engine sends a line of over * bytes' load
try engine_that_is rootless 1 'this engine cannot limit memory (it is rootless, *' run 1M
try reads_answers_split_at_every_byte
try speaks_with_a_newer_engine
try leaves_out_who_vanishes_between_two_calls
try removes_nothing_when_the_engine_makes_none name-clash 1 'fake: the engine says: that name is already in use'
try removes_nothing_when_the_engine_makes_none no-image 1 'fake: the engine says: No such image: x'
try removes_nothing_when_the_engine_makes_none breaks-off-creating 3 '*: the engine broke off *'
try removes_what_it_made_without_hearing_of_it
try says_that_swap_elsewhere_cannot_be_seen
try engine_that_is no-such-image 1 'image nosuch/image: is not there and cannot be pulled: the engine says: pull access denied *' run 1M --image nosuch/image
try shows_an_ended_container_as_json_with_the_same_exit_code
try says_that_its_stdout_is_closed
try works_without_stdin_and_stderr
try brings_an_image_again_that_vanished
try says_of_nobody_who_ended_meanwhile_that_it_lives
try lets_no_name_steer_the_terminal
try notes_that_swap_is_not_accounted_for
try checks_that_a_rootless_engine_has_limits
try ends_at_once_with_a_signal_while_an_engine_is_silent
try gives_up_with_a_second_signal
try ends_with_the_signal_whatever_else_fails
try engine_that_is silent-once-started 3 '*: the engine does not answer (waited 20 s): *' run 1M
try says_when_the_kernel_has_another_limit
finish
