# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# shellcheck disable=SC2154 # set by whoever uses this
# Two playgrounds by configs, $lab and $other, of the users with $member_uid and $mate_uid: for cases that begin
# with none. Behind lib.sh.

# What a case that failed has left: processes of our users, and whatever is in groups of our names.
ours() {
	pgrep -U "$member_uid,$mate_uid"
	find /sys/fs/cgroup/*/"$lab" /sys/fs/cgroup/*/"$other" -name cgroup.procs -exec cat {} + 2>/dev/null
}

end_members() {
	local pids
	mapfile -t pids < <(ours | sort -u)
	[ ${#pids[@]} -eq 0 ] && return
	kill -KILL "${pids[@]}" 2>/dev/null
	until_true 10 eval '[ -z "$(ours)" ]'
}

# A host that never saw groupies.
fresh() {
	end_members >/dev/null
	rm -rf /etc/groupies /var/lib/groupies /run/groupies
	remove_groups "$lab"
	remove_groups "$other"
	mkdir -m 755 /etc/groupies
}

# config NAME LINE...: /etc/groupies/NAME.conf; the lines stand in [Playground] until [Member] comes.
config() {
	local name=$1
	shift
	printf '%s\n' '[Playground]' "$@" >"/etc/groupies/$name.conf"
	chmod 644 "/etc/groupies/$name.conf"
}
