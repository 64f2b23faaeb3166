# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# shellcheck disable=SC2016,SC2154 # commands for the user's shell are in single quotes; $here is of inside.sh
#
# The escape routes (tests/system/escapes.sh) against this very host, by a member and by somebody who is none. The
# tables are kept for docs/security.md. Routes that need the host changed first are rows of their own, by the number
# that they have in that table.

# NAME: of the two files that are kept.
escape_routes() {
    mkdir -p kept
    GROUPIES_HOST=real EAT=/root/vm/bin/eat TIMES=1 timeout 7000 \
        bash tests/system/escapes.sh --markdown "kept/$KIND.$1.md" > "kept/$KIND.$1.txt" 2>&1
}

no_escape_route_is_open() {
    groupies-setup remove --terminate > /dev/null 2>&1 || true
    provision --memory 128M --tasks 300 > /dev/null
    escape_routes escapes ||
        claim_fails "$(grep -E 'OPEN|not shown|failed' "kept/$KIND.escapes.txt" | paste -sd ';')"
}

# What there was before us, for comparison: it has no claim but that the routes were gone.
libpam_cgroup_is_tried_by_the_same_routes() {
    apt-get -q -q update
    DEBIAN_FRONTEND=noninteractive apt-get -q -y install libpam-cgroup > /tmp/rival 2>&1 || claim_fails "$(tail -n 1 /tmp/rival)"
    RIVAL=pam_cgroup escape_routes rival || true
    grep -qE '^ *[0-9]+ s closed' "kept/$KIND.rival.txt" || claim_fails "$(tail -n 1 "kept/$KIND.rival.txt")"
}

# Route 9, where it is open.
check_says_what_v1_leaves_open() {
    local seen status=0
    seen=$(groupies-setup check 2>&1) || status=$?
    has_line 'what check says' '/memory/cgroup.event_control can be written by everybody' "$seen"
    same 'findings' '0 findings' "$(tail -n 1 <<< "$seen")"
    same 'its exit status' 0 "$status"
}

# ---- routes that need the host changed first ---------------------------------------------------------------------

# Route 8. What ran before is charged elsewhere and would stay there: nothing begins beside it unasked.
what_ran_before_enrolment_is_ended_or_swept_in() {
    local seen how=--terminate
    manager_is_systemd || how=--sweep
    trap usual EXIT
    groupies-setup remove --terminate > /dev/null 2>&1 || true
    by_ssh teststudent 'tmux -L early new-session -d "exec sleep 1000"'
    eventually pgrep -u teststudent -x sleep > /dev/null
    seen=$(provision --memory 128M --tasks 300 2>&1) && claim_fails 'provisioned beside it'
    has_line 'what it says' "'teststudent' is logged in .*tmux.*--terminate ends that" "$seen"
    provision --memory 128M --tasks 300 "$how" > /tmp/provision 2>&1 || claim_fails "$how: $(tail -n 1 /tmp/provision)"
    if [ "$how" = --terminate ]; then
        same 'what still runs' '' "$(pgrep -l -u teststudent || true)"
    else
        is_inside 'tmux' "$(cat "/proc/$(pgrep -u teststudent tmux)/cgroup")"
        is_inside 'what runs in it' "$(cat "/proc/$(pgrep -u teststudent -x sleep)/cgroup")"
        pkill -u teststudent tmux
    fi
    is_inside 'the next login' "$(by_ssh teststudent "$here")"
}

# It starts anything for the member. A reload makes systemd say that it belongs inside, and moves nothing.
who_has_a_user_manager_outside_is_refused_until_that_has_ended() {
    local unit
    unit=user@$(id -u teststudent).service
    trap 'loginctl disable-linger teststudent; usual' EXIT
    apply_config '[Playground]' Members=outsider MemoryMax=128M
    loginctl terminate-user teststudent 2> /dev/null || true
    eventually user_manager_is_gone teststudent
    loginctl enable-linger teststudent
    eventually systemctl -q is-active "$unit"
    apply_config "$(cat usual.conf)"
    systemctl daemon-reload
    has_line 'check' "teststudent runs .* outside of 'playground'" "$(groupies-setup check 2>&1 || true)"
    member_is_refused 'a user manager outside'
    loginctl disable-linger teststudent
    loginctl terminate-user teststudent 2> /dev/null || systemctl stop "$unit"
    eventually user_manager_is_gone teststudent
    is_inside 'by ssh afterwards' "$(by_ssh teststudent "$here")"
}

# The group of the member's user manager, whose owner the member is: its path, and where that is in the unified
# hierarchy.
own_path() { systemctl show -p ControlGroup --value "user@$(id -u teststudent).service"; }
own_group() { if [ "$MEMORY" = v2 ]; then echo "/sys/fs/cgroup$(own_path)"; else echo "/sys/fs/cgroup/unified$(own_path)"; fi; }

# Route 13.
a_member_makes_no_tree_of_groups_that_is_too_deep() {
    local made
    session_begins
    made=$(su -s /bin/sh teststudent -c "cd $(own_group) && for made in \$(seq 200); do
        mkdir deeper 2> /dev/null && cd deeper || break; done; echo \$made")
    pkill -u teststudent sleep
    session_has_ended
    if [ "$made" -lt 40 ] || [ "$made" -gt 64 ]; then claim_fails "$made groups, one in the other"; fi
}

# Route 23. Who owns a group may freeze what is in it: a helper that holds everybody's lock, too. A path that is too
# long to be read whole makes no difference; on v2, pam_systemd has taken such a login out before a helper begins.
who_freezes_its_own_login_holds_nobody_up() {
    local long
    long=$(printf 'x%.0s' {1..240})
    session_begins
    trap 'eventually all_is_thawed; pkill -u teststudent sleep || true; wait || true' EXIT
    freeze_a_login_in trapped
    [ "$MEMORY" = v2 ] || freeze_a_login_in "$long/$long/$long/$long/$long"
}

freeze_a_login_in() { # PATH below the member's own group
    local enter holder
    trapped=$(own_group)/$1
    enter="echo \$\$ > $trapped/cgroup.procs"
    [ "$MEMORY" = v2 ] || enter="$enter; echo \$\$ > /sys/fs/cgroup/systemd$(own_path)/cgroup.procs"
    su -s /bin/sh teststudent -c "mkdir -p $trapped"
    (exec 9> /run/groupies/.lock && flock 9 && exec sleep 60) &
    holder=$!
    sh -c "echo $(id -u teststudent) > /proc/self/loginuid; $enter; exec su teststudent -c true" &
    eventually helper_waits_elsewhere
    echo 1 > "$trapped/cgroup.freeze"
    kill "$holder"
    is_inside "another login than that in ${1:0:20}" "$(by_ssh teststudent "$here")"
    all_is_thawed
}

all_is_thawed() { echo 0 > "$trapped/cgroup.freeze"; }

helper_waits_elsewhere() {
    grep -q '^0::/system.slice/groupies-helper-' "/proc/$(pgrep -n -x groupies-place)/cgroup" 2> /dev/null
}

# Route 14. Beyond SessionsMax logind makes no session, and pam_systemd, being optional, lets the login go on.
a_login_that_logind_has_no_session_for_is_inside() {
    local pid
    few=/etc/systemd/logind.conf.d/few.conf
    mkdir -p "${few%/*}"
    trap 'rm -f "$few"; pkill -u teststudent sleep || true; systemctl restart systemd-logind; wait || true' EXIT
    printf '[Login]\nSessionsMax=%d\n' $(($(loginctl list-sessions --no-legend | wc -l) + 3)) > "$few"
    systemctl restart systemd-logind
    for _ in 1 2 3 4 5; do session_begins; done
    same "somebody else's session" none "$(by_ssh outsider 'echo "${XDG_SESSION_ID:-none}"')"
    for pid in $(pgrep -u teststudent sleep); do is_inside 'one of many logins' "$(cat "/proc/$pid/cgroup")"; done
    is_inside 'one more by ssh' "$(by_ssh teststudent "$here"'; echo "${XDG_SESSION_ID:-none}"')"
    is_inside 'one more by su' "$(by_su teststudent "$here")"
}

# Route 24. What root may ask of systemd, a member may not; what systemd hands to a user leads nowhere.
systemd_does_nothing_for_a_member_that_leads_outside() {
    local manager='org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager' order seen
    trap 'systemctl revert playground.slice; usual' EXIT
    for order in 'systemd-run --no-ask-password --quiet --wait true' \
        'systemd-run --no-ask-password --quiet --scope --slice=system.slice true' \
        'systemctl --no-ask-password set-property --runtime playground.slice MemoryMax=100M'; do
        bash -c "$order" || claim_fails "root: $order"
        seen=$(by_ssh teststudent "$order; echo \"status \$?\"")
        has_line "$order" '^status [1-9]' "$seen"
    done
    seen=$(by_ssh teststudent "for unit in user@\$(id -u).service ssh.service init.scope; do
        busctl call $manager AttachProcessesToUnit ssau \$unit '' 1 \$\$; $here; done")
    same 'lines of memory' 3 "$(memory_line "$seen" | wc -l)"
    same 'those outside' '' "$(memory_line "$seen" | grep -v ':/playground' || true)"
}

# What is denied by default, a rule may grant.
check_names_what_polkit_grants_a_member() {
    local seen
    rule=/etc/polkit-1/rules.d/10-generous.rules
    trap 'rm -f "$rule"' EXIT
    has_line 'without the rule' '^0 findings$' "$(groupies-setup check 2>&1)"
    cat > "$rule" <<- 'END'
	polkit.addRule(function (action, subject) {
	    if (action.id == "org.freedesktop.systemd1.manage-units" && subject.user == "teststudent")
	        return polkit.Result.YES;
	});
	END
    eventually starts_units_of_the_system teststudent
    is_outside 'what it has started' "$(by_ssh teststudent 'systemd-run --no-ask-password --quiet --pipe --wait cat /proc/self/cgroup')"
    seen=$(groupies-setup check 2>&1) && claim_fails 'check finds nothing'
    has_line 'what it finds' 'polkit grants org.freedesktop.systemd1.manage-units to teststudent, who can start' "$seen"
    has_line 'how much' '^1 finding$' "$seen"
}

starts_units_of_the_system() { by_ssh "$1" 'systemd-run --no-ask-password --quiet --wait true' > /dev/null; }
