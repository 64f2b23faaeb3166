# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# shellcheck disable=SC2016 # commands for the user's shell are in single quotes
#
# Rows about a member of the playground: its logins are inside by every way in, and the limit holds there.

# ---- words -----------------------------------------------------------------------------------------------------

here='cat /proc/self/cgroup'

provision() { groupies-setup --user teststudent "$@"; }

# Provisions anew with these options, whatever a row before has left.
fresh() {
    groupies-setup remove --terminate > /dev/null 2>&1 || true
    provision "$@" > /tmp/provision 2>&1 || claim_fails "provision: $(grep -E 'FAILED|failed|groupies-setup:' /tmp/provision | paste -sd ' ')"
}

# The playground as the first row has made it, whatever a row has made of it since. Applying it is quicker than to
# provision anew, and is what an administrator does.
usual() {
    apply_config "$(cat usual.conf)"
}

# CONFIG LINE...: another one, for this row, whichever way it ends.
configured() {
    trap usual EXIT
    apply_config "$@"
}

apply_config() { # CONFIG LINE...
    printf '%s\n' "$@" > /etc/groupies/playground.conf
    groupies-setup apply > /tmp/apply 2>&1 || claim_fails "apply: $(paste -sd ' ' /tmp/apply)"
}

# The line of the hierarchy that memory lives on, of a text of /proc/PID/cgroup.
memory_line() {
    if [ "$MEMORY" = v2 ]; then grep '^0::' <<< "$1"; else grep ':memory:' <<< "$1"; fi || true
}

is_inside() { # WHAT TEXT [PLAYGROUND]
    has_line "$1" ":/${3:-playground}(\\.slice)?(/|\$)" "$(memory_line "$2")"
}

is_outside() { # WHAT TEXT
    ! grep -q ':/playground' <<< "$(memory_line "$2")" || claim_fails "$1 is inside: $2"
}

memory_mount() {
    if [ "$MEMORY" = v2 ]; then echo /sys/fs/cgroup; else awk '$9 == "cgroup" || / - cgroup / { print $5 }' /proc/self/mountinfo | grep '/memory$'; fi
}

group() { # the directory of the playground's memory
    local mount
    mount=$(memory_mount)
    if manager_is_systemd; then echo "$mount/playground.slice"; else echo "$mount/playground"; fi
}

limit_of() { cat "$(group)/memory.max" 2> /dev/null || cat "$(group)/memory.limit_in_bytes"; }

kills() {
    # On v1 a scope takes its count with it when it goes, which may be while this looks.
    if [ "$MEMORY" = v2 ]; then
        awk '$1 == "oom_kill" { print $2 }' "$(group)/memory.events"
    else
        { find "$(group)" -name memory.oom_control -exec cat {} + 2> /dev/null || true; } |
            awk '$1 == "oom_kill" { n += $2 } END { print n + 0 }'
    fi
}

# ---- rows ------------------------------------------------------------------------------------------------------

provisioning_ends_well_and_proves_the_limit() {
    # The rows before had it log in: its user manager stays for 10 s.
    ! manager_is_systemd || eventually user_manager_is_gone teststudent
    fresh --memory 128M --tasks 300
    has_line 'the proof' 'MemoryMax=128M.*seen: exit 137, kills \+1' "$(cat /tmp/provision)"
    same 'the limit as the kernel has it' 134217728 "$(limit_of)"
    cp /etc/groupies/playground.conf usual.conf
}

provisioning_again_changes_nothing() {
    local before after
    before=$(find /etc /var/lib/groupies -xdev -newermt '1970-01-02' -printf '%p %T@ %i\n' | sort)
    provision --memory 128M --tasks 300 > /tmp/provision 2>&1
    after=$(find /etc /var/lib/groupies -xdev -newermt '1970-01-02' -printf '%p %T@ %i\n' | sort)
    same 'files that changed' '' "$(diff <(echo "$before") <(echo "$after") || true)"
    ! grep -qE '^ +done ' /tmp/provision || claim_fails "$(grep -E '^ +done ' /tmp/provision | head -n 1)"
}

member_is_inside_by() {
    is_inside "the member by $1" "$("by_$1" teststudent "$here")"
    is_outside "somebody else by $1" "$("by_$1" outsider "$here")"
}

the_member_is_inside_by_ssh() { member_is_inside_by ssh; }
the_member_is_inside_by_su() { member_is_inside_by su; }
the_member_is_inside_by_sudo() { member_is_inside_by sudo; }
the_member_is_inside_on_a_serial_console() { is_inside login "$(by_login teststudent "$here")"; }
the_member_is_inside_by_cron() { member_is_inside_by cron; }
the_member_is_inside_by_at() { member_is_inside_by at; }

hog_dies_at_the_limit_and_its_shell_lives_by() {
    local seen before
    before=$(kills)
    seen=$("by_$1" teststudent 'hog 300M; echo "status $?"; echo alive')
    has_line 'the sentence' '^hog: killed by the memory limit of playground at .* \(limit 128 MiB' "$seen"
    has_line 'the status' '^status 137$' "$seen"
    has_line 'the shell' '^alive$' "$seen"
    [ "$MEMORY$MANAGER" != v2systemd ] || [ "$(kills)" -gt "$before" ] || claim_fails "the kernel has counted no kill"
    seen=$("by_$1" outsider 'hog 300M; echo "status $?"')
    has_line 'somebody else' '^status 0$' "$seen"
}

hog_dies_at_the_limit_by_ssh_and_lives_outside() { hog_dies_at_the_limit_and_its_shell_lives_by ssh; }
hog_dies_at_the_limit_by_su_and_lives_outside() { hog_dies_at_the_limit_and_its_shell_lives_by su; }
hog_dies_at_the_limit_by_cron_and_lives_outside() { hog_dies_at_the_limit_and_its_shell_lives_by cron; }

what_the_members_user_manager_starts_is_inside() {
    local seen
    seen=$(by_ssh teststudent 'systemd-run --user --quiet --scope cat /proc/self/cgroup')
    is_inside 'a user scope' "$seen"
    seen=$(by_ssh teststudent 'systemd-run --user --quiet --wait --pipe cat /proc/self/cgroup')
    is_inside 'a user service' "$seen"
    seen=$(by_ssh teststudent 'systemd-run --user --quiet --on-active=1s --unit=tick sh -c "cat /proc/self/cgroup > /tmp/tick"
        for i in $(seq 300); do [ -s /tmp/tick ] && break; sleep 0.2; done; cat /tmp/tick; rm -f /tmp/tick')
    is_inside 'a user timer' "$seen"
    seen=$(by_ssh teststudent 'systemd-run --user --quiet --scope hog 300M; echo "status $?"')
    has_line 'hog in a user scope' '^status (137|143)$' "$seen"
}

# Ten mebibytes are what provisioning gives when nobody says otherwise; systemd --user does not fit into them.
a_small_playground_has_no_user_manager_but_a_login() {
    local seen
    trap usual EXIT
    fresh --memory 10M
    seen=$(by_ssh teststudent "$here"'; ls -d "$XDG_RUNTIME_DIR"; systemd-run --user --scope true; echo "status $?"; hog 100M; echo "hog $?"')
    is_inside 'the login' "$seen"
    has_line 'hog' '^hog 137$' "$seen"
    manager_is_systemd || return 0
    has_line 'the runtime directory' "^/run/user/$(id -u teststudent)\$" "$seen"
    has_line 'systemd-run --user' '^status 1$' "$seen"
}

the_user_manager_is_masked_where_that_was_asked_for() {
    local seen
    trap usual EXIT
    fresh --memory 128M --tasks 300 --user-manager masked
    seen=$(by_ssh teststudent "$here"'; systemd-run --user --scope true; echo "status $?"')
    is_inside 'the login' "$seen"
    has_line 'systemd-run --user' '^status 1$' "$seen"
    has_line 'that of somebody else' '^status 0$' "$(by_ssh outsider 'systemd-run --user --quiet --scope true; echo "status $?"')"
}

# A member's session that goes on until it is ended from outside.
session_begins() {
    rm -f /tmp/member-is-in
    by_ssh teststudent 'touch /tmp/member-is-in; sleep 1000' > /dev/null &
    eventually test -e /tmp/member-is-in
}

session_has_ended() {
    local seen=0
    wait $! || seen=$?
    [ "$seen" != 0 ] || claim_fails 'the login went on'
    eventually has_no_session teststudent
}

logind_manages_the_session_like_any_other() {
    local id
    session_begins
    id=$(session_of teststudent)
    has_line 'session-status' 'sleep 1000' "$(loginctl session-status "$id" --no-pager)"
    systemctl daemon-reload
    systemctl restart systemd-logind
    same 'the scope after a reload and a restart of logind' "/playground.slice/session-$id.scope" \
        "$(systemctl show -p ControlGroup --value "session-$id.scope")"
    loginctl terminate-session "$id"
    session_has_ended
}

a_session_can_be_killed() {
    session_begins
    loginctl kill-session --signal=KILL "$(session_of teststudent)"
    session_has_ended
}

a_user_can_be_terminated() {
    session_begins
    loginctl terminate-user teststudent
    session_has_ended
}

# What three logins of USER and their ends make the host complain about; the machine's own noise is in it.
complaints_about() {
    local since
    since=$(date '+%F %T')
    by_ssh "$1" true
    by_su "$1" true
    by_sudo "$1" true
    eventually has_no_session "$1"
    journalctl --since "$since" -p err --no-pager -q -o cat | grep -v 'powernow\|kvm' | sed "s/$1/USER/g" | sort -u || true
}

a_logout_leaves_no_session_and_logs_no_error() {
    local since
    since=$(date '+%F %T')
    same 'errors, beside those of anybody' "$(complaints_about outsider)" "$(complaints_about teststudent)"
    same 'complaints' '' "$(journalctl --since "$since" --no-pager -q -o cat | grep -i 'failed to release session\|does not belong' || true)"
}

roots_own_session_is_never_touched() {
    local before after
    before=$(cat /proc/self/cgroup)
    by_su teststudent "$here" > /dev/null
    systemctl daemon-reload
    by_su teststudent "$here" > /dev/null
    after=$(cat /proc/self/cgroup)
    same "root's group" "$before" "$after"
    systemctl stop playground.slice
    same "root's group after the slice was stopped" "$before" "$(cat /proc/self/cgroup)"
    is_inside 'the next login' "$(by_ssh teststudent "$here")"
}

two_members_share_one_budget() {
    local first second
    configured '[Playground]' 'Members=teststudent outsider' MemoryMax=200M MemorySwapMax=0
    by_su teststudent 'hog 140M 60' > /tmp/first 2>&1 &
    first=$!
    eventually grep -q '^sleeping' /tmp/first
    second=$(by_su outsider 'hog 140M; echo "status $?"')
    # One of the two has to go: the kernel takes the largest.
    wait "$first" || true
    [ "$(grep -c 'killed by the memory limit of playground' /tmp/first - <<< "$second" | awk -F: '{ n += $2 } END { print n }')" -ge 1 ] ||
        claim_fails "both lived: $second"
}

each_member_has_its_own_limit_too() {
    local seen
    configured '[Playground]' 'Members=teststudent outsider' MemoryMax=400M '[Member]' MemoryMax=100M MemorySwapMax=0
    seen=$(by_ssh teststudent "$here"'; hog 150M; echo "status $?"')
    has_line 'where' "/playground(\\.slice)?/(playground-)?$(id -u teststudent)(\\.slice)?(/|\$)" "$(memory_line "$seen")"
    has_line 'hog' '^status 137$' "$seen"
    seen=$(by_su outsider "$here"'; hog 60M; echo "status $?"')
    has_line 'where the other is' "/playground(\\.slice)?/(playground-)?$(id -u outsider)(\\.slice)?(/|\$)" "$(memory_line "$seen")"
    has_line 'hog of the other' '^status 0$' "$seen"
}

# systemd leaves a session where it is; whoever comes in afterwards has the new limits.
check_says_who_came_before_the_limits_of_each_member() {
    local seen
    trap 'pkill -u teststudent sleep || true; usual; wait || true' EXIT
    session_begins
    apply_config '[Playground]' Members=teststudent MemoryMax=128M '[Member]' MemoryMax=100M
    has_line 'the next login' "/playground-$(id -u teststudent)\\.slice" "$(memory_line "$(by_su teststudent "$here")")"
    seen=$(groupies-setup check 2>&1) && claim_fails 'check finds nothing'
    has_line 'what it finds' "teststudent runs .* in 'playground' without the limits of \\[Member\\]: .*loginctl terminate-user teststudent" "$seen"
    loginctl terminate-user teststudent
    eventually has_no_session teststudent
    eventually user_manager_is_gone teststudent
    has_line 'afterwards' '^0 findings$' "$(groupies-setup check 2>&1)"
}

# A group of v2 that hands controllers down takes no process: what needed it may be gone, and members must come in.
members_come_back_in_when_nothing_below_is_limited_any_more() {
    local login seen playground
    playground=$(group)
    configured '[Playground]' Members=teststudent MemoryMax=128M '[Member]' MemoryMax=100M
    rm -f /tmp/member-is-in
    (by_su teststudent 'touch /tmp/member-is-in; sleep 1000' || true) > /dev/null 2>&1 3>&- &
    login=$!
    eventually test -e /tmp/member-is-in
    same 'handed down for the member' memory "$(cat "$playground/cgroup.subtree_control")"
    usual
    same 'handed down without [Member]' '' "$(cat "$playground/cgroup.subtree_control")"
    seen=$(by_su teststudent "$here")
    same 'a login afterwards' 0::/playground "$(memory_line "$seen")"
    pkill -u teststudent sleep || true
    wait "$login" || true

    # As a container engine leaves it.
    guest=$playground/guest
    mkdir "$guest"
    echo +memory > "$playground/cgroup.subtree_control"
    echo 64M > "$guest/memory.max"
    sleep 1000 &
    sleeper=$!
    trap 'kill "$sleeper" 2> /dev/null || true; rmdir "$guest/deeper" 2> /dev/null || true; eventually rmdir "$guest"; usual' EXIT
    echo "$sleeper" > "$guest/cgroup.procs"
    member_is_refused 'a guest that is limited below'
    seen=$(groupies-setup check 2>&1) && claim_fails 'check finds nothing wrong with a closed group'
    has_line 'what check finds' 'hands controllers down .*no process may enter it' "$seen"
    seen=$(groupies-setup apply 2>&1) && claim_fails 'apply took the limits of a guest away'
    has_line 'why' 'guest in it holds processes.*\[Member\] section' "$seen"
    same "the guest's limit" 67108864 "$(cat "$guest/memory.max")"
    kill "$sleeper"
    wait "$sleeper" || true
    # Empty, and not to be closed for what is below it.
    mkdir "$guest/deeper"
    echo +memory > "$guest/cgroup.subtree_control"
    seen=$(groupies-setup apply 2>&1) && claim_fails 'apply opened a group with another below that hands down'
    has_line 'why then' 'a group in playground hands memory down, .*\[Member\] section' "$seen"
    rmdir "$guest/deeper"
    echo -memory > "$guest/cgroup.subtree_control"
    is_inside 'the member once the guest has ended' "$(by_su teststudent "$here")"
}

who_joins_a_group_after_apply_is_inside() {
    groupadd -f pupils
    configured '[Playground]' 'Members=teststudent @pupils' MemoryMax=128M '[Member]' MemoryMax=100M
    is_outside 'before it has joined' "$(by_ssh outsider "$here")"
    usermod -aG pupils outsider
    ! manager_is_systemd || loginctl terminate-user outsider 2> /dev/null || true
    ! manager_is_systemd || { eventually user_manager_is_gone outsider && starts_no_user_manager_outside outsider; }
    is_inside 'by ssh' "$(by_ssh outsider "$here")"
    is_inside 'by su' "$(by_su outsider "$here")"
    gpasswd -d outsider pupils > /dev/null
    groupdel pupils
}

# Whoever has joined is a member before any login has told systemd: what lingers then is inside, or does not start.
starts_no_user_manager_outside() { # USER
    local unit
    unit=user@$(id -u "$1").service
    loginctl enable-linger "$1"
    eventually user_manager_has_been_tried "$unit"
    ! systemctl -q is-active "$unit" ||
        matches "the group of $unit" '/playground.slice/*' "$(systemctl show -p ControlGroup --value "$unit")"
    loginctl disable-linger "$1"
    systemctl stop "$unit"
}

user_manager_has_been_tried() { [[ $(systemctl is-active "$1") == @(active|failed) ]]; }

user_manager_is_gone() { ! systemctl -q is-active "user@$(id -u "$1").service"; }

apply_reaches_living_sessions() {
    local login
    rm -f /tmp/member-is-in
    by_su teststudent 'touch /tmp/member-is-in; sleep 1000' > /dev/null 2>&1 &
    login=$!
    eventually test -e /tmp/member-is-in
    configured "$(sed 's/^MemoryMax=.*/MemoryMax=96M/' usual.conf)"
    same 'the limit now' 100663296 "$(limit_of)"
    kill "$login" 2> /dev/null || true
    pkill -u teststudent sleep || true
}

what_an_administrator_sets_is_respected_and_shown_as_drift() {
    trap 'systemctl revert playground.slice; usual' EXIT
    systemctl set-property --runtime playground.slice MemoryMax=90M
    is_inside 'a login' "$(by_ssh teststudent "$here")"
    same 'the limit' 94371840 "$(limit_of)"
    has_line 'check' 'MemoryMax' "$(groupies-setup check 2>&1 || true)"
}

a_slice_that_somebody_wrote_is_taken_over_and_given_back() {
    local seen make='groupies-setup --user secondstudent --playground handmade --memory 96M'
    unit=/etc/systemd/system/handmade.slice
    trap 'groupies-setup remove handmade --terminate || true; rm -f $unit*; systemctl daemon-reload' EXIT
    printf '%s\n' '[Slice]' MemoryMax=1G > $unit
    systemctl daemon-reload
    ! seen=$($make 2>&1) || claim_fails 'taken over without --adopt'
    has_line 'without --adopt' 'stands there already and is not ours: --adopt takes it over' "$seen"
    same 'the unit without --adopt' '[Slice] MemoryMax=1G' "$(paste -sd ' ' $unit)"
    ! seen=$($make --adopt --cpus 63 2>&1) || claim_fails 'there is a CPU 63'
    same 'the unit when systemd refuses' '[Slice] MemoryMax=1G' "$(paste -sd ' ' $unit)"
    same 'what is left when systemd refuses' "$unit" "$(find /etc -name '*handmade*' -o -name '50-groupies.conf' -path "*@$(id -u secondstudent).*")"
    seen=$($make --adopt 2>&1) || claim_fails "with --adopt: $(tail -n 1 <<< "$seen")"
    is_inside 'a login' "$(by_su secondstudent "$here")" handmade
    same 'the limit' 100663296 "$(systemctl show -P MemoryMax handmade.slice)"
    groupies-setup remove handmade --terminate
    same 'the unit in the end' '[Slice] MemoryMax=1G' "$(paste -sd ' ' $unit)"
    same 'the limit in the end' 1073741824 "$(systemctl show -P MemoryMax handmade.slice)"
    same 'what is left' "$unit" "$(find /etc -name '*handmade*')"
}

swap_and_cpus_are_limited_on_v1_too() {
    configured '[Playground]' Members=teststudent MemoryMax=128M MemorySwapMax=0 AllowedCPUs=0
    same 'memory and swap' 134217728 "$(cat "$(group)/memory.memsw.limit_in_bytes")"
    has_line 'CPUs by ssh' '^Cpus_allowed_list:.*[^-,0-9]0$' "$(by_ssh teststudent 'grep Cpus_allowed_list /proc/self/status')"
    has_line 'CPUs by su' '^Cpus_allowed_list:.*[^-,0-9]0$' "$(by_su teststudent 'grep Cpus_allowed_list /proc/self/status')"
}

# The kernel charges them to a group that has such a limit itself, and to none above it alone.
what_sockets_hold_is_limited_on_v1_too() {
    local limit='cat "/sys/fs/cgroup/memory$(sed -n "s/^[0-9]*:memory://p" /proc/self/cgroup)/memory.kmem.tcp.limit_in_bytes"' way
    for way in ssh su cron; do same "by $way" 1099511627776 "$(by_$way teststudent "$limit")"; done
    same 'from the user manager' 1099511627776 "$(by_ssh teststudent "systemd-run --user --quiet --pipe --wait sh -c '$limit'")"
}

# ---- nobody else notices ------------------------------------------------------------------------------------------

root_has_a_key() {
    grep -qxFf /root/.ssh/id_ed25519.pub /root/.ssh/authorized_keys ||
        cat /root/.ssh/id_ed25519.pub >> /root/.ssh/authorized_keys
}

others_log_in() { # STATE
    root_has_a_key
    has_line "somebody else by ssh with $1" '^fine$' "$(by_ssh outsider 'echo fine')"
    has_line "somebody else by su with $1" '^fine$' "$(by_su outsider 'echo fine')"
    has_line "root by ssh with $1" '^fine$' "$(by_ssh root 'echo fine')"
}

member_is_refused() { # STATE
    local seen
    seen=$(by_su teststudent 'echo came in' || true)
    ! grep -q 'came in' <<< "$seen" || claim_fails "the member came in with $1"
    seen=$(by_ssh teststudent 'echo came in' || true)
    ! grep -q 'came in' <<< "$seen" || claim_fails "the member came in by ssh with $1"
}

# What these rows take away comes back whichever way they end: the next row is about something else.
others_never_notice_that_our_files_are_corrupt() {
    local file
    for file in /var/lib/groupies/registry/uid/*; do echo noise > "$file"; done
    echo noise > /etc/groupies/playground.conf
    trap usual EXIT
    others_log_in 'corrupt files'
    member_is_refused 'corrupt files'
}

others_never_notice_that_the_helper_is_gone() {
    mv /usr/libexec/groupies/groupies-place /root/
    trap 'mv /root/groupies-place /usr/libexec/groupies/' EXIT
    rm -f /run/groupies/playground
    others_log_in 'no helper'
    member_is_refused 'no helper'
    trap - EXIT
    mv /root/groupies-place /usr/libexec/groupies/
    is_inside 'the member afterwards' "$(by_su teststudent "$here")"
}

others_never_notice_that_the_module_is_gone() {
    local module
    module=$(find /usr/lib -name pam_groupies.so)
    mv "$module" /root/
    # shellcheck disable=SC2064 # as it is now
    trap "mv /root/pam_groupies.so $module" EXIT
    others_log_in 'no module'
    has_line 'the member' '^fine$' "$(by_su teststudent 'echo fine')"
}

others_never_notice_that_the_bus_is_dead() {
    local seen
    systemctl stop dbus.socket dbus.service
    others_log_in 'no bus'
    seen=$(by_su teststudent "$here" || true)
    [ -z "$(memory_line "$seen")" ] || is_inside 'the member by su with no bus' "$seen"
    seen=$(by_ssh teststudent "$here" || true)
    [ -z "$(memory_line "$seen")" ] || is_inside 'the member by ssh with no bus' "$seen"
    systemctl start dbus.socket
    systemctl restart systemd-logind
}

logins_during_a_storm_of_reloads_and_restarts_are_inside_or_refused() {
    local count=20 out=/tmp/storm index storm inside=0 outside=0
    rm -rf $out && mkdir $out
    [ -z "$LONG" ] || count=200
    (
        for ((index = 1; ; index++)); do
            [ ! -e $out/stop ] || break
            systemctl daemon-reload || true
            # The bus takes everybody's connection along when it goes.
            [ $((index % 5)) != 0 ] || systemctl restart dbus || true
            systemctl restart systemd-logind || true
            sleep 1
        done
    ) > /dev/null 2>&1 3>&- &
    storm=$!
    for index in $(seq $count); do
        if [ $((index % 2)) = 0 ]; then by_ssh teststudent "$here" > $out/$index 2>&1 & else by_su teststudent "$here" > $out/$index 2>&1 & fi
        # Ten at a time: more of them only wait for each other on an emulated machine, until sshd gives them up.
        [ $index -le 10 ] || wait -n || true
    done
    touch $out/stop
    wait "$storm" || true
    wait || true
    for index in $(seq $count); do
        case $(memory_line "$(cat $out/$index)") in
            '') ;;
            *:/playground*) inside=$((inside + 1)) ;;
            *) outside=$((outside + 1)) ;;
        esac
    done
    mkdir -p kept
    echo "$KIND: of $count logins $inside inside, $outside outside, the others refused" | tee "kept/$KIND.storm.txt"
    same 'logins outside' 0 "$outside"
    [ "$inside" -ge $((count / 2)) ] || claim_fails "only $inside of $count came in: $(cat $out/* | sort | uniq -c | sort -rn | head -n 3)"
    eventually has_no_session teststudent
}

# ---- what it costs ----------------------------------------------------------------------------------------------------

median() { sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }

# By turns, so that whatever else the machine does meets both.
a_members_login_takes_at_most_a_tenth_longer() {
    local user begun member other round
    configured "$(sed 's/^MemoryMax=.*/MemoryMax=512M/' usual.conf)"
    rm -f /tmp/took.*
    mkdir -p kept
    for round in $(seq 21); do
        for user in outsider teststudent; do
            begun=$(date +%s%N)
            by_ssh "$user" true
            # The first of each fills caches.
            [ "$round" = 1 ] || echo $((($(date +%s%N) - begun) / 1000000)) >> /tmp/took.$user
            eventually has_no_session "$user"
        done
    done
    member=$(median < /tmp/took.teststudent)
    other=$(median < /tmp/took.outsider)
    echo "$KIND: ssh login, median of 20: member $member ms, outsider $other ms, ratio $(awk "BEGIN { printf \"%.2f\", $member / $other }")" |
        tee "kept/$KIND.login.txt"
    [ $((member * 100)) -le $((other * 110)) ] || claim_fails "$(cat "kept/$KIND.login.txt")"
}

# ---- across a boot ---------------------------------------------------------------------------------------------------

a_member_lingers_over_the_reboot() {
    by_ssh teststudent 'mkdir -p ~/.config/systemd/user/default.target.wants
        printf "[Service]\nExecStart=/bin/sh -c \"cat /proc/self/cgroup > /tmp/lingering; exec sleep infinity\"\n[Install]\nWantedBy=default.target\n" > ~/.config/systemd/user/stay.service
        systemctl --user enable stay.service'
    loginctl enable-linger teststudent
}

what_lingers_is_inside_after_the_reboot() {
    eventually test -s /tmp/lingering
    is_inside 'the lingering service' "$(cat /tmp/lingering)"
    loginctl disable-linger teststudent
}

the_first_login_after_the_reboot_is_limited() {
    local seen
    seen=$(by_ssh teststudent "$here"'; hog 300M; echo "status $?"')
    is_inside 'the login' "$seen"
    has_line 'hog' '^status 137$' "$seen"
    same 'the limit' 134217728 "$(limit_of)"
}

# ---- taking back -----------------------------------------------------------------------------------------------------

# Path, type, mode, owner and content of what provisioning may touch, and the control groups.
host_as_it_is() {
    find /etc /var/lib /home /usr/lib /usr/sbin /usr/share/pam-configs -xdev \( -type d -o -type l -o -type f \) \
        -not -path '/var/lib/systemd/*' -not -path '/etc/.pwd.lock' -not -path '/var/lib/pam/seen' \
        -printf '%p %y %m %u:%g %l\n' | sort || true
    find /etc /var/lib/pam /var/lib/groupies -xdev -type f -not -name '*-' -exec sha256sum {} + 2> /dev/null | sort || true
    find /sys/fs/cgroup -name '*playground*' -o -name '*groupies-*' 2> /dev/null | sort || true
    find /run/systemd/system /run/groupies -name '*50-groupies*' -o -path '/run/groupies/*' -not -name .lock 2> /dev/null | sort || true
}

removing_leaves_the_host_as_it_was() {
    local before own
    groupies-setup remove --terminate > /dev/null 2>&1 || true
    before=$(host_as_it_is)
    own=$(cat /proc/self/cgroup)
    provision --memory 128M > /dev/null
    by_ssh teststudent "$here" > /dev/null
    by_su teststudent "$here" > /dev/null
    ! manager_is_systemd || eventually has_no_session teststudent
    groupies-setup remove --terminate > /tmp/removed 2>&1 || claim_fails "$(tail -n 1 /tmp/removed)"
    same 'what is different' '' "$(diff <(echo "$before") <(host_as_it_is) || true)"
    same "root's group" "$own" "$(cat /proc/self/cgroup)"
    is_outside 'the former member' "$(by_su teststudent "$here")"
}
