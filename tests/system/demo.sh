#!/bin/bash
# SPDX-License-Identifier: MIT
# What README promises of `make demo` where there is no systemd.

# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
private_host "$@" # the demonstration makes another one within

shows_the_limit_holding() {
	local words
	"$here/docs/demo" >"$work/out" 2>&1 || { cat "$work/out"; no "exit $?"; exit 1; }
	for words in 'inside by ssh: yes' 'inside by su: yes' 'inside by login: yes' 'exit status: 0' 'exit status: 137' \
		'the shell: 1' 'kills: 1' 'users called dockerstudent: 0' 'hog: killed by the memory limit of playground' \
		'The limit held. This host is as it was before.'; do
		grep -qF "$words" "$work/out" || { cat "$work/out"; no "does not say: $words"; exit 1; }
	done
}

leaves_nothing_behind() {
	! getent passwd dockerstudent || no "the user is still there"
	[ -z "$(find /etc/groupies /var/lib/groupies /run/groupies /sys/fs/cgroup -maxdepth 2 -name '*playground*' 2>/dev/null)" ] ||
		no "there is something called playground"
}

check shows_the_limit_holding
check leaves_nothing_behind
finish
