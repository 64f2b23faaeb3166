#!/bin/bash
# SPDX-License-Identifier: MIT
# hog against the kernel of this host, with memory and pids on cgroup v1. Run as root. HOG is the
# program under test. Every group is made here, holds only what was started here, and is removed.

set -u
script=$(realpath "$0")
cd "$(dirname "$0")/../.." || exit 1
HOG=${HOG:-build/hog}
HOG_STATIC=${HOG_STATIC:-build/hog-static}
HOG=$(realpath "$HOG") || exit 1
name=groupies_test_hog_$$
work=$(mktemp -d)
passed=0
failed=0

# The mount of the v1 hierarchy with the controller $1.
mount_of() {
	awk -v controller="$1" '{
		for (i = 7; $i != "-"; i++);
		if ($(i + 1) != "cgroup") next
		n = split($(i + 3), options, ",")
		for (j = 1; j <= n; j++) if (options[j] == controller) { print $5; exit }
	}' /proc/self/mountinfo
}

memory_mount=$(mount_of memory)
pids_mount=$(mount_of pids)
if [ "$(id -u)" != 0 ]; then
	echo "hog.sh: needs root" >&2
	exit 1
fi
if [ -z "$memory_mount" ] || [ -z "$pids_mount" ] || [ -d /run/systemd/system ]; then
	echo "# left to make check-vm: these groups are made by hand, on cgroup v1 without systemd"
	echo "0 passed, 0 failed"
	exit 0
fi
memory=$memory_mount/$name
pids=$pids_mount/$name

# A group is busy for a moment after its last process has been waited for.
remove_group() {
	local tries
	for tries in $(seq 100); do
		[ ! -d "$1" ] || rmdir "$1" 2>"$work/rmdir" && return 0
		sleep 0.05
	done
	echo "hog.sh: cannot remove $1 ($tries tries): $(cat "$work/rmdir")" >&2
	return 1
}

clean_up() {
	remove_group "$memory/below"
	remove_group "$memory"
	remove_group "${memory}_free"
	remove_group "$pids/below"
	remove_group "$pids"
	rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# limit_memory GROUP SIZE: memory, and memory with swap, where the host counts that.
limit_memory() {
	mkdir -p "$1" || return 1
	if [ -e "$1/memory.memsw.limit_in_bytes" ]; then echo -1 >"$1/memory.memsw.limit_in_bytes"; fi
	echo "$2" >"$1/memory.limit_in_bytes"
	if [ -e "$1/memory.memsw.limit_in_bytes" ]; then echo "$2" >"$1/memory.memsw.limit_in_bytes"; fi
}

# hog_in GROUP ARG...: runs hog in GROUP; leaves out, err and the exit code in $work and $code.
hog_in() {
	local group=$1
	shift
	(
		echo "$BASHPID" >"$group/cgroup.procs" || exit 99
		exec "$HOG" "$@" >"$work/out" 2>"$work/err" </dev/null
	)
	code=$?
}

hog() {
	"$HOG" "$@" >"$work/out" 2>"$work/err" </dev/null
	code=$?
}

# says CODE SENTENCE: hog ended with CODE, and SENTENCE (a pattern of case) is all of stderr.
says() {
	local err
	err=$(cat "$work/err")
	# shellcheck disable=SC2254
	case "$code $err" in
	"$1 "$2) return 0 ;;
	esac
	echo "# expected $1 $2"
	echo "# seen     $code $err"
	return 1
}

prints() {
	diff "$work/out" - >"$work/diff" && return 0
	sed 's/^/# /' "$work/diff"
	return 1
}

kills() {
	sed -n 's/^oom_kill //p' "$1/memory.oom_control"
}

until_true() {
	local tries
	for tries in $(seq 200); do
		"$@" && return 0
		sleep 0.05
	done
	echo "# $tries times not: $*"
	return 1
}

line_said() { grep -q "$1" "$work/out" 2>/dev/null; }
is_gone() { [ ! -e "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null; }
children_of() { cat "/proc/$1/task/$1/children" 2>/dev/null; }

# ---- what it prints -----------------------------------------------------------------------------

prints_the_four_lines_of_memhog() {
	hog 100M 1
	[ "$code" = 0 ] && [ ! -s "$work/err" ] && prints <<-END
		allocating 104857600 bytes...
		writing 104857600 bytes...
		reading 104857600 bytes...
		sleeping for 1 seconds...
	END
}

waits_one_second_when_not_told() {
	hog 4K
	[ "$code" = 0 ] && [ "$(tail -n 1 "$work/out")" = "sleeping for 1 seconds..." ]
}

reads_sizes_as_people_write_them() {
	local row
	for row in 4096:4096 512K:524288 2M:2097152 1.5M:1572864 1MiB:1048576 1:1; do
		hog "${row%%:*}" 0
		[ "$code" = 0 ] || return 1
		[ "$(head -n 1 "$work/out")" = "allocating ${row##*:} bytes..." ] || return 1
	done
}

reads_times_as_people_write_them() {
	local row
	for row in 0:0 0.25:0.25 20ms:0.02 0.05s:0.05 0.001m:0.06; do
		hog 4K "${row%%:*}"
		[ "$code" = 0 ] || return 1
		[ "$(tail -n 1 "$work/out")" = "sleeping for ${row##*:} seconds..." ] || return 1
	done
}

says_each_step_in_a_pipe() {
	hog 10M 0 --step 4M --every 1ms
	prints <<-END
		allocating 10485760 bytes...
		writing 10485760 bytes...
		wrote 4194304 of 10485760 bytes
		wrote 8388608 of 10485760 bytes
		reading 10485760 bytes...
		sleeping for 0 seconds...
	END
}

puts_no_escape_code_and_no_carriage_return_into_a_pipe() {
	TERM=xterm "$HOG" 20M 0 --step 5M --every 60ms 2>&1 | LC_ALL=C grep -q $'[\033\r]' && return 1
	return 0
}

# on_terminal VARIABLE=VALUE...: what hog puts on a terminal, in $work/out.
on_terminal() {
	env -u NO_COLOR TERM=xterm "$@" script -qec "$HOG 20M 0 --step 5M --every 60ms" /dev/null \
		>"$work/out" </dev/null
}

draws_a_bar_on_a_terminal() {
	on_terminal && grep -q $'\r\[.*] *10 MiB of 20 MiB' "$work/out" && grep -q $'\033\[32m' "$work/out"
}

uses_no_colour_with_NO_COLOR() {
	on_terminal NO_COLOR=1 && grep -q $'\r\[.*] *10 MiB of 20 MiB' "$work/out" &&
		! grep -q $'\033' "$work/out"
}

flushes_each_line_before_the_act() {
	"$HOG" 1M --hold >"$work/out" 2>"$work/err" </dev/null &
	local pid=$! result=0
	until_true line_said 'holding until a signal comes' || result=1
	kill "$pid"
	wait "$pid"
	return "$result"
}

prints_one_json_object() {
	hog 3M 0 --json
	[ "$code" = 0 ] && [ "$(wc -l <"$work/out")" = 1 ] && python3 - "$work/out" <<-'END'
		import json, sys
		said = json.load(open(sys.argv[1]))
		assert said["outcome"] == "done" and said["exit"] == 0, said
		assert said["asked_bytes"] == said["eaten_bytes"] == 3 << 20, said
		assert said["sentence"] is None, said
	END
}

prints_json_of_a_kill() {
	limit_memory "$memory" 10M && hog_in "$memory" 100M --json
	[ "$code" = 137 ] && [ ! -s "$work/err" ] && python3 - "$work/out" "$name" <<-'END'
		import json, sys
		said = json.load(open(sys.argv[1]))
		assert said["outcome"] == "killed" and said["by"] == "memory", said
		assert said["group"] == sys.argv[2] and said["path"] == "/" + sys.argv[2], said
		assert said["limit"] == 10 << 20 and said["kills"] == 1, said
		assert 0 < said["eaten_bytes"] < 10 << 20, said
	END
}

prints_help_and_version_on_stdout() {
	hog --help
	[ "$code" = 0 ] && grep -q '^usage: hog ' "$work/out" && [ ! -s "$work/err" ] || return 1
	hog --version
	[ "$code" = 0 ] && grep -q '^hog (groupies) ' "$work/out"
}

says_when_it_cannot_write() {
	"$HOG" 1M 0 >/dev/full 2>"$work/err"
	code=$?
	says 1 'hog: cannot write to stdout: No space left on device'
}

# ---- what it refuses ----------------------------------------------------------------------------

refuses_every_bad_value_with_its_sentence() {
	local result=0 args sentence
	while IFS='|' read -r args sentence; do
		# shellcheck disable=SC2086
		hog $args
		says 2 "hog: $sentence" || result=1
	done <<-'END'
		|SIZE: missing: try hog 100M, or see hog --help
		10Q|SIZE: '10Q' is not a size: *
		-- -5|SIZE: '-5' is not a size: *
		0|SIZE: '0' is nothing to eat: *
		101%|SIZE: '101%' is more than 100%
		99999999999999999999|SIZE: '99999999999999999999' is more than any machine has
		1.|SIZE: '1.' has no digit behind the point
		1M x|SECONDS: 'x' is not a time: *
		1M 1.|SECONDS: '1.' has no digit behind the point
		1M 9999999999|SECONDS: '9999999999' is longer than 1000000000 seconds
		1M 1 2|'2': one word too many: see hog --help
		1M 1 --hold|--hold: goes on until a signal: leave SECONDS ('1') out
		1M --step 0|--step: '0' is nothing to eat: *
		1M --step x|--step: 'x' is not a size: *
		1M --step 1K --every x|--every: 'x' is not a time: *
		1M --every 1s|--every: pauses between steps: add --step SIZE
		1M --kind disk|--kind: 'disk' is not a kind: write anon, file or shm
		1M --kind file --thp|--thp: goes with --kind anon only
		1M --kind file --lock|--lock: the page cache cannot be locked: leave it out
		--cpu 1 --fill|--fill: is about memory: add a SIZE
		--tasks 0|--tasks: '0' is not between 1 and 4194304
		--tasks x|--tasks: 'x' is not a number
		--cpu 0|--cpu: '0' is not between 1 and 8192
		--cpu 1x|--cpu: '1x' is not a number
		--cpu|--cpu: needs a value: see hog --help
		1M --hold=5|--hold: takes no value: *
		1M --nonsense|--nonsense: no such option, *
		1M -x|-x: no such option: see hog --help
	END
	return "$result"
}

refuses_more_than_the_whole_host_has() {
	hog 900G
	says 1 'hog: 900 GiB: the whole host has only * available, and no memory limit below that is in force: ask for less, or add --force' ||
		return 1
	hog --tasks 4000000
	says 1 'hog: --tasks: 4000000 is more than half of what the whole host can run (*), and no tasks limit below that is in force: ask for less, or add --force'
}

tries_more_than_the_whole_host_has_where_a_limit_protects_it() {
	limit_memory "$memory" 10M && hog_in "$memory" 900G
	says 137 "hog: killed by the memory limit of $name at * of 900 GiB (limit 10 MiB, kills +1)"
}

refuses_a_disk_that_is_in_memory() {
	TMPDIR=/dev/shm hog 1M 0 --kind file
	says 1 'hog: --kind file: TMPDIR: /dev/shm: is in memory, not on a disk'
}

# ---- memory -------------------------------------------------------------------------------------

lives_outside_of_any_limit() {
	hog 100M 0
	says 0 ''
}

is_killed_inside_10M_and_says_so() {
	local before
	limit_memory "$memory" 10M || return 1
	before=$(kills "$memory")
	hog_in "$memory" 100M
	says 137 "hog: killed by the memory limit of $name at 9*MiB of 100 MiB (limit 10 MiB, kills +1)" ||
		return 1
	[ "$(kills "$memory")" = $((before + 1)) ] && prints <<-END
		allocating 104857600 bytes...
		writing 104857600 bytes...
	END
}

# What eats is taken out of the group before it has come to the limit.
fails_where_a_limit_did_not_hold() {
	local pid
	limit_memory "$memory" 10M && mkdir -p "${memory}_free" || return 1
	(
		echo "$BASHPID" >"$memory/cgroup.procs" || exit 99
		exec "$HOG" 20M 0 --step 1M --every 200ms >"$work/out" 2>"$work/err" </dev/null
	) &
	pid=$!
	until_true line_said '^wrote ' && echo "$(children_of "$pid")" >"${memory}_free/cgroup.procs"
	wait "$pid"
	code=$?
	says 1 "hog: the memory limit of $name did not hold: 20 MiB eaten, none of it in swap (limit 10 MiB*"
}

names_the_ancestor_whose_limit_it_was() {
	limit_memory "$memory" 10M && mkdir -p "$memory/below" && hog_in "$memory/below" 100M
	remove_group "$memory/below"
	says 137 "hog: killed by the memory limit of $name at 9*MiB of 100 MiB (limit 10 MiB, kills +1, ancestor of below)"
}

names_the_group_itself_when_its_limit_is_lower_than_its_ancestors() {
	limit_memory "$memory" 30M && limit_memory "$memory/below" 10M && hog_in "$memory/below" 100M
	remove_group "$memory/below"
	says 137 "hog: killed by the memory limit of below at 9*MiB of 100 MiB (limit 10 MiB, kills +1)"
}

names_the_group_when_only_memory_without_swap_is_limited() {
	limit_memory "$memory" -1 && echo 10M >"$memory/memory.limit_in_bytes" || return 1
	if [ "$(wc -l </proc/swaps)" -gt 1 ]; then
		hog_in "$memory" 40M 0
		says 0 "hog: survived the memory limit of $name: * of 40 MiB went to swap (limit 10 MiB, *)"
	else
		hog_in "$memory" 40M 0
		says 137 "hog: killed by the memory limit of $name at 9*MiB of 40 MiB (limit 10 MiB, kills +1)"
	fi
}

# below has been full before, and has the lower limit: now it is the group above that is.
names_the_ancestor_that_others_have_filled() {
	local eater result=0
	[ "$(wc -l </proc/swaps)" -gt 1 ] && return 0
	limit_memory "$memory" -1 && limit_memory "$memory/below" -1 || return 1
	echo 30M >"$memory/memory.limit_in_bytes" && echo 10M >"$memory/below/memory.limit_in_bytes"
	hog_in "$memory/below" 50M
	says 137 "hog: killed by the memory limit of below at *" || result=1
	(
		echo "$BASHPID" >"$memory/cgroup.procs"
		exec "$HOG" 26M --hold >"$work/out" 2>"$work/err" </dev/null
	) &
	held=$!
	until_true line_said 'until a signal comes' || result=1
	eater=$(children_of "$held")
	echo 0 >"/proc/${eater%% *}/oom_score_adj"
	hog_in "$memory/below" 8M
	kill "$held"
	wait "$held"
	remove_group "$memory/below"
	says 137 "hog: killed by the memory limit of $name at * of 8 MiB (limit 30 MiB, kills +1, ancestor of below)" &&
		return "$result"
}

# named OCTAL SHOWN: a group of that name is shown so (a pattern of case).
named() {
	local group
	group=$memory/$(printf '%b' "$1")
	mkdir -p "$memory" && limit_memory "$group" 10M && hog_in "$group" 100M
	remove_group "$group"
	says 137 "hog: killed by the memory limit of $2 at *"
}

# U+009B begins an escape sequence, in UTF-8 and as a byte; other letters than ours are letters.
shows_the_name_of_a_group_without_control_characters() {
	local result=0
	limit_memory "$memory" -1
	named 'a\0033[31mb' 'a[?][[]31mb' || result=1
	named 'a\0302\0233''31mb' 'a[?][?]31mb' || result=1
	named 'a\0233''31mb' 'a[?]31mb' || result=1
	named 'a\0340\0202\0233b' 'a[?][?][?]b' || result=1
	named 'a\0342\0202' 'a[?][?]' || result=1
	named 'äß€🐗b' 'äß€🐗b' || result=1
	return "$result"
}

# below has run into its limit with page cache, which the kernel took back: it is above that is full.
names_the_ancestor_although_page_cache_hit_its_own_limit() {
	local result=0 size
	[ "$(wc -l </proc/swaps)" -gt 1 ] && return 0
	for size in -1 same; do
		limit_memory "$memory" 40M && limit_memory "$memory/below" 20M || return 1
		if [ "$size" = -1 ] && [ -e "$memory/memory.memsw.limit_in_bytes" ]; then
			for group in "$memory" "$memory/below"; do echo -1 >"$group/memory.memsw.limit_in_bytes"; done
		fi
		held_in "$memory/below" 15M --hold || result=1
		(
			echo "$BASHPID" >"$memory/below/cgroup.procs" || exit 99
			exec dd if=/dev/zero of="$work/cached" bs=1M count=60 status=none
		)
		neighbour_fills "$memory" 35M
		wait "$held"
		code=$?
		exec 8>&-
		wait
		remove_group "$memory/below"
		says 137 "hog: killed by the memory limit of $name at 15 MiB of 15 MiB (limit 40 MiB, kills +1, ancestor of below)" ||
			result=1
	done
	rm -f "$work/cached"
	return "$result"
}

# Both can have been full, and v1 does not always tell which of them it was. More is charged to the
# one above: what the kernel needs for below. (Its log says the same.)
names_the_fuller_of_two_groups_that_were_full() {
	limit_memory "$memory" 10M && limit_memory "$memory/below" 10M && hog_in "$memory/below" 100M
	remove_group "$memory/below"
	says 137 "hog: killed*by the memory limit of $name at 9*MiB of 100 MiB (limit 10 MiB, kills +1, ancestor of below)"
}

counts_its_kills_without_those_of_the_host() {
	limit_memory "$memory" 10M || return 1
	(
		echo "$BASHPID" >"$memory/cgroup.procs" || exit 99
		# shellcheck disable=SC2016
		exec unshare --mount sh -c 'mount --bind /dev/null /proc/vmstat && exec "$0" 100M' "$HOG" \
			>"$work/out" 2>"$work/err"
	)
	code=$?
	says 137 "hog: killed by the memory limit of $name at * of 100 MiB (limit 10 MiB, kills +1)"
}

is_killed_with_100M_anonymous_under_30M() {
	local before
	limit_memory "$memory" 30M || return 1
	before=$(kills "$memory")
	hog_in "$memory" 100M 0 --kind anon
	says 137 "hog: killed by the memory limit of $name at 29.* of 100 MiB (limit 30 MiB, kills +1)" &&
		[ "$(kills "$memory")" = $((before + 1)) ]
}

is_killed_with_50M_shared_under_30M() {
	limit_memory "$memory" 30M && hog_in "$memory" 50M 0 --kind shm
	says 137 "hog: killed by the memory limit of $name at 29.* of 50 MiB (limit 30 MiB, kills +1)"
}

is_killed_with_huge_pages_too() {
	grep -q '\[never\]' /sys/kernel/mm/transparent_hugepage/enabled && return 0
	limit_memory "$memory" 30M && hog_in "$memory" 50M 0 --thp
	says 137 "hog: killed by the memory limit of $name at 2* MiB of 50 MiB (limit 30 MiB, kills +1)"
}

lives_with_50M_of_page_cache_under_30M() {
	limit_memory "$memory" 30M && hog_in "$memory" 50M 0 --kind file
	says 0 "hog: survived the memory limit of $name: 50 MiB went through the page cache, which the kernel takes back (limit 30 MiB*)"
}

# What waits for a slow disk cannot be taken back, and would get hog killed for page cache.
writes_its_page_cache_back_as_it_goes() {
	limit_memory "$memory" 100M || return 1
	(
		echo "$BASHPID" >"$memory/cgroup.procs" || exit 99
		exec "$HOG" 20M --kind file --hold >"$work/out" 2>"$work/err" </dev/null
	) &
	held=$!
	until_true line_said 'until a signal comes' && until_true cache_seen
	local shown=$?
	kill "$held"
	wait "$held"
	[ "$shown" = 0 ] && [ "$dirty" -le $((1024 * 1024)) ] || { echo "cached $cached, dirty $dirty"; return 1; }
}

# The kernel sums memory.stat up only now and then, all of it at once.
cache_seen() {
	local stat
	stat=$(cat "$memory/memory.stat")
	cached=$(awk '$1 == "total_cache" || $1 == "file" { print $2 }' <<<"$stat")
	dirty=$(awk '$1 == "total_dirty" || $1 == "file_dirty" { print $2 }' <<<"$stat")
	[ "$cached" -ge $((19 * 1024 * 1024)) ]
}

leaves_no_file_behind() {
	mkdir "$work/disk" || return 1
	TMPDIR=$work/disk hog 5M 0 --kind file
	[ "$code" = 0 ] && [ -z "$(ls -A "$work/disk")" ]
}

takes_a_percentage_of_the_lowest_limit_in_force() {
	local row above below
	for row in 20M:40M 40M:20M; do
		above=${row%%:*}
		below=${row##*:}
		limit_memory "$memory" "$above" && limit_memory "$memory/below" "$below" || return 1
		hog_in "$memory/below" 50% 0
		remove_group "$memory/below"
		[ "$code" = 0 ] && [ "$(head -n 1 "$work/out")" = "allocating 10485760 bytes..." ] ||
			return 1
	done
}

eats_with_every_option_of_memory() {
	local options
	for options in --fill "--fill --kind shm" "--fill --kind file" --lock "--lock --kind shm"; do
		# shellcheck disable=SC2086
		hog 3000001 0 $options
		says 0 '' || return 1
	done
}

says_how_much_may_be_locked() {
	# root may lock what it wants: without the capability the limit counts.
	(ulimit -l 64 && exec setpriv --bounding-set -all --inh-caps -all --reuid 65534 --clear-groups \
		"$HOG" 1M 0 --lock >"$work/out" 2>"$work/err")
	code=$?
	says 1 'hog: --lock: only 64 KiB may be locked: raise it (ulimit -l) or leave --lock out'
}

says_that_the_address_space_is_too_small() {
	(ulimit -v 65536 && exec "$HOG" 1G 0 >"$work/out" 2>"$work/err")
	code=$?
	says 1 'hog: cannot allocate 1 GiB: the address space is limited to 64 MiB: *'
}

# A container whose limit stands on two levels, and whose upper one cannot be seen: there the kernel
# runs out first, since a neighbour holds a little.
names_the_full_limit_of_a_container_whose_upper_level_was_hit() {
	[ "$(wc -l </proc/swaps)" -gt 1 ] && return 0
	limit_memory "$memory" 20M && limit_memory "$memory/below" 20M && neighbour_fills "$memory" 600K || return 1
	(
		echo "$BASHPID" >"$memory/below/cgroup.procs" || exit 99
		# shellcheck disable=SC2016
		exec unshare --mount sh -c 'mount --bind "$1" "$2" && exec "$0" 40M 0' "$HOG" "$memory/below" \
			"$memory_mount" >"$work/out" 2>"$work/err" </dev/null
	)
	code=$?
	exec 8>&-
	wait
	remove_group "$memory/below"
	says 137 "hog: killed, most likely by the memory limit of this container at 1* MiB of 40 MiB (limit 20 MiB, kills +1)"
}

breaks_its_verdict_between_words_on_a_terminal() {
	local words
	limit_memory "$memory" 10M || return 1
	words=$(
		echo "$BASHPID" >"$memory/cgroup.procs" || exit 99
		script -qec "$HOG 100M 0 >/dev/null" /dev/null </dev/null
	)
	words=${words//$'\r'/}
	[[ $words == *'hog: killed by the memory limit of '* ]] || { echo "# $words"; return 1; }
	grep -qxE '.{81,}' <<<"$words" && { echo "# $words"; return 1; }
	[[ ${words//$'\n'/ } == *"memory limit of $name at "*" MiB of 100 MiB (limit 10 MiB, kills +1)"* ]] || { echo "# $words"; return 1; }
}

works_without_proc_and_cgroups() {
	# shellcheck disable=SC2016
	unshare --mount sh -c 'umount -l /sys/fs/cgroup 2>/dev/null; mount -t tmpfs none /proc && exec "$0" 5M 0' \
		"$HOG" >"$work/out" 2>"$work/err"
	code=$?
	says 0 '' && [ "$(tail -n 1 "$work/out")" = "sleeping for 0 seconds..." ]
}

is_killed_without_proc_and_says_that_it_cannot_see_why() {
	limit_memory "$memory" 10M || return 1
	(
		echo "$BASHPID" >"$memory/cgroup.procs" || exit 99
		# shellcheck disable=SC2016
		exec unshare --mount sh -c 'mount -t tmpfs none /proc && exec "$0" 100M --force' "$HOG" \
			>"$work/out" 2>"$work/err"
	)
	code=$?
	says 137 'hog: killed at * of 100 MiB, most likely for memory: whose limit it was cannot be seen, no cgroup is readable here *'
}

# ---- tasks and cpu ------------------------------------------------------------------------------

starts_tasks_and_ends_them() {
	mkdir -p "$pids" && echo max >"$pids/pids.max" && hog_in "$pids" --tasks 20 0
	says 0 '' && [ "$(cat "$pids/pids.current")" = 0 ] && prints <<-END
		starting 20 tasks...
		started 20 tasks
		sleeping for 0 seconds...
	END
}

is_refused_by_the_limit_of_tasks() {
	mkdir -p "$pids" && echo 8 >"$pids/pids.max" && hog_in "$pids" --tasks 20 0
	says 1 "hog: refused by the tasks limit of $name at 6 of 20 tasks (limit 8, refusals +1)"
}

is_refused_by_an_ancestors_limit_of_tasks() {
	mkdir -p "$pids/below" && echo 8 >"$pids/pids.max" && hog_in "$pids/below" --tasks 20 0
	remove_group "$pids/below"
	says 1 "hog: refused by the tasks limit of $name at 6 of 20 tasks (limit 8, refusals +1)"
}

# strangers in $pids fill it up; below it, where the limit is lower, it is not reached.
names_the_ancestor_that_strangers_have_filled_with_tasks() {
	local result=0 strangers=() what
	mkdir -p "$pids/below" && echo 20 >"$pids/pids.max" && echo 15 >"$pids/below/pids.max" || return 1
	for _ in $(seq 14); do
		(echo "$BASHPID" >"$pids/cgroup.procs" && exec sleep 60) &
		strangers+=($!)
	done
	until_true has_tasks 14 || result=1
	for what in cpus tasks; do
		hog_in "$pids/below" "--${what/cpus/cpu}" 8 0.2
		says 1 "hog: refused by the tasks limit of $name at 4 of 8 $what (limit 20, refusals +1)" || result=1
	done
	kill "${strangers[@]}"
	wait "${strangers[@]}" 2>/dev/null
	remove_group "$pids/below" && return "$result"
}

has_tasks() { [ "$(cat "$pids/pids.current")" = "$1" ]; }

# The limit of processes does not bind root.
names_no_limit_of_the_user_for_one_that_cannot_be_seen() {
	mkdir -p "$pids" && echo 15 >"$pids/pids.max" || return 1
	(
		echo "$BASHPID" >"$pids/cgroup.procs" || exit 99
		ulimit -u 1000
		# shellcheck disable=SC2016
		exec unshare --mount sh -c 'umount -l "$1" && exec "$0" --tasks 30 0' "$HOG" "$pids_mount" \
			>"$work/out" 2>"$work/err" </dev/null
	)
	code=$?
	says 1 "hog: refused by a limit that cannot be seen here at 13 of 30 tasks"
}

is_refused_by_the_users_limit_of_processes() {
	(ulimit -u 8 && exec setpriv --bounding-set -all --inh-caps -all --reuid 64321 --clear-groups \
		"$HOG" --tasks 30 0 >"$work/out" 2>"$work/err" </dev/null)
	code=$?
	says 1 "hog: refused by this user's limit of processes at 6 of 30 tasks (limit 8: raise it with ulimit -u)"
}

says_so_when_not_even_the_eater_may_start() {
	mkdir -p "$pids" && echo 1 >"$pids/pids.max" && hog_in "$pids" 1M
	says 1 "hog: refused by the tasks limit of $name at 0 bytes of 1 MiB (limit 1, refusals +1)"
}

burns_cpu_for_as_long_as_told() {
	hog --cpu 1 0.3
	says 0 '' && grep -q '^burning 1 cpus for 0.3 seconds...$' "$work/out" &&
		grep -q '^used [0-9.]* of 1 cpus$' "$work/out"
}

# ---- how it ends --------------------------------------------------------------------------------

# holding ARG...: starts hog in the background, without a terminal, as a group of its own. $held is
# its pid; it is there when everything is eaten.
holding() {
	rm -f "$work/out"
	setsid "$HOG" "$@" --hold >"$work/out" 2>"$work/err" </dev/null &
	held=$!
	until_true line_said 'until a signal comes'
}

holds_without_a_terminal_until_a_signal() {
	local signal
	for signal in TERM HUP INT; do
		# A shell without job control has its background ignore SIGINT, and nohup SIGHUP.
		rm -f "$work/out"
		python3 -c '
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
os.setsid()
os.execv(sys.argv[1], sys.argv[1:])' "$HOG" 5M --hold >"$work/out" 2>"$work/err" </dev/null &
		held=$!
		until_true line_said 'until a signal comes' || return 1
		kill -0 "$held" && kill -s "$signal" "$held"
		wait "$held"
		code=$?
		says $((128 + $(kill -l "$signal"))) '' || return 1
	done
}

holds_as_the_first_process_of_a_container() {
	local pid
	unshare --pid --fork --mount-proc "$HOG" 5M --hold >"$work/out" 2>"$work/err" </dev/null &
	held=$!
	until_true line_said 'until a signal comes' || return 1
	pid=$(children_of "$held")
	kill -s TERM "${pid%% *}"
	wait "$held"
	code=$?
	says 143 ''
}

takes_the_eater_and_its_tasks_along_when_it_is_killed() {
	local eater tasks pid
	holding 5M --tasks 3 || return 1
	eater=$(children_of "$held")
	eater=${eater%% *}
	tasks=$(children_of "$eater")
	[ "$(echo "$tasks" | wc -w)" = 3 ] || return 1
	kill -s KILL "$held"
	wait "$held" 2>/dev/null
	for pid in $eater $tasks; do
		until_true is_gone "$pid" || return 1
	done
}

leaves_no_task_when_its_eater_is_killed() {
	local eater
	mkdir -p "$pids" && echo max >"$pids/pids.max"
	(
		echo "$BASHPID" >"$pids/cgroup.procs"
		exec "$HOG" --tasks 3 --hold >"$work/out" 2>"$work/err" </dev/null
	) &
	held=$!
	until_true line_said 'until a signal comes' || return 1
	eater=$(children_of "$held")
	kill -s KILL "${eater%% *}"
	wait "$held"
	code=$?
	says 137 "hog: killed by somebody's SIGKILL at 3 of 3 tasks, not for memory (*)" &&
		[ "$(cat "$pids/pids.current")" = 0 ]
}

# held_in GROUP ARG...: starts hog in GROUP; $held is its pid, and $eater that of its eater.
held_in() {
	local group=$1
	shift
	rm -f "$work/out"
	(
		echo "$BASHPID" >"$group/cgroup.procs" || exit 99
		exec "$HOG" "$@" >"$work/out" 2>"$work/err" </dev/null
	) &
	held=$!
	until_true line_said 'until a signal comes\|^sleeping\|^burning' || return 1
	eater=$(children_of "$held")
	eater=${eater%% *}
}

# ends_with PID...: somebody kills those, and hog ends.
ends_with() {
	kill -s KILL "$@"
	wait "$held"
	code=$?
}

# killed_in GROUP SIZE: the kernel kills something in that group.
killed_in() {
	local before
	before=$(kills "$1")
	(
		echo "$BASHPID" >"$1/cgroup.procs" || exit 99
		exec "$HOG" "$2" 0 >/dev/null 2>&1 </dev/null
	)
	[ "$(kills "$1")" -gt "$before" ]
}

# The kernel's count of the whole host is not looked at where it counts what is killed in the group.
tells_a_plain_kill_from_kills_in_other_groups() {
	local result=0 full
	for full in no yes; do
		limit_memory "$memory" 20M && limit_memory "${memory}_free" 10M || return 1
		[ "$full" = no ] || killed_in "$memory" 50M || result=1
		held_in "$memory" 5M --hold && killed_in "${memory}_free" 50M || result=1
		ends_with "$eater"
		says 137 "hog: killed by somebody's SIGKILL at 5 MiB of 5 MiB, not for memory (no kill counted in $name)" ||
			result=1
	done
	return "$result"
}

# neighbour_fills GROUP SIZE: somebody in GROUP eats that much, whom the kernel spares as long
# as there is a hog, and keeps it until 8 is closed.
neighbour_fills() {
	rm -f "$work/fifo"
	mkfifo "$work/fifo"
	(
		echo "$BASHPID" >"$1/cgroup.procs" || exit 99
		exec tail -c "$2" "$work/fifo" >/dev/null
	) &
	exec 8<>"$work/fifo"
	timeout 10 head -c "$2" /dev/zero >&8
}

# What somebody sets while it eats is the limit that kills: set, lowered or raised.
names_the_limit_that_was_set_meanwhile() {
	local result=0 row old new size
	[ "$(wc -l </proc/swaps)" -gt 1 ] && return 0
	for row in -1:20M:60M 50M:20M:60M 20M:40M:60M; do
		IFS=: read -r old new size <<<"$row"
		limit_memory "$memory" -1 && echo "$old" >"$memory/memory.limit_in_bytes" || return 1
		rm -f "$work/out"
		(
			echo "$BASHPID" >"$memory/cgroup.procs" || exit 99
			exec "$HOG" "$size" --step 2M --every 200ms >"$work/out" 2>"$work/err" </dev/null
		) &
		held=$!
		until_true line_said '^wrote 4194304 ' && echo "$new" >"$memory/memory.limit_in_bytes" || result=1
		wait "$held"
		code=$?
		says 137 "hog: killed by the memory limit of $name at *[93]*MiB of 60 MiB (limit ${new%M} MiB, kills +1)" ||
			result=1
	done
	return "$result"
}

# It has looked a few times since then.
has_waited() { [ "$(awk '$1 == "voluntary_ctxt_switches:" { print $2 }' "/proc/$held/status")" -ge "$1" ]; }

# It holds in a group of 20 MiB in which a neighbour has been killed since, as it has seen.
held_beside() {
	local waited
	limit_memory "$memory" 20M && held_in "$memory" 5M --hold || return 1
	echo 0 >"/proc/$eater/oom_score_adj"
	killed_in "$memory" 50M || echo "# no neighbour was killed"
	waited=$(awk '$1 == "voluntary_ctxt_switches:" { print $2 }' "/proc/$held/status")
	until_true has_waited $((waited + 3))
}

tells_a_plain_kill_from_the_kill_of_a_neighbour_before() {
	held_beside || return 1
	ends_with "$eater"
	says 137 "hog: killed by somebody's SIGKILL at 5 MiB of 5 MiB, not for memory (no kill counted in $name)"
}

names_its_limit_for_a_kill_after_that_of_a_neighbour() {
	held_beside || return 1
	echo 1000 >"/proc/$eater/oom_score_adj"
	neighbour_fills "$memory" 18M
	wait "$held"
	code=$?
	exec 8>&-
	wait
	says 137 "hog: killed by the memory limit of $name at 5 MiB of 5 MiB (limit 20 MiB, kills +1)"
}

tells_a_killed_task_from_one_killed_for_memory() {
	local tasks
	limit_memory "$memory" 20M && killed_in "$memory" 50M && held_in "$memory" --tasks 3 5 || return 1
	tasks=$(children_of "$eater")
	ends_with "${tasks%% *}"
	says 137 "hog: 1 of 3 tasks were killed by somebody's SIGKILL, not for memory (no kill counted in $name)"
}

names_the_limit_that_killed_its_tasks() {
	limit_memory "$memory" 20M && held_in "$memory" 5M --tasks 3 3 || return 1
	echo 0 >"/proc/$eater/oom_score_adj"
	neighbour_fills "$memory" 50M
	exec 8>&-
	wait "$held"
	code=$?
	wait
	says 137 "hog: 3 of 3 tasks were killed*by the memory limit of $name (limit 20 MiB, kills +*)"
}

# They start behind the line that says so.
has_burners() {
	burners=$(children_of "$eater")
	[ "$(wc -w <<<"$burners")" -eq "$1" ]
}

says_which_burners_were_killed() {
	local burners
	mkdir -p "$memory" && held_in "$memory" --cpu 2 20 && until_true has_burners 2 || return 1
	# shellcheck disable=SC2086
	ends_with $burners
	says 137 "hog: 2 of 2 processes that kept a cpu busy were killed by somebody's SIGKILL, not for memory (no kill counted in $name)" ||
		return 1
	held_in "$memory" --cpu 2 5 && until_true has_burners 2 || return 1
	kill -s USR1 "${burners%% *}"
	wait "$held"
	code=$?
	says 138 "hog: 1 of 2 processes that kept a cpu busy were ended by signal 10"
}

says_that_its_burners_have_used_up_their_time() {
	(ulimit -t 1 && exec "$HOG" --cpu 1 60 >"$work/out" 2>"$work/err" </dev/null)
	code=$?
	says 137 "hog: 1 of 1 processes that kept a cpu busy were killed, most likely by their limit of cpu time (1 s: raise it with ulimit -t)"
}

# The group at the top of the host, and of nothing else, is the host.
calls_the_top_of_a_host_by_its_name() {
	held_in "$memory_mount" 5M --hold || return 1
	ends_with "$eater"
	says 137 "hog: killed by somebody's SIGKILL at 5 MiB of 5 MiB, not for memory (no kill counted in this host)"
}

tells_a_plain_kill_where_no_cgroup_is_mounted() {
	rm -f "$work/out"
	# shellcheck disable=SC2016
	unshare --mount sh -c 'umount -l /sys/fs/cgroup && exec "$0" 5M --hold' "$HOG" \
		>"$work/out" 2>"$work/err" </dev/null &
	held=$!
	until_true line_said 'until a signal comes' || return 1
	eater=$(children_of "$held")
	ends_with "${eater%% *}"
	says 137 "hog: killed by somebody's SIGKILL at 5 MiB of 5 MiB, not for memory (no kill counted in this host)"
}

offers_its_eater_to_the_oom_killer() {
	local eater result=0
	holding 1M || return 1
	eater=$(children_of "$held")
	[ "$(cat "/proc/${eater%% *}/oom_score_adj")" = 1000 ] || result=1
	[ "$(cat "/proc/$held/oom_score_adj")" != 1000 ] || result=1
	kill "$held"
	wait "$held"
	return "$result"
}

goes_on_after_nohup() {
	rm -f "$work/out"
	nohup "$HOG" 1M --hold >"$work/out" 2>"$work/err" </dev/null &
	held=$!
	until_true line_said 'until a signal comes' || return 1
	kill -s HUP "$held"
	kill -s TERM "$held"
	wait "$held"
	code=$?
	says 143 ''
}

ends_quietly_when_nobody_reads() {
	"$HOG" 1M 0 --step 64K --every 50ms 2>"$work/err" | true
	code=${PIPESTATUS[0]}
	says 141 ''
}

fits_into_64_KiB_as_a_static_program() {
	[ -e "$HOG_STATIC" ] || return 0
	[ "$(stat -c %s "$HOG_STATIC")" -le 65536 ] || return 1
	HOG=$(realpath "$HOG_STATIC") is_killed_inside_10M_and_says_so
}

# -------------------------------------------------------------------------------------------------

# Every function above whose name has three words or more is a case; ONLY=WORDS chooses some of them.
for case in $(grep -oE '^[a-zA-Z0-9]+(_[a-zA-Z0-9]+){2,}\(\)' "$script" | tr -d '()'); do
	[[ $case == *${ONLY:-}* ]] || continue
	rm -f "$work/out"
	if "$case" >"$work/case" 2>&1; then
		echo "ok - ${case//_/ }"
		passed=$((passed + 1))
	else
		sed 's/^\([^#]\)/# \1/' "$work/case"
		echo "not ok - ${case//_/ }"
		failed=$((failed + 1))
	fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
