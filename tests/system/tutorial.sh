#!/bin/bash
# SPDX-License-Identifier: MIT
# What docs/tutorial.md and README.md tell to type: each block is run on this host, in the order of the page, and what
# it prints is compared with what the page shows. Blocks of another host kind are named, not run.

names=playground # as the demonstration and the package's test call theirs
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
private_host "$@"
pages=$here/tests/system/pages.py
engine=
engine_reason=

tidy() {
	local name
	for name in playground lab; do ! real || groupies-setup remove "$name" --terminate --delete-home; done
	for name in playground lab byhand; do remove_groups "$name"; done
	stop_engine
	umount /var/tmp
	rmdir "$disk"
}

# Why a block cannot be run here: its page says so, or this host is none of its kind.
not_here() { # KIND REST...
	local kind=$1
	shift
	case $kind in
	console | sh) ;;
	not) echo "$*" && return ;;
	*) echo "it shows a file" && return ;;
	esac
	for kind; do
		case $kind in
		docker) [ -z "$engine_reason" ] || { echo "$engine_reason" && return; } ;;
		"$layout") ;;
		*) echo "it is for $kind, and this host is $layout" && return ;;
		esac
	done
	return 1
}

# ---- an engine of our own -------------------------------------------------------------------------

engine_group=groupies_tutorial
export DOCKER_HOST=unix://$work/docker.sock

# Sets the reason why there is none.
start_engine() {
	local driver=(--exec-opt native.cgroupdriver=cgroupfs --cgroup-parent "/$engine_group")
	[ ! -d /run/systemd/system ] || driver=(--exec-opt native.cgroupdriver=systemd)
	command -v groupies-docker >/dev/null || { engine_reason='no groupies-docker is installed' && return; }
	command -v dockerd >/dev/null || { engine_reason='no dockerd is installed' && return; }
	dockerd --data-root "$work/engine" --exec-root "$work/engine-run" -p "$work/engine.pid" -H "$DOCKER_HOST" \
		--bridge none --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false \
		"${driver[@]}" >"$work/engine.log" 2>&1 &
	engine=$!
	until_true 60 groupies-docker check >/dev/null 2>&1 ||
		engine_reason="dockerd does not start: $(tail -n 1 "$work/engine.log")"
}

end() { # PID
	kill "$1" 2>/dev/null
	until_true 30 is_gone "$1" || kill -KILL "$1"
}
is_gone() { ! kill -0 "$1" 2>/dev/null; }

stop_engine() {
	local containerd
	[ -n "$engine" ] || return
	timeout 60 groupies-docker clean >/dev/null 2>&1
	containerd=$(cat "$work/engine-run/containerd/containerd.pid" 2>/dev/null)
	end "$engine"
	[ -z "$containerd" ] || is_gone "$containerd" || end "$containerd"
	remove_groups "$engine_group"
}

runs_as_shown() { python3 "$pages" run "$here/$1" "$2"; }

page() { # PAGE
	local line rest reason
	while read -r line rest; do
		# shellcheck disable=SC2086
		if reason=$(not_here $rest); then
			echo "# $1:$line is not run: $reason"
		else
			check runs_as_shown "$1" "$line"
		fi
	done < <(python3 "$pages" list "$here/$1")
}

# A private /var is in memory, where page cache is none that the kernel could take back.
disk=$(mktemp -d "$build/disk.XXXXXX")
chmod 1777 "$disk"
mount --bind "$disk" /var/tmp
# Other tests run beside this one, and processes are told apart by uid.
sed -i 's/^UID_MIN.*/UID_MIN 24800/' /etc/login.defs
install_here
hash -r
cd "$here" || exit 1
start_engine
layout=$(stat -f -c %T "$(hierarchy memory)" | sed 's/cgroupfs/v1/; s/cgroup2fs/v2/')
page docs/tutorial.md
groupies-setup >/dev/null || exit 1 # README begins with it
page README.md
finish
