#!/bin/bash
# SPDX-License-Identifier: MIT
# groupies-setup's apply, list, check, run and prove on a host of the kind cgroupfs v1: real groups,
# real processes, real limits, and a private copy of the system's folders.

# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/playgrounds.sh
. "$(dirname "$0")/playgrounds.sh"
# The names of this test are its own, so it may run beside the others.
lock=/run/groupies-tests-apply.lock
private_host "$@"

lab=s2lab
other=s2other
member=s2student
mate=s2mate
member_uid=23201
mate_uid=23202
entries=/var/lib/groupies/registry/uid
gid_entries=/var/lib/groupies/registry/gid
applied=/var/lib/groupies/applied
shm=/dev/shm/s2-apply-test

tidy() {
	end_members
	rm -f "$shm"
	remove_groups "$lab"
	remove_groups "$other"
	remove_groups s2door
}

# ---- what cases are made of -----------------------------------------------------------------------

# A playground that is applied, for cases that begin there.
lab() {
	fresh
	config "$lab" "Members=$member" "$@"
	groupies-setup apply
}

# refused CODE WORDS COMMAND...: exits with CODE and says WORDS on stderr, in one sentence.
refused() {
	local code=$1 words=$2 seen
	shift 2
	"$@" >"$work/out" 2>"$work/err"
	seen=$?
	cat "$work/out" "$work/err"
	[ "$seen" -eq "$code" ] || no "exit $seen, not $code" || exit 1
	grep -qF -- "$words" "$work/err" || no "does not say: $words" || exit 1
	[ "$(wc -l <"$work/err")" -eq 1 ] || no "more than one sentence" || exit 1
}

# said WORDS COMMAND...: succeeds and says WORDS on stdout.
said() {
	local words=$1
	shift
	"$@" >"$work/out" 2>&1 || { cat "$work/out"; no "exit $?"; exit 1; }
	cat "$work/out"
	grep -qF -- "$words" "$work/out" || no "does not say: $words" || exit 1
}

# Everything that apply may change: files with inode and time, groups with their limits.
state() {
	find /etc/groupies /var/lib/groupies /run/groupies ! -name .lock ! -type d \
		-printf '%p %i %m %u %T@ %l\n' 2>/dev/null | sort
	find /var/lib/groupies -type d -printf '%p %m %u\n' 2>/dev/null | sort
	groups_now
}

groups_now() {
	local group
	for group in /sys/fs/cgroup/*/"$lab" /sys/fs/cgroup/*/"$other"; do
		[ -d "$group" ] || continue
		echo "$group $(find "$group" -printf '%p %m %u ' | sort)"
		cat "$group"/memory.limit_in_bytes "$group"/memory.memsw.limit_in_bytes \
			"$group"/pids.max "$group"/cpu.cfs_quota_us "$group"/cpuset.cpus 2>/dev/null
	done
}

unchanged() {
	local before
	before=$(state)
	"$@"
	[ "$before" = "$(state)" ] && return
	diff <(echo "$before") <(state)
	no "something was changed"
	exit 1
}

# reads CONTROLLER FILE VALUE [GROUP]
reads() {
	local seen
	seen=$(cat "$(hierarchy "$1")/${4:-$lab}/$2") || exit 1
	[ "$seen" = "$3" ] || no "$2 reads $seen, not $3" || exit 1
}

# enrolled UID PLAYGROUND
enrolled() {
	grep -qx "playground=$2" "$entries/$1" || no "uid $1 is not enrolled in $2" || exit 1
}

# Starts COMMAND as the member, outside of any playground; its pid is in $outside.
outside() {
	setpriv --reuid="$member_uid" --regid="$member_uid" --init-groups "$@" 9>&- &
	outside=$!
	until_true 10 pgrep -U "$member_uid"
}

# Starts COMMAND inside of the lab; its pid is in $inside.
inside() {
	groupies-setup run "$lab" -- "$@" 9>&- &
	inside=$!
	until_true 10 grep -q "/$lab" "/proc/$inside/cgroup"
}

# ---- configs that are not right -------------------------------------------------------------------

refuses_the_line() {
	fresh
	config "$lab" "Members=$member" MemoryMax=32M "$1"
	unchanged refused 1 "/etc/groupies/$lab.conf:4: " groupies-setup apply
	grep -qF -- "$2" "$work/err" || no "does not say: $2"
}

refuses_the_limit() {
	fresh
	config "$lab" "Members=$member" MemoryMax=32M "$1"
	unchanged refused 1 "/etc/groupies/$lab.conf: $2" groupies-setup apply
}

refuses_a_section_that_nobody_knows() {
	fresh
	config "$lab" MemoryMax=32M '[Play]'
	unchanged refused 1 "$lab.conf:3: unknown section '[Play]'" groupies-setup apply
}

refuses_a_key_before_any_section() {
	fresh
	echo MemoryMax=32M >/etc/groupies/$lab.conf
	unchanged refused 1 "$lab.conf:1: 'MemoryMax' stands before any section" groupies-setup apply
}

refuses_a_config_without_any_limit() {
	fresh
	config "$lab" "Members=$member"
	unchanged refused 1 "no limit is set" groupies-setup apply
}

refuses_the_name() {
	fresh
	config "$1" MemoryMax=32M
	unchanged refused 1 "/etc/groupies/$1.conf: '$1'" groupies-setup apply
}

refuses_a_symbolic_link() {
	fresh
	config "$lab" MemoryMax=32M
	mv /etc/groupies/$lab.conf /etc/groupies/elsewhere
	ln -s elsewhere /etc/groupies/$lab.conf
	unchanged refused 1 "$lab.conf: is a symbolic link" groupies-setup apply
}

refuses_a_fifo_without_waiting_for_it() {
	fresh
	mkfifo /etc/groupies/$lab.conf
	unchanged refused 1 "$lab.conf: is not a regular file" timeout 10 groupies-setup apply
}

refuses_a_config_that_anybody_can_write() {
	fresh
	config "$lab" MemoryMax=32M
	chmod 666 /etc/groupies/$lab.conf
	unchanged refused 1 "$lab.conf: others than root can write it" groupies-setup apply
}

refuses_a_config_of_another_owner() {
	fresh
	config "$lab" MemoryMax=32M
	chown "$member" /etc/groupies/$lab.conf
	unchanged refused 1 "belongs to uid $member_uid" groupies-setup apply
}

refuses_a_directory_that_anybody_can_write() {
	fresh
	chmod 777 /etc/groupies
	unchanged refused 1 "/etc/groupies: others than root can write it" groupies-setup apply
}

refuses_noise_of_sixteen_mebibytes() {
	fresh
	head -c 16M /dev/urandom >/etc/groupies/$lab.conf
	unchanged refused 1 "/etc/groupies/$lab.conf: is larger than" groupies-setup apply
}

refuses_a_nul_byte() {
	fresh
	printf '[Playground]\nMemoryMax=3\0002M\n' >/etc/groupies/$lab.conf
	unchanged refused 1 "$lab.conf:2: the line holds a NUL byte" groupies-setup apply
}

refuses_an_overlong_line() {
	fresh
	config "$lab" MemoryMax=32M "Members=$(printf 'a%.0s' {1..300})"
	unchanged refused 1 "$lab.conf:3: the line is longer than" groupies-setup apply
}

changes_nothing_when_a_second_config_is_wrong() {
	lab MemoryMax=32M
	config "$lab" "Members=$member" MemoryMax=64M
	config "$other" MemoryMax=lots
	unchanged refused 1 "$other.conf:2: " groupies-setup apply
}

# ---- members --------------------------------------------------------------------------------------

refuses_a_member_named_twice() {
	fresh
	config "$lab" "Members=$member $member" MemoryMax=32M
	unchanged refused 1 "$lab.conf:2: Members: '$member' is named twice" groupies-setup apply
}

refuses_a_member_of_two_playgrounds() {
	fresh
	config "$lab" "Members=$member" MemoryMax=32M
	config "$other" MemoryMax=32M "Members=$mate $member"
	unchanged refused 1 "$other.conf:3: '$member' is claimed by playground '$lab' already (/etc/groupies/$lab.conf:2)" \
		groupies-setup apply
}

refuses_root() {
	fresh
	config "$lab" "Members=root" MemoryMax=32M
	unchanged refused 1 "$lab.conf:2: 'root' is uid 0" groupies-setup apply
}

refuses_another_name_of_root() {
	fresh
	useradd --non-unique --uid 0 s2toor
	config "$lab" "Members=s2toor" MemoryMax=32M
	unchanged refused 1 "$lab.conf:2: 's2toor' is uid 0" groupies-setup apply
	sed -i /^s2toor:/d /etc/passwd /etc/shadow
}

refuses_one_uid_under_two_names() {
	fresh
	useradd --non-unique --uid "$member_uid" s2twin
	config "$lab" "Members=$member" MemoryMax=32M
	config "$other" "Members=s2twin" MemoryMax=32M
	unchanged refused 1 "'s2twin' and '$member' (/etc/groupies/$lab.conf:2) are one and the same uid $member_uid" \
		groupies-setup apply
	sed -i /^s2twin:/d /etc/passwd /etc/shadow
}

refuses_a_member_of_group() {
	fresh
	getent group "$1" >/dev/null || groupadd "$1"
	gpasswd -a "$member" "$1"
	config "$lab" "Members=$member" MemoryMax=32M
	unchanged refused 1 "$lab.conf:2: '$member' is in group $1" groupies-setup apply
}

refuses_a_group_with_a_sudoer_in_it() {
	fresh
	gpasswd -a "$member" sudo
	gpasswd -a "$member" s2class
	config "$lab" "Members=@s2class" MemoryMax=32M
	unchanged refused 1 "$lab.conf:2: '$member' is in group sudo" groupies-setup apply
}

refuses_who_invoked_it_through_sudo() {
	fresh
	config "$lab" "Members=$member" MemoryMax=32M
	unchanged refused 1 "'$member' is who invoked this through sudo" \
		env SUDO_UID="$member_uid" groupies-setup apply
}

enrols_a_sudoer_by_force() {
	fresh
	gpasswd -a "$member" sudo
	config "$lab" "Members=$member" MemoryMax=32M
	said "$member is in group sudo, enrolled all the same" groupies-setup apply --force
	enrolled "$member_uid" "$lab"
}

# ---- who cannot be found, or whom nobody can tell ---------------------------------------------------

# A user and a group that a directory has, in two playgrounds.
directory() {
	fresh
	rm -f /run/nss-trial/*
	for database in passwd group; do nss_trial "$database" files trial systemd; done
	printf 's2dir:x:23288:23288::/:/bin/sh\n' >/run/nss-trial/passwd
	printf 's2crew:x:23299:s2dir\n' >/run/nss-trial/group
	config "$lab" "Members=s2dir $member" MemoryMax=32M
	config "$other" 'Members=@s2crew' MemoryMax=32M
	groupies-setup apply && enrolled 23288 "$lab" && [ -e /var/lib/groupies/registry/gid/23299 ]
}

both_are_enrolled() {
	enrolled 23288 "$lab" && enrolled "$member_uid" "$lab" &&
		[ -e /var/lib/groupies/registry/gid/23299 ] || no "somebody was released" || exit 1
}

releases_nobody_while_a_directory_is() { # STATE EXIT
	directory || return
	config "$lab" "Members=s2dir $member" MemoryMax=48M
	touch "/run/nss-trial/$1"
	groupies-setup apply >"$work/out" 2>"$work/err"
	[ $? -eq "$2" ] || no "exit is not $2: $(cat "$work/out" "$work/err")" || return
	grep -q 's2dir.*stays enrolled as uid 23288' "$work/out" && grep -q 'stays enrolled as gid 23299' "$work/out" ||
		no "does not say so: $(cat "$work/out")" || return
	both_are_enrolled
	[ "$(cat "$(hierarchy memory)/$lab/memory.limit_in_bytes")" = $((48 << 20)) ] || no "the rest was not applied"
}

applies_another_while_a_directory_is_down() {
	directory || return
	config "$lab" "Members=$member" MemoryMax=48M
	touch /run/nss-trial/unavail
	groupies-setup apply --playground "$lab" >"$work/out" 2>&1
	[ "$(cat "$(hierarchy memory)/$lab/memory.limit_in_bytes")" = $((48 << 20)) ] || no "not applied: $(cat "$work/out")" || return
	[ -e /var/lib/groupies/registry/gid/23299 ] || no "the group was released"
}

releases_nobody_who_was_renamed() {
	directory || return
	sed -i s/s2dir/s2renamed/ /run/nss-trial/passwd
	said "there is no user 's2dir': stays enrolled as uid 23288" groupies-setup apply
	both_are_enrolled
	config "$lab" "Members=s2renamed $member" MemoryMax=32M
	said "was enrolled as 's2dir'" groupies-setup apply
	both_are_enrolled
	config "$lab" "Members=s2dir s2renamed $member" MemoryMax=32M
	said "there is no user 's2dir': left out" groupies-setup apply
	both_are_enrolled
}

releases_whom_the_config_names_no_more() {
	directory || return
	touch /run/nss-trial/unavail
	config "$lab" "Members=$member" MemoryMax=32M
	groupies-setup apply
	[ ! -e "$entries/23288" ] || no "it stays enrolled"
}

follows_a_name_to_another_uid() {
	directory || return
	printf 's2dir:x:23289:23289::/:/bin/sh\n' >/run/nss-trial/passwd
	groupies-setup apply || return
	enrolled 23289 "$lab"
	[ ! -e "$entries/23288" ] || no "the old uid stays enrolled"
}

checks_the_rest_while_a_directory_is_down() {
	directory || return
	touch /run/nss-trial/unavail
	finds registry "'s2dir' of playground '$lab' cannot be looked up, and stays enrolled as uid 23288: "
	finds registry "'@s2crew' of playground '$other' cannot be looked up, and stays enrolled as gid 23299: "
	! grep -q 'no config says so' "$work/out" || no "calls somebody enrolled for nothing" || return
	grep -q '  memory  ' "$work/out" || no "does not look at the rest: $(cat "$work/out")"
	rm /run/nss-trial/unavail
	finds_nothing
}

drops_an_unknown_user_and_applies_the_rest() {
	fresh
	config "$lab" "Members=nobody_here $member" MemoryMax=32M
	said "$lab.conf:2: there is no user 'nobody_here': left out" groupies-setup apply
	enrolled "$member_uid" "$lab"
}

drops_an_unknown_group_and_applies_the_rest() {
	fresh
	config "$lab" "Members=@nobodies $member" MemoryMax=32M
	said "there is no group 'nobodies': left out" groupies-setup apply
	enrolled "$member_uid" "$lab"
}

enrols_a_group_by_its_gid() {
	fresh
	config "$lab" "Members=@s2class" MemoryMax=32M '[Member]' MemoryMax=8M
	groupies-setup apply || exit 1
	grep -qx "playground=$lab" "$gid_entries/23210"
}

keeps_a_directory_of_gids_only_while_there_is_one() {
	enrols_a_group_by_its_gid
	config "$lab" "Members=$member" MemoryMax=32M
	groupies-setup apply || exit 1
	[ ! -e "$gid_entries" ] || no "$gid_entries is still there"
}

warns_of_users_torn_between_two_groups() {
	fresh
	gpasswd -a "$member" s2class
	gpasswd -a "$member" s2club
	config "$lab" "Members=@s2class" MemoryMax=32M '[Member]' MemoryMax=8M
	config "$other" "Members=@s2club" MemoryMax=32M '[Member]' MemoryMax=8M
	said "$member is pulled into '$lab' by group s2class and into '$other' by group s2club" \
		groupies-setup apply
}

warns_of_several_members_without_limits_of_their_own() {
	fresh
	config "$lab" "Members=$member $mate" MemoryMax=32M
	said "none has limits of its own" groupies-setup apply
	config "$lab" "Members=$member $mate" MemoryMax=32M '[Member]' MemoryMax=8M
	groupies-setup apply >"$work/out" || exit 1
	! grep -q "none has limits" "$work/out" || no "warns although there is [Member]"
}

moves_a_member_to_another_playground() {
	lab MemoryMax=32M
	config "$lab" MemoryMax=32M
	config "$other" "Members=$member" MemoryMax=16M
	said "(was in '$lab')" groupies-setup apply
	enrolled "$member_uid" "$other"
}

enrols_anew_who_was_renamed() {
	lab MemoryMax=32M
	usermod -l s2renamed "$member"
	config "$lab" "Members=s2renamed" MemoryMax=32M
	said "(was enrolled as '$member')" groupies-setup apply
	grep -qx name=s2renamed "$entries/$member_uid" || no "the entry has the old name"
	usermod -l "$member" s2renamed
}

# ---- limits, as the kernel says them --------------------------------------------------------------

sets_memory_and_swap() {
	lab MemoryMax=32M MemorySwapMax=0
	reads memory memory.limit_in_bytes 33554432
	reads memory memory.memsw.limit_in_bytes 33554432
}

raises_and_lowers_memory_and_swap_together() {
	lab MemoryMax=32M MemorySwapMax=0
	config "$lab" "Members=$member" MemoryMax=64M MemorySwapMax=8M
	groupies-setup apply || exit 1
	reads memory memory.limit_in_bytes 67108864
	reads memory memory.memsw.limit_in_bytes 75497472
	config "$lab" "Members=$member" MemoryMax=16M MemorySwapMax=1M
	groupies-setup apply || exit 1
	reads memory memory.limit_in_bytes 16777216
	reads memory memory.memsw.limit_in_bytes 17825792
}

refuses_swap_without_memory() {
	fresh
	config "$lab" "Members=$member" TasksMax=10 MemorySwapMax=0
	unchanged refused 1 "MemorySwapMax: cgroup v1 limits memory and swap together" groupies-setup apply
}

sets_tasks() {
	lab TasksMax=40
	reads pids pids.max 40
}

sets_a_cpu_quota() {
	lab CPUQuota=50%
	reads cpu cpu.cfs_quota_us 50000
	reads cpu cpu.cfs_period_us 100000
}

sets_a_cpu_weight() {
	lab CPUWeight=50
	reads cpu cpu.shares 512
}

sets_cpus() {
	lab AllowedCPUs=0
	reads cpuset cpuset.cpus 0
	reads cpuset cpuset.mems "$(cat "$(hierarchy cpuset)/cpuset.mems")"
}

sets_a_bandwidth() {
	local device number
	device=$(lsblk -dnpo NAME,TYPE | awk '$2 == "disk" && $1 !~ /zram/ {print $1; exit}')
	[ -n "$device" ] || return 0
	number=$(lsblk -dnro MAJ:MIN "$device")
	lab "IOReadBandwidthMax=$device 10M" "IOWriteBandwidthMax=$device 5M"
	reads blkio blkio.throttle.read_bps_device "$number 10485760"
	reads blkio blkio.throttle.write_bps_device "$number 5242880"
}

sets_an_io_weight_or_refuses_it_by_name() {
	fresh
	config "$lab" "Members=$member" MemoryMax=32M IOWeight=200
	if groupies-setup apply 2>"$work/err"; then
		reads blkio blkio.bfq.weight 200
	else
		grep -qF "IOWeight: this host cannot express it" "$work/err"
	fi
}

refuses_memory_high_by_name() {
	fresh
	config "$lab" "Members=$member" MemoryMax=32M MemoryHigh=16M
	unchanged refused 1 "$lab.conf: MemoryHigh: this host cannot express it" groupies-setup apply
}

sets_limits_of_each_member_that_is_inside() {
	lab MemoryMax=32M TasksMax=40 '[Member]' MemoryMax=8M TasksMax=10
	inside sleep 60
	reads memory memory.limit_in_bytes 8388608 "$lab/0"
	reads pids pids.max 10 "$lab/0"
	config "$lab" "Members=$member" MemoryMax=32M TasksMax=40 '[Member]' MemoryMax=16M TasksMax=20
	groupies-setup apply
	kill "$inside"
	reads memory memory.limit_in_bytes 16777216 "$lab/0"
	reads pids pids.max 20 "$lab/0"
}

goes_back_when_the_kernel_refuses() {
	lab MemoryMax=64M MemorySwapMax=0 TasksMax=40
	inside hog --lock --hold 24M
	until_true 20 eval "[ \$(cat $(hierarchy memory)/$lab/memory.usage_in_bytes) -gt 25000000 ]"
	config "$lab" "Members=$member" MemoryMax=8M MemorySwapMax=0 TasksMax=20
	refused 1 "in use and not to be reclaimed" groupies-setup apply
	kill "$inside"
	wait "$inside"
	reads memory memory.limit_in_bytes 67108864
	reads pids pids.max 40
	grep -qx MemoryMax=64M "$applied/$lab.conf" || no "the applied copy is the refused one" || exit 1
	enrolled "$member_uid" "$lab"
	[ -e "/run/groupies/$lab" ] || no "no stamp: the next login has to realize it"
}

# Members go from limits of their own to none: their logins have to be told together with the group.
lets_members_in_when_the_kernel_refuses_another_playground() {
	lab MemoryMax=64M '[Member]' MemoryMax=32M
	config "$lab" "Members=$member" MemoryMax=64M
	config "$other" MemoryMax=32M AllowedCPUs=4000
	refused 1 "cpuset.cpus" groupies-setup apply
	su "$member" -c "grep -q ':/$lab\$' /proc/self/cgroup" || no "its members are shut out, or elsewhere"
}

leaves_no_group_when_the_kernel_refuses_a_new_one() {
	fresh
	config "$lab" "Members=$member" MemoryMax=32M AllowedCPUs=4000
	unchanged refused 1 "cpuset.cpus" groupies-setup apply
}

lifts_a_limit_that_was_taken_out() {
	lab MemoryMax=32M MemorySwapMax=0 CPUQuota=50% CPUWeight=50 TasksMax=40
	config "$lab" "Members=$member" MemoryMax=32M CPUWeight=50
	groupies-setup apply || exit 1
	reads memory memory.memsw.limit_in_bytes 9223372036854771712
	reads cpu cpu.cfs_quota_us -1
	[ ! -e "$(hierarchy pids)/$lab" ] || no "a group that limits nothing is left"
}

lifts_a_limit_from_who_is_inside() {
	lab MemoryMax=32M MemorySwapMax=0 TasksMax=40
	inside sleep 60
	config "$lab" "Members=$member" TasksMax=40
	groupies-setup apply || exit 1
	kill "$inside"
	for file in limit_in_bytes memsw.limit_in_bytes kmem.tcp.limit_in_bytes; do
		[ ! -e "$(hierarchy memory)/$lab/memory.$file" ] ||
			reads memory "memory.$file" 9223372036854771712
	done
	reads pids pids.max 40
}

# ---- applying again, adopting, taking back --------------------------------------------------------

changes_nothing_the_second_time() {
	lab MemoryMax=32M MemorySwapMax=0 TasksMax=40 CPUQuota=50% '[Member]' MemoryMax=8M
	unchanged groupies-setup apply >"$work/out"
	cat "$work/out"
	! grep -Evq '^ *unchanged ' "$work/out" || no "something else than unchanged"
}

changes_nothing_in_a_dry_run() {
	lab MemoryMax=32M
	config "$lab" "Members=$member $mate" MemoryMax=64M
	config "$other" MemoryMax=16M
	unchanged groupies-setup apply --dry-run >"$work/out"
	cat "$work/out"
	grep -q "would .*memory.limit_in_bytes: 67108864 (now 33554432)" "$work/out" ||
		no "does not name the value"
	grep -q "would .*$mate (uid $mate_uid): enrol in '$lab'" "$work/out" || no "does not name the member"
}

applies_one_playground_and_leaves_the_other() {
	lab MemoryMax=32M
	config "$lab" "Members=$member" MemoryMax=64M
	config "$other" MemoryMax=16M
	groupies-setup apply "$other" || exit 1
	reads memory memory.limit_in_bytes 33554432
	reads memory memory.limit_in_bytes 16777216 "$other"
}

sets_a_limit_again_that_was_raised_by_hand() {
	lab MemoryMax=32M
	echo 64M >"$(hierarchy memory)/$lab/memory.limit_in_bytes"
	groupies-setup apply || exit 1
	reads memory memory.limit_in_bytes 33554432
}

makes_again_what_is_gone_after_a_reboot() {
	lab MemoryMax=32M TasksMax=40
	remove_groups "$lab"
	rm -rf /run/groupies
	groupies-setup apply || exit 1
	reads memory memory.limit_in_bytes 33554432
	reads pids pids.max 40
}

writes_an_entry_again_that_was_spoilt() {
	lab MemoryMax=32M
	echo nonsense >"$entries/$member_uid"
	said "its entry could not be read" groupies-setup apply
	enrolled "$member_uid" "$lab"
}

refuses_a_group_that_somebody_made() {
	fresh
	mkdir "$(hierarchy memory)/$lab"
	config "$lab" "Members=$member" MemoryMax=32M
	unchanged refused 1 "playground '$lab': a control group of this name stands there already" \
		groupies-setup apply
}

takes_over_a_group_and_makes_it_roots() {
	local file
	fresh
	file=$(hierarchy memory)/$lab
	mkdir "$file"
	chown -R "$member" "$file"
	chmod 666 "$file/memory.limit_in_bytes"
	config "$lab" "Members=$member" MemoryMax=32M
	groupies-setup apply --adopt || exit 1
	[ "$(stat -c '%u %a' "$file/memory.limit_in_bytes")" = "0 644" ] ||
		no "the limit is not root's alone: $(stat -c '%u %a' "$file/memory.limit_in_bytes")"
	[ -z "$(find "$file" -user "$member")" ] || no "some file is still the member's"
}

takes_back_a_playground_whose_config_is_gone() {
	lab MemoryMax=32M TasksMax=40
	rm /etc/groupies/$lab.conf
	groupies-setup apply || exit 1
	[ -z "$(groups_now)" ] || no "a group is left" || exit 1
	[ ! -e /var/lib/groupies ] || no "left: $(find /var/lib/groupies)"
}

says_who_is_inside_of_a_playground_that_is_to_go() {
	lab MemoryMax=32M
	inside sleep 60
	rm /etc/groupies/$lab.conf
	unchanged refused 1 "somebody is inside: sleep ($inside)" groupies-setup apply
	kill "$inside"
	enrolled "$member_uid" "$lab"
}

waits_for_another_apply() {
	local pid
	lab MemoryMax=32M
	config "$lab" "Members=$member" MemoryMax=64M
	exec 8<"$applied"
	flock 8
	strace -qq -o "$work/trace" -e trace=flock groupies-setup apply 8<&- 9>&- &
	pid=$!
	until_true 10 grep -q EAGAIN "$work/trace"
	reads memory memory.limit_in_bytes 33554432
	exec 8<&-
	wait "$pid" || no "exit $?" || exit 1
	reads memory memory.limit_in_bytes 67108864
}

sweeps_in_what_a_member_runs_already() {
	fresh
	outside sleep 60
	config "$lab" "Members=$member" MemoryMax=32M
	said "stay charged where they were" groupies-setup apply --sweep
	grep -q ":memory:/$lab\$" "/proc/$outside/cgroup" || no "it is outside still"
}

# From one state to another: a member moves, limits change, a member gets limits of its own.
before_the_kill() {
	fresh
	config "$lab" "Members=$member $mate" MemoryMax=32M
	config "$other" MemoryMax=16M
	groupies-setup apply >/dev/null || no "apply" || exit 1
	config "$lab" "Members=$mate" MemoryMax=24M TasksMax=20 '[Member]' MemoryMax=8M
	config "$other" "Members=$member" MemoryMax=16M
}

# Every "CALL N" that changes something on that way: the Nth CALL of its kind, as strace counts.
places_to_kill() {
	before_the_kill
	strace -qq -o "$work/trace" -e trace=write,renameat,unlink,unlinkat,mkdir,rmdir \
		groupies-setup apply >/dev/null
	awk -F'(' '{ n[$1]++ } $0 !~ /= -1 / { print $1, n[$1] }' "$work/trace"
}

# Killed in front of the Nth such CALL: each member is in its old playground or in its new one, and
# the next run finishes.
survives_a_kill_at() {
	local call=$1 n=$2 in
	before_the_kill
	strace -qq -o /dev/null -e trace="$call" -e "inject=$call:signal=KILL:when=$n" \
		groupies-setup apply >/dev/null 2>&1
	[ $? -eq 137 ] || no "$call $n: not killed" || exit 1
	in=$(sed -n s/^playground=//p "$entries/$member_uid")
	[ "$in" = "$lab" ] || [ "$in" = "$other" ] || no "$call $n: $member is in '$in'" || exit 1
	enrolled "$mate_uid" "$lab"
	groupies-setup apply >"$work/out" 2>&1 || { cat "$work/out"; no "$call $n: not finished"; exit 1; }
	enrolled "$member_uid" "$other"
	reads memory memory.limit_in_bytes 25165824
	reads pids pids.max 20
	[ -z "$(find /var/lib/groupies -name '.*')" ] || no "$call $n: left $(find /var/lib/groupies -name '.*')" || exit 1
	! groupies-setup apply | grep -Evq '^ *unchanged ' || no "$call $n: not unchanged" || exit 1
}

survives_being_killed_at_any_point() {
	local places place
	mapfile -t places < <(places_to_kill)
	echo "${#places[@]} places: ${places[*]}"
	[ ${#places[@]} -gt 20 ] || no "only ${#places[@]} places" || exit 1
	for place in "${places[@]}"; do
		# shellcheck disable=SC2086 # two words
		survives_a_kill_at $place
	done
}

# ---- list and run ---------------------------------------------------------------------------------

lists_what_is_asked_and_what_is_in_force() {
	lab MemoryMax=32M TasksMax=40
	echo 64M >"$(hierarchy memory)/$lab/memory.limit_in_bytes"
	groupies-setup list >"$work/out" || exit 1
	cat "$work/out"
	grep -q "MemoryMax .*32M .*memory.limit_in_bytes: 67108864.*differs" "$work/out" || no "memory" || exit 1
	grep -q "TasksMax .*40 .*pids.max: 40\$" "$work/out" || no "tasks" || exit 1
	grep -q "members $member; 0 processes" "$work/out" || no "members"
}

counts_processes_and_kills_in_its_list() {
	lab MemoryMax=16M MemorySwapMax=0
	groupies-setup run "$lab" -- hog 32M 0
	inside sleep 60
	groupies-setup list "$lab" >"$work/out"
	kill "$inside"
	cat "$work/out"
	grep -q "1 process, .* 1 kill\$" "$work/out"
}

refuses_to_list_what_is_not_there() {
	fresh
	refused 1 "there is no playground 'nowhere'" groupies-setup list nowhere
}

speaks_json() {
	lab MemoryMax=32M
	groupies-setup "$@" --json >"$work/out"
	python3 -c 'import json, sys; sys.exit(0 if json.load(open(sys.argv[1])) else 1)' "$work/out" ||
		no "not JSON: $(cat "$work/out")"
}

runs_a_command_inside() {
	lab MemoryMax=32M TasksMax=40
	groupies-setup run "$lab" -- cat /proc/self/cgroup >"$work/out" || exit 1
	grep -q ":memory:/$lab\$" "$work/out" && grep -q ":pids:/$lab\$" "$work/out"
}

runs_a_command_in_the_part_of_root_where_members_have_limits() {
	lab MemoryMax=32M '[Member]' MemoryMax=8M
	groupies-setup run "$lab" -- cat /proc/self/cgroup | grep -q ":memory:/$lab/0\$"
}

passes_an_exit_status_through() {
	lab MemoryMax=32M
	groupies-setup run "$lab" -- sh -c "exit $1"
	[ $? -eq "$1" ]
}

passes_signals_through() {
	lab MemoryMax=32M
	inside sleep 60
	kill -USR1 "$inside"
	wait "$inside"
	[ $? -eq 138 ]
}

gives_the_command_the_umask_of_its_caller() {
	lab MemoryMax=32M
	[ "$(umask 077; groupies-setup run "$lab" -- sh -c umask)" = 0077 ]
}

tells_what_cannot_be_run() {
	lab MemoryMax=32M
	refused 127 "run: nothing-like-it: No such file" groupies-setup run "$lab" -- nothing-like-it
	refused 126 "run: /etc/passwd: Permission denied" groupies-setup run "$lab" -- /etc/passwd
	refused 1 "there is no playground 'nowhere'" groupies-setup run nowhere -- true
	refused 2 "needs a command" groupies-setup run "$lab"
}

# ---- check ----------------------------------------------------------------------------------------

finds_nothing_where_nothing_is_wrong() {
	lab MemoryMax=32M TasksMax=40
	finds_nothing
}
finds_nothing() { groupies-setup check >"$work/out" || { cat "$work/out"; no "exit $?"; exit 1; }; }

# finds ROW WORDS: check exits 1, and ROW says WORDS.
finds() {
	groupies-setup check >"$work/out" 2>&1
	[ $? -eq 1 ] || no "exit is not 1: $(cat "$work/out")" || exit 1
	grep -E "^ *warning +$1 " "$work/out" | grep -qF -- "$2" && return
	cat "$work/out"
	no "$1 does not say: $2"
	exit 1
}

finds_a_config_that_is_not_applied() {
	lab MemoryMax=32M
	config "$lab" "Members=$member" MemoryMax=64M
	finds config "$lab.conf was changed and not applied"
	config "$other" MemoryMax=16M
	finds config "$other.conf was never applied"
	config "$other" MemoryMax=lots
	finds config "'lots' is not a size"
	rm /etc/groupies/$lab.conf
	finds config "the config of '$lab' is gone"
}

finds_a_registry_that_is_not_as_the_configs_say() {
	lab MemoryMax=32M
	mv "$entries/$member_uid" "$entries/4242"
	finds registry "'$member' of playground '$lab' is not in the registry"
	printf 'groupies-registry 1\nuid=4242\nname=x\nplayground=%s\nown-limits=no\n' "$lab" >"$entries/4242"
	finds registry "uid 4242 (x) is enrolled and no config says so"
	rm -r /var/lib/groupies/registry
	finds registry "registry is gone: nobody is a member"
}

finds_a_folder_that_others_can_write() {
	local folder
	lab MemoryMax=32M
	for folder in /etc/groupies /var/lib/groupies "$entries" /var/lib/groupies/applied /run/groupies; do
		chmod g+w "$folder"
		groupies-setup check >"$work/out" 2>&1
		[ $? -eq 1 ] && grep -qF "$folder" "$work/out" || no "$folder: $(cat "$work/out")" || exit 1
		chmod g-w "$folder"
	done
	chown "$member" "$entries"
	finds folders "$entries is not a directory that only root can write (uid $member_uid"
	chown root "$entries"
	finds_nothing_where_nothing_is_wrong
}

finds_an_entry_whose_user_is_another() {
	lab MemoryMax=32M
	usermod -l s2renamed "$member"
	finds entries "was enrolled as '$member' and is now 's2renamed'"
	usermod -l "$member" s2renamed
	sed -i "s/^$member:/s2gone:/; s/:$member_uid:/:4242:/" /etc/passwd
	finds entries "uid $member_uid was enrolled as '$member' and is nobody's any more"
	finds registry "'$member' of playground '$lab' is no user of this host"
	sed -i "s/^s2gone:/$member:/; s/:4242:/:$member_uid:/" /etc/passwd
	echo spoilt >"$entries/$member_uid"
	finds entries "uid $member_uid cannot be believed"
}

finds_a_service_without_the_module() {
	lab MemoryMax=32M
	printf 'auth required pam_permit.so\nsession required pam_permit.so\n' >/etc/pam.d/s2door
	finds pam "s2door opens sessions without pam_groupies.so"
	printf 'session sufficient pam_permit.so\n@include common-session\n' >/etc/pam.d/s2door
	finds pam "s2door may end or jump before"
	printf 'session [success=1 default=ignore] pam_permit.so\nsession required pam_groupies.so\nsession required pam_permit.so\n' \
		>/etc/pam.d/s2door
	finds pam "s2door may end or jump before"
	printf 'session optional pam_groupies.so\n' >/etc/pam.d/s2door
	finds pam "s2door lets a refusal of pam_groupies.so pass"
	printf 'session required pam_groupies.so onerr=allow\n' >/etc/pam.d/s2door
	finds pam "s2door has onerr=allow"
	# As some distributions have it: what is common first, then pam_systemd.
	printf '@include common-session\nsession optional pam_systemd.so\n' >/etc/pam.d/s2door
	finds pam "s2door has no pam_groupies.so step=after behind pam_systemd.so"
	printf '@include common-session\nsession optional pam_systemd.so\nsession required pam_groupies.so step=after\n' >/etc/pam.d/s2door
	finds_nothing_where_nothing_is_wrong
	printf 'session substack \\\n  common-session\n-session required pam_nothing.so\n' >/etc/pam.d/s2door
	finds_nothing_where_nothing_is_wrong
	rm /etc/pam.d/s2door
}

finds_an_sshd_that_does_not_use_pam() {
	lab MemoryMax=32M
	[ -e /etc/ssh/sshd_config ] || return 0
	cp /etc/ssh/sshd_config "$work/sshd_config"
	sed -i '1i UsePAM no' /etc/ssh/sshd_config
	finds sshd "does not say UsePAM yes"
	cp "$work/sshd_config" /etc/ssh/sshd_config
}

# Quotes and includes are sshd's to understand.
reads_sshd_config_as_sshd_does() {
	lab MemoryMax=32M
	[ -e /etc/ssh/sshd_config ] || return 0
	cp /etc/ssh/sshd_config "$work/sshd_config"
	sed -i '1i UsePAM "yes"' /etc/ssh/sshd_config
	finds_nothing_where_nothing_is_wrong
	mkdir -p "/etc/ssh/more of it"
	echo 'UsePAM no' >"/etc/ssh/more of it/x.conf"
	sed -i '1s|.*|Include "/etc/ssh/more of it/*.conf"|' /etc/ssh/sshd_config
	finds sshd "/etc/ssh/sshd_config does not say UsePAM yes"
	sed -i '1s|.*|UsePAM maybe|' /etc/ssh/sshd_config
	finds sshd "whether it says UsePAM yes cannot be told: "
	rm -r "/etc/ssh/more of it"
	cp "$work/sshd_config" /etc/ssh/sshd_config
}

asks_each_sshd_that_runs_with_its_own_arguments() {
	local pid result=0
	lab MemoryMax=32M
	[ -e /usr/sbin/sshd ] || return 0
	mkdir -p /run/sshd
	ssh-keygen -q -t ed25519 -N '' -f "$work/key" </dev/null
	printf 'ListenAddress 127.0.0.1\nHostKey %s\nPidFile none\nUsePAM yes\n' "$work/key" >"$work/second_sshd"
	for arguments in "-D -f $work/second_sshd -oUsePAM=no" "-D -f $work/third_sshd"; do
		sed 's/UsePAM yes/UsePAM no/' "$work/second_sshd" >"$work/third_sshd"
		# shellcheck disable=SC2086 # words
		/usr/sbin/sshd -p 23299 $arguments 9>&- &
		pid=$!
		until_true 10 grep -qs listener "/proc/$pid/cmdline"
		(finds sshd "_sshd (of sshd, pid $pid) does not say UsePAM yes: ssh logins are outside") || result=1
		kill "$pid"
		wait "$pid"
	done
	rmdir /run/sshd
	return $result
}

finds_a_module_that_is_missing() {
	local module
	lab MemoryMax=32M
	module=$(find /usr/lib -name pam_groupies.so)
	chmod 666 "$module"
	finds module "others than root can change it"
	mv "$module" "$work/module"
	finds module "No such file or directory: nobody is placed"
	install -m 644 "$work/module" "$module"
}

finds_a_helper_that_is_missing() {
	local helper=/usr/libexec/groupies/groupies-place
	lab MemoryMax=32M
	chmod 644 "$helper"
	finds helper "cannot be executed"
	mv "$helper" "$work/helper"
	finds helper "members are refused whenever it is needed"
	install -m 755 "$work/helper" "$helper"
}

finds_a_limit_that_was_changed_by_hand() {
	lab MemoryMax=32M
	echo 64M >"$(hierarchy memory)/$lab/memory.limit_in_bytes"
	finds limits "memory.limit_in_bytes says '67108864' where '33554432' was asked for"
	groupies-setup apply
	echo 128M >"$(hierarchy memory)/$lab/memory.memsw.limit_in_bytes"
	finds limits "$lab has limits in force that no config asks for"
}

finds_files_that_a_member_could_write() {
	local memory
	memory=$(hierarchy memory)
	lab MemoryMax=32M
	chown "$member" "$memory/$lab/memory.limit_in_bytes"
	finds files "$lab/memory.limit_in_bytes can be changed by others than root (uid $member_uid"
	chown root "$memory/$lab/memory.limit_in_bytes"
	mkdir "$memory/s2door"
	chmod 666 "$memory/s2door/cgroup.procs"
	finds files "s2door/cgroup.procs can be written by others than root"
	chmod 644 "$memory/s2door/cgroup.procs"
	chown "$member" "$memory/s2door/tasks"
	finds files "s2door/tasks can be written by others than root (uid $member_uid"
	rmdir "$memory/s2door"
	# The root's own files belong to the whole machine: ours is laid over, in this namespace only.
	install -m 664 /dev/null "$work/procs"
	mount --bind "$work/procs" "$memory/cgroup.procs"
	finds files "$memory/cgroup.procs can be written by others than root"
	umount "$memory/cgroup.procs"
	finds_nothing_where_nothing_is_wrong
}

finds_a_member_of_group() {
	lab MemoryMax=32M
	getent group "$1" >/dev/null || groupadd "$1"
	gpasswd -a "$member" "$1"
	finds groups "$member is in group $1"
}

finds_what_sudoers_lets_a_member_do() {
	lab MemoryMax=32M
	finds_nothing
	echo "$member ALL=(root) NOPASSWD: /bin/true" >/etc/sudoers.d/s2lab
	chmod 440 /etc/sudoers.d/s2lab
	finds sudo "sudoers lets $member run commands as somebody else"
	rm /etc/sudoers.d/s2lab
	finds_nothing
}

tells_of_a_mailer() {
	lab MemoryMax=32M
	finds_nothing
	! grep -q 'there is a mailer' "$work/out" || no "there is none"
	install -m 755 /dev/null /usr/sbin/sendmail
	finds_nothing
	grep -q 'there is a mailer' "$work/out" || no "does not tell"
	rm /usr/sbin/sendmail
}

finds_processes_of_a_member_outside() {
	lab MemoryMax=32M
	outside sleep 60
	until_true 10 grep -q sleep "/proc/$outside/comm"
	finds processes "$member runs 1 process outside of '$lab': sleep ($outside)"
	echo "$outside" >"$(hierarchy memory)/$lab/cgroup.procs"
	finds_nothing_where_nothing_is_wrong
}

# Whoever was there before [Member] came stays where it is. A su to another member is in the other's part.
finds_processes_of_a_member_without_its_own_limits() {
	fresh
	config "$lab" "Members=$member $mate" MemoryMax=32M
	groupies-setup apply
	outside sleep 60
	until_true 10 grep -q sleep "/proc/$outside/comm"
	echo "$outside" >"$(hierarchy memory)/$lab/cgroup.procs"
	finds_nothing
	config "$lab" "Members=$member $mate" MemoryMax=32M '[Member]' MemoryMax=16M
	groupies-setup apply
	finds processes "$member runs 1 process in '$lab' without the limits of [Member]: sleep ($outside)"
	su "$mate" -c true
	finds processes "$member runs 1 process in '$lab' without the limits of [Member]: sleep ($outside)"
	echo "$outside" >"$(hierarchy memory)/$lab/$mate_uid/cgroup.procs"
	finds_nothing
	echo "$outside" >"$(hierarchy memory)/$lab/cgroup.procs"
	groupies-setup apply --sweep
	grep -q "/$lab/$member_uid$" "/proc/$outside/cgroup" || no "is not in its own part"
	finds_nothing
}

says_what_holds_a_full_playground() {
	lab MemoryMax=32M MemorySwapMax=0
	groupies-setup run "$lab" -- setpriv --reuid="$member_uid" --regid="$member_uid" --clear-groups \
		head -c 14M /dev/zero >"$shm.root"
	groupies-setup run "$lab" -- setpriv --reuid="$member_uid" --regid="$member_uid" --clear-groups \
		sh -c "head -c 12M /dev/zero >$shm" || exit 1
	rm -f "$shm.root"
	inside hog --hold 17M
	until_true 20 eval "[ \$(cat $(hierarchy memory)/$lab/memory.usage_in_bytes) -gt 31000000 ]"
	finds memory "$lab is full:"
	finds memory "12 MiB in files of $member in /dev/shm"
	finds memory " in hog ("
	kill "$inside"
	rm -f "$shm"
}

says_whose_own_part_is_full() {
	lab MemoryMax=64M '[Member]' MemoryMax=16M MemorySwapMax=0
	su "$member" -c "head -c 15M /dev/zero >$shm" || exit 1
	finds memory "uid $member_uid's part of $lab is full:"
	finds memory "15 MiB in files of $member in /dev/shm"
	rm -f "$shm"
	finds_nothing_where_nothing_is_wrong
}

# What a member calls a process is told, and moves no cursor and clears no screen.
# check asks polkit by a process that is the member's for as long as it takes: another check may run.
finds_no_stand_in_of_another_check() {
	local pid
	lab MemoryMax=32M
	python3 -c 'import os, sys, time; os.setresuid(int(sys.argv[1]), int(sys.argv[1]), 0); time.sleep(60)' "$member_uid" 9>&- &
	pid=$!
	until_true 10 grep -q "^Uid:	$member_uid	$member_uid	0" "/proc/$pid/status"
	finds_nothing
	kill "$pid"
}

shows_no_control_characters_of_members() {
	local outside name
	name=/tmp/$(printf '%s\033[2J' t2)
	lab MemoryMax=32M
	cp "$(command -v sleep)" "$name"
	setpriv --reuid="$member_uid" --regid="$member_uid" --clear-groups "$name" 60 &
	outside=$!
	until_true 20 eval "grep -q t2 /proc/$outside/comm"
	finds processes 't2?[2J'
	kill "$outside"
	rm "$name"
	! grep -q "$(printf '\033')" "$work/out" || no "there is a control character in it"
}

# ---- prove ----------------------------------------------------------------------------------------

proves_every_limit_that_it_can() {
	lab MemoryMax=32M MemorySwapMax=0 TasksMax=40 CPUQuota=50% AllowedCPUs=0 CPUWeight=50
	groupies-setup prove >"$work/out" || { cat "$work/out"; no "exit $?"; exit 1; }
	cat "$work/out"
	for words in "a login of $member is inside" "MemoryMax=32M: 64 MiB" "exit 137, kills +1" \
		"TasksMax=40: 48 tasks" "CPUQuota" "CPUWeight"; do
		grep -qF -- "$words" "$work/out" || no "does not say: $words" || exit 1
	done
	[ -z "$(pgrep -U "$member_uid")" ] || no "it left something running"
}

proves_limits_of_each_member() {
	lab MemoryMax=64M '[Member]' MemoryMax=16M MemorySwapMax=0
	groupies-setup prove >"$work/out" || { cat "$work/out"; no "exit $?"; exit 1; }
	cat "$work/out"
	grep -q "Member.MemoryMax=16M: 32 MiB .*kills +1" "$work/out"
}

proves_it_with_a_member_who_belongs_there() {
	fresh
	gpasswd -a "$member" s2class
	gpasswd -a "$mate" s2class
	config "$other" "Members=$member" MemoryMax=64M
	config "$lab" "Members=@s2class" MemoryMax=32M
	groupies-setup apply || exit 1
	groupies-setup prove --playground "$lab" >"$work/out" || { cat "$work/out"; no "exit $?"; exit 1; }
	grep -q "a login of $mate is inside" "$work/out" || { cat "$work/out"; no "it was not $mate"; exit 1; }
	gpasswd -d "$mate" s2class
	refused 1 "has no member that exists and belongs to no other" groupies-setup prove --playground "$lab"
	gpasswd -d "$member" s2class
}

does_not_prove() {
	groupies-setup prove >"$work/out" 2>&1
	[ $? -eq 1 ] || no "exit is not 1: $(cat "$work/out")" || exit 1
	grep -E '^ *failed ' "$work/out" | grep -qF -- "$1" && return
	cat "$work/out"
	no "no failed claim says: $1"
	exit 1
}

does_not_prove_a_memory_limit_that_was_raised_by_hand() {
	lab MemoryMax=32M
	echo 512M >"$(hierarchy memory)/$lab/memory.limit_in_bytes"
	does_not_prove "exit 0, no kill"
}

does_not_prove_other_limits_that_were_raised_by_hand() {
	lab TasksMax=40 CPUQuota=50% AllowedCPUs=0
	echo 500 >"$(hierarchy pids)/$lab/pids.max"
	does_not_prove "TasksMax=40: 48 tasks"
	echo 200000 >"$(hierarchy cpu)/$lab/cpu.cfs_quota_us"
	# A host too busy to give anybody more than the quota shows nothing either way.
	(does_not_prove "CPUQuota=50%") || grep -q "not tried .*CPUQuota" "$work/out" || exit 1
	[ "$(nproc)" -gt 1 ] || return 0
	cat "$(hierarchy cpuset)/cpuset.cpus" >"$(hierarchy cpuset)/$lab/cpuset.cpus"
	does_not_prove "AllowedCPUs=0: CPU 1"
}

does_not_prove_anything_when_logins_are_outside() {
	lab MemoryMax=32M
	cp -r /etc/pam.d "$work/pam.d"
	sed -i /pam_groupies/d /etc/pam.d/common-session /etc/pam.d/common-session-noninteractive
	does_not_prove "a login of $member is inside"
	cp "$work"/pam.d/* /etc/pam.d/
}

does_not_prove_a_limit_that_lets_too_little_live() {
	lab MemoryMax=64M
	echo 8M >"$(hierarchy memory)/$lab/memory.limit_in_bytes"
	does_not_prove "expected: lives"
}

does_not_prove_a_playground_in_which_no_login_lives() {
	lab MemoryMax=256K MemorySwapMax=0
	does_not_prove "a login of $member is inside"
}

leaves_nothing_when_it_is_interrupted_by() {
	local pid
	lab MemoryMax=32M CPUQuota=20%
	groupies-setup prove >"$work/out" 2>&1 9>&- &
	pid=$!
	until_true 30 pgrep -U "$member_uid" hog
	kill "-$1" "$pid"
	wait "$pid"
	[ $? -eq 1 ] || no "exit is not 1: $(cat "$work/out")" || exit 1
	grep -q "interrupted" "$work/out" || no "does not say so: $(cat "$work/out")" || exit 1
	[ -z "$(pgrep -U "$member_uid")" ] || no "it left something running"
}

# ---- all of it ------------------------------------------------------------------------------------

if [ ! -e "$(hierarchy memory)/memory.limit_in_bytes" ] || [ -d /run/systemd/system ]; then
	echo "# this host is not of the kind cgroupfs v1"
	finish
fi
install_here
wire
useradd --uid "$member_uid" --create-home --shell /bin/sh "$member"
useradd --uid "$mate_uid" --create-home --shell /bin/sh "$mate"
groupadd --gid 23210 s2class
groupadd --gid 23211 s2club
cp -a /etc/group "$work/group"
cp -a /etc/gshadow "$work/gshadow"

# Groups that a case has joined are left again behind it.
check_in_groups() {
	check "$@"
	cp -a "$work/group" /etc/group
	cp -a "$work/gshadow" /etc/gshadow
}

check refuses_the_line MemoryMax=banana "MemoryMax is set twice"
for line in \
	"MemorySwapMax=-1|MemorySwapMax: '-1' is not a size" \
	"MemoryHigh=banana|MemoryHigh: 'banana' is not a size" \
	"MemoryHigh=1|MemoryHigh: '1' is less than one page" \
	"MemorySwapMax=150%|MemorySwapMax: '150%' is more than 100%" \
	"TasksMax=0|TasksMax: '0' is not between" \
	"TasksMax=many|TasksMax: 'many' is not a number" \
	"CPUQuota=50|CPUQuota: '50' is not a percentage" \
	"CPUQuota=0%|CPUQuota: '0' is not between" \
	"CPUWeight=10001|CPUWeight: '10001' is not between" \
	"AllowedCPUs=3-1|AllowedCPUs: '3-1' is not a list of CPUs" \
	"AllowedCPUs=one|AllowedCPUs: 'one' is not a list of CPUs" \
	"IOWeight=0|IOWeight: '0' is not between" \
	"IOReadBandwidthMax=10M|IOReadBandwidthMax: '10M' is not a device and a size" \
	"IOWriteBandwidthMax=/dev/null 0|IOWriteBandwidthMax: '/dev/null 0': 0 bytes a second" \
	"UserManager=perhaps|UserManager: 'perhaps' is not auto, inside or masked" \
	"Members=a:b|Members: 'a:b' is not a user's name" \
	"Members=-rf|Members: '-rf' is not a user's name" \
	"Members=@|Members: '@' is not a user's name" \
	"Members=!$mate|Members: '!$mate' is not a user's name" \
	"Members=@!s2class|Members: '@!s2class' is not a user's name" \
	"Members=%s2class|Members: '%s2class' is not a user's name" \
	"Members=*|Members: '*' is not a user's name" \
	"Members=s2*|Members: 's2*' is not a user's name" \
	"memorymax=1G|unknown key 'memorymax'" \
	"Nonsense=1|unknown key 'Nonsense'" \
	"just words|neither KEY=VALUE nor [Section]"; do
	check refuses_the_line "${line%%|*}" "${line#*|}"
done
check refuses_the_limit "IOReadBandwidthMax=/dev/null 1M" "IOReadBandwidthMax: /dev/null is not a block device"
check refuses_the_limit "IOWriteBandwidthMax=/dev/s2none 1M" "IOWriteBandwidthMax: /dev/s2none: No such file"
for name in -x a.b UPPER 1st system user docker machine init "$(printf 'a%.0s' {1..32})"; do
	check refuses_the_name "$name"
done
check refuses_a_section_that_nobody_knows
check refuses_a_key_before_any_section
check refuses_a_config_without_any_limit
check refuses_a_symbolic_link
check refuses_a_fifo_without_waiting_for_it
check refuses_a_config_that_anybody_can_write
check refuses_a_config_of_another_owner
check refuses_a_directory_that_anybody_can_write
check refuses_noise_of_sixteen_mebibytes
check refuses_a_nul_byte
check refuses_an_overlong_line
check changes_nothing_when_a_second_config_is_wrong

check refuses_a_member_named_twice
check refuses_a_member_of_two_playgrounds
check refuses_root
check refuses_another_name_of_root
check refuses_one_uid_under_two_names
for group in sudo adm wheel admin; do check_in_groups refuses_a_member_of_group "$group"; done
check_in_groups refuses_a_group_with_a_sudoer_in_it
check refuses_who_invoked_it_through_sudo
check_in_groups enrols_a_sudoer_by_force
check releases_nobody_while_a_directory_is unavail 1
check releases_nobody_while_a_directory_is tryagain 1
check releases_nobody_while_a_directory_is notfound 0
check applies_another_while_a_directory_is_down
check releases_nobody_who_was_renamed
check releases_whom_the_config_names_no_more
check follows_a_name_to_another_uid
check checks_the_rest_while_a_directory_is_down
check drops_an_unknown_user_and_applies_the_rest
check drops_an_unknown_group_and_applies_the_rest
check enrols_a_group_by_its_gid
check keeps_a_directory_of_gids_only_while_there_is_one
check_in_groups warns_of_users_torn_between_two_groups
check warns_of_several_members_without_limits_of_their_own
check moves_a_member_to_another_playground
check enrols_anew_who_was_renamed

check sets_memory_and_swap
check raises_and_lowers_memory_and_swap_together
check refuses_swap_without_memory
check sets_tasks
check sets_a_cpu_quota
check sets_a_cpu_weight
check sets_cpus
check sets_a_bandwidth
check sets_an_io_weight_or_refuses_it_by_name
check refuses_memory_high_by_name
check sets_limits_of_each_member_that_is_inside
check goes_back_when_the_kernel_refuses
check lets_members_in_when_the_kernel_refuses_another_playground
check leaves_no_group_when_the_kernel_refuses_a_new_one
check lifts_a_limit_that_was_taken_out
check lifts_a_limit_from_who_is_inside

check changes_nothing_the_second_time
check changes_nothing_in_a_dry_run
check applies_one_playground_and_leaves_the_other
check sets_a_limit_again_that_was_raised_by_hand
check makes_again_what_is_gone_after_a_reboot
check writes_an_entry_again_that_was_spoilt
check refuses_a_group_that_somebody_made
check takes_over_a_group_and_makes_it_roots
check takes_back_a_playground_whose_config_is_gone
check says_who_is_inside_of_a_playground_that_is_to_go
check waits_for_another_apply
check sweeps_in_what_a_member_runs_already
check survives_being_killed_at_any_point

check lists_what_is_asked_and_what_is_in_force
check counts_processes_and_kills_in_its_list
check refuses_to_list_what_is_not_there
for command in apply list check prove; do check speaks_json "$command"; done
check runs_a_command_inside
check runs_a_command_in_the_part_of_root_where_members_have_limits
for code in 0 1 7 255; do check passes_an_exit_status_through "$code"; done
check passes_signals_through
check gives_the_command_the_umask_of_its_caller
check tells_what_cannot_be_run

check finds_nothing_where_nothing_is_wrong
check finds_a_config_that_is_not_applied
check finds_a_registry_that_is_not_as_the_configs_say
check finds_a_folder_that_others_can_write
check finds_an_entry_whose_user_is_another
check finds_a_service_without_the_module
check finds_an_sshd_that_does_not_use_pam
check reads_sshd_config_as_sshd_does
check asks_each_sshd_that_runs_with_its_own_arguments
check finds_a_module_that_is_missing
check finds_a_helper_that_is_missing
check finds_a_limit_that_was_changed_by_hand
check finds_files_that_a_member_could_write
for group in docker lxd sudo wheel adm admin; do check_in_groups finds_a_member_of_group "$group"; done
check finds_what_sudoers_lets_a_member_do
check tells_of_a_mailer
check finds_processes_of_a_member_outside
check finds_processes_of_a_member_without_its_own_limits
check says_what_holds_a_full_playground
check says_whose_own_part_is_full
check finds_no_stand_in_of_another_check
check shows_no_control_characters_of_members

check proves_every_limit_that_it_can
check proves_limits_of_each_member
check proves_it_with_a_member_who_belongs_there
check does_not_prove_a_memory_limit_that_was_raised_by_hand
check does_not_prove_other_limits_that_were_raised_by_hand
check does_not_prove_anything_when_logins_are_outside
check does_not_prove_a_limit_that_lets_too_little_live
check does_not_prove_a_playground_in_which_no_login_lives
for signal in INT TERM HUP; do check leaves_nothing_when_it_is_interrupted_by "$signal"; done
finish
