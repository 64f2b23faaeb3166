#!/bin/bash
# SPDX-License-Identifier: MIT
# What docs/tutorial.md and README.md tell to type: each block is run on this host, in the order of the page, and what
# it prints is compared with what the page shows. Blocks of another host kind are named, not run.

# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
private_host "$@"
pages=$here/tests/system/pages.py

tidy() {
	local name
	for name in playground lab byhand; do remove_groups "$name"; done
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
	case ${1:-} in
	'') return 1 ;;
	docker) engine_is_here && return 1 || echo 'no container engine, or no groupies-docker, is here' ;;
	"$layout") return 1 ;;
	*) echo "it is for $1, and this host is $layout" ;;
	esac
}

engine_is_here() { command -v groupies-docker && groupies-docker check; } >/dev/null 2>&1

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
install_here
hash -r
cd "$here" || exit 1
layout=$(stat -f -c %T "$(hierarchy memory)" | sed 's/cgroupfs/v1/; s/cgroup2fs/v2/')
page docs/tutorial.md
groupies-setup >/dev/null || exit 1 # README begins with it
page README.md
finish
