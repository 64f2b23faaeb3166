# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# One virtual machine: to be sourced. A machine lives in a folder of its own ($machine), which holds its overlay,
# its console's text and its process id; nothing else of it is anywhere. Whoever starts one calls machine_stop on
# every way out; a machine whose starter was killed ends with it all the same (setpriv --pdeathsig).

# shellcheck disable=SC2034 # set here for who sourced this
recipe='' memory='' manager='' cpus='' cmdline='' machine=''
vm_folder=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
boot_bound_s=${GROUPIES_VM_BOOT_BOUND:-600}

kind_read() { # KIND -> recipe memory manager cpus cmdline
    local name
    while read -r name recipe memory manager cpus cmdline; do
        [ "$name" = "$1" ] || continue
        [ "$cmdline" != - ] || cmdline=
        return 0
    done < <(grep -v '^#' "$vm_folder/kinds")
    echo "no such host kind: $1" >&2
    return 1
}

machine_ssh() { # COMMAND...: as the machine's root
    ssh -F none -i "$machine/id_ed25519" -p "$(cat "$machine/port")" -o StrictHostKeyChecking=no \
        -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o BatchMode=yes -o ConnectTimeout=20 \
        -o ServerAliveInterval=15 -o ServerAliveCountMax=8 root@127.0.0.1 "$@"
}

machine_lives() { kill -0 "$(cat "$machine/pid")" 2> /dev/null; }

machine_prepare() { # IMAGE
    # The base stays as it is: everything that the machine writes goes to the overlay.
    qemu-img create -q -f qcow2 -F raw -b "$1/disk.img" "$machine/overlay.qcow2"
    truncate -s 512M "$machine/swap.img"
    mkswap -q "$machine/swap.img"
    ln -sf "$1/vmlinuz" "$1/initrd.img" "$machine/"
    # ssh wants the key to be private to whoever uses it, also where the cache is shared.
    install -m 600 "$1/id_ed25519" "$machine/id_ed25519"
}

machine_qemu() { # PORT CMDLINE
    # ttyS1 and ttyS2 are the two ends of one unix socket: a test in the machine types into ttyS2 what somebody
    # at a serial console would type to the login on ttyS1. The network has no way out unless asked for.
    # Drivers which an emulated machine loads for nothing are kept out of its boot.
    local restrict=on
    [ -z "${GROUPIES_VM_NETWORK:-}" ] || restrict=off
    exec setpriv --pdeathsig TERM qemu-system-x86_64 -nodefaults -display none -no-user-config \
        -accel tcg,thread=multi -cpu max -smp "$cpus" -m 2048 \
        -kernel "$machine/vmlinuz" -initrd "$machine/initrd.img" \
        -append "root=/dev/vda rw console=ttyS0 net.ifnames=0 panic=30 modprobe.blacklist=kvm_amd,kvm,powernow_k8 $2" \
        -drive "file=$machine/overlay.qcow2,if=virtio,format=qcow2,cache=unsafe" \
        -drive "file=$machine/swap.img,if=virtio,format=raw,cache=unsafe" \
        -netdev "user,id=net,restrict=$restrict,hostfwd=tcp:127.0.0.1:$1-:22" -device virtio-net-pci,netdev=net \
        -device virtio-rng-pci \
        -chardev "file,id=console,path=$machine/console.log,append=on" -serial chardev:console \
        -chardev "socket,id=left,path=$machine/line,server=on,wait=off" -serial chardev:left \
        -chardev "socket,id=right,path=$machine/line" -serial chardev:right
}

machine_start() { # IMAGE CMDLINE
    # A port is free only until somebody else takes it: qemu says no and the next one is tried.
    local try port
    [ -e "$machine/overlay.qcow2" ] || machine_prepare "$1"
    for try in 1 2 3 4 5 6 7 8; do
        port=$((20000 + RANDOM % 12000))
        machine_qemu "$port" "$2" > "$machine/qemu.log" 2>&1 < /dev/null &
        echo $! > "$machine/pid"
        echo "$port" > "$machine/port"
        machine_wait_for_ssh && return 0
        grep -q 'host forwarding' "$machine/qemu.log" || return 1
    done
    echo "no free port in $try tries" >&2
    return 1
}

machine_wait_for_ssh() { # [BOOT_ID]: until it answers, as another boot than BOOT_ID
    local until=$((SECONDS + boot_bound_s)) id
    while [ $SECONDS -lt $until ]; do
        machine_lives || return 1
        id=$(timeout 40 "$BASH" -c "$(declare -f machine_ssh); machine=$machine; machine_ssh cat /proc/sys/kernel/random/boot_id" 2> /dev/null) &&
            [ "$id" != "${1:-}" ] && return 0
        sleep 0.5
    done
    return 1
}

machine_reboot() {
    local before
    before=$(machine_ssh cat /proc/sys/kernel/random/boot_id)
    # The connection may be cut before its answer comes: what counts is that another boot answers.
    machine_ssh 'sync; reboot' > /dev/null 2>&1 || true
    machine_wait_for_ssh "$before"
}

machine_stop() {
    # Pulling the plug is enough: the overlay is thrown away.
    local pid
    pid=$(cat "$machine/pid" 2> /dev/null) || return 0
    kill "$pid" 2> /dev/null || true
    wait "$pid" 2> /dev/null || true
    rm -f "$machine/pid" "$machine/overlay.qcow2" "$machine/swap.img" "$machine/line" "$machine/id_ed25519"
}
