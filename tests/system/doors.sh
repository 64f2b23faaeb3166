# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# The doors by which a user comes into a host, each the real program with its own PAM service file:
# sshd on a free port of 127.0.0.1, su, login on a terminal, sudo, cron and atd. Behind lib.sh and
# private_host.
#
#   open_doors               # users, keys, daemons
#   enter DOOR TAG USER...   # each USER comes in and leaves a mark; back when that is over
#   placed TAG-DOOR-USER     # the mark says: in the playground, in every hierarchy
#   close_doors
# shellcheck disable=SC2034,SC2154 # what lib.sh sets, and what the tests use

doors=(ssh su login sudo cron at)
member=t1student
mate=t1mate   # a second member
guest=t1guest # nobody's member
playground=t1lab
password=t1-Pa55word

# What the playground uses: one controller a hierarchy.
controllers=(memory pids cpu)
limits=(MemoryMax=64M TasksMax=100 CPUQuota=150%)

marks=/run/t1-marks
groupies_module=$(dirname "$(find /usr/lib -name pam_unix.so)")/pam_groupies.so
groupies_place=/usr/libexec/groupies/groupies-place
registry=/var/lib/groupies/registry
applied=/var/lib/groupies/applied

# Only what a login needs: the module and its helper.
install_module() {
	install -D -m 644 "$build/pam_groupies.so" "$groupies_module"
	install -D -m 755 "$build/groupies-place" "$groupies_place"
}

# Takes the module out of the session stacks again.
unwire() {
	sed -i '/pam_groupies/d' /etc/pam.d/common-session /etc/pam.d/common-session-noninteractive
}

# ---- opening and closing ------------------------------------------------------------------------

add_users() {
	local user uid=23101
	for user in "$member" "$mate" "$guest"; do
		useradd --uid $uid --user-group --create-home --shell /bin/sh "$user"
		uid=$((uid + 1))
	done
	for user in root "$member" "$mate" "$guest"; do echo "$user:$password"; done | chpasswd
	# root's shell as it is installed, not as somebody made it at home.
	usermod --shell /bin/sh root
	rm -f /root/.bashrc /root/.profile /root/.bash_profile /etc/profile.d/*
}

# What a login runs to say where it is. A file that is there is whole.
install_mark() {
	install -d -m 1777 "$marks"
	cat >/usr/local/bin/t1-mark <<-END
		#!/bin/sh
		cat /proc/self/cgroup >$marks/.\$1 && mv $marks/.\$1 $marks/\$1
	END
	chmod 755 /usr/local/bin/t1-mark
	cat /proc/self/cgroup >"$work/outside"
}

free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

start_sshd() {
	local user
	mkdir -p /run/sshd /etc/ssh/t1-keys
	ssh-keygen -q -t ed25519 -N '' -f "$work/host_key"
	ssh-keygen -q -t ed25519 -N '' -f "$work/key"
	for user in root "$member" "$mate" "$guest"; do cp "$work/key.pub" "/etc/ssh/t1-keys/$user"; done
	port=$(free_port)
	cat >"$work/sshd_config" <<-END
		ListenAddress 127.0.0.1
		Port $port
		HostKey $work/host_key
		PidFile $work/sshd.pid
		AuthorizedKeysFile /etc/ssh/t1-keys/%u
		PermitRootLogin yes
		PasswordAuthentication no
		KbdInteractiveAuthentication no
		UsePAM yes
		PrintMotd no
		MaxStartups 100
		Subsystem sftp /usr/lib/openssh/sftp-server
	END
	cat >"$work/ssh_config" <<-END
		Host t1
		HostName 127.0.0.1
		Port $port
		IdentityFile $work/key
		IdentitiesOnly yes
		UserKnownHostsFile $work/known
		StrictHostKeyChecking yes
		BatchMode yes
	END
	echo "[127.0.0.1]:$port $(cut -d' ' -f1,2 "$work/host_key.pub")" >"$work/known"
	/usr/sbin/sshd -D -f "$work/sshd_config" 9>&- &
	sshd_pid=$!
	until_true 10 test -s "$work/sshd.pid"
}

start_atd() {
	rm -f /run/atd.pid
	rm -f /etc/at.allow /etc/at.deny
	: >/etc/at.deny
	/usr/sbin/atd -f 9>&- &
	atd_pid=$!
	until_true 10 test -s /run/atd.pid
}

# Starts cron anew, which runs the @reboot lines at once, and the rest at the next minute.
start_cron() {
	stop_cron
	rm -f /run/crond.reboot /run/crond.pid
	/usr/sbin/cron -f 9>&- &
	cron_pid=$!
}

stop_cron() {
	[ -z "${cron_pid:-}" ] && return
	kill "$cron_pid" 2>/dev/null
	wait "$cron_pid" 2>/dev/null
	cron_pid=
}

open_doors() {
	install_mark
	add_users
	start_sshd
	start_atd
	# Nobody else's jobs: only what a test writes.
	rm -rf /etc/cron.d/* /etc/cron.hourly /var/spool/cron/crontabs/* /var/spool/cron/atjobs/a*
	: >/etc/crontab
}

# Ends what was started, and whatever of our users is left.
close_doors() {
	local pid user
	stop_cron
	for pid in ${sshd_pid:-} ${atd_pid:-}; do
		kill "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	for user in "$member" "$mate" "$guest"; do end_processes "$user"; done
}

end_processes() {
	local uid
	uid=$(id -u "$1" 2>/dev/null) || return 0
	until_true 5 eval "! kill_all_of $uid"
}

# True when there was something to kill.
kill_all_of() {
	local pids
	mapfile -t pids < <(pgrep -U "$1")
	[ ${#pids[@]} -gt 0 ] && kill -KILL "${pids[@]}" 2>/dev/null
}

# ---- coming in ----------------------------------------------------------------------------------

in_ssh() {
	ssh -F "$work/ssh_config" "$@"
}

on_terminal() {
	python3 "$here/tests/system/terminal.py" "$@"
}

# Bounded, so that a door that hangs fails its case and not the run.
enter_ssh() { timeout 60 ssh -F "$work/ssh_config" "$2@t1" t1-mark "$1"; }
enter_su() { timeout 60 su "$2" -c "t1-mark $1"; }
enter_login() { on_terminal --line "t1-mark $1; exit" login -f "$2"; }
enter_sudo() { timeout 60 sudo -n -u "$2" t1-mark "$1"; }

enter_cron() {
	local tag=$1 user
	shift
	for user; do echo "@reboot /usr/local/bin/t1-mark $tag-cron-$user" | crontab -u "$user" -; done
	start_cron
	until_true 20 settled cron "$tag" "$@"
	until_true 20 childless "$cron_pid"
	stop_cron
	for user; do crontab -u "$user" -r; done
}

enter_at() {
	local tag=$1 user
	shift
	for user; do
		echo "/usr/local/bin/t1-mark $tag-at-$user" |
			setpriv --reuid="$user" --regid="$user" --init-groups at now 2>/dev/null
	done
	until_true 20 settled atd "$tag" "$@"
	until_true 20 childless "$atd_pid"
}

# Each USER left a mark, or was named in a line of the module's.
settled() {
	local service=$1 tag=$2 user
	shift 2
	for user; do
		[ -e "$marks/$tag-${service%d}-$user" ] ||
			grep -q "pam_groupies($service:session): '$user'" "$work/log" || return 1
	done
}

# cron collects its ended children at the next minute only: these do not count.
childless() {
	! pgrep -r D,R,S -P "$1" >/dev/null
}

# enter DOOR TAG USER...: the mark is TAG-DOOR-USER, what was printed TAG-DOOR-USER.out in $work,
# and the exit code .code (cron and at have none).
enter() {
	local door=$1 tag=$2 user
	shift 2
	case $door in
	cron | at) "enter_$door" "$tag" "$@" && return ;;
	esac
	for user; do
		"enter_$door" "$tag-$door-$user" "$user" >"$work/$tag-$door-$user.out" 2>&1 </dev/null
		echo $? >"$work/$tag-$door-$user.code"
	done
}

# By every door (or those named in $through) at the same time.
enter_all() {
	local door pids=()
	for door in "${through[@]:-${doors[@]}}"; do
		enter "$door" "$@" &
		pids+=($!)
	done
	wait "${pids[@]}"
}

# ---- where is it? -------------------------------------------------------------------------------

# shows FILE CONTROLLER: the group of that controller in a copy of /proc/PID/cgroup.
shows() {
	local names path
	while IFS=: read -r _ names path; do
		case ,$names, in *,"$2",*) echo "$path" ;; esac
	done <"$1"
}

# is_inside FILE [GROUP]: in every hierarchy that the playground uses.
is_inside() {
	local controller
	for controller in "${controllers[@]}"; do
		[ "$(shows "$1" "$controller")" = "/${2:-$playground}" ] || return 1
	done
}

placed() {
	[ -e "$marks/$1" ] || no "$1: did not come in: $(head -n 3 "$work/$1.out" 2>/dev/null)" || return
	is_inside "$marks/$1" "${2:-}" || no "$1: is not in ${2:-$playground}: $(paste -sd' ' "$marks/$1")"
}

left_alone() {
	[ -e "$marks/$1" ] || no "$1: did not come in: $(head -n 3 "$work/$1.out" 2>/dev/null)" || return
	cmp -s "$marks/$1" "$work/outside" || no "$1: was moved: $(diff "$marks/$1" "$work/outside")"
}

# ---- what was logged ----------------------------------------------------------------------------

# Everything that was said before this call is in $work/log when it returns.
sync_log() {
	local word="t1-sync-$BASHPID-$RANDOM"
	logger -u /dev/log "$word"
	until_true 10 grep -q "$word" "$work/log"
}

our_lines() {
	sync_log
	grep "pam_groupies(" "$work/log"
}
