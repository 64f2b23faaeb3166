# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# The words that rows are written in. A row is a function whose name is its claim. It is run by itself in a new
# bash with `set -eu`: any command that fails fails the row, so most rows just do the thing and compare.

claim_fails() { echo "$*" >&3; exit 1; }
not_here() { echo "$*" >&3; exit 77; }   # this machine cannot show it: the cell reads n/a, with the reason

same() { # WHAT EXPECTED SEEN
    [ "$2" = "$3" ] || claim_fails "$1: expected '$2', seen '$3'"
}

matches() { # WHAT PATTERN SEEN: a pattern as of [[ == ]]
    # shellcheck disable=SC2053
    [[ $3 == $2 ]] || claim_fails "$1: expected '$2', seen '$3'"
}

has_line() { # WHAT REGEX TEXT
    grep -qE -- "$2" <<< "$3" || claim_fails "$1: no line '$2' in: $3"
}

eventually() { # COMMAND...: waits for it to hold; the bound is generous since an emulated machine is slow
    local until=$((SECONDS + ${EVENTUALLY_S:-90}))
    until "$@"; do
        [ $SECONDS -lt $until ] || claim_fails "never held: $*"
        sleep 0.2
    done
}

password_of() { cat "/etc/groupies-vm/password.$1"; }
manager_is_systemd() { [ "$MANAGER" = systemd ]; }

# ---- logind ----------------------------------------------------------------------------------------------------

session_of() { loginctl list-sessions --no-legend | awk -v user="$1" '$3 == user && !id { id = $1 } END { print id }'; }
has_session() { [ -n "$(session_of "$1")" ]; }
has_no_session() { [ -z "$(session_of "$1")" ]; }
