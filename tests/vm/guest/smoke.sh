# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# shellcheck disable=SC2016 # commands for the user's shell are in single quotes
#
# Rows that need nothing of ours: that the machines are what they are taken for, and that each way in works for an
# ordinary user before groupies comes.

the_memory_controller_is_where_this_kind_has_it() {
    local root v1
    root=$(stat -fc %T /sys/fs/cgroup)
    v1=$(awk '$9 == "cgroup" || / - cgroup / { print $5 }' /proc/self/mountinfo | grep -c '/memory$') || true
    case $MEMORY in
        v2) same 'file system of /sys/fs/cgroup' cgroup2fs "$root"
            has_line 'controllers of v2' '\bmemory\b' "$(cat /sys/fs/cgroup/cgroup.controllers)" ;;
        hybrid) same 'mounts of memory on v1' 1 "$v1"
            same 'systemd has its own tree on' cgroup2fs "$(stat -fc %T /sys/fs/cgroup/unified)" ;;
        v1) same 'mounts of memory on v1' 1 "$v1"
            same 'mounts of v2' 0 "$(grep -c ' - cgroup2 ' /proc/self/mountinfo || true)" ;;
    esac
}

the_first_process_is_what_this_kind_says() {
    case $MANAGER in
        systemd) same 'process 1' systemd "$(cat /proc/1/comm)"; [ -d /run/systemd/system ] ;;
        sysvinit) same 'process 1' init "$(cat /proc/1/comm)"; [ ! -e /run/systemd/system ] ;;
    esac
}

the_kernel_gives_each_login_an_audit_session() {
    local seen
    seen=$(by_ssh teststudent 'echo $(cat /proc/self/loginuid) $(cat /proc/self/sessionid)')
    matches 'loginuid and sessionid' "$(id -u teststudent) [0-9]*" "$seen"
    [ "${seen#* }" != 4294967295 ] || claim_fails "no audit session: $seen"
}

swap_is_there_to_be_limited() { [ "$(awk '/SwapTotal/ { print $2 }' /proc/meminfo)" -gt 400000 ]; }

logs_in_by() { # WAY: the user is who it should be, and where an ordinary login of this kind is
    local seen
    seen=$("by_$1" teststudent 'id -un; cat /proc/self/cgroup')
    has_line 'user' '^teststudent$' "$seen"
    has_line 'control group' '^[0-9]+:.*:/' "$seen"
}

an_ordinary_user_logs_in_by_ssh() { logs_in_by ssh; }
an_ordinary_user_logs_in_by_su() { logs_in_by su; }
an_ordinary_user_logs_in_by_sudo() { logs_in_by sudo; }
an_ordinary_user_logs_in_on_a_serial_console() { logs_in_by login; }
an_ordinary_user_runs_a_cron_job() { logs_in_by cron; }
an_ordinary_user_runs_an_at_job() { logs_in_by at; }
an_ordinary_user_runs_a_batch_job() { logs_in_by batch; }

an_ordinary_user_has_a_user_manager() {
    local seen
    seen=$(by_ssh teststudent 'systemd-run --user --quiet --scope cat /proc/self/cgroup')
    has_line 'user scope' "/user@$(id -u teststudent)\.service/.*\.scope" "$seen"
}

a_session_ends_when_it_is_terminated() {
    local seen=0 login
    rm -f /tmp/outsider-is-in
    by_ssh outsider 'touch /tmp/outsider-is-in; sleep 1000' &
    login=$!
    # Once the command runs: sshd overlooks a termination that comes while it still opens the session.
    eventually test -e /tmp/outsider-is-in
    loginctl terminate-session "$(session_of outsider)"
    wait "$login" || seen=$?
    [ "$seen" != 0 ] || claim_fails 'the login went on'
    eventually has_no_session outsider
}
