# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# The escape routes (tests/system/escapes.sh) against this very host, by a member and by somebody who is none. The
# tables are kept for docs/security.md.

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
