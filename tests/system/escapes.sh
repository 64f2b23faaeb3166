#!/bin/bash
# SPDX-License-Identifier: MIT
# The escape routes. Each is run twice by the same function: by an ordinary user, for whom it has to
# come to its end ("held"), and by a member of a playground that is too small for it.
#
#   closed      the member's process died or was turned back at the limit, and the playground's own
#               counters show it; or the login was refused, and our line is in the log
#   OPEN        the member held what the limit forbids
#   open        the same, where this is known: the reason is its bound
#   not shown   the route does not even work for the ordinary user, so nothing is known about it
#   -           this host has no such route, and why
#
#   escapes.sh [--markdown FILE] [WORD...]    only the rows whose number or name has one of the WORDs
#
# GROUPIES_HOST=real runs on the host as it is (a virtual machine), with groupies installed there.
# DOOR=su|sudo|ssh is how everybody logs in where the route is not about that. EAT names an eater
# that is built already. RIVAL=pam_cgroup, on a real host, has libcgroup's module place the members
# instead of ours, into groups with the same limits: for comparison, so OPEN is no failure then.
# shellcheck disable=SC2317 # functions are called by their names in the table
names=t2
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

routes=$here/tests/system/escapes
DOOR=${DOOR:-su}
markdown=
[ "${1:-}" != --markdown ] || {
	markdown=$(realpath "$2")
	set -- "$1" "$markdown" "${@:3}"
}
private_host "$@"
[ -z "$markdown" ] || shift 2
words=("$@")

member=t2student second=t2second joiner=t2joiner outsider=t2outsider caller=t2caller
cron_member=t2cronin cron_outsider=t2cronout # theirs run at any time, so no sweep concerns them
lab=t2lab other=t2two
MIB=64 # what everybody tries to have
TASKS=64
limits=(MemoryMax=20M MemorySwapMax=0 "TasksMax=$TASKS")
password=groupies-t2
uids= # of the users above, with commas

# ---- this host ------------------------------------------------------------------------------------

systemd() { [ -d /run/systemd/system ]; }
have() { command -v "$1" >/dev/null; }

tidy() {
	[ -z "$uids" ] || {
		uids+=",$(id -u $cron_member),$(id -u $cron_outsider)"
		sweep
	}
	[ -z "${daemons:-}" ] || kill "${daemons[@]}" 2>/dev/null
	if real; then
		rm -f "/etc/groupies/$lab.conf" "/etc/groupies/$other.conf"
		groupies-setup apply >/dev/null 2>&1
		local user
		for user in $member $second $joiner $outsider $caller $cron_member $cron_outsider t2alias t2renamed; do
			userdel -rf "$user" 2>/dev/null
		done
		groupdel t2people 2>/dev/null
	else
		remove_groups "$lab"
		remove_groups "$other"
		remove_groups t2hand
	fi
}

prepare_host() {
	local user uid=47100
	# Uids that nobody else has, also not another private host: sweep ends all that they run.
	for user in $member $second $joiner $outsider $caller; do
		useradd -m -s /bin/bash -u $((++uid)) "$user"
		uids+=${uids:+,}$uid
		echo "$user:$password" | chpasswd -c SHA512 # yescrypt wants 16 MiB, which a starved su has not
	done
	groupadd t2people
	usermod -aG t2people $member
	usermod -aG t2people $outsider
	# Where anybody may leave what root reads.
	for user in $cron_member $cron_outsider; do useradd -m -s /bin/bash -u $((++uid)) "$user"; done
	drop=$work/drop
	mkdir -m 1777 "$drop"
	cp "$routes"/* "$work/"
	if [ -n "${EAT:-}" ]; then
		cp "$EAT" "$work/eat"
	else
		gcc -std=gnu11 -D_GNU_SOURCE -O2 -o "$work/eat" "$routes/eat.c" -lpthread || exit 1
	fi
	export ROUTES=$work EAT=$work/eat MIB PASSWORD=$password
	real || {
		mkdir -p /usr/libexec/groupies
		install -m 644 "$build/pam_groupies.so" "$(dirname "$(find /usr/lib -name pam_unix.so)")/"
		install -m 755 "$build/groupies-place" /usr/libexec/groupies/
		wire
	}
	[ -z "${RIVAL:-}" ] || wire_rival
	enrolled $member $lab "${limits[@]}" || exit 1
}

# In every stack but that of the user manager, which does not start in a group that is not its own unit's.
wire_rival() {
	local file
	cp /etc/pam.d/common-session-noninteractive /etc/pam.d/common-session-user
	[ ! -e /usr/lib/pam.d/systemd-user ] ||
		sed 's/common-session-noninteractive/common-session-user/' /usr/lib/pam.d/systemd-user >/etc/pam.d/systemd-user
	for file in common-session common-session-noninteractive; do
		echo "session optional $RIVAL.so" >>"/etc/pam.d/$file"
	done
	: >>/etc/cgrules.conf
}

# A group as `cgcreate` and `cgset` make it, and the rules that bring each of USERS there.
ruled() { # USERS GROUP LIMIT...
	local users=$1 group=$2 mount limit user
	shift 2
	for mount in $(printf '%s\n' "$(hierarchy memory)" "$(hierarchy pids)" | sort -u); do
		! unified || echo '+memory +pids' >"$mount/cgroup.subtree_control"
		mkdir -p "$mount/$group"
		for limit; do
			case $limit in
			MemoryMax=*) echo "${limit#*=}" >"$mount/$group/memory.max" || echo "${limit#*=}" >"$mount/$group/memory.limit_in_bytes" ;;
			MemorySwapMax=*)
				echo 0 >"$mount/$group/memory.swap.max" ||
					cat "$mount/$group/memory.limit_in_bytes" >"$mount/$group/memory.memsw.limit_in_bytes"
				;;
			TasksMax=*) echo "${limit#*=}" >"$mount/$group/pids.max" ;;
			esac
		done 2>/dev/null
	done
	[ "$(cat "$(hierarchy memory)/$group"/memory.{max,limit_in_bytes} "$(hierarchy pids)/$group/pids.max" 2>/dev/null | xargs)" = "$((20 << 20)) $TASKS" ] || {
		echo "$group: not the limits that were asked for"
		return 1
	}
	for user in $users; do
		sed -i "/^$user /d" /etc/cgrules.conf
		echo "$user memory,pids $group" >>/etc/cgrules.conf
	done
}

# enrolled USER PLAYGROUND LIMIT...: by groupies-setup on a real host, which is the way to do it.
enrolled() {
	real || {
		enrol "$@"
		return
	}
	[ -z "${RIVAL:-}" ] || {
		ruled "$@"
		return
	}
	local user=$1 playground=$2 limit
	shift 2
	{
		printf '[Playground]\nMembers=%s\n' "$user"
		for limit; do case $limit in Member:*) ;; *) echo "$limit" ;; esac done
		case $* in *Member:*) echo '[Member]' ;; esac
		for limit; do case $limit in Member:*) echo "${limit#Member:}" ;; esac done
	} >"/etc/groupies/$playground.conf"
	groupies-setup apply >"$work/apply.out" 2>&1 || {
		cat "$work/apply.out"
		return 1
	}
}

# ---- what the kernel and the log say ---------------------------------------------------------------

# playground_files PLAYGROUND NAME...: the files of these names in it and below.
playground_files() {
	local mount name places=() names=()
	for mount in "$(hierarchy memory)" "$(hierarchy pids)"; do
		for name in "$mount/$1" "$mount/$1.slice"; do
			[ ! -d "$name" ] || places+=("$name")
		done
	done
	[ ${#places[@]} -gt 0 ] || return
	shift
	for name; do names+=(-o -name "$name"); done
	find "${places[@]}" "${names[@]:1}" | sort -u
}

# How often the kernel has killed in the playground, and how often it has turned something back. Not
# every kernel counts refused sockets: there, having come up to the limit is once.
strikes() {
	local files
	mapfile -t files < <(playground_files "$1" memory.oom_control memory.events.local 'memory*failcnt' \
		memory.kmem.tcp.max_usage_in_bytes pids.events)
	awk -v most=$((20 << 20)) '
		$1 == "oom_kill" { kills += $2 }
		FILENAME ~ /failcnt$/ { turned += $1 }
		FILENAME ~ /tcp.max_usage/ && $1 > most - 1048576 { turned++ }
		FILENAME !~ /oom_control$/ && $1 == "max" { turned += $2 }
		END { print kills + 0, turned + 0 }' "${files[@]}" /dev/null
}

# Nothing is left in the playground that would strike down whatever comes next.
playground_is_empty() {
	local file
	file=$(playground_files "$1" memory.usage_in_bytes memory.current | head -n 1)
	[ -z "$file" ] || [ "$(cat "$file")" -lt $((8 << 20)) ]
}

refusals() {
	if real && systemd; then
		journalctl -q --no-pager --since "$started" | grep -c "(uid [0-9]*) is refused"
	elif real; then
		cat /var/log/auth.log /var/log/syslog 2>/dev/null | grep -c "(uid [0-9]*) is refused"
	else
		grep -c "(uid [0-9]*) is refused" "$work/log"
	fi
}

# ---- logging in -----------------------------------------------------------------------------------

# through USER COMMAND: logs USER in by $DOOR and has the login shell run COMMAND.
through() {
	case $DOOR in
	su) su "$1" -s /bin/sh -c "$2" ;;
	sudo) sudo -n --preserve-env=ROUTES,EAT,MIB,PASSWORD -u "$1" /bin/sh -c "$2" ;;
	ssh) in_ssh "$1" "ROUTES=$ROUTES EAT=$EAT MIB=$MIB PASSWORD=$PASSWORD; export ROUTES EAT MIB PASSWORD; $2" ;;
	esac
}

ssh_options=(-F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o BatchMode=yes
	-o LogLevel=ERROR)
in_ssh() {
	local user=$1
	shift
	ssh "${ssh_options[@]}" -i "$work/key" -p "$(ssh_port)" "${ssh_more[@]}" "$user@127.0.0.1" "$@"
}
ssh_more=()
ssh_port() { cat "$work/sshd.port" 2>/dev/null || echo 22; }

start_sshd() {
	local port user
	have sshd || return
	ssh-keygen -q -t ed25519 -N '' -f "$work/key" </dev/null
	for user in $member $second $outsider; do
		install -d -m 700 -o "$user" "/home/$user/.ssh"
		install -m 600 -o "$user" "$work/key.pub" "/home/$user/.ssh/authorized_keys"
	done
	real && return
	ssh-keygen -q -t ed25519 -N '' -f "$work/host_key" </dev/null
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	mkdir -p /run/sshd
	"$(command -v sshd)" -D -e -f /dev/null -p "$port" -h "$work/host_key" -o ListenAddress=127.0.0.1 \
		-o UsePAM=yes -o "Subsystem=sftp internal-sftp" -o PidFile=none >"$work/sshd.out" 2>&1 9>&- &
	daemons+=($!)
	echo "$port" >"$work/sshd.port"
	until_true 10 bash -c "exec 3<>/dev/tcp/127.0.0.1/$port" 2>/dev/null
}

# A cron and an at daemon of this private host's own; what the system would have them do is left out.
start_schedulers() {
	real && return
	have cron && {
		: >/etc/crontab
		rm -f /etc/cron.d/*
		cron -f 9>&- >/dev/null 2>&1 &
		daemons+=($!)
	}
	have atd && {
		atd -f -l 1000 -b 1 9>&- >/dev/null 2>&1 &
		daemons+=($!)
	}
}
daemons=()

# Ends what this test's own users have running, waits until it is gone, and removes what would stay.
sweep() {
	local uid
	until_true 20 nothing_left
	rm -f /dev/shm/t2-eat*
	# shellcheck disable=SC2013 # words
	for uid in $(awk 'NR > 1 {print $8}' /proc/sysvipc/msg | sort -u); do
		case ,$uids, in *,"$uid",*) setpriv --reuid="$uid" --clear-groups "$EAT" drop-queues 1 >/dev/null ;; esac
	done
}
nothing_left() {
	local pids
	pids=$(pgrep -r D,I,R,S,T,t -U "$uids") || return 0
	# shellcheck disable=SC2086 # one word a process
	kill -KILL $pids 2>/dev/null
	return 1
}

remove_stamps() { rm -f "/run/groupies/$lab" "/run/groupies/$lab".*; }

# late USER: what a process that outlived its login prints; it waits for our word before it eats.
late() {
	local user=$1 command=$2
	rm -f "$drop/go.$user" "$drop/late.$user"
	cat >"$drop/waits.$user" <<-END
		until [ -e $drop/go.$user ]; do sleep 0.1; done
		$EAT anon $MIB
		echo ended
	END
	chmod 755 "$drop/waits.$user"
	through "$user" "$command"
	: >"$drop/go.$user"
	until_true 30 grep -qs ended "$drop/late.$user"
	cat "$drop/late.$user"
	rm -f "$drop"/*."$user"
}

# ---- the routes -----------------------------------------------------------------------------------
# Each gets a USER and prints "held ..." when that user has the memory (or the tasks).

by_kind() { through "$1" "$EAT $route_word $MIB"; }
by_script() { through "$1" "$ROUTES/$route_word"; }
# No more than shows it, and behind all others: the kernel takes the events away one by one, each after a walk over
# the rest, and is slow at everything else until it has.
by_event_control() {
	local group events_mib=$((MIB * 3 / 8))
	group=$(hierarchy memory)
	[ "$1" = "$outsider" ] || [ "$route_word" = root ] || group=$group$(sed -n 's,^path=,,p' "/run/groupies/$lab" | head -n 1)
	through "$1" "EAT_GROUP=$group $EAT event-control $events_mib"
}

# The number of tasks is bounded, and nobody tries before it has seen itself inside.
by_tasks() {
	local look=:
	[ "$1" = "$outsider" ] || look="grep -Eq '^[0-9]+:(.*,)?pids(,.*)?:/$lab|^0::/$lab' /proc/self/cgroup"
	through "$1" "$look && exec $EAT $route_word 500"
}

by_crontab() {
	set -- "${1/$outsider/$cron_outsider}"
	until_true 100 grep -qs ended "$drop/cron.$1"
	cat "$drop/cron.$1"
}
# The lines are written when the test begins, so that the minute passes meanwhile, and before cron starts: it
# looks at the second in which the spool was written, and does not see what is written in the second in which
# it looked. A cron that runs already may do so now, hence the second time.
expect_crontab() {
	write_crontabs
	! real || { sleep 1.1 && write_crontabs; }
}
write_crontabs() {
	local user
	for user in $cron_outsider $cron_member; do
		echo "* * * * * [ -e $drop/cron.$user ] || { $EAT anon $MIB; echo ended; } >$drop/cron.$user 2>&1" |
			crontab -u "$user" -
	done
}

by_at() {
	local file=$drop/at.$1
	rm -f "$file"
	# A job begins where it was handed in.
	through "$1" "cd /; echo '{ $EAT anon $MIB; echo ended; } >$file 2>&1' | $route_word 2>&1"
	until_true 30 grep -qs ended "$file" || return 0
	cat "$file"
}

by_su_to_oneself() { through "$1" "echo $password | su $1 -c '$EAT anon $MIB'"; }
by_newgrp() { through "$1" "echo '$EAT anon $MIB' | newgrp t2people"; }
by_sg() { through "$1" "sg t2people -c '$EAT anon $MIB'"; }
by_su_login() { su - "$1" -c "$EAT anon $MIB"; }
by_sudo() { sudo -n -u "$1" "$EAT" anon "$MIB"; }
by_sudo_login() { sudo -n -i -u "$1" "$EAT" anon "$MIB"; }
by_su_of_a_third() { prepared_shell "$1" : "$EAT anon $MIB"; }

by_ssh_command() { in_ssh "$1" "$EAT anon $MIB"; }
by_ssh_terminal() {
	ssh_more=(-tt)
	echo "$EAT anon $MIB; exit" | in_ssh "$1" | tr -d '\r' | sed 's/\x1b\[[?0-9;]*[a-zA-Z]//g'
}
by_ssh_second() {
	in_ssh "$1" 'read -r wait' < <(until_true 20 test -e "$work/second.done") &
	in_ssh "$1" "$EAT anon $MIB"
	: >"$work/second.done"
	wait $!
	rm -f "$work/second.done"
}
by_ssh_multiplexing() {
	ssh_more=(-M -S "$work/mux.$1" -f -N)
	in_ssh "$1" 9>&-
	ssh_more=(-S "$work/mux.$1")
	in_ssh "$1" "$EAT anon $MIB"
	ssh_more+=(-O exit)
	in_ssh "$1" 2>/dev/null
}
# Who writes into a file in memory pays for it.
carried() { [ "$(stat -c %s "/dev/shm/t2-eat.$1" 2>/dev/null)" != $((MIB << 20)) ] || echo "held file $MIB"; }
by_sftp() {
	printf 'put %s /dev/shm/t2-eat.%s\n' "$work/load" "$1" |
		timeout $((20 * patience)) sftp "${ssh_options[@]}" -i "$work/key" -P "$(ssh_port)" -b - "$1@127.0.0.1"
	carried "$1"
}
by_scp() {
	timeout $((20 * patience)) scp ${route_word:+"$route_word"} "${ssh_options[@]}" -i "$work/key" -P "$(ssh_port)" "$work/load" "$1@127.0.0.1:/dev/shm/t2-eat.$1"
	carried "$1"
}
by_rsync() {
	timeout $((20 * patience)) rsync --inplace --whole-file -e "ssh ${ssh_options[*]} -i $work/key -p $(ssh_port)" "$work/load" \
		"$1@127.0.0.1:/dev/shm/t2-eat.$1"
	carried "$1"
}

# shellcheck disable=SC2016
by_double_fork() { late "$1" "(setsid nohup sh $drop/waits.$1 >$drop/late.$1 2>&1 &)"; }
by_disown() { late "$1" "bash -c 'sh $drop/waits.$1 >$drop/late.$1 2>&1 & disown'"; }
by_tmux() { late "$1" "TMUX_TMPDIR=$drop tmux -f /dev/null -L t2 new-session -d 'sh $drop/waits.$1 >$drop/late.$1 2>&1'"; }

# Groups are poisoned in one login; what counts is the next one, also when it has to realize anew.
by_poison() {
	through "$1" "$ROUTES/poison"
	remove_stamps
	through "$1" "$EAT anon $MIB"
}

# What a caller of su can put into its environment, with the helper to be run as well.
by_environment() {
	mkdir -p "$drop/evil"
	printf '#!/bin/sh\necho evil\nexit 0\n' >"$drop/evil/groupies-place"
	cp "$drop/evil/groupies-place" "$drop/evil/id"
	chmod 755 "$drop/evil"/*
	remove_stamps
	local environment
	read -rd '' environment <<-END
		PATH=$drop/evil:/bin:/usr/bin LD_PRELOAD=$drop/evil/x.so LD_LIBRARY_PATH=$drop/evil
		LD_AUDIT=$drop/evil/x.so GCONV_PATH=$drop/evil LOCPATH=$drop/evil MALLOC_CHECK_=3
		GLIBC_TUNABLES=glibc.malloc.check=3 CGROUP_LOGLEVEL=DEBUG XDG_SESSION_CLASS=background
		XDG_SESSION_TYPE=unspecified XDG_RUNTIME_DIR=$drop/evil IFS=/ ENV=$drop/evil/x
		DBUS_SYSTEM_BUS_ADDRESS=unix:path=$drop/evil/bus DBUS_SESSION_BUS_ADDRESS=unix:path=$drop/evil/bus
		SYSTEMD_LOG_LEVEL=debug LISTEN_FDS=9 NOTIFY_SOCKET=$drop/evil/n TMPDIR=$drop/evil HOME=$drop/evil
	END
	su "$caller" -s /bin/sh -c "echo '$password' |
		env ${environment//$'\n'/ } su $1 -s /bin/sh -c '$EAT anon $MIB'"
}

by_immunity() { (echo -1000 >/proc/self/oom_score_adj && su "$1" -s /bin/sh -c "$EAT anon $MIB"); }
by_immunity_floor() {
	(
		echo -1000 >/proc/self/oom_score_adj
		setpriv --reuid="$caller" --regid="$caller" --clear-groups sh -c "echo 100 >/proc/self/oom_score_adj
			echo $password | su $1 -s /bin/sh -c 'echo -1000 >/proc/self/oom_score_adj; $EAT anon $MIB'"
	)
}

by_user_namespace() { through "$1" "unshare --user --map-root-user $EAT anon $MIB"; }
by_podman() { through "$1" "podman unshare $EAT anon $MIB"; }

by_second_name() {
	useradd -M -o -u "$(id -u "$1")" -g "$(id -g "$1")" -d "/home/$1" -s /bin/bash t2alias
	su t2alias -s /bin/sh -c "$EAT anon $MIB"
	userdel -f t2alias
}
by_new_name() {
	usermod -l t2renamed "$1"
	su t2renamed -s /bin/sh -c "$EAT anon $MIB"
	usermod -l "$1" t2renamed
}
by_new_account() {
	local uid
	uid=$(id -u "$1")
	cp -a /etc/passwd /etc/shadow /etc/group /etc/gshadow "$work/"
	userdel "$1" 2>/dev/null
	useradd -M -u "$uid" -d "/home/$1" -s /bin/bash t2renamed
	su t2renamed -s /bin/sh -c "$EAT anon $MIB"
	cp -a "$work/passwd" "$work/shadow" "$work/group" "$work/gshadow" /etc/
}
# A group is enrolled; a user joins it afterwards. It counts from the next login on.
by_group_joined_later() {
	local gid
	[ "$1" = "$outsider" ] || {
		gid=$(getent group t2people | cut -d: -f3)
		if real; then
			enrolled "$member @t2people" "$lab" "${limits[@]}" || return
		else
			mkdir -p /var/lib/groupies/registry/gid
			printf 'groupies-registry 1\ngid=%s\nname=t2people\nplayground=%s\nown-limits=no\n' \
				"$gid" "$lab" >"/var/lib/groupies/registry/gid/$gid"
		fi
		usermod -aG t2people "$joiner"
	}
	through "$([ "$1" = "$outsider" ] && echo "$outsider" || echo "$joiner")" "$EAT anon $MIB"
	rm -rf /var/lib/groupies/registry/gid
	gpasswd -d "$joiner" t2people >/dev/null 2>&1
	real && enrolled "$member" "$lab" "${limits[@]}"
	:
}

# The helper is killed on its way, in this very login (it runs only where there is no stamp).
by_killed_helper() {
	local call number place=/usr/libexec/groupies/groupies-place
	mv "$place" "$work/place"
	for call in openat,open mkdir,mkdirat write rename,renameat,renameat2; do
		for number in 1 4; do
			remove_stamps
			printf '#!/bin/sh\nexec %s -qq -o /dev/null -e trace=%s -e inject=%s:signal=KILL:when=%s %s "$@"\n' \
				"$(command -v strace)" "$call" "$call" "$number" "$work/place" >"$place"
			chmod 755 "$place"
			through "$1" "$EAT anon $MIB"
		done
	done
	rm -f "$place"
	mv "$work/place" "$place"
}
by_signals_to_su() {
	remove_stamps
	su "$caller" -s /bin/bash -c "$ROUTES/signal-su $1"
}

# A shell that does what the row says and becomes su. By a third user, who knows the password; with
# the helper to be run, and without.
prepared_shell() { # USER PREPARATION COMMAND
	printf '%s\nexec su %s -s /bin/sh -c "%s"\n' "$2" "$1" "$3" >"$drop/prepared"
	chmod 644 "$drop/prepared"
	# Into a pipe: a file would have a size that can be limited.
	su "$caller" -s /bin/sh -c "echo '$password' | bash $drop/prepared" 2>&1 | cat
}
by_prepared_shell() {
	remove_stamps
	prepared_shell "$1" "$route_word" "$EAT anon $MIB"
	prepared_shell "$1" "$route_word" "$EAT anon $MIB"
}
by_closed_descriptors() {
	remove_stamps
	su "$1" -s /bin/sh -c "$EAT anon $MIB >$drop/closed.$1" <&- >&- 2>&-
	cat "$drop/closed.$1"
	rm -f "$drop/closed.$1"
}
# A pipe that nobody empties: who writes to it stands still.
by_full_stderr() {
	remove_stamps
	exec 7<>"$drop/full"
	dd if=/dev/zero of="$drop/full" bs=4096 count=1024 oflag=nonblock
	# su itself would tell there how its command has ended.
	timeout -k 1 $((8 * patience)) su "$1" -s /bin/sh -c "$EAT anon $MIB" 2>&7
	exec 7>&-
}

# Just enough memory for su, and not enough for the last module of its stack: whoever calls su may
# set that. What is eaten is a file's pages, which no such limit counts.
by_starved_su() {
	local option low high middle
	read -r option low high <<<"$route_word"
	while [ $((high - low)) -gt 4 ]; do
		middle=$(((low + high) / 2))
		if starved_su "$outsider" "$option" "$middle" "$EAT" anon 1; then high=$middle; else low=$middle; fi
	done
	for ((middle = low; middle < low + 160; middle += 8)); do
		starved_su "$1" "$option" "$middle" "$EAT" shm "$MIB" || continue
		echo "held with ulimit $option $middle"
		return
	done
	cat "$work/starved"
}
starved_su() { # USER OPTION KILOBYTES COMMAND...
	prepared_shell "$1" "ulimit $2 $3" "exec ${*:4}" >"$work/starved" 2>&1
	rm -f "/dev/shm/t2-eat"*
	grep -q 'held ' "$work/starved"
}

# The helper dies at its Nth call, somewhere between the group and its limits; then a login.
by_moment_before_limits() {
	local call number killed
	[ "$1" != "$outsider" ] || {
		through "$1" "$EAT anon $MIB"
		return
	}
	rm -f "$work/answer"
	mkfifo "$work/answer"
	for call in mkdir,mkdirat write rename,renameat,renameat2 fchmod unlink,unlinkat; do
		for number in 1 2 3 4 5 6; do
			remove_stamps
			real || remove_groups "$lab" >/dev/null
			killed=no
			timeout $((20 * patience)) strace -qq -f -o "$work/trace" -e "trace=$call" -e "inject=$call:signal=KILL:when=$number" \
				/usr/libexec/groupies/groupies-place realize "$lab" "$(id -u "$member")" $$ 3<>"$work/answer" || killed=yes
			through "$1" "$EAT anon $MIB"
			[ "$killed" = yes ] || break
		done
	done
	rm -f "$work/answer"
}

# `cgcreate -a` by hand, beforehand: the member owns the group of that name.
by_hand_made_group() {
	local mount
	for mount in $(hierarchy memory) $(hierarchy pids); do
		mkdir -p "$mount/t2hand"
		chown -R "$member" "$mount/t2hand"
	done
	cp /var/lib/groupies/registry/uid/"$(id -u "$member")" "$work/entry"
	enrol "$member" t2hand "${limits[@]}"
	through "$1" "$EAT anon $MIB"
	cp "$work/entry" /var/lib/groupies/registry/uid/"$(id -u "$member")"
	rm -f /var/lib/groupies/applied/t2hand.conf
	remove_groups t2hand
}

# The owner of a hand-made group opens its limits; then root takes the group over.
by_held_descriptor() {
	local file groups=()
	rm -f "$drop/go" "$drop/wrote" "$drop/opened"
	for file in "$(hierarchy memory)" "$(hierarchy pids)"; do
		mkdir -p "$file/t2hand"
		chown -R "$joiner" "$file/t2hand"
		groups+=("$file/t2hand")
	done
	cat >"$drop/holds" <<-END
		cd $(hierarchy memory)/t2hand
		exec 6>memory.memsw.limit_in_bytes 7>memory.limit_in_bytes || exec 7>memory.max
		: >$drop/opened
		until [ -e $drop/go ]; do sleep 0.1; done
		for n in 1 2; do echo 8G >&6; echo 8G >&7; done
		: >$drop/wrote
	END
	su "$joiner" -s /bin/bash "$drop/holds" 9>&- &
	until_true 20 test -e "$drop/opened"
	mkdir -p /etc/groupies
	# Apply takes back what has no config.
	cp /var/lib/groupies/applied/*.conf /etc/groupies/
	printf '[Playground]\nMembers=%s\n%s\n' "$joiner" "$(printf '%s\n' "${limits[@]}")" >/etc/groupies/t2hand.conf
	groupies_setup apply --adopt
	: >"$drop/go"
	until_true 20 test -e "$drop/wrote"
	wait $!
	through "$([ "$1" = "$outsider" ] && echo "$outsider" || echo "$joiner")" "$EAT anon $MIB"
	rm -f /etc/groupies/t2hand.conf
	until_true 20 nothing_left
	strikes t2hand >"$work/strikes.t2hand"
	groupies_setup apply
	rm -rf /etc/groupies
	[ ! -d "${groups[0]}" ] || remove_groups t2hand
}
groupies_setup() { if real; then groupies-setup "$@"; else "$build/groupies-setup" "$@"; fi; }

# Four logins, one after the other; each leaves a file in memory behind.
by_leaving_files() {
	local number quarter=$((MIB / 4))
	for number in 1 2 3 4; do
		through "$1" "EAT_FILE=/dev/shm/t2-eat.$1.$number $EAT shm $quarter"
	done >"$work/leaving" 2>&1
	[ "$(grep -c '^held' "$work/leaving")" -ne 4 ] || echo "held files $MIB"
	rm -f /dev/shm/t2-eat."$1".*
}

by_user_unit() { through_manager "$1" "systemd-run --user --quiet $route_word $EAT anon $MIB"; }
# A command line that waits for FILE to say "ended", at most that many tenths of a second.
until_ended() { echo "i=0; until grep -qs ended $1 || [ \$((i += 1)) -gt $2 ]; do sleep 0.1; done"; }
# The manager, and its timers with it, ends soon after the last session: this one stays until it has been seen.
by_user_timer() {
	rm -f "$drop/timer.$1"
	through_manager "$1" "systemd-run --user --quiet --on-active=1 --timer-property=AccuracySec=100ms \
		sh -c '{ $EAT anon $MIB; echo ended; } >$drop/timer.$1 2>&1' &&
		{ $(until_ended "$drop/timer.$1" 600); }"
	cat "$drop/timer.$1" 2>/dev/null
}
by_activation() {
	through_manager "$1" "mkdir -p ~/.local/share/dbus-1/services
		printf '[D-BUS Service]\nName=t2.Eat\nExec=/bin/sh -c \"{ $EAT anon $MIB; echo ended; } >$drop/bus.$1 2>&1\"\n' >~/.local/share/dbus-1/services/t2.Eat.service
		$([ -n "${route_word:-}" ] && echo "$route_word") dbus-send --session --print-reply --reply-timeout=3000 --dest=t2.Eat / t2.Eat.Go 2>/dev/null
		$(until_ended "$drop/bus.$1" 50)"
	cat "$drop/bus.$1"
	rm -f "$drop/bus.$1"
}
through_manager() {
	if systemd; then DOOR=ssh through "$1" "export XDG_RUNTIME_DIR=/run/user/\$(id -u); $2"; else through "$1" "$2"; fi
}

# ---- which routes this host has ---------------------------------------------------------------------
# Print why not; nothing where it has them.

needs() { have "$1" || echo "no $1 here"; }
needs_systemd() { systemd || echo 'no systemd here'; }
needs_no_systemd() { ! systemd || echo "the group is systemd's to make"; }
needs_v1() { ! unified || echo 'no memory controller on v1 here'; }
needs_swap() { [ "$(awk '/SwapTotal/ {print $2}' /proc/meminfo)" != 0 ] || echo 'no swap here'; }
needs_real_root() { sh -c 'echo -1000 >/proc/self/oom_score_adj' 2>/dev/null || echo "root itself may not set it here"; }
needs_huge_pages() { [ "$(cat /proc/sys/vm/nr_hugepages)" -gt $((MIB / 2)) ] || echo 'the pool is empty here'; }
needs_mailer() { have sendmail && echo "depends on the mailer's own configuration" || echo 'no mailer here'; }
needs_setup() { [ -x "$build/groupies-setup" ] || echo 'no groupies-setup was built'; }
needs_ours() { [ -z "${RIVAL:-}" ] || echo 'about what is ours'; }
needs_private() { ! real || echo 'changes the host, so only where that is a private one'; }

# ---- the table --------------------------------------------------------------------------------------
# number | route | function | its word | what closes it | why not here | its bound, where it is open and known

table() {
	cat <<-'END'
		1|systemd-run --user|by_user_unit|--wait --pipe|the user manager is inside, or masked|needs_systemd
		1|systemd-run --user --scope|by_user_unit|--scope|the user manager is inside, or masked|needs_systemd
		1|a user timer|by_user_timer||the user manager is inside, or masked|needs_systemd
		2|linger, then reboot|||the drop-in holds before any login|echo 'a reboot is the matrix of virtual machines, tests/vm'
		3|D-Bus activation on the session bus|by_activation||as 1|needs_systemd
		3|D-Bus activation on a bus of one's own|by_activation|dbus-run-session --|inherited|needs dbus-run-session
		4|crontab|by_crontab||the module in both session stacks|needs crontab
		4|at|by_at|at now|the module in both session stacks|needs at
		4|batch|by_at|batch|the module in both session stacks|needs batch
		5|su to oneself|by_su_to_oneself||inherited, and placed|
		5|newgrp|by_newgrp||inherited|needs newgrp
		5|sg|by_sg||inherited|needs sg
		5|root's su - member|by_su_login||the module in the session stack|
		5|root's sudo -u member|by_sudo||the module in the session stack|needs sudo
		5|root's sudo -i -u member|by_sudo_login||the module in the session stack|needs sudo
		5|another user's su member|by_su_of_a_third||the module in the session stack|
		6|ssh: a command|by_ssh_command||the module in the session stack|needs sshd
		6|ssh: a shell on a terminal|by_ssh_terminal||the module in the session stack|needs sshd
		6|ssh: a second session|by_ssh_second||the module in the session stack|needs sshd
		6|ssh: ControlMaster multiplexing|by_ssh_multiplexing||inherited|needs sshd
		6|sftp into a file in memory|by_sftp||inherited|needs sshd
		6|scp into a file in memory|by_scp||inherited|needs sshd
		6|scp -O into a file in memory|by_scp|-O|inherited|needs sshd
		6|rsync into a file in memory|by_rsync||inherited|needs rsync
		7|double fork, setsid, nohup, after logout|by_double_fork||inherited|
		7|disown, after logout|by_disown||inherited|
		7|tmux, after logout|by_tmux||inherited|needs tmux
		8|tmux from before enrolment|||the sweep at provisioning|echo 'changes the host: tests/system/provision.sh and a row of the matrix, tests/vm'
		9|every cgroup.procs, tasks and cgroup.threads|by_script|enter-any|none is writable|
		9|a child born into another group (clone3)|by_kind|born-elsewhere|none is writable|
		10|every limit file, owner, mode and name|by_script|raise-limits|root-owned|
		11|a child group|by_script|make-children|not delegated|
		12|user, mount, pid and cgroup namespace, fresh mounts|by_script|own-namespaces|the kernel: an owner of nothing stays one|
		13|poisoning the groups for the next login|by_poison||root-owned|
		14|exhausting logind's sessions|||verification after pam_systemd|needs_systemd; echo 'changes the host: a row of the matrix, tests/vm'
		15|environment of su, with the helper run|by_environment||nothing is read from it|
		16|an inherited oom_score_adj of -1000|by_immunity||reset at session open|needs_real_root
		16|its floor, under a positive value|by_immunity_floor||reset at session open|needs_real_root
		17|anonymous memory|by_kind|anon|charged|
		17|shared anonymous memory|by_kind|shared|charged|
		17|transparent huge pages|by_kind|huge|charged|
		17|the pool of huge pages|by_kind|hugetlb|a pool of the administrator's|needs_huge_pages
		17|mlock|by_kind|mlock|charged|
		17|memfd|by_kind|memfd|charged|
		17|memfd_secret|by_kind|secretmem|charged|
		17|/dev/shm|by_kind|shm|charged|
		17|tmpfs of one's own|by_kind|tmpfs|charged|
		17|SysV shared memory|by_kind|sysv|charged|
		17|SysV message queues|by_kind|mqueue|charged|
		17|page tables|by_kind|pagetables|charged|
		17|pipes|by_kind|pipes|charged|
		17|unix sockets|by_kind|unix|charged|
		17|TCP sockets|by_kind|tcp|charged; v1: memory.kmem.tcp.limit_in_bytes|
		17|UDP sockets|by_kind|udp|charged; v1: memory.kmem.tcp.limit_in_bytes|
		17|epoll entries|by_kind|epoll|charged|
		17|inodes and inotify watches|by_kind|inotify|charged|
		17|netlink sockets|by_kind|netlink|nothing: the kernel charges none of it||net.core.rmem_max a descriptor, until the process ends
		17|a packet socket's ring, in namespaces|by_kind|packet-ring|no user namespaces: user.max_user_namespaces=0||none, as long as users may make user namespaces
		17|a tap device's queue, in namespaces|by_kind|tap-queue|no user namespaces: user.max_user_namespaces=0||none, as long as users may make user namespaces
		17|vsock over its loopback|by_kind|vsock|no vsock_loopback||none, where the module vsock_loopback is loaded
		18|fork bomb|by_tasks|forks|TasksMax|
		18|zombies|by_tasks|zombies|TasksMax|
		18|thread bomb|by_tasks|threads|TasksMax|
		19|swap|by_kind|anon|MemorySwapMax, memsw|needs_swap
		20|unshare: root in a user namespace|by_user_namespace||inherited|
		20|podman unshare|by_podman||inherited|needs podman; needs newuidmap
		21|a second name with the same uid|by_second_name||keyed by uid|
		21|a renamed user|by_new_name||keyed by uid|
		22|racing logins|||verification, fail closed|echo 'tests/system/storm.sh'
		23|starving what enforces|||no daemon; fail closed|echo 'tests/system/refuse.sh'
		24|setuid programs and polkit|||denied by default|needs_systemd; echo 'denied to everybody: a row of the matrix, tests/vm'
		25|the helper killed on its way|by_killed_helper||verification|needs strace; needs_private
		25|signals to su on its way|by_signals_to_su||verification|needs_ours
		26|su after ulimit -f 0|by_prepared_shell|ulimit -f 0|the helper's clean start|
		26|su after ulimit -n 8|by_prepared_shell|ulimit -n 8|the helper's clean start|
		26|su after ulimit -t 1|by_prepared_shell|ulimit -t 1|the helper's clean start|
		26|su after ulimit -s 512|by_prepared_shell|ulimit -s 512|the helper's clean start|
		26|su after umask 777|by_prepared_shell|umask 777|the helper's clean start|
		26|su after trap '' CHLD and others|by_prepared_shell|trap '' CHLD HUP INT TERM PIPE ALRM XFSZ XCPU|the helper's clean start|
		26|root's su with 0 to 2 closed|by_closed_descriptors||the helper's clean start|
		26|su at the lowest priority|by_prepared_shell|renice -n 19 $$ >/dev/null; chrt --idle -p 0 $$; taskset -pc 0 $$ >/dev/null|the helper's clean start|
		26|root's su with a full pipe as stderr|by_full_stderr||the helper writes to none|
		26|su after ulimit -v just above what it needs|by_starved_su|-v 1000 20000|nothing of ours, where libpam cannot load it||libpam cannot load the module, which reads as a missing one
		26|su after ulimit -d just above what it needs|by_starved_su|-d 0 4000|nothing of ours, where libpam cannot load it||libpam cannot load the module, which reads as a missing one
		27|the moment between a group and its limits|by_moment_before_limits||the stamp|needs strace; needs_ours
		28|a group made by hand, the member's own|by_hand_made_group||refused|needs_no_systemd; needs_private
		28|descriptors of its limits, open since before --adopt|by_held_descriptor||made anew|needs_v1; needs_no_systemd; needs_private; needs_setup
		29|files in memory, left at each logout|by_leaving_files||they stay charged|
		30|another account with the same uid|by_new_account||registry rules|needs_private
		30|a group joined after enrolment|by_group_joined_later||registry rules|
		31|a pipe in ~/.forward|||the mailer opens no session: check looks for one|needs_mailer
		9|v1's cgroup.event_control, the playground's|by_event_control|own|root-owned, or counted|needs_v1; needs_ours; needs_no_systemd
		9|v1's cgroup.event_control, the root group's|by_event_control|root|nothing: the kernel lets everybody write it|needs_v1|none, while any group has one that others may write
	END
}

# ---- running a row ----------------------------------------------------------------------------------

# Runs the route by one user; the answer is whether it held what it was after.
route_run() {
	local user=$1
	(
		exec 9>&-
		export EAT_FILE=/dev/shm/t2-eat.$user
		timeout_guard "$function" "$user"
	) >"$work/out.$user" 2>&1 </dev/null
	sweep
	sed -i 's/^Password: //' "$work/out.$user"
	grep -q '^held ' "$work/out.$user"
}

# A function cannot be given to timeout(1): a watcher ends the user's processes instead.
timeout_guard() {
	(
		read -rt $((90 * patience)) <> <(:)
		nothing_left
	) >/dev/null 2>&1 &
	local watcher=$!
	"$@"
	kill "$watcher" 2>/dev/null
	wait "$watcher" 2>/dev/null
}

say() { # VERDICT REASON
	[ -z "${TIMES:-}" ] || printf "%4d s " $((SECONDS - row_begun))
	printf '%-9s %2s %-52s %s\n' "$1" "$number" "$route" "$2"
	printf '| %s | %s | %s | %s |\n' "$number" "$route" "$closes" "$1${2:+: $2}" >>"$work/markdown"
	case $1 in
	closed) passed=$((passed + 1)) ;;
	OPEN | 'not shown') [ -n "${RIVAL:-}" ] || failed=$((failed + 1)) ;;
	esac
}

row_run() {
	row_begun=$SECONDS
	local file before after kills turned said held at user=$member playground=$lab
	if [ -n "$condition" ]; then
		local why
		why=$(eval "$condition")
		[ -z "$why" ] || {
			say - "${why%%$'\n'*}"
			return
		}
	fi
	# The cron jobs were written long ago, for a member of their own.
	[ "$function" != by_crontab ] || user=$cron_member playground=$other
	route_run $outsider || {
		if grep -q '^eat: not here' "$work/out.$outsider"; then
			say - "$(sed -n 's/^eat: not here: //p' "$work/out.$outsider" | head -n 1)"
			return
		fi
		say 'not shown' "$(tail -n 1 "$work/out.$outsider")"
		return
	}
	for file in $(playground_files "$playground" memory.kmem.tcp.max_usage_in_bytes); do echo 0 >"$file"; done
	# Counted from nothing where the route ran long ago, or takes the group and its counters away.
	read -r kills turned < <(strikes "$playground")
	case $function in
	by_crontab | by_held_descriptor) kills=0 turned=0 ;;
	by_moment_before_limits) real || kills=0 turned=0 ;;
	esac
	[ -n "${RIVAL:-}" ] || [ -e "/var/lib/groupies/registry/uid/$(id -u "$user")" ] || {
		say 'not shown' "$user is no member any more"
		return
	}
	until_true 10 playground_is_empty "$playground" || {
		say 'not shown' 'something fills the playground'
		return
	}
	said=$(refusals)
	route_run "$user"
	held=$?
	read -r before after < <(
		if [ "$function" = by_held_descriptor ]; then cat "$work/strikes.t2hand"; else strikes "$playground"; fi
	)
	kills=$((before - kills)) turned=$((after - turned)) said=$(($(refusals) - said))
	if [ "$held" -eq 0 ] && [ -n "$bound" ]; then
		say open "known: $bound"
	elif [ "$held" -eq 0 ]; then
		say OPEN "$(grep -m 1 '^held' "$work/out.$user")"
		sed 's/^/          /' "$work/out.$user" | tail -n 5
	elif [ "$kills" -gt 0 ]; then
		say closed "$kills killed"
	elif [ "$said" -gt 0 ]; then
		say closed "$said refused"
	elif [ "$turned" -gt 0 ]; then
		say closed "$turned times turned back at the limit"
	elif at=$(turned_back_at_task) && [ "$at" -le "$TASKS" ]; then
		say closed "turned back at task $at of $TASKS"
	elif asks_the_user_manager && user_manager_is_masked "$user"; then
		say closed "no user manager to ask: $(tail -n 1 "$work/out.$user")"
	else
		say 'not shown' "$user: $(tail -n 1 "$work/out.$user")"
	fi
}

# Before Linux 6.11 pids.events of a group says nothing of forks that were refused to somebody in a group below, and
# a session's own group is gone with it.
turned_back_at_task() {
	[ "$function" = by_tasks ] &&
		sed -n 's/^eat: [a-z]* \([0-9]*\): Resource temporarily unavailable$/\1/p' "$work/out.$user" | grep -m 1 .
}

# A playground too small for a user manager has it masked: then there is nobody who could start anything.
asks_the_user_manager() {
	case $function,$route_word in
	by_user_unit,* | by_user_timer,* | by_activation,) ;;
	*) return 1 ;;
	esac
}
user_manager_is_masked() {
	systemd && [ "$(systemctl show -p LoadState --value "user@$(id -u "$1").service")" = masked ]
}

wanted() {
	local word
	[ ${#words[@]} -gt 0 ] || return 0
	for word in "${words[@]}"; do
		case $word in
		"$number") return 0 ;;
		*[!0-9]*) case $route in *"$word"*) return 0 ;; esac ;;
		esac
	done
	return 1
}

started=$(date '+%F %T')
prepare_host
enrolled $cron_member $other "${limits[@]}"
start_sshd
expect_crontab 2>/dev/null
start_schedulers
mkfifo -m 666 "$drop/full"
head -c $((MIB << 20)) /dev/zero >"$work/load"
su $member -s /bin/sh -c true
printf '| # | route | what closes it | here |\n|---|---|---|---|\n' >"$work/markdown"
while IFS='|' read -r number route function route_word closes condition bound <&8; do
	wanted || continue
	[ "$number $function" = '4 by_crontab' ] && [ ${#words[@]} -eq 0 ] && {
		late_row=("$number" "$route" "$function" "$route_word" "$closes" "$condition" "$bound")
		continue
	}
	row_run
done 8< <(table)
if [ -n "${late_row:-}" ]; then
	number=${late_row[0]} route=${late_row[1]} function=${late_row[2]} route_word=${late_row[3]} closes=${late_row[4]} condition=${late_row[5]} bound=${late_row[6]}
	row_run
fi
[ -z "$markdown" ] || cp "$work/markdown" "$markdown"
finish
