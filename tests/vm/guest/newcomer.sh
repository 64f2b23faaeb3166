# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Rows about what people do with what they have got: README's two commands in a clone, the package, and what the
# pages show. They need a way to Debian's mirrors and most of an hour each (LONG=1); /root/groupies is the source.

newcomers_source=/root/groupies

# What is told at the end of a run, kept for who wants to read it. It grows where no row compares the host.
kept() { # NAME COMMAND...
    local file=kept/$KIND.$1.txt code=0 log=/run/groupies-vm-kept
    mkdir -p kept
    shift
    (cd "$newcomers_source" && "$@") > "$log" 2>&1 < /dev/null || code=$?
    mv "$log" "$file"
    tail -n 60 "$file"
    return $code
}

# Installs first what README's command would, so that the rest can be compared without it.
fetch() { # LIST...
    local packages services
    rm -f "$newcomers_source/build/packages-added"
    packages=$(packages_as_they_are)
    services=$(services_as_they_run)
    apt-get -q -q update
    (cd "$newcomers_source" && packaging/get-packages "$@") > /run/groupies-vm-fetched 2>&1 || claim_fails "$(tail -n 1 /run/groupies-vm-fetched)"
    same 'services that were started' '' "$(comm -13 <(echo "$services") <(services_as_they_run))"
    fetched=$(comm -13 <(echo "$packages") <(packages_as_they_are))
}

packages_as_they_are() { dpkg-query -W -f '${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p' | sort; }
services_as_they_run() {
    systemctl list-units --no-legend --plain --type=service,socket,timer --state=running,listening,waiting | awk '{ print $1 }' | sort
}

# The command that the run ended with is typed.
take_packages_back() { # WHAT-WAS-SAID
    local told
    told=$(sed -n 's/^  apt-get purge -y //p' <<< "$1")
    same 'packages that are told' "$fetched" "$(tr ' ' '\n' <<< "$told" | sort)"
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get -q -q purge -y $told > /run/groupies-vm-purged 2>&1 ||
        claim_fails "apt-get purge: $(tail -n 1 /run/groupies-vm-purged)"
    same 'packages left' '' "$(comm -12 <(echo "$fetched") <(packages_as_they_are))"
}

make_demo_shows_it_and_takes_it_back() {
    local before seen way
    fetch packaging/packages-build packaging/packages-demo
    before=$(host_as_it_is)
    kept demo make demo || claim_fails "make demo: exit $?"
    seen=$(cat "kept/$KIND.demo.txt")
    for way in ssh su login; do has_line "$way" "inside by $way: yes" "$seen"; done
    has_line 'inside' 'hog: killed by the memory limit of playground' "$seen"
    same 'what is different' '' "$(diff <(echo "$before") <(host_as_it_is) || true)"
    take_packages_back "$seen"
}

make_check_runs_what_does_not_change_the_host() {
    local before seen
    fetch packaging/packages-build tests/packages
    before=$(host_as_it_is)
    kept check make check || claim_fails "make check: exit $?"
    seen=$(cat "kept/$KIND.check.txt")
    has_line 'what it leaves' 'left to make check-vm' "$seen"
    same 'what is different' '' "$(diff <(echo "$before") <(host_as_it_is) || true)"
    take_packages_back "$seen"
}

# The tests start engines of their own. Once a machine: what a row has fetched is there for the next.
engines_are_there() {
    [ ! -e /tmp/engines-are-there ] || return 0
    apt-get -q -q update
    # Without what only the compiled tests need. Where the kernel has AppArmor switched on, dockerd wants its parser.
    { grep -vE 'clang|cmocka|valgrind' "$newcomers_source/tests/packages"; echo apparmor; } > /tmp/packages
    (cd "$newcomers_source" && packaging/get-packages packaging/packages-build /tmp/packages && make -s all) > /tmp/engines 2>&1 ||
        claim_fails "$(tail -n 1 /tmp/engines)"
    touch /tmp/engines-are-there
}

containers_are_limited_as_they_are_shown() {
    engines_are_there
    GROUPIES_HOST=real kept docker tests/system/docker.sh || claim_fails "$(grep '^not ok' "kept/$KIND.docker.txt" | paste -sd ';')"
}

the_pages_show_what_is_seen() {
    engines_are_there
    GROUPIES_HOST=real kept tutorial tests/system/tutorial.sh || claim_fails "$(grep '^not ok' "kept/$KIND.tutorial.txt" | paste -sd ';')"
    make -s -C "$newcomers_source" uninstall
    groupies_is_gone
}

the_package_comes_and_goes() {
    kept package bash tests/package/inside "$newcomers_source/package/new.deb" "$newcomers_source/package/old.deb" ||
        claim_fails "$(grep '^not ok' "kept/$KIND.package.txt" | paste -sd ';')"
    groupies_is_gone
}

groupies_is_gone() {
    same 'files of ours' '' "$(find /usr /etc /var/lib -xdev -name '*groupies*' -not -name 'groupies-vm*' \
        -not -path '/etc/groupies-vm/*' -not -path '/var/lib/apt/*')"
}
