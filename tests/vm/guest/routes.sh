# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# The ways in: each runs COMMAND (a line for the user's shell) as USER through a real program of this host, and
# prints what the command printed, stdout and stderr.  `by_WAY USER COMMAND`.

# shellcheck disable=SC2034 # for rows that go over all of them
ways="ssh su sudo login cron at batch"

# shellcheck disable=SC2029
by_ssh() { ssh "$1@localhost" "$2" 2>&1; }
by_su() { su - "$1" -c "$2" 2>&1 < /dev/null; }
by_sudo() { sudo -u "$1" -i -- bash -c "$2" 2>&1 < /dev/null; }
by_login() { expect -f guest/serial-login "$1" "$(password_of "$1")" "$2"; }

by_cron() {
    # cron's only jobs that start at once are those of @reboot, and it takes the machine as just booted when its
    # stamp is gone. They go through the same PAM session as all others.
    job_begin "$1" "$2"
    echo "@reboot /bin/sh $job/script" | crontab -u "$1" -
    rm -f /run/crond.reboot /var/run/crond.reboot
    if manager_is_systemd; then systemctl restart cron; else /etc/init.d/cron restart > /dev/null; fi
    job_end
    crontab -u "$1" -r
}

# An at job begins where it was ordered, which its user must be allowed to enter.
by_at() { job_begin "$1" "$2"; su "$1" -c "cd / && at -f $job/script now" > /dev/null 2>&1; job_end; }
by_batch() { job_begin "$1" "$2"; su "$1" -c "cd / && at -q b -f $job/script now" > /dev/null 2>&1; job_end; }

job_begin() { # USER COMMAND: a job that leaves what it printed in a file, since it has no terminal
    job=$(mktemp -d /var/tmp/job.XXXXXX)
    printf '{\n%s\n} > %s/printed 2>&1\ntouch %s/done\n' "$2" "$job" "$job" > "$job/script"
    chown -R "$1" "$job"
}

job_is_done() { [ -e "$job/done" ]; }

job_end() {
    eventually job_is_done
    cat "$job/printed"
    rm -rf "$job"
}
