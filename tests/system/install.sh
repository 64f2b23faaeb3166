#!/bin/bash
# SPDX-License-Identifier: MIT
# make install and make uninstall: what PAM loads is never there half, and nothing is left that calls what has gone.

# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
private_host "$@"
rm -f /var/lib/dpkg/info/groupies.* # this copy of the host has no package of ours

user=i1student
yard=i1yard
module=$(dirname "$(find /usr/lib -name pam_unix.so)")/pam_groupies.so

tidy() { remove_groups "$yard"; }

run_make() { make -s -C "$here" B="${build#"$here/"}" "$@" >"$work/make" 2>&1 </dev/null; }

# A module that is cut short kills whoever loads it, root as well.
a_module_that_does_not_fit_is_not_there_half() {
	local folder=$work/small
	mkdir "$folder"
	mount -t tmpfs -o size=24K small "$folder"
	! run_make install "PAMDIR=$folder" || no 'it fitted' || return
	[ -z "$(ls -A "$folder")" ] || no "left: $(ls -A "$folder")" || return
	echo old >"$folder/pam_groupies.so"
	! run_make install "PAMDIR=$folder" || no 'it fitted' || return
	[ "$(cat "$folder/pam_groupies.so")" = old ] && [ "$(ls -A "$folder")" = pam_groupies.so ] || no 'the old one is gone'
	umount "$folder"
}

# groupies-setup has wired, and nobody has taken the playground back.
uninstalling_takes_the_module_out_of_pam_first() {
	run_make install && groupies-setup --locked --user "$user" --playground "$yard" >"$work/setup" || { cat "$work/make" "$work/setup"; return 1; }
	grep -q pam_groupies /etc/pam.d/common-session || no 'it was not wired' || return
	run_make uninstall || { cat "$work/make"; return 1; }
	grep "kept, but limiting no new login: $yard" "$work/make" || no 'does not say what is kept' || return
	! grep -r pam_groupies /etc/pam.d || no 'PAM still calls it' || return
	[ -z "$(find / -xdev -name '*groupies*' -path '/usr/*' -not -path "$here/*")" ] || no 'files are left'
}

installing_again_and_removing_takes_all_back() {
	run_make install && groupies-setup remove "$yard" --delete-home >/dev/null && ! getent passwd "$user"
}

lines_that_are_somebodys_own_stop_it() {
	run_make install
	echo 'session optional pam_groupies.so' >/etc/pam.d/i1service
	! run_make uninstall || no 'it did not stop' || return
	grep 'take those lines out first' "$work/make" && [ -e "$module" ] || { cat "$work/make"; return 1; }
	rm /etc/pam.d/i1service
	run_make uninstall && [ ! -e "$module" ]
}

# The packages that make demo names are removed, the compiler among them: it knew where the module is.
without_a_compiler_it_leaves_no_module_without_its_helper() {
	run_make install
	! run_make uninstall CC=false || no 'it did not stop' || return
	grep -F "make uninstall PAMDIR=${module%/*}" "$work/make" || { cat "$work/make"; return 1; }
	[ -e "$module" ] && [ -e /usr/libexec/groupies/groupies-place ] || no 'something is gone' || return
	run_make uninstall CC=false "PAMDIR=${module%/*}" && [ ! -e "$module" ] && [ ! -e /usr/libexec/groupies ]
}

files_of_a_package_are_left_alone() {
	run_make install
	cat >>/var/lib/dpkg/status <<-END

		Package: groupies
		Status: install ok installed
		Maintainer: nobody <nobody@localhost>
		Architecture: all
		Version: 1
		Description: as if it had come as a package
	END
	printf '/.\n%s\n' "$module" >/var/lib/dpkg/info/groupies.list
	! run_make uninstall || no 'it did not stop' || return
	grep 'as a package' "$work/make" && [ -e "$module" ] || { cat "$work/make"; return 1; }
	! run_make install || no 'it did not stop before it installed'
}

# ---- what is needed for it ------------------------------------------------------------------------

policy=/usr/sbin/policy-rc.d

# get_packages WORD...: with an apt-get that does WORD... when it is to install. Nothing comes from a mirror.
get_packages() {
	mkdir -p "$work/bin"
	printf '#!/bin/sh\n[ "$3" = install ] || exit 0\n%s\n' "$*" >"$work/bin/apt-get"
	chmod 755 "$work/bin/apt-get"
	echo i1-no-such-package >"$work/list"
	B=$work PATH=$work/bin:$PATH "$here/packaging/get-packages" "$work/list" >"$work/got" 2>&1
}

a_killed_installation_keeps_no_service_from_starting() {
	local own
	for own in '' '#!/bin/sh'; do
		rm -f "$policy"
		[ -z "$own" ] || echo "$own" >"$policy"
		# shellcheck disable=SC2016 # the stand-in's
		! get_packages 'kill -KILL $PPID' || no 'it was not killed' || return
		grep -q 'exit 101' "$policy" || no 'services would have started' || return
		get_packages true || { cat "$work/got"; return 1; }
		[ "$(cat "$policy" 2>/dev/null)" = "$own" ] || no "the policy is: $(cat "$policy")" || return
		[ ! -e "$policy.groupies-kept" ] || no 'one is left aside' || return
	done
	rm -f "$policy"
}

what_a_failing_installation_has_added_is_told() {
	! get_packages 'sed -i "s/^Package: groupies$/Package: i1-half/" /var/lib/dpkg/status; exit 1' || no 'it did not fail' || return
	B=$work "$here/packaging/get-packages" --tell | grep 'apt-get purge -y i1-half$'
}

check a_module_that_does_not_fit_is_not_there_half
check uninstalling_takes_the_module_out_of_pam_first
check installing_again_and_removing_takes_all_back
check lines_that_are_somebodys_own_stop_it
check without_a_compiler_it_leaves_no_module_without_its_helper
check files_of_a_package_are_left_alone
check a_killed_installation_keeps_no_service_from_starting
check what_a_failing_installation_has_added_is_told
finish
