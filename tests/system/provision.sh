#!/bin/bash
# SPDX-License-Identifier: MIT
# groupies-setup provision, apply and remove on this host: that they do what they say, that twice is
# once, that removing takes back exactly what was done, and that a kill at any point is mended by the
# next run. Each group of cases runs in a lab: folders of its own over those of the private host, so
# that three labs work at once and a broken one can be thrown away.
#
# Usage: provision.sh [LAB [CASE...]]    # LAB is cases, kills or tools; without one, all at once

# shellcheck disable=SC2317 # check and private_end call what is here by name
# shellcheck disable=SC2015 # "what must be && more || no why" is meant as it reads
# shellcheck disable=SC2016 # what is single-quoted is for another shell
here=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/system/lib.sh
. "$here/tests/system/lib.sh"

# shellcheck source=tests/system/lab.sh
. "$here/tests/system/lab.sh"

# ---- what it does -------------------------------------------------------------------------------

it_makes_what_it_says() {
	provision >"$work/said" || return
	grep -q "done *user *created $student" "$work/said" &&
		grep -q "done *pam " "$work/said" || no "the report is not complete" || return
	id "$student" && [ -d "/home/$student" ] &&
		[ "$(cat "/sys/fs/cgroup/memory/$yard/memory.limit_in_bytes")" -eq 10485760 ] &&
		[ "$(cat "/sys/fs/cgroup/pids/$yard/pids.max")" -eq 64 ] || no "limits" || return
	su - "$student" -c 'cat /proc/self/cgroup' | grep -q ":memory:/$yard$" || no "a login is outside"
}

doing_it_again_changes_nothing() {
	provision >/dev/null || return
	touch "$work/mark"
	sleep 0.05
	provision >"$work/said" || return
	! grep -qv '^  unchanged' "$work/said" || no "says: $(cat "$work/said")" || return
	is_untouched_since "$work/mark"
}

removing_takes_everything_back() {
	provision >/dev/null && remove >/dev/null && is_as_before
}

removing_twice_is_fine() {
	provision >/dev/null && remove >/dev/null || return
	[ "$(setup remove)" = "  unchanged  remove       there is nothing to remove" ] || no "$(setup remove)" || return
	complains 1 "there is no playground '$yard'" setup remove "$yard" && is_as_before
}

a_user_who_was_there_before_stays() {
	useradd --create-home --comment Teacher "$other"
	sed -i "s/^$other:!/$other:*/" /etc/shadow
	lab_settle
	setup --playground "$yard" --user "$other" >"$work/said" || return
	grep -q "unchanged *user *$other .* stays as it is" "$work/said" &&
		! grep -q password "$work/said" || no "$(cat "$work/said")" || return
	su "$other" -c 'cat /proc/self/cgroup' | grep -q ":memory:/$yard$" || no outside || return
	remove >/dev/null && is_as_before
}

# True when nothing has been written to the lab since the file $1 was.
is_untouched_since() {
	local written
	written=$(find "$lab"/up/{etc,var,home,usr} -newercc "$1")
	[ -z "$written" ] || no "written: $written"
}

a_user_who_is_logged_in_is_swept_or_ended() {
	useradd --create-home "$other"
	lab_settle
	log_in "$other"
	complains 1 "user '$other' is logged in" setup --playground "$yard" --user "$other" || return
	is_as_before || return
	setup --playground "$yard" --user "$other" --sweep >/dev/null || return
	grep -q ":memory:/$yard$" "/proc/$session/cgroup" || no "not swept" || return
	complains 1 "logged in" remove || return
	remove --terminate >/dev/null || return
	wait "$session" 2>/dev/null
	is_as_before || return
	log_in "$other"
	setup --playground "$yard" --user "$other" --terminate >/dev/null || return
	! kill -0 "$session" 2>/dev/null || no "not ended" || return
	wait "$session" 2>/dev/null
	remove >/dev/null && is_as_before
}

# Starts a shell of USER's outside that leaves a child behind whenever it is told to end.
log_in_stubbornly() {
	setpriv --reuid "$1" --regid "$1" --init-groups sh -c \
		"trap '' HUP; trap 'setsid sleep 999 & exit' TERM; while :; do sleep 300; done" &
	session=$!
	until_true 5 pgrep -U "$(id -u "$1")" sleep >/dev/null
}

a_child_of_what_was_ended_is_ended_as_well() {
	local user_id
	useradd --create-home "$other"
	lab_settle
	user_id=$(id -u "$other")
	log_in_stubbornly "$other"
	setup --playground "$yard" --user "$other" --terminate >/dev/null || return
	runs_nothing "$user_id" || no "outlives provision: $(pgrep -l -U "$user_id")" || return
	wait "$session" 2>/dev/null
	log_in_stubbornly "$other"
	setup apply --sweep >/dev/null || return
	grep -q ":memory:/$yard$" "/proc/$session/cgroup" || no "not swept" || return
	remove --terminate >/dev/null || return
	runs_nothing "$user_id" || no "outlives remove: $(pgrep -l -U "$user_id")" || return
	wait "$session" 2>/dev/null
	is_as_before
}

# A config that says all that provision would write.
config_by_hand() {
	mkdir -p /etc/groupies
	printf '[Playground]\nMembers=%s\nMemoryMax=10M\n[Member]\nMemoryMax=5M\n' "$1" >"/etc/groupies/$yard.conf"
}

who_is_logged_in_is_noticed_with_a_config_by_hand() {
	local member how
	groupadd "${student}s"
	useradd --create-home --groups "${student}s" "$other"
	for how in "--user $other" "--group ${student}s"; do
		member=$other
		[ "$how" = "--user $other" ] || member=@${student}s
		config_by_hand "$member"
		lab_settle
		log_in "$other"
		# shellcheck disable=SC2086 # words
		complains 1 "user '$other' is logged in (sleep ($session))" setup --playground "$yard" $how || return
		is_as_before || return
		kill "$session"
		wait "$session" 2>/dev/null || :
	done
}

# A login of USER's that lasts; its pid is in $session.
log_in_inside() { # USER
	su "$1" -c 'exec sleep 300' &
	session=$!
	until_true 10 pgrep -U "$(id -u "$1")" sleep || no "nobody has logged in"
}

who_is_logged_in_inside_is_left_in_peace() {
	groupadd "${student}s"
	useradd --create-home --groups "${student}s" "$other"
	lab_settle
	setup --playground "$yard" --group "${student}s" >/dev/null || return
	log_in_inside "$other" || return
	setup --playground "$yard" --group "${student}s" >"$work/said" || return
	! grep -qv '^  unchanged' "$work/said" || no "says: $(cat "$work/said")" || return
	remove --terminate >/dev/null || return
	wait "$session" 2>/dev/null
	is_as_before
}

a_member_of_its_own_elsewhere_is_no_concern_of_a_group() {
	groupadd "${student}s"
	useradd --create-home --groups "${student}s" "$student"
	useradd --create-home --groups "${student}s" "$other"
	lab_settle
	setup --playground "${yard}b" --user "$other" >/dev/null || return
	log_in_inside "$other" || return
	setup --playground "$yard" --group "${student}s" --terminate >"$work/said" || return
	! grep -q "warning\|ended" "$work/said" && pgrep -U "$(id -u "$other")" sleep >/dev/null ||
		no "$(cat "$work/said")" || return
	setup remove "$yard" >/dev/null && setup remove "${yard}b" --terminate >/dev/null || return
	wait "$session" 2>/dev/null
	is_as_before
}

# A login of USER's in the moment before the module is put into the stacks; its pid is in $work/late.
log_in_late() {
	mv /usr/sbin/pam-auth-update /usr/sbin/pam-auth-update.real
	cat >/usr/sbin/pam-auth-update <<-END
		#!/bin/bash
		case "\$*" in *--enable*)
			setsid setpriv --reuid $1 --regid $1 --init-groups sleep 300 3>&- </dev/null >/dev/null 2>&1 &
			echo \$! >$work/late
		esac
		exec /usr/sbin/pam-auth-update.real "\$@"
	END
	chmod 755 /usr/sbin/pam-auth-update
}

who_gets_in_before_the_module_is_told_of_or_ended() {
	useradd --create-home "$other"
	log_in_late "$other"
	lab_settle
	setup --playground "$yard" --user "$other" >"$work/said" || return
	grep -q "warning *outside *$other runs 1 process that no limit of '$yard' reaches: sleep ($(cat "$work/late")): end them, or groupies-setup apply --sweep" \
		"$work/said" || no "$(cat "$work/said")" || return
	setup --playground "$yard" --user "$other" >"$work/said" || return
	grep -q "warning *outside" "$work/said" || no "tells of it once only: $(cat "$work/said")" || return
	kill "$(cat "$work/late")"
	remove >/dev/null && is_as_before || return
	setup --playground "$yard" --user "$other" --terminate >"$work/said" || return
	grep -q "ended sleep ($(cat "$work/late"))" "$work/said" || no "$(cat "$work/said")" || return
	remove >/dev/null && is_as_before
}

# log_in_as OPTION...: the same, with options of setpriv; its pid is in $session.
log_in_as() {
	setpriv "$@" sleep 300 &
	session=$!
	until_true 5 grep -qx sleep "/proc/$session/comm"
}

# True when the process of log_in_as keeps $other from being enrolled.
keeps_out() {
	complains 1 "user '$other' is logged in (sleep ($session))" setup --playground "$yard" --user "$other"
}

end_session() {
	kill "$session" 2>/dev/null
	wait "$session" 2>/dev/null || :
}

what_runs_under_a_subordinate_uid_is_the_members() {
	local uid
	useradd --create-home "$other"
	useradd --uid $((first_uid * 100 + 5)) "$student"
	printf '%s\n' "$other:${first_uid}00:10" "$(id -u "$other"):${first_uid}20:10" nonsense "$other:0:9" \
		"$other:${first_uid}40:-1" "$other:${first_uid}50:1x" "$other:${first_uid}60:99999999999" >/etc/subuid
	lab_settle
	trap end_session EXIT
	for uid in 09 20; do
		log_in_as --reuid "$first_uid$uid" --clear-groups || return
		keeps_out || return
		end_session
	done
	for uid in 05 10 40 50 60; do
		log_in_as --reuid "$first_uid$uid" --clear-groups || return
		setup --dry-run --playground "$yard" --user "$other" >/dev/null || no "$uid is taken for the member's" || return
		end_session
	done
	log_in_as --reuid "${first_uid}09" --clear-groups || return
	setup --playground "$yard" --user "$other" --terminate >/dev/null || return
	! kill -0 "$session" 2>/dev/null || no "not ended" || return
	remove >/dev/null && is_as_before
}

who_is_in_thousands_of_groups_is_seen() {
	useradd --create-home "$other"
	lab_settle
	trap end_session EXIT
	log_in_as --reuid "$other" --regid "$other" --groups "$(seq -s, 4000001 4002000)" || return
	keeps_out && is_as_before
}

# as_su USER COMMAND...: as root, from a process whose real uid is USER's, as a su - of that user's is.
as_su() {
	setpriv --ruid "$(id -u "$1")" bash -pc 'setpriv --ruid 0 "$@"; exit $?' bash "${@:2}"
}

# as_login USER COMMAND...: as root, in what the kernel has noted as a login of USER's.
as_login() {
	id -u "$1" >"$work/loginuid"
	unshare --mount bash -c 'mount --bind "$0" /proc/$$/loginuid && exec "$@"' "$work/loginuid" "${@:2}"
}

who_became_root_to_invoke_it_is_refused() {
	useradd --create-home "$other"
	lab_settle
	complains 1 "'$other' is who invoked this, from bash (" as_su "$other" \
		groupies-setup --playground "$yard" --user "$other" --terminate || return
	complains 1 "'$other' is who logged in and invoked this" as_login "$other" \
		groupies-setup --playground "$yard" --user "$other" --terminate || return
	complains 1 "is where this was started from and is never ended" as_su "$other" \
		groupies-setup --playground "$yard" --user "$other" --terminate --force || return
	is_as_before || return
	as_login "$other" groupies-setup --playground "$yard" --user "$other" --force >"$work/said" || return
	grep -q "$other is who logged in and invoked this, enrolled all the same" "$work/said" ||
		no "$(cat "$work/said")" || return
	remove >/dev/null && is_as_before
}

# Old faults would end all that root runs: --terminate is asked for in a dry run only.
root_in_a_group_of_members_is_no_member() {
	groupadd "${student}s"
	useradd --create-home --groups "${student}s" "$other"
	usermod -aG "${student}s" root
	lab_settle
	setup --playground "$yard" --group "${student}s" --memory 64M --terminate --dry-run >"$work/said" || return
	grep -q "no member is logged in" "$work/said" || no "$(cat "$work/said")" || return
	setup --playground "$yard" --group "${student}s" --memory 64M >/dev/null || return
	remove >/dev/null && is_as_before
}

what_root_runs_inside_is_never_ended() {
	provision >/dev/null || return
	groupies-setup run "$yard" -- sleep 300 &
	session=$!
	until_true 5 grep -q ":memory:/$yard" "/proc/$session/cgroup"
	complains 1 "root's processes are never ended here: sleep ($session)" remove --terminate || return
	kill "$session" || no "it was ended" || return
	wait "$session" 2>/dev/null
	remove >/dev/null && is_as_before
}

a_config_that_was_edited_in_between_goes_too() {
	provision >/dev/null || return
	sed -i 's/^TasksMax=.*/TasksMax=32/; $a # my note' "/etc/groupies/$yard.conf"
	setup apply >/dev/null || return
	[ "$(cat "/sys/fs/cgroup/pids/$yard/pids.max")" -eq 32 ] || no "not applied" || return
	provision >"$work/said" || return
	grep -q 'my note' "/etc/groupies/$yard.conf" && grep -q TasksMax=32 "/etc/groupies/$yard.conf" ||
		no "the edit is lost: $(cat "/etc/groupies/$yard.conf")" || return
	provision --memory 12M >/dev/null || return
	grep -q 'my note' "/etc/groupies/$yard.conf" && grep -q MemoryMax=12M "/etc/groupies/$yard.conf" ||
		no "merged wrongly: $(cat "/etc/groupies/$yard.conf")" || return
	remove >/dev/null && is_as_before
}

a_config_that_was_there_before_comes_back() {
	mkdir -m 750 /etc/groupies
	printf '# mine\n[Playground]\nMemoryMax=20M' >"/etc/groupies/$yard.conf"
	chmod 640 "/etc/groupies/$yard.conf"
	lab_settle
	provision --tasks 50 >/dev/null || return
	[ "$(cat "/sys/fs/cgroup/memory/$yard/memory.limit_in_bytes")" -eq $((20 << 20)) ] &&
		[ "$(cat "/sys/fs/cgroup/pids/$yard/pids.max")" -eq 50 ] || no limits || return
	remove >/dev/null && is_as_before
}

a_second_playground_keeps_what_they_share() {
	provision --home-default >/dev/null || return
	setup --playground "${yard}b" --user "$other" --locked >/dev/null || return
	remove >/dev/null || return
	grep -q pam_groupies /etc/pam.d/common-session && grep -q '^CREATE_HOME' /etc/login.defs ||
		no "the shared parts went with the first" || return
	su - "$other" -c 'cat /proc/self/cgroup' | grep -q ":memory:/${yard}b$" || no outside || return
	setup remove >/dev/null && is_as_before
}

# The shared parts of a provision serve also what was applied by hand.
removing_again_leaves_the_others_alone() {
	provision >/dev/null || return
	useradd -M "$other" || return
	printf '[Playground]\nMembers=%s\nMemoryMax=32M\n' "$other" >"/etc/groupies/${yard}b.conf"
	setup apply >/dev/null || return
	remove >/dev/null || return
	setup remove >"$work/said" || return
	grep -q 'there is nothing to remove' "$work/said" || no "$(cat "$work/said")" || return
	grep -q pam_groupies /etc/pam.d/common-session || no "the other playground's logins are outside" || return
	[ -e "/var/lib/groupies/registry/uid/$(id -u "$other")" ] || no "the other playground has no members" || return
	rm "/etc/groupies/${yard}b.conf"
	setup apply >/dev/null && setup remove >/dev/null || return
	userdel "$other" && is_as_before
}

the_home_default_is_undone_to_the_byte() {
	printf 'CREATE_HOME no\nlast line without newline' >>/etc/login.defs
	chmod 640 /etc/login.defs
	lab_settle
	provision --home-default >/dev/null || return
	useradd "$other" && [ -d "/home/$other" ] || no "no home was made" || return
	userdel -r "$other" 2>/dev/null
	remove >/dev/null && is_as_before
}

a_home_with_something_in_it_is_kept_and_named() {
	provision >/dev/null || return
	su - "$student" -c 'mkdir deep && echo work >deep/thesis'
	remove >"$work/said" || return
	grep -q "/home/$student is kept, since it holds /home/$student/deep" "$work/said" ||
		no "$(cat "$work/said")" || return
	[ -f "/home/$student/deep/thesis" ] && ! id "$student" 2>/dev/null || no "gone" || return
	complains 1 "stands there already" provision || return
	rm -r "/home/${student:?}"
	provision >/dev/null || return
	su - "$student" -c 'echo work >thesis'
	remove --delete-home >/dev/null && is_as_before
}

a_mail_folder_that_is_a_link_is_no_hindrance() {
	rm /var/spool/mail
	mv /var/mail /var/spool/mail
	ln -s spool/mail /var/mail
	lab_settle
	provision >/dev/null || return
	: >"/var/mail/$student"
	remove >/dev/null && is_as_before || return
	provision >/dev/null || return
	echo letter >"/var/mail/$student"
	remove >"$work/said" || return
	[ "$(grep -c "warning *home */var/spool/mail/$student is kept" "$work/said")" -eq 1 ] || no "$(cat "$work/said")"
}

a_spool_that_cannot_be_deleted_is_named() {
	local status
	provision >/dev/null || return
	: >"/var/mail/$student"
	: >"$work/letters"
	mount --bind "$work/letters" "/var/mail/$student"
	remove >"$work/said"
	status=$?
	umount "/var/mail/$student"
	[ "$status" -eq 0 ] && ! id "$student" 2>/dev/null || no "exit $status: $(cat "$work/said")" || return
	grep -q "warning *home */var/mail/$student is left, delete it yourself: .*busy" "$work/said" ||
		no "$(cat "$work/said")" || return
	rm "/var/mail/$student" && is_as_before
}

an_account_that_is_not_ours_any_more_stays() {
	provision >/dev/null || return
	usermod --comment 'Somebody else' "$student"
	remove >"$work/said" || return
	grep -q "warning *user *$student stays" "$work/said" || no "$(cat "$work/said")" || return
	id "$student" && userdel -r "$student" 2>/dev/null && is_as_before
}

an_account_that_cannot_be_looked_up_is_not_gone() {
	local why text
	for why in 'EMFILE Too many open files' 'EIO Input/output error' 'EACCES Permission denied'; do
		text=${why#* }
		provision >/dev/null || return
		complains 1 "user '$student': the user database does not answer: /etc/passwd: $text" \
			strace -qq -o /dev/null -e trace=openat -P /etc/passwd -e "inject=openat:error=${why%% *}" \
			groupies-setup remove "$yard" || return
		grep -q "^user:$student=made$" "/var/lib/groupies/journal/$yard" || no "$text: it is forgotten" || return
		id "$student" >/dev/null && [ -d "/home/$student" ] || no "$text: it is gone" || return
		remove >/dev/null && is_as_before || return
	done
}

# It was to be made, or to be deleted, by a run that was killed; then somebody else made one of that name.
an_account_that_somebody_else_made_stays() {
	local state
	for state in making deleting; do
		provision >/dev/null || return
		sed -i "s/^user:$student=made$/user:$student=$state/" "/var/lib/groupies/journal/$yard"
		userdel -r "$student" 2>/dev/null
		useradd -m -c 'Bob Real' "$student" || return
		su -s /bin/sh "$student" -c 'echo work >~/thesis; exec sleep 100' &
		until_true 10 test -s "/home/$student/thesis"
		remove --terminate >"$work/said" || return
		grep -q "warning *user *$student stays" "$work/said" || no "$state: $(cat "$work/said")" || return
		[ -s "/home/$student/thesis" ] && id "$student" || no "$state: it is gone" || return
		end_users
		userdel -r "$student" 2>/dev/null
		is_as_before || return
	done
}

copies_of_the_user_database_are_no_debris() {
	cp -p /etc/passwd /etc/passwd.20240501
	cp -p /etc/shadow /etc/shadow.2024
	: >/etc/shadow.20240501
	: >/etc/group.4711
	chown nobody /etc/group.4711
	ln -s passwd.20240501 /etc/passwd.1
	lab_settle
	provision >/dev/null || return
	printf '4194001\0' >/etc/passwd.4194001
	ln /etc/passwd.4194001 /etc/passwd.lock
	: >/etc/shadow.4194002
	cp -p /etc/shadow /etc/shadow+
	remove >/dev/null && is_as_before
}

a_group_of_members_gets_limits_for_each() {
	groupadd "${student}s"
	useradd --create-home --groups "${student}s" "$other"
	lab_settle
	setup --playground "$yard" --group "${student}s" --memory 64M >/dev/null || return
	grep -A9 '^\[Member\]' "/etc/groupies/$yard.conf" | grep -q '^MemoryMax=16M$' || no "$(cat "/etc/groupies/$yard.conf")" || return
	! id "$student" 2>/dev/null || no "made a user that nobody asked for" || return
	su "$other" -c 'cat /proc/self/cgroup' | grep -q ":memory:/$yard/$(id -u "$other")$" || no outside || return
	remove >/dev/null && is_as_before
}

without_pam_auth_update_it_uses_marked_blocks() {
	rm -f /usr/sbin/pam-auth-update
	printf 'session\toptional\tpam_umask.so' >>/etc/pam.d/common-session
	lab_settle
	provision >/dev/null || return
	grep -q "step=before" /etc/pam.d/common-session || no "no block" || return
	sed -n '/step=before/,$p' /etc/pam.d/common-session | grep -q 'here are the per-package' || no "the block is in a managed part" || return
	su - "$student" -c 'cat /proc/self/cgroup' | grep -q ":memory:/$yard$" || no outside || return
	remove >/dev/null && is_as_before
}

a_block_that_lost_its_end_takes_nothing_else_with_it() {
	local stack=/etc/pam.d/common-session lost
	rm -f /usr/sbin/pam-auth-update
	lab_settle
	for lost in '0,/# groupies end/{/# groupies end/d}' '/# groupies end/d' \
		'/step=before/,/step=after/{/# groupies/d}'; do
		provision --home-default >/dev/null || return
		sed -i "$lost" "$stack" /etc/login.defs
		[ "$(grep -c '# groupies' "$stack")" -lt 4 ] || no "nothing is lost by $lost" || return
		remove >/dev/null && is_as_before || no "after $lost" || return
	done
	provision >/dev/null || return
	echo '# mine' >>"$stack"
	remove >/dev/null || return
	[ "$(tail -n 1 "$stack")" = '# mine' ] && ! grep -q groupies "$stack" || no "$(cat "$stack")"
}

edits_of_the_administrator_in_the_stacks_survive() {
	sed -i '/pam_unix/i session\toptional\tpam_umask.so' /etc/pam.d/common-session
	lab_settle
	provision >/dev/null || return
	su - "$student" -c 'cat /proc/self/cgroup' | grep -q ":memory:/$yard$" || no outside || return
	remove >/dev/null && is_as_before
}

# Whoever runs the tool is killed when it has done its work.
with_a_tool_that_kills_its_caller() {
	mv /usr/sbin/pam-auth-update /usr/sbin/pam-auth-update.real
	printf '#!/bin/sh\n/usr/sbin/pam-auth-update.real "$@"\nkill -KILL $PPID\n' >/usr/sbin/pam-auth-update
	chmod 755 /usr/sbin/pam-auth-update
	lab_settle
}

stopped_in_wiring() {
	! provision >/dev/null 2>&1
	grep -q wiring=making /var/lib/groupies/journal/* && grep -q pam_groupies /etc/pam.d/common-session ||
		no "not stopped in the pam step"
}

an_edit_after_a_kill_is_not_undone_with_the_wiring() {
	with_a_tool_that_kills_its_caller
	stopped_in_wiring || return
	echo 'auth required pam_faillock.so' >>/etc/pam.d/common-auth
	sed -i '/pam_unix/i session optional pam_umask.so' /etc/pam.d/common-session
	setup unwire >"$work/said" || return
	grep -q pam_faillock /etc/pam.d/common-auth && grep -q pam_umask /etc/pam.d/common-session ||
		no "an edit is gone: $(cat "$work/said")" || return
	grep -q 'warning *pam */etc/pam.d/common-auth ' "$work/said" || no "says: $(cat "$work/said")" || return
	! grep -r groupies /etc/pam.d /var/lib/pam || no "lines of ours stay" || return
	sed -i '/pam_faillock/d' /etc/pam.d/common-auth
	sed -i '/pam_umask/d' /etc/pam.d/common-session
	remove >/dev/null && is_as_before
}

a_half_written_stack_is_put_back() {
	with_a_tool_that_kills_its_caller
	stopped_in_wiring || return
	truncate -s 200 /etc/pam.d/common-session
	truncate -s -3 /etc/pam.d/common-session-noninteractive
	: >/var/lib/pam/seen
	remove >"$work/said" || return
	is_as_before || no "$(cat "$work/said")"
}

what_was_kept_of_the_stacks_can_be_lost() {
	with_a_tool_that_kills_its_caller
	stopped_in_wiring || return
	rm /var/lib/groupies/journal/@kept.pam.*[0-4]
	: >"$(find /var/lib/groupies/journal -name '@kept.pam.*' | head -n 1)"
	remove >"$work/said" || return
	grep -q 'warning *pam *.*: it stays so, without our lines' "$work/said" || no "says: $(cat "$work/said")" || return
	is_as_before
}

owner_and_mode_of_the_stacks_stay() {
	chmod 640 /etc/pam.d/common-session /var/lib/pam/session
	chgrp 4 /etc/pam.d/common-session
	lab_settle
	provision >/dev/null || return
	[ "$(stat -c '%a %g' /etc/pam.d/common-session)" = '640 4' ] || no "changed meanwhile" || return
	remove >/dev/null && is_as_before
}

a_step_that_fails_leaves_nothing_behind() {
	local program
	for program in useradd chpasswd pam-auth-update; do
		mv "/usr/sbin/$program" "/usr/sbin/$program.real"
		printf '#!/bin/sh\n[ "$1" = -D ] && exec %s.real -D\necho "%s: no space left" >&2\nexit 3\n' \
			"/usr/sbin/$program" "$program" >"/usr/sbin/$program"
		chmod 755 "/usr/sbin/$program"
		complains 1 "no space left" setup --playground "$yard" --user "$student" || return
		mv "/usr/sbin/$program.real" "/usr/sbin/$program"
		is_as_before || return
	done
}

a_program_that_hangs_or_floods_is_bounded() {
	mv /usr/sbin/chpasswd /usr/sbin/chpasswd.real
	printf '#!/bin/sh\nhead -c 3000000 /dev/zero | tr "\\0" x\nexit 4\n' >/usr/sbin/chpasswd
	chmod 755 /usr/sbin/chpasswd
	complains 1 "exit status 4" setup --playground "$yard" --user "$student" || return
	mv /usr/sbin/chpasswd.real /usr/sbin/chpasswd
	is_as_before
}

# ---- passwords ----------------------------------------------------------------------------------

authenticates() {
	python3 - "$1" "$2" <<-'END'
		import crypt, sys
		name, password = sys.argv[1:]
		stored = [line.split(":")[1] for line in open("/etc/shadow") if line.startswith(name + ":")][0]
		sys.exit(crypt.crypt(password, stored) != stored)
	END
}

a_random_password_is_printed_once_and_works() {
	local password
	setup --playground "$yard" --user "$student" >"$work/said" || return
	password=$(sed -n "s/.*password *$student: \([a-z0-9-]*\) .*/\1/p" "$work/said")
	[ ${#password} -eq 19 ] && authenticates "$student" "$password" || no "'$password'" || return
	! grep -rqF -- "$password" /var/lib/groupies /etc/groupies /run/groupies || no "it is on disk" || return
	setup --playground "$yard" --user "$student" >"$work/said" || return
	! grep -q "shown this once" "$work/said" && authenticates "$student" "$password" ||
		no "again, there is another one: $(cat "$work/said")" || return
	remove >/dev/null && is_as_before
}

a_password_comes_from_standard_input() {
	printf 'cor:rect horse\n' | setup --playground "$yard" --user "$student" --password-stdin >/dev/null || return
	authenticates "$student" 'cor:rect horse' || no "does not work" || return
	remove >/dev/null && is_as_before
}

no_password_line_is_refused_before_anything_changes() {
	complains 1 "no line for '$student'" setup --playground "$yard" --user "$student" --password-stdin && is_as_before
}

a_password_never_shows_in_arguments_or_environment() {
	cat >/usr/local/bin/spy <<-END
		#!/bin/sh
		tr '\0' ' ' </proc/self/cmdline >>$work/spied; env >>$work/spied
		exec /usr/sbin/chpasswd.real "\$@"
	END
	mv /usr/sbin/chpasswd /usr/sbin/chpasswd.real
	install -m 755 /usr/local/bin/spy /usr/sbin/chpasswd
	echo hunter2hunter2 | setup --playground "$yard" --user "$student" --password-stdin >/dev/null || return
	[ -s "$work/spied" ] && ! grep -q hunter2 "$work/spied" || no "seen" || return
	! grep -qE '^(LD_|HOME=/root|SSH_|PAGER)' "$work/spied" || no "the environment is not clean"
}

# ---- dry runs and JSON --------------------------------------------------------------------------

a_dry_run_changes_nothing() {
	setup --dry-run --playground "$yard" --user "$student" --home-default --fetch-hog https://localhost/hog \
		--sha256 "$(printf '0%.0s' {1..64})" >"$work/said" || return
	grep -q "would *config *.*MemoryMax=10M" "$work/said" && grep -q "would *pam" "$work/said" &&
		grep -q "/memory/$yard/memory.limit_in_bytes: 10485760" "$work/said" || no "$(cat "$work/said")" || return
	setup --dry-run --playground "$yard" --group users --memory 40M >"$work/said" || return
	grep -q "/memory/$yard/(each member's part)/memory.limit_in_bytes: 10485760" "$work/said" || no "$(cat "$work/said")" || return
	complains 2 "--playground means nothing to 'check'" setup check --playground "$yard" || return
	is_as_before || return
	provision >/dev/null || return
	touch "$work/mark"
	sleep 0.05
	setup remove "$yard" --dry-run >"$work/said" || return
	setup apply --dry-run >/dev/null || return
	grep -q "would *user *delete $student" "$work/said" || no "$(cat "$work/said")" || return
	is_untouched_since "$work/mark" || return
	remove >/dev/null
}

json_parses_everywhere() {
	provision --dry-run --json | jq -e 'map(select(.result == "would")) | length > 5' >/dev/null || no dry-run || return
	setup --playground "$yard" --user "$student" --json >"$work/json" || return
	jq -e --arg user "$student" '.[] | select(.subject == "password") | .password | length == 19' "$work/json" >/dev/null || no password || return
	for command in apply list check prove; do
		setup "$command" --json >"$work/json"
		jq -e . "$work/json" >/dev/null || no "$command: $(cat "$work/json")" || return
	done
	setup --playground "$yard" --user root --json 2>/dev/null | jq -e '.[] | select(.result == "failed")' >/dev/null || no failed || return
	remove --dry-run --json | jq -e 'length > 3' >/dev/null || no "remove --dry-run" || return
	remove --json | jq -e 'map(select(.result == "done")) | length > 3' >/dev/null || no remove
}

# ---- bad input ----------------------------------------------------------------------------------

bad_values_are_refused_with_a_sentence() {
	local sum
	sum=$(printf 'a%.0s' {1..64})
	complains 2 "--memory: '12X' is not a size: write 10M" setup --memory 12X &&
		complains 2 "--memory: '1' is less than one page" setup --memory 1 &&
		complains 2 "--memory: '150%' is more than 100%" setup --memory 150% &&
		complains 2 "--swap: '-1' is not a size" setup --swap=-1 &&
		complains 2 "--tasks: 'many' is not a number" setup --tasks many &&
		complains 2 "--tasks: '0' is not between" setup --tasks 0 &&
		complains 2 "--cpu: '50' is not a percentage" setup --cpu 50 &&
		complains 2 "--cpus: '3-1' is not a list" setup --cpus 3-1 &&
		complains 2 "--user: 'a/b' is no user's name" setup --user a/b &&
		complains 2 "--user: '-x' is no user's name" setup --user=-x &&
		complains 2 "--user: '' is no user's name" setup --user '' &&
		complains 2 "--group: 'a:b' is no group's name" setup --group a:b &&
		complains 2 "--user-manager: 'outside' is not auto" setup --user-manager outside &&
		complains 2 "--fetch-hog: 'http://x/hog' is not an https://" setup --fetch-hog http://x/hog --sha256 "$sum" &&
		complains 2 "--fetch-hog: needs --sha256" setup --fetch-hog https://x/hog &&
		complains 2 "--sha256: 'abc' is not a SHA-256" setup --fetch-hog https://x/hog --sha256 abc &&
		complains 2 "--sha256: means nothing without" setup --sha256 "$sum" &&
		complains 2 "--locked: and --password-stdin" setup --locked --password-stdin &&
		complains 2 "--sweep: and --terminate" setup --sweep --terminate &&
		complains 2 "--memory means nothing to 'list'" setup list --memory 1M &&
		complains 2 "--memory: given twice" setup --memory 1M --memory 2M &&
		complains 2 "--memory needs a value" setup --memory &&
		complains 2 "--nonsense: no such option" setup --nonsense &&
		complains 2 "'frobnicate' is no command" setup frobnicate &&
		complains 2 "'run' needs a command" setup run &&
		complains 2 "'provision' takes no 'x'" setup provision x &&
		complains 2 "'remove' takes one name" setup remove a b && is_as_before
}

names_of_others_are_refused() {
	local bad
	for bad in ../x -x a.b A system user docker machine "$(printf 'a%.0s' {1..32})" '' 'a b'; do
		complains 2 "--playground: '$bad' " setup "--playground=$bad" || return
		[ -z "$bad" ] || [ "$bad" = -x ] || complains 2 "remove: '$bad' " setup remove "$bad" || return
	done
	mkdir "/sys/fs/cgroup/memory/$yard"
	complains 1 "stands there already and is not ours" provision || return
	is_as_before_but_for_a_group || return
	provision --adopt >/dev/null && remove >/dev/null && is_as_before
}

is_as_before_but_for_a_group() {
	rmdir "/sys/fs/cgroup/memory/$yard" && is_as_before && mkdir "/sys/fs/cgroup/memory/$yard"
}

users_that_must_not_be_members_are_refused() {
	useradd --create-home "$other"
	groupadd -f sudo
	usermod -aG sudo "$other"
	lab_settle
	complains 1 "root" setup --playground "$yard" --user root || return
	complains 1 "is in group sudo" setup --playground "$yard" --user "$other" || return
	complains 1 "invoked this through sudo" env "SUDO_UID=$(id -u nobody)" groupies-setup --playground "$yard" --user nobody || return
	complains 1 "no group '${student}x'" setup --playground "$yard" --group "${student}x" || return
	is_as_before || return
	setup --playground "$yard" --user "$other" --force >/dev/null && remove >/dev/null && is_as_before
}

a_member_of_another_playground_is_refused() {
	provision >/dev/null || return
	complains 1 "$student" setup --playground "${yard}b" --user "$student" || return
	remove >/dev/null && is_as_before
}

an_ordinary_user_is_told_to_use_sudo() {
	complains 1 "only root can do this" setpriv --reuid 65534 groupies-setup && is_as_before
}

help_and_version_come_from_the_tables() {
	local option
	setup --help >"$work/said" || return
	# shellcheck disable=SC2013 # words they are
	for option in $(grep -oE '^	\{"[a-z0-9-]+", (NULL|"[A-Z]+"), "' "$here/setup/options.c" | cut -d'"' -f2); do
		grep -q -- "--$option" "$work/said" || no "--help leaves out --$option" || return
	done
	setup remove --help | grep -q -- --delete-home && ! setup remove --help | grep -q -- --memory || no "of a command" || return
	setup --version | grep -qE '^groupies-setup [0-9.]+$' || no version || return
	if setup --help >/dev/full 2>/dev/null; then no "a full disk is not noticed"; fi
}

# ---- another hog --------------------------------------------------------------------------------

serve() {
	openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
		-keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null
	cat "$work/cert.pem" >>/etc/ssl/certs/ca-certificates.crt
	mkdir -p "$work/www"
	printf '#!/bin/sh\necho another hog\n' >"$work/www/hog"
	head -c $((17 << 20)) /dev/zero >"$work/www/large"
	python3 - "$work" 3>"$work/port" <<-'END' &
		import http.server, os, ssl, sys
		work = sys.argv[1]
		class Handler(http.server.SimpleHTTPRequestHandler):
		    def __init__(self, *args): super().__init__(*args, directory=work + "/www")
		    def log_message(self, *args): pass
		    def copyfile(self, source, to):
		        try: super().copyfile(source, to)
		        except OSError: pass
		    def do_GET(self):
		        if self.path == "/away":
		            self.send_response(302)
		            self.send_header("Location", "http://localhost:1/hog")
		            self.end_headers()
		        else:
		            super().do_GET()
		server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
		context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
		context.load_cert_chain(work + "/cert.pem", work + "/key.pem")
		server.socket = context.wrap_socket(server.socket, server_side=True)
		os.write(3, str(server.server_port).encode())
		os.close(3)
		server.serve_forever()
	END
	server=$!
	until_true 10 test -s "$work/port"
	url=https://localhost:$(cat "$work/port")
}

another_hog_is_fetched_only_when_its_checksum_is_right() {
	local sum
	[ -e /etc/ssl/certs/ca-certificates.crt ] || { echo "no ca-certificates here"; return 1; }
	serve
	trap 'kill $server' EXIT
	lab_settle
	sum=$(sha256sum <"$work/www/hog" | cut -c1-64)
	complains 1 "checksum is not the one" provision --fetch-hog "$url/hog" --sha256 "$(printf 'a%.0s' {1..64})" || return
	is_as_before || return
	complains 1 "larger than 16 MiB" provision --fetch-hog "$url/large" --sha256 "$sum" || return
	complains 1 "http" provision --fetch-hog "$url/away" --sha256 "$sum" || return
	complains 1 "404" provision --fetch-hog "$url/none" --sha256 "$sum" || return
	is_as_before || return
	provision --fetch-hog "$url/hog" --sha256 "$sum" >/dev/null || return
	[ "$(/usr/local/bin/hog)" = "another hog" ] || no "not installed" || return
	provision --fetch-hog "$url/hog" --sha256 "$sum" >"$work/said" || return
	grep -q "unchanged *hog" "$work/said" || no "fetched again" || return
	remove >/dev/null && is_as_before
}

uninstalling_names_what_is_left() {
	local said
	uninstall() { make -s -C "$here" B="${build#"$here/"}" uninstall; }
	provision >/dev/null || return
	said=$(uninstall 2>&1)
	case $said in "kept, but limiting no new login: $yard "*) ;; *) no "says '$said'" || return ;; esac
	su "$student" -c true || no 'the wiring that is left keeps somebody out' || return
	install_here
	remove >/dev/null || return
	said=$(uninstall 2>&1)
	[ -z "$said" ] || no "nothing is left, but it says '$said'"
}

# ---- killed at any point ------------------------------------------------------------------------

a_killed_provision_is_mended() {
	local point count=0
	for_kills
	for point in $(points groupies-setup --playground "$yard" --user "$student" --locked --home-default; remove >/dev/null); do
		killed_at "$point" groupies-setup --playground "$yard" --user "$student" --locked --home-default ||
			no "not $point: $(cat "$work/killed")" || return
		mended "$count" "$point" || return
		count=$((count + 1))
	done
	[ "$count" -gt 40 ] || no "only $count points" || return
	echo "#   $count points" >&3
}

a_killed_removal_is_mended() {
	local point count=0
	for_kills
	provision --home-default >/dev/null 2>&1
	for point in $(points groupies-setup remove "$yard"); do
		provision --home-default >/dev/null 2>&1
		killed_at "$point" groupies-setup remove "$yard" || no "not killed at $point" || return
		mended "$count" "$point" || return
		count=$((count + 1))
	done
	[ "$count" -gt 15 ] || no "only $count points" || return
	echo "#   $count points" >&3
}

a_killed_apply_is_mended() {
	local point count=0
	for_kills
	provision >/dev/null 2>&1
	sed -i 's/^TasksMax=.*/TasksMax=33/' "/etc/groupies/$yard.conf"
	for point in $(points groupies-setup apply); do
		remove >/dev/null
		provision >/dev/null 2>&1
		sed -i 's/^TasksMax=.*/TasksMax=33/' "/etc/groupies/$yard.conf"
		killed_at "$point" groupies-setup apply || no "not killed at $point" || return
		if [ $((count % 2)) -eq 0 ]; then
			setup apply >/dev/null || no "$point: apply fails" || return
			[ "$(cat "/sys/fs/cgroup/pids/$yard/pids.max")" -eq 33 ] || no "$point: not applied" || return
			! setup apply | grep -qv unchanged || no "$point: apply is never done" || return
		fi
		mended "$count" "$point" || return
		count=$((count + 1))
	done
	[ "$count" -gt 3 ] || no "only $count points" || return
	echo "#   $count points" >&3
}

# What stood stays when a change of it is killed, and the next one fails.
a_killed_change_is_no_reason_to_undo() {
	local point count=0 fails
	fails=(setup --playground "$yard" --fetch-hog https://127.0.0.1:1/hog --sha256 "$(printf '0%.0s' {1..64})")
	for_kills
	provision >/dev/null 2>&1
	echo work >"/home/$student/thesis"
	for point in $(points groupies-setup --playground "$yard" --tasks 33); do
		setup --playground "$yard" --tasks 64 >/dev/null 2>&1
		killed_at "$point" groupies-setup --playground "$yard" --tasks 33 || no "not killed at $point" || return
		complains 1 "" "${fails[@]}" || no "$point" || return
		[ -s "/home/$student/thesis" ] && [ -e "/sys/fs/cgroup/memory/$yard" ] || no "$point: it is gone" || return
		provisioned || no "$point" || return
		count=$((count + 1))
	done
	[ "$count" -gt 5 ] || no "only $count points" || return
	echo "#   $count points" >&3
	remove --delete-home >/dev/null && is_as_before
}

# Puts a wrapper in front of PROGRAM that is killed at a call, with or without its parent; at execve
# it has not even begun. A program of debconf's is started by its frontend, which is a parent in
# between. The wrapper must not run what may be wrapped.
wrap() {
	local frontend=
	[ -e "$1.real" ] || mv "$1" "$1.real"
	grep -q Debconf "$1.real" && frontend=/usr/share/debconf/frontend
	cat >"$1" <<-END
		#!/bin/bash
		[ "\$1" = -D ] && exec $1.real "\$@"
		[ -n "$frontend" ] && [ -z "\${DEBIAN_HAS_FRONTEND:-}" ] && exec $frontend $1 "\$@"
		if [ -e $work/points ]; then
			unlink $work/points
			exec strace -qq -y -o $work/strace -e trace=openat,$calls $1.real "\$@"
		fi
		{ read -r whom point <$work/kill; } 2>/dev/null || exec $1.real "\$@"
		unlink $work/kill
		[ "\$point" = never ] || strace \$point $1.real "\$@"
		if [ "\$whom" = both ]; then
			[ -z "$frontend" ] || read -r _ _ _ grandparent _ </proc/\$PPID/stat
			kill -KILL \$grandparent \$PPID
		fi
		kill -KILL \$\$
	END
	chmod 755 "$1"
}

# child_points COMMAND...: of the wrapped program that COMMAND runs.
child_points() {
	: >"$work/points"
	"$@" >"$work/killed" 2>&1
	[ ! -e "$work/points" ] || no "it was not run: $(cat "$work/killed")" || return
	python3 "$here/tests/system/kill_points.py" "$calls" <"$work/strace"
}

# a_kill_of PROGRAM LEAST COMMAND: kills the PROGRAM that COMMAND runs at each point: by turns alone,
# which its parent has to take back, and both. There must be LEAST points.
a_kill_of() {
	local program=$1 least=$2 command=$3 point whom count=0
	wrap "$program" # which is itself no difference
	if [ "${program##*/}" = pam-auth-update ]; then for_kills with_tool; else for_kills; fi
	[ "$command" != remove ] || provision >/dev/null 2>&1
	for point in execve execve $(child_points "$command"; setup remove >/dev/null 2>&1); do
		[ $((count % 3)) -eq 0 ] && whom=alone || whom=both
		[ "$command" != remove ] || provision >/dev/null 2>&1
		echo "$whom $(injection "$point")" >"$work/kill"
		"$command" >"$work/killed" 2>&1
		[ ! -e "$work/kill" ] || no "$program was not run: $(cat "$work/killed")" || return
		# debconf's frontend says 0 when its child was killed: then blocks do it.
		if [ "$whom" = alone ] && [ "$command" != remove ] && ! grep -q "done *pam" "$work/killed"; then
			is_as_before || no "$program, $point: not taken back: $(cat "$work/killed")" || return
		fi
		mended "$count" "$point" || no "$program, killed $whom" || return
		count=$((count + 1))
	done
	[ "$count" -ge "$least" ] || no "only $count points" || return
	echo "#   $count points" >&3
}

a_killed_useradd_is_mended() { a_kill_of /usr/sbin/useradd 40 provision; }
a_killed_userdel_is_mended() { a_kill_of /usr/sbin/userdel 30 remove; }
a_killed_rm_is_mended() { a_kill_of /usr/bin/rm 3 remove; }
a_killed_chpasswd_is_mended() { a_kill_of /usr/sbin/chpasswd 2 provision_with_password; }
a_killed_pam_auth_update_is_mended() { a_kill_of /usr/sbin/pam-auth-update 20 provision; }
a_killed_pam_auth_update_is_mended_at_the_end() { a_kill_of /usr/sbin/pam-auth-update 20 remove; }
provision_with_password() { setup --playground "$yard" --user "$student"; }

# ---- the labs -----------------------------------------------------------------------------------

# shellcheck disable=SC2034 # a lab looks up the list of its own name
cases="it_makes_what_it_says
doing_it_again_changes_nothing
removing_takes_everything_back
removing_twice_is_fine
a_user_who_was_there_before_stays
a_user_who_is_logged_in_is_swept_or_ended
a_child_of_what_was_ended_is_ended_as_well
who_is_logged_in_is_noticed_with_a_config_by_hand
who_is_logged_in_inside_is_left_in_peace
a_member_of_its_own_elsewhere_is_no_concern_of_a_group
who_gets_in_before_the_module_is_told_of_or_ended
what_runs_under_a_subordinate_uid_is_the_members
who_is_in_thousands_of_groups_is_seen
who_became_root_to_invoke_it_is_refused
root_in_a_group_of_members_is_no_member
what_root_runs_inside_is_never_ended
a_config_that_was_edited_in_between_goes_too
a_config_that_was_there_before_comes_back
a_second_playground_keeps_what_they_share
removing_again_leaves_the_others_alone
the_home_default_is_undone_to_the_byte
a_home_with_something_in_it_is_kept_and_named
a_mail_folder_that_is_a_link_is_no_hindrance
a_spool_that_cannot_be_deleted_is_named
an_account_that_is_not_ours_any_more_stays
an_account_that_somebody_else_made_stays
an_account_that_cannot_be_looked_up_is_not_gone
copies_of_the_user_database_are_no_debris
a_group_of_members_gets_limits_for_each
without_pam_auth_update_it_uses_marked_blocks
a_block_that_lost_its_end_takes_nothing_else_with_it
edits_of_the_administrator_in_the_stacks_survive
an_edit_after_a_kill_is_not_undone_with_the_wiring
a_half_written_stack_is_put_back
what_was_kept_of_the_stacks_can_be_lost
owner_and_mode_of_the_stacks_stay
a_step_that_fails_leaves_nothing_behind
a_program_that_hangs_or_floods_is_bounded
a_random_password_is_printed_once_and_works
a_password_comes_from_standard_input
no_password_line_is_refused_before_anything_changes
a_password_never_shows_in_arguments_or_environment
a_dry_run_changes_nothing
json_parses_everywhere
bad_values_are_refused_with_a_sentence
names_of_others_are_refused
users_that_must_not_be_members_are_refused
a_member_of_another_playground_is_refused
an_ordinary_user_is_told_to_use_sudo
help_and_version_come_from_the_tables
another_hog_is_fetched_only_when_its_checksum_is_right
uninstalling_names_what_is_left"

# shellcheck disable=SC2034
kills="a_killed_provision_is_mended
a_killed_removal_is_mended
a_killed_apply_is_mended
a_killed_change_is_no_reason_to_undo
a_killed_rm_is_mended"

# shellcheck disable=SC2034
tools="a_killed_pam_auth_update_is_mended
a_killed_pam_auth_update_is_mended_at_the_end
a_killed_useradd_is_mended
a_killed_userdel_is_mended
a_killed_chpasswd_is_mended"

labs=(cases kills tools)
first_uids=(31000 32000 33000)
prefix=s1
labs_run "$@"
