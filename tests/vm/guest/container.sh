# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# A login node in a container on v2: its first process is no init, and stands at the top of its tree.

# Runs the commands of stdin as the first process of such a container.
in_a_container() {
    local container=/sys/fs/cgroup/container go=/root/vm/go first result=0
    mkdir "$container"
    echo '+cpu +memory +pids' > /sys/fs/cgroup/cgroup.subtree_control
    rm -f "$go" && mkfifo "$go"
    {
        echo "read -r _ < $go; mount -t proc proc /proc; umount -R /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup"
        cat
    } > /root/vm/first
    # shellcheck disable=SC2016 # the inner shell's own
    sh -c 'echo $$ > "$1/cgroup.procs"; exec unshare --cgroup --mount --pid --fork bash -e /root/vm/first' - "$container" &
    first=$!
    eventually pgrep -P "$first"
    echo "$first" > /sys/fs/cgroup/cgroup.procs # who waits outside is no process of the container
    echo > "$go"
    wait "$first" || result=$?
    rmdir "$container"
    return "$result"
}

a_container_without_an_init_is_refused_or_adopted() {
    in_a_container << 'END'
groupies-setup --playground lab --user teststudent --memory 40M 2> /root/vm/said && exit 1
grep -q 'apply --adopt-container' /root/vm/said
[ ! -e /etc/groupies ] && [ ! -e /var/lib/groupies ]
groupies-setup --playground lab --user teststudent --memory 40M --adopt-container
grep -qx '0::/init.leaf' /proc/1/cgroup
[ "$(su - teststudent -c 'cat /proc/self/cgroup')" = 0::/lab ]
su - teststudent -c 'hog 100M' 2> /root/vm/said && exit 1
grep -q 'killed by the memory limit of lab' /root/vm/said
groupies-setup remove lab
grep -qx '0::/' /proc/1/cgroup
[ -z "$(cat /sys/fs/cgroup/cgroup.subtree_control)" ] && [ ! -e /sys/fs/cgroup/init.leaf ]
END
}
