#!/bin/bash
# SPDX-License-Identifier: MIT
# A full /var: provisioning is done or undone whatever is free there, no account has a password while
# logins are not limited, and removing works where nothing is free at all.

# shellcheck disable=SC2317 # check calls what is here by name
# shellcheck disable=SC2015 # "what must be && more || no why" is meant as it reads
here=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/system/lib.sh
. "$here/tests/system/lib.sh"

yard=fulldisk
student=fullstudent

tidy() {
	remove_groups "$yard"
}

# A /var of its own with what the host's programs want of it, of SIZE KiB.
small_var() {
	mkdir -p "$work/var"
	mount -t tmpfs -o "mode=755,size=16M" small-var "$work/var"
	mkdir -p "$work/var/lib" "$work/var/mail" "$work/var/log" "$work/var/cache" "$work/var/tmp"
	cp -a /var/lib/pam "$work/var/lib/"
	mount --move "$work/var" /var
}

# leave_free KIB: fills /var up to that.
leave_free() {
	local free
	rm -f /var/filler
	free=$(($(stat -f -c '%f * %S / 1024' /var)))
	[ "$free" -le "$1" ] || fallocate -l "$((free - $1))K" /var/filler
}

provision() { groupies-setup --playground "$yard" --user "$student" ${no_prove:+"$no_prove"} "$@"; }
remove() { groupies-setup remove "$yard"; }

fingerprint() {
	find /etc /home /var -not -name filler -not -path '/etc/*-' -not -path '*/.pwd.lock' -not -path /etc/shadow -type f \
		-exec md5sum {} + | sort
	cut -d: -f1,2 /etc/shadow
}

has_password() { grep -q "^$student:[^!*]" /etc/shadow; }
is_wired() { grep -q pam_groupies /etc/pam.d/common-session; }

# Provisioned with KIB free: done and in force, or as before, and said in one sentence.
is_done_or_undone() {
	local code said
	leave_free "$1"
	said=$(provision 2>&1 >"$work/report")
	code=$?
	if [ "$code" -eq 0 ]; then
		is_wired && has_password || no "with $1 KiB: done, and is not" || return
		rm -f /var/filler
		remove >/dev/null || no "with $1 KiB: remove" || return
	else
		! has_password || is_wired || no "with $1 KiB: a password, and not wired" || return
		[ "$(grep -c ^groupies-setup: <<<"$said")" -eq 1 ] || no "with $1 KiB: says: $said" || return
	fi
	rm -f /var/filler
	fingerprint >"$work/after"
	diff "$work/before" "$work/after" >"$work/differs" || no "with $1 KiB, exit $code: $(head -n 5 "$work/differs")"
}

provisioning_is_done_or_undone_with_little_room() {
	local kib reserve
	fingerprint >"$work/before"
	for kib in 0 8 16 24 32 40 48 56 64 72 80; do
		is_done_or_undone "$kib" || return
	done
	leave_free 4000
	provision >/dev/null || return
	reserve=$(du -k /var/lib/groupies/journal/@reserve | cut -f1)
	remove >/dev/null || return
	for kib in 0 4 8 12 20 28 36 44 52 60 68 80; do
		is_done_or_undone $((reserve + kib)) || return
	done
}

removing_works_where_nothing_is_free() {
	rm -f /var/filler
	fingerprint >"$work/before"
	provision >/dev/null || return
	leave_free 0
	remove >"$work/said" 2>&1 || no "$(cat "$work/said")" || return
	rm -f /var/filler
	fingerprint >"$work/after"
	diff "$work/before" "$work/after" || no "is not as before"
}

# Nobody but root is limited before the module is called: the password comes last.
the_password_comes_after_the_wiring() {
	provision --dry-run >"$work/said" || return
	grep -nE 'would +(pam|password) ' "$work/said" | cut -d: -f2 | awk '{print $2}' | tr '\n' ' ' | grep -qx 'pam password ' ||
		no "$(cat "$work/said")"
}

private_host "$@"
install_here
no_prove=$(groupies-setup --help | grep -om1 -e --no-prove)
small_var
check the_password_comes_after_the_wiring
check provisioning_is_done_or_undone_with_little_room
check removing_works_where_nothing_is_free
finish
