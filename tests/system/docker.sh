#!/bin/bash
# SPDX-License-Identifier: MIT
# groupies-docker against real engines: dockerd as docker.io has it, started here with folders and a
# socket of its own, and podman's service. Every engine is ended by its pid; a group of its own holds
# whatever dockerd makes, and is removed. Runs on v1 and v2, with the driver that the host wants.

. "$(dirname "$0")/lib.sh"
private_host "$@"

program=$build/groupies-docker
docker=/usr/bin/docker # of docker.io; /usr/local/bin may have another
socket=$work/docker.sock
podman_socket=$work/podman.sock
own=groupies_test_docker
playground=groupies_test_small
shared=groupies_test_shared
MiB=1048576

# ---- engines ------------------------------------------------------------------------------------

is_systemd() { [ -d /run/systemd/system ]; }

answers() { curl -sf --max-time 5 --unix-socket "$1" http://engine/_ping >/dev/null; }

start_dockerd() {
	local driver=(--exec-opt native.cgroupdriver=cgroupfs --cgroup-parent "/$own")
	is_systemd && driver=(--exec-opt native.cgroupdriver=systemd)
	dockerd --data-root "$work/docker-data" --exec-root "$work/docker-exec" -p "$work/docker.pid" \
		-H "unix://$socket" --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false \
		--bridge=none "${driver[@]}" >"$work/dockerd.log" 2>&1 &
	dockerd_pid=$!
	until_true 90 answers "$socket" || { tail "$work/dockerd.log" && exit 1; }
}

start_podman() {
	# The limit of files that it would ask for may be more than this machine lets root have.
	printf '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n' >"$work/containers.conf"
	# conmon leaves a file called oom where it was started.
	env --chdir="$work" CONTAINERS_CONF="$work/containers.conf" podman --root "$work/podman-data" --runroot "$work/podman-run" --tmpdir "$work/podman-tmp" \
		--runtime runc --cgroup-manager "$(is_systemd && echo systemd || echo cgroupfs)" --events-backend file \
		system service --time 0 "unix://$podman_socket" >"$work/podman.log" 2>&1 &
	podman_pid=$!
	until_true 60 answers "$podman_socket" || { tail "$work/podman.log" && exit 1; }
}

stop() { # PID...
	local pid
	for pid; do
		kill "$pid" 2>/dev/null
		until_true 30 is_gone "$pid" || kill -KILL "$pid"
	done
}
is_gone() { ! kill -0 "$1" 2>/dev/null; }

# The groups of a playground.
make_playground() { # NAME SIZE
	local memory
	if is_systemd; then
		systemctl start "$1.slice" &&
			systemctl set-property --runtime "$1.slice" "MemoryMax=$2" MemorySwapMax=0
		return
	fi
	memory=$(hierarchy memory)/$1
	mkdir -p "$memory" || return 1
	if [ -e "$memory/memory.max" ]; then
		echo "$2" >"$memory/memory.max" && echo 0 >"$memory/memory.swap.max"
	else
		echo "$2" >"$memory/memory.limit_in_bytes"
		[ ! -e "$memory/memory.memsw.limit_in_bytes" ] || echo "$2" >"$memory/memory.memsw.limit_in_bytes"
	fi
}

tidy() {
	[ -z "${live_pid:-}" ] || kill "$live_pid" 2>/dev/null
	if [ -n "${dockerd_pid:-}" ]; then
		timeout 60 "$program" --socket "$socket" clean >/dev/null 2>&1
		local shims
		shims=$("$docker" -H "unix://$socket" ps -aq 2>/dev/null)
		# shellcheck disable=SC2086 # a word each
		[ -z "$shims" ] || "$docker" -H "unix://$socket" rm -f $shims >/dev/null 2>&1
		local containerd
		containerd=$(cat "$work/docker-exec/containerd/containerd.pid" 2>/dev/null)
		stop "$dockerd_pid"
		# It ends its containerd; one that it left is ours as well.
		[ -z "$containerd" ] || is_gone "$containerd" || stop "$containerd"
	fi
	if [ -n "${podman_pid:-}" ]; then
		timeout 60 "$program" --socket "$podman_socket" clean >/dev/null 2>&1
		stop "$podman_pid"
		# It mounts its folder upon itself, where nothing private goes with the test.
		umount "$work/podman-data/overlay"
	fi
	if is_systemd; then
		systemctl stop "$playground.slice" "$shared.slice"
		systemctl revert "$playground.slice" "$shared.slice" 2>/dev/null
	else
		remove_groups "$playground"
		remove_groups "$shared"
		remove_groups "$own"
		had_before libpod_parent || remove_groups libpod_parent
	fi
} 2>/dev/null

# What podman makes at the top stays if it was there before us.
had_before() { [[ " $before " == *" $1 "* ]]; }
before=$(ls "$(hierarchy memory)" | tr '\n' ' ')

# ---- shorthands; ONLY=WORDS chooses some of the cases -----------------------------------------------------------------------------------

try() { [[ $1 != *${ONLY:-}* ]] || check "$@"; }
d() { "$program" --socket "$socket" "$@"; }
cli() { "$docker" -H "unix://$socket" "$@"; }

our_image() { echo "localhost/groupies-hog:$("$program" --version | awk '{print $NF}')"; }

# value FILE EXPRESSION: of the JSON in FILE, called j.
value() {
	python3 -c 'import json, sys
j = json.load(open(sys.argv[1]))
v = eval(sys.argv[2])
print(str(v).lower() if isinstance(v, bool) else "" if v is None else v)' "$1" "$2"
}

# is FILE EXPRESSION WANTED
is() {
	local seen
	seen=$(value "$1" "$2") || return 1
	[ "$seen" = "$3" ] || no "$2 is '$seen', not '$3'"
}

nothing_is_left() { # SOCKET
	local containers images
	containers=$("$docker" -H "unix://$1" ps -aq --filter label=groupies.container) || return 1
	images=$("$docker" -H "unix://$1" images -q localhost/groupies-hog) || return 1
	[ -z "$containers$images" ] || no "left: containers $containers images $images"
}

# ---- what is there, and the image -----------------------------------------------------------------

checks_the_engine() {
	d check >"$work/check" || return 1
	grep -Eq '^ok +engine +[0-9].*API 1\.[0-9]+, spoken 1\.[0-9]+$' "$work/check" &&
		grep -Eq '^ok +memory +can be limited' "$work/check" &&
		grep -Eq '^ok +containers +none of ours' "$work/check"
	d check --json >"$work/check.json" && is "$work/check.json" 'len(j)' 7
}

loads_the_same_image_each_time_and_takes_it_away() {
	local first second
	d load --json >"$work/load.json" || return 1
	first=$(cli images -q --no-trunc localhost/groupies-hog)
	[ "$first" = "sha256:$(value "$work/load.json" 'j["config_sha256"]')" ] || no "the id is $first"
	cli run --rm --network none "$(value "$work/load.json" 'j["image"]')" --version | grep -q '^hog ' || return 1
	d clean >/dev/null && nothing_is_left "$socket" && d load >/dev/null || return 1
	second=$(cli images -q --no-trunc localhost/groupies-hog)
	[ -n "$first" ] && [ "$first" = "$second" ] && d clean >/dev/null && nothing_is_left "$socket"
}

# ---- the tutorial -----------------------------------------------------------------------------------

# demo_holds FILE: the figures of the three, as the kernel and the engine have them.
demo_holds() {
	local row
	for row in 0 1 2; do
		is "$1" "j[$row]['limit_as_stored']" 157286400 &&
			is "$1" "j[$row]['row']['limit_bytes']" 157286400 &&
			is "$1" "j[$row]['row']['swap_limit_bytes'] or 0" 0 &&
			is "$1" "j[$row]['held']" true && is "$1" "len(j[$row]['mismatches'])" 0 &&
			is "$1" "len(j[$row]['row']['id'])" 64 &&
			is "$1" "j[$row]['row']['id'] in j[$row]['directory']" true &&
			is "$1" "len(j[$row]['memory_stat']) > 10" true || return 1
	done
	is "$1" "[t['ending'] for t in j]" "['fits', 'killed', 'fits']" &&
		is "$1" "[t['running'] for t in j]" "[True, False, True]" &&
		is "$1" "j[0]['row']['anon_bytes'] // $MiB in (40, 41)" true &&
		is "$1" "j[2]['row']['anon_bytes'] // $MiB in (100, 101)" true &&
		is "$1" "j[1]['exit']" 137 &&
		is "$1" "(j[1]['row']['kills'] or j[1]['host_kills']) > 0" true &&
		is "$1" "140 < (j[1]['row']['peak_bytes'] or 149 * $MiB) / $MiB <= 150" true &&
		is "$1" "j[1]['fired'] == '' or j[1]['row']['id'] in j[1]['fired']" true
}

# On v2 an engine may miss a kill when the group is gone before it looks (docker 20.10 with the systemd driver,
# seen): then the verdict has to say who disagrees.
blind=False
! unified || blind=True

shows_the_tutorial_with_its_verdicts() {
	d demo --json >"$work/demo.json" && demo_holds "$work/demo.json" &&
		is "$work/demo.json" "j[1]['oom_killed'] and j[1]['oom_events'] > 0 or $blind and 'OOMKilled disagrees' in j[1]['verdict']" true &&
		nothing_is_left "$socket"
}

# lines FILE COUNT REGEX
lines() {
	local seen
	seen=$(grep -Ec -- "$3" "$1")
	[ "$seen" = "$2" ] || no "$seen lines, not $2, with $3 in: $(cat "$1")"
}

tells_the_tutorial_in_words() {
	d demo >"$work/demo" || return 1
	local file=memory.limit_in_bytes counter='memory.oom_control oom_kill' directory
	local killed='OOMKilled true, oom events 1' disagrees=''
	directory=$(hierarchy memory)
	! unified || {
		file=memory.max counter='memory.events oom_kill'
		killed='OOMKilled (true, oom events 1|false, oom events 0)' disagrees="(; the engine's OOMKilled disagrees with the kernel)?"
	}
	lines "$work/demo" 3 '^== ' && lines "$work/demo" 3 '^CONTAINER ID  NAME ' &&
		lines "$work/demo" 3 '^  id +[0-9a-f]{64}$' && lines "$work/demo" 3 "^  directory +$directory/.*[0-9a-f]{64}" &&
		lines "$work/demo" 3 "^  limit +157286400 \(150 MiB\) +$file\$" &&
		lines "$work/demo" 3 '^  .*\bcgroup\.procs\b' &&
		lines "$work/demo" 2 '^  verdict +lives: (40|100) MiB fit into its own limit of 150 MiB' &&
		lines "$work/demo" 1 "^  verdict +killed by its own limit of 150 MiB: reached 1[45][0-9.]* MiB of 200 MiB \(exit 137, $killed, kills (1 in $counter|\+[0-9]+ in /proc/vmstat oom_kill)\)$disagrees\$" &&
		lines "$work/demo" 0 'mismatch' && lines "$work/demo" 0 $'\033'
}

survives_on_swap_when_asked() {
	[ "$(awk '/^SwapTotal/ {print $2}' /proc/meminfo)" -gt 200000 ] || { echo "# no swap here: the kill is shown instead" >&3; d run 200M --swap 100M --json >"$work/swap.json" &&
		is "$work/swap.json" "j[0]['ending']" killed; return; }
	d run 200M --swap 200M --json >"$work/swap.json" && is "$work/swap.json" "j[0]['ending']" swapped &&
		is "$work/swap.json" "j[0]['row']['swap_bytes'] > 40 * $MiB" true
}

# A container may be dead before its group is seen. On v2 what it is charged in advance counts in its peak before
# the playground says no.
says_which_limit_fired_inside_a_playground() {
	local most=$((10 * MiB))
	! unified || most=$((11 * MiB))
	make_playground "$playground" 10M || return 1
	d run 100M --parent "$playground" --json >"$work/inside.json" || return 1
	is "$work/inside.json" "j[0]['ending']" killed && is "$work/inside.json" "j[0]['fired_limit_bytes']" 10485760 &&
		is "$work/inside.json" "'$playground' in j[0]['fired']" true &&
		is "$work/inside.json" "j[0]['directory'] is None or j[0]['row']['limit_bytes'] == 157286400" true &&
		is "$work/inside.json" "(j[0]['row']['peak_bytes'] or 0) <= $most" true &&
		is "$work/inside.json" "'10 MiB, which is above the container; its own 150 MiB never came into play' in j[0]['verdict']" true &&
		nothing_is_left "$socket"
}

# Its own limit is lower than the playground's, and is never reached: a neighbour has half of it already.
names_the_playground_that_a_neighbour_has_filled() {
	local parent=/$shared
	! is_systemd || parent=$shared.slice
	make_playground "$shared" 200M && d load >/dev/null &&
		cli run -d --name groupies-test-neighbour --network none --cgroup-parent "$parent" "$(our_image)" 90M --hold >/dev/null || return 1
	neighbour_is_full() { cli logs groupies-test-neighbour 2>&1 | grep -q '^holding'; }
	until_true 30 neighbour_is_full && d run 140M --parent "$shared" --json >"$work/shared.json"
	local code=$?
	cli rm -f groupies-test-neighbour >/dev/null
	d clean >/dev/null
	[ $code = 0 ] && is "$work/shared.json" "j[0]['ending']" killed && is "$work/shared.json" "j[0]['fired_limit_bytes']" $((200 * MiB)) &&
		is "$work/shared.json" "'$shared' in j[0]['fired'] and j[0]['row']['id'] not in j[0]['fired']" true
}

refuses_a_playground_that_is_not_there() {
	d run 10M --parent no_such_playground 2>"$work/err" && return 1
	[ $? = 1 ] && grep -q "^groupies-docker: playground no_such_playground: there is no such group" "$work/err"
}

# ---- the same as docker says --------------------------------------------------------------------------

keep_one() {
	d run 40M --memory 150m --name groupies-test-kept --keep >"$work/kept" && cli ps --format '{{.Names}}' | grep -qx groupies-test-kept
}

has_the_ids_and_limits_of_the_docker_command() {
	d where groupies-test-kept --json >"$work/where.json" && d show groupies-test-kept --json >"$work/show.json" || return 1
	[ "$(cli inspect -f '{{.Id}} {{.State.Pid}} {{.HostConfig.Memory}}' groupies-test-kept)" = \
		"$(value "$work/where.json" 'j["id"] + " " + str(j["pid"])') $(value "$work/show.json" 'j["row"]["limit_bytes"]')" ]
}

finds_the_group_that_the_container_is_in() {
	local directory
	directory=$(value "$work/where.json" 'j["directories"]["memory"]')
	grep -qx "$(value "$work/where.json" 'j["pid"]')" "$directory/cgroup.procs"
}

# A container that does nothing has the same figures from moment to moment, but for a page or two.
has_the_figures_of_docker_stats() {
	local theirs ours
	same_figures() {
		theirs=$(cli stats --no-stream --format '{{.ID}} {{.Name}} {{.MemUsage}} {{.MemPerc}} {{.PIDs}}' groupies-test-kept)
		ours=$(d stats --once groupies-test-kept | awk 'NR == 2 { print $1, $2, $4, $5, $6, $7, $NF }')
		[ "$theirs" = "$ours" ]
	}
	until_true 20 same_figures || no "docker: $theirs, ours: $ours"
	echo "# $ours" >&3
}

shows_the_kernels_files() {
	local directory
	directory=$(value "$work/where.json" 'j["directories"]["memory"]')
	d show groupies-test-kept >"$work/show" || return 1
	while read -r file; do grep -qw -- "$file" "$work/show" || no "$file is missing" || return 1; done < <(ls "$directory")
	grep -q "^  memory.stat:" "$work/show"
}

remembers_a_killed_one() {
	d run 200M --name groupies-test-dead --keep >"$work/kept" || return 1
	d where groupies-test-dead >"$work/out"
	[ $? = 1 ] && grep -q 'none: a container that does not run has no group' "$work/out" || return 1
	d show groupies-test-dead >"$work/out" || return 1
	grep -Eq '^  exit +137, OOMKilled true' "$work/out" && grep -Eq '^  limit +157286400' "$work/out" &&
		grep -Eq '^  last usage +1[45][0-9]{7}' "$work/out" && grep -Eq '^  verdict +killed by its own limit' "$work/out" &&
		grep -q '^hog: killed by the memory limit' "$work/out"
}

cleans_up_everything_of_ours_and_nothing_else() {
	cli create --name groupies-test-other --network none "$(cli images -q localhost/groupies-hog)" 1M >/dev/null || return 1
	cli tag "$(cli images -q localhost/groupies-hog)" groupies-test-other:1
	d clean >"$work/out" || return 1
	nothing_is_left "$socket" && cli inspect groupies-test-other >/dev/null && [ -z "$(ls -A /run/groupies-docker)" ] || return 1
	cli rm -f groupies-test-other >/dev/null && cli rmi groupies-test-other:1 >/dev/null
	[ "$(d clean)" = "nothing of ours is there" ]
}

runs_another_image() {
	d load >/dev/null && cli create --name groupies-test-base --network none "$(cli images -q localhost/groupies-hog)" >/dev/null &&
		cli commit --change 'ENTRYPOINT ["/hog", "--hold"]' groupies-test-base groupies-test-eater:1 >/dev/null || return 1
	cli rm groupies-test-base >/dev/null
	d run 40M --image groupies-test-eater:1 --json >"$work/other.json" && is "$work/other.json" "j[0]['ending']" fits &&
		d run 200M --image groupies-test-eater:1 --json >"$work/other.json" && is "$work/other.json" "j[0]['ending']" killed
	local code=$?
	[ -n "$(cli images -q groupies-test-eater)" ] || no "the image that was there is gone"
	cli rmi groupies-test-eater:1 >/dev/null
	d clean >/dev/null
	return $code
}

# An image with this host's shell and hog: what the script does with its SIZE, "$0", is its own affair.
shell_image() { # NAME SCRIPT
	local root=$work/shell
	mkdir -p "$root" && cp "$build/hog-static" "$root/hog" || return 1
	# shellcheck disable=SC2046 # a word each
	cp -L --parents /bin/sh /bin/sleep $(ldd /bin/sh /bin/sleep | grep -o ' /[^ ]*\|^[[:space:]]/[^ ]*' | sort -u) "$root" &&
		tar -C "$root" -c . | cli import --change "ENTRYPOINT [\"/bin/sh\", \"-c\", \"$2\"]" - "$1" >/dev/null
}

# What is seen of such an image that is to eat 40 MiB is in FILE.
run_shell() { # SCRIPT FILE
	local image=groupies-test-shell:1 code
	shell_image "$image" "$1" || return 99
	d run 40M --image "$image" --json >"$2"
	code=$?
	cli rmi "$image" >/dev/null
	return $code
}

# Its first process has three others eat ten times what it is told, and waits.
counts_the_kills_in_a_container_that_lives_on() {
	run_shell 'for i in 1 2 3; do /hog 400M --force; done; exec sleep 600' "$work/parent.json" && is "$work/parent.json" "j[0]['ending']" killed && is "$work/parent.json" "j[0]['running']" true &&
		is "$work/parent.json" "'lives on, but 3 of its processes were killed by its own limit of 150 MiB' in j[0]['verdict']" true
}

proves_nothing_by_an_image_that_does_nothing() {
	run_shell 'exec sleep 600' "$work/idle.json"
	[ $? = 1 ] && is "$work/idle.json" "j[0]['ending']" unsettled
}

# It writes until it is stopped; what the engine keeps of it is bounded.
bounds_the_log_of_another_image() {
	local image=groupies-test-chatter:1 bytes
	shell_image "$image" 'while :; do echo 0123456789012345678901234567890123456789012345678901234567890123456789; done' || return 1
	d run 40M --image "$image" --name groupies-test-chatter --keep >"$work/out"
	cli stop -t 1 groupies-test-chatter >/dev/null
	bytes=$(cli logs groupies-test-chatter 2>&1 | wc -c)
	grep -q 'it said  *0123456789' "$work/out" || no "nothing is heard of it: $(cat "$work/out")" || return 1
	d clean >/dev/null
	cli rmi "$image" >/dev/null
	[ "$bytes" -gt 0 ] && [ "$bytes" -le $((5 * MiB)) ] || no "$bytes bytes"
}

says_that_an_image_cannot_be_pulled() {
	d run 1M --image localhost:1/nobody/nothing 2>"$work/err" && return 1
	[ $? = 1 ] && [ "$(wc -l <"$work/err")" = 1 ] && grep -q '^groupies-docker: image localhost:1/nobody/nothing: is not there and cannot be pulled: ' "$work/err"
}

passes_the_engines_own_refusal_on() {
	d run 1M --memory 1M 2>"$work/err" && return 1
	[ $? = 1 ] && grep -qi 'the engine says: Minimum memory limit' "$work/err" && nothing_is_left "$socket"
}

leaves_a_container_of_the_same_name_alone() {
	d run 10M --name groupies-test-kept --keep >/dev/null || return 1
	d run 20M --name groupies-test-kept 2>"$work/err" && return 1
	grep -q 'is already in use' "$work/err" && [ "$(cli inspect -f '{{.State.Running}}' groupies-test-kept)" = true ] && d clean >/dev/null
}

# A container of somebody else's on an engine, with a volume in which it keeps something.
leaves_a_strangers_container_alone() { # SOCKET ARG...
	local to=$1 other=("$docker" -H "unix://$1") code=0
	shift
	"$program" --socket "$to" load >/dev/null || return 1
	"${other[@]}" run -d --name groupies-test-db --network none -v groupies-test-db:/tmp "$(our_image)" 1M --hold >/dev/null || return 1
	"$program" --socket "$to" run "$@" --name groupies-test-db 2>"$work/err" && code=1
	[ "$("${other[@]}" inspect -f '{{.State.Running}}' groupies-test-db)" = true ] &&
		"${other[@]}" volume inspect groupies-test-db >/dev/null || no "it is gone: $(cat "$work/err")" || code=1
	"${other[@]}" rm -f groupies-test-db >/dev/null
	"${other[@]}" volume rm groupies-test-db >/dev/null
	"$program" --socket "$to" clean >/dev/null
	return $code
}

# Starts a trial and has it wait while its container runs, however slow this host is. $ours is it.
run_and_hold() { # NAME
	"$program" --socket "$socket" run 100M --name "$1" --json >"$work/held.json" 2>"$work/err" &
	ours=$!
	until_true 60 is_running "$1" && kill -STOP "$ours" && is_running "$1" && return
	kill -CONT "$ours"
	no "$1 does not run: $(cat "$work/err")"
}
is_running() { curl -sf --max-time 5 --unix-socket "$socket" "http://engine/containers/$1/json" | grep -q '"Running":true'; }

tells_a_sigkill_from_a_kill_for_memory() {
	run_and_hold groupies-test-shot || return
	cli kill groupies-test-shot >/dev/null
	cli wait groupies-test-shot >/dev/null # it answers before the process is gone
	kill -CONT "$ours"
	wait "$ours"
	[ $? = 1 ] && is "$work/held.json" "j[0]['ending']" ended && is "$work/held.json" "j[0]['held']" false
}

lost_images() { cli images -q --no-trunc --filter dangling=true --filter label=groupies=hog; }

# Who has loaded the image ends while another run is in the midst of its three.
leaves_the_image_to_another_run() {
	local second first_code code
	run_and_hold groupies-test-first || return
	"$program" --socket "$socket" demo --json >"$work/second.json" 2>"$work/second.err" &
	second=$!
	until_true 60 is_running "hog-40M-$second-1" && kill -STOP "$second"
	kill -CONT "$ours"
	wait "$ours"
	first_code=$?
	kill -CONT "$second"
	wait "$second"
	code=$?
	[ $first_code$code = 00 ] || no "exit $first_code and $code: $(cat "$work/err" "$work/second.err")" || return 1
	grep -q "^groupies-docker: image $(our_image) stays, another container uses it: " "$work/err" &&
		[ -z "$(lost_images)" ] && d clean >/dev/null && nothing_is_left "$socket"
}

# One that lost its name, be it to a newer hog; what somebody else has made under our label stays.
cleans_up_an_image_without_a_name() {
	local base theirs code=0
	theirs=$(tar -C "$work" -c docker.pid | cli import --change 'LABEL groupies=hog' -)
	d load >/dev/null && base=$(cli run -d --network none "$(our_image)" 1M --hold) &&
		cli rmi -f "$(our_image)" >/dev/null && cli rm -f "$base" >/dev/null || return 1
	[ "$(lost_images | wc -l)" = 2 ] || no "there are: $(lost_images)" || code=1
	d clean >"$work/out" || code=1
	grep -q '^removed image sha256:[0-9a-f]*$' "$work/out" && [ "$(lost_images)" = "$theirs" ] || no "$(cat "$work/out"), left: $(lost_images)" || code=1
	# shellcheck disable=SC2046 # a word each
	cli rmi $(lost_images) >/dev/null
	return $code
}

says_that_somebody_else_removed_it() {
	run_and_hold groupies-test-gone || return
	cli rm -f groupies-test-gone >/dev/null
	kill -CONT "$ours"
	wait "$ours"
	[ $? = 1 ] && grep -q 'groupies-test-gone' "$work/err" && [ "$(wc -l <"$work/err")" = 1 ]
}

# ---- signals --------------------------------------------------------------------------------------------

# A shell without job control has its background ignore SIGINT.
with_sigint() {
	exec python3 -c '
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$@"
}

leaves_nothing_after_a_signal() { # SIGNAL SECONDS
	local ours code
	with_sigint "$program" --socket "$socket" demo >/dev/null 2>"$work/err" &
	ours=$!
	until_true 10 grep -q groupies-docker "/proc/$ours/comm"
	read -rt "$2" -u "$never" || :
	kill -s "$1" "$ours"
	wait "$ours"
	code=$?
	[ "$code" = $((128 + $(kill -l "$1"))) ] || no "exit $code: $(cat "$work/err")" || return 1
	[ ! -s "$work/err" ] && nothing_is_left "$socket"
}

leaves_nothing_when_nobody_reads() {
	d demo 2>"$work/err" | true
	[ "${PIPESTATUS[0]}" = 1 ] && nothing_is_left "$socket"
}

# ---- stats, live ----------------------------------------------------------------------------------------

draws_each_frame_with_one_write() {
	d run 20M --name groupies-test-live --keep >/dev/null || return 1
	python3 - "$program" "$socket" <<-'END'
		import os, pty, signal, sys
		signal.alarm(60)
		signal.signal(signal.SIGINT, signal.SIG_DFL)
		pid, fd = pty.fork()
		if pid == 0:
		    os.environ["TERM"] = "xterm"
		    os.execv("/usr/bin/strace", ["strace", "-qq", "-o", os.environ["work"] + "/frames", "-e", "trace=write",
		             sys.argv[1], "--socket", sys.argv[2], "stats"])
		seen = b""
		while seen.count(b"\033[H") < 3:
		    seen += os.read(fd, 65536)
		os.write(fd, b"\003")
		os.waitpid(pid, 0)
		frames = seen.split(b"\033[H")
		assert b"CONTAINER ID" in frames[1] and b"groupies-test-live" in frames[1], frames[1]
		writes = [l for l in open(os.environ["work"] + "/frames") if l.startswith("write(1,")]
		assert len(writes) in (3, 4) and all("\\33[H" in w for w in writes), writes
	END
}

writes_no_escape_codes_into_a_pipe() {
	d run 20M --name groupies-test-piped --keep >/dev/null || return 1
	"$program" --socket "$socket" stats >"$work/live" &
	live_pid=$!
	two_frames() { [ "$(grep -c '^CONTAINER ID' "$work/live")" -ge 2 ]; }
	until_true 20 two_frames
	local code=$?
	kill "$live_pid"
	wait "$live_pid"
	live_pid=
	[ $code = 0 ] && ! grep -q $'\033' "$work/live" && grep -q groupies-test-piped "$work/live" && d clean >/dev/null
}

# ---- podman ---------------------------------------------------------------------------------------------

# Its conmon does not see every kill on v1: then the verdict has to say who disagrees.
shows_the_tutorial_on_podman() {
	"$program" --socket "$podman_socket" demo --json >"$work/podman.json" && demo_holds "$work/podman.json" &&
		is "$work/podman.json" "j[1]['oom_killed'] or 'OOMKilled disagrees with the kernel' in j[1]['verdict']" true &&
		echo "# $(value "$work/podman.json" 'j[1]["verdict"]')" >&3 &&
		nothing_is_left "$podman_socket"
}

has_the_figures_that_podman_gives_to_docker() {
	local p=(--socket "$podman_socket") theirs ours anon
	"$program" "${p[@]}" run 40M --name groupies-test-kept --keep >/dev/null || return 1
	"$program" "${p[@]}" where groupies-test-kept --json >"$work/where.json" || return 1
	finds_the_group_that_the_container_is_in || no "the pid is not in there" || return 1
	[ "$("$docker" -H "unix://$podman_socket" inspect -f '{{.Id}} {{.State.Pid}}' groupies-test-kept)" = \
		"$(value "$work/where.json" 'j["id"] + " " + str(j["pid"])')" ] || return 1
	# On v2 podman (4.4 and later) calls anonymous memory alone the usage: our ANON column.
	same_figures() {
		theirs=$("$docker" -H "unix://$podman_socket" stats --no-stream --format '{{.ID}} {{.MemUsage}} {{.PIDs}}' groupies-test-kept)
		ours=$("$program" "${p[@]}" stats --once groupies-test-kept | awk 'NR == 2 { print $1, $4, $5, $6, $NF }')
		anon=$("$program" "${p[@]}" stats --once groupies-test-kept | awk 'NR == 2 { print $1, $9, $5, $6, $NF }')
		[ "$theirs" = "$ours" ] || { unified && [ "$theirs" = "$anon" ]; }
	}
	until_true 20 same_figures || no "docker at podman: $theirs, ours: $ours, anonymous: $anon" || return 1
	"$program" "${p[@]}" clean >/dev/null && nothing_is_left "$podman_socket"
}

# -----------------------------------------------------------------------------------------------------------

start_dockerd
until_true 0 false # so that $never is there
try checks_the_engine
try loads_the_same_image_each_time_and_takes_it_away
try shows_the_tutorial_with_its_verdicts
try tells_the_tutorial_in_words
try survives_on_swap_when_asked
try says_which_limit_fired_inside_a_playground
try names_the_playground_that_a_neighbour_has_filled
try refuses_a_playground_that_is_not_there
try keep_one
try has_the_ids_and_limits_of_the_docker_command
try finds_the_group_that_the_container_is_in
try has_the_figures_of_docker_stats
try shows_the_kernels_files
try remembers_a_killed_one
try cleans_up_everything_of_ours_and_nothing_else
try runs_another_image
try counts_the_kills_in_a_container_that_lives_on
try proves_nothing_by_an_image_that_does_nothing
try bounds_the_log_of_another_image
try says_that_an_image_cannot_be_pulled
try passes_the_engines_own_refusal_on
try leaves_a_container_of_the_same_name_alone
try leaves_a_strangers_container_alone "$socket" 1M --memory 4M # refused before the name is looked at
try leaves_a_strangers_container_alone "$socket" 10M
try tells_a_sigkill_from_a_kill_for_memory
try leaves_the_image_to_another_run
try cleans_up_an_image_without_a_name
try says_that_somebody_else_removed_it
for moment in 0.02 0.2 0.5 1.5 3; do try leaves_nothing_after_a_signal INT $moment; done
try leaves_nothing_after_a_signal TERM 1
try leaves_nothing_when_nobody_reads
try draws_each_frame_with_one_write
try writes_no_escape_codes_into_a_pipe
if command -v podman >/dev/null; then
	start_podman
	try shows_the_tutorial_on_podman
	try leaves_a_strangers_container_alone "$podman_socket" 10M
	try has_the_figures_that_podman_gives_to_docker
fi
finish
