# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# The escape routes (tests/system/escapes.sh) against this very host, by a member and by somebody who is none. The
# table is kept for docs/security.md.

no_escape_route_is_open() {
    mkdir -p kept
    groupies-setup remove --terminate > /dev/null 2>&1 || true
    provision --memory 128M --tasks 300 > /dev/null
    GROUPIES_HOST=real EAT=/root/vm/bin/eat TIMES=1 timeout 7200 \
        bash tests/system/escapes.sh --markdown "kept/$KIND.escapes.md" > "kept/$KIND.escapes.txt" 2>&1 ||
        claim_fails "$(grep -E 'OPEN|not shown|failed' "kept/$KIND.escapes.txt" | paste -sd ';')"
}
