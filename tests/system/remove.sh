#!/bin/bash
# SPDX-License-Identifier: MIT
# groupies-setup remove: whose account and home go and whose stay, that nobody gets in meanwhile, that
# nothing is deleted beyond a home, and what is left of an account afterwards.
#
# Usage: remove.sh [cases [CASE...]]

# shellcheck disable=SC2317 # check and private_end call what is here by name
# shellcheck disable=SC2015 # "what must be && more || no why" is meant as it reads
# shellcheck disable=SC2016 # what is single-quoted is for another shell
here=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/system/lib.sh
. "$here/tests/system/lib.sh"

# shellcheck source=tests/system/lab.sh
. "$here/tests/system/lab.sh"

# The proof takes most of the time, and is no part of this: it finds no su.
quick_provision() {
	mv /usr/bin/su /usr/bin/su.real
	without_proof
	provision "$@" >"$work/said" 2>&1
	mv /usr/bin/su.real /usr/bin/su
	grep -q '^state=done$' "/var/lib/groupies/journal/$yard" || no "$(cat "$work/said")"
}

# As a scheduled task would, in the member's name.
as_member() { su -s /bin/sh "$student" -c "$1"; }

# ---- released members ---------------------------------------------------------------------------

# A playground of two, of whom the student is taken out of the config again.
release_student() {
	quick_provision --user "$other" || return
	sed -i "s/^Members=$student\$/#/" "/etc/groupies/$yard.conf"
	setup apply >/dev/null || no "apply fails"
}

a_released_member_keeps_its_account() {
	local text="$student is kept: it was taken out of /etc/groupies/$yard.conf"
	release_student || return
	echo work >"/home/$student/thesis"
	remove --dry-run >"$work/said" || return
	grep -q "would *user *keep $student, .*: --user $student deletes it too" "$work/said" ||
		no "dry run: $(cat "$work/said")" || return
	remove >"$work/said" || return
	grep -q "warning *user *$text .*; userdel --remove $student deletes it" "$work/said" ||
		no "$(cat "$work/said")" || return
	[ -s "/home/$student/thesis" ] && id "$student" >/dev/null || no "it is gone" || return
	! id "$other" 2>/dev/null || no "$other stays" || return
	userdel --remove "$student" 2>/dev/null && is_as_before
}

a_released_member_is_deleted_when_it_is_asked_for() {
	release_student || return
	complains 1 "'${student}x' was not made for '$yard'" remove --user "${student}x" || return
	remove --user "$student" >"$work/said" && is_as_before || no "$(cat "$work/said")"
}

what_a_released_member_runs_is_left_alone() {
	release_student || return
	log_in "$student"
	remove --terminate >"$work/said" || no "$(cat "$work/said")" || return
	kill "$session" || no "it was ended" || return
	wait "$session" 2>/dev/null
	userdel --remove "$student" 2>/dev/null && is_as_before
}

# In a group that the config names, or with the config gone and nothing applied: members as before.
a_member_in_another_way_is_not_released() {
	quick_provision || return
	sed -i "s/^Members=$student\$/Members=@$student/" "/etc/groupies/$yard.conf"
	setup apply >/dev/null && remove >/dev/null && is_as_before || no "by its group" || return
	quick_provision || return
	rm "/etc/groupies/$yard.conf"
	remove >/dev/null && is_as_before || no "without the config"
}

cases="a_released_member_keeps_its_account
a_released_member_is_deleted_when_it_is_asked_for
what_a_released_member_runs_is_left_alone
a_member_in_another_way_is_not_released"

labs=(cases)
first_uids=(36000)
prefix=r1
labs_run "$@"
