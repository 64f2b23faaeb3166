#!/bin/bash
# SPDX-License-Identifier: MIT
# groupies-setup's check and list, and what --json says, on a host of the kind cgroupfs v1: what shuts
# members out or lets them out is found, and what cannot be looked at hides nothing else.

# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/playgrounds.sh
. "$(dirname "$0")/playgrounds.sh"
private_host "$@"

lab=s14lab
other=s14other
member=s14student
mate=s14mate
member_uid=23401
mate_uid=23402
applied=/var/lib/groupies/applied

tidy() {
	end_members
	remove_groups "$lab"
	remove_groups "$other"
}

# ---- what cases are made of -----------------------------------------------------------------------

lab() {
	fresh
	config "$lab" "Members=$member" "$@"
	groupies-setup apply >"$work/apply.out" 2>&1 || { cat "$work/apply.out"; no apply; exit 1; }
}

# finds ROW WORDS: check exits 1, and ROW says WORDS.
finds() {
	groupies-setup check >"$work/out" 2>&1
	[ $? -eq 1 ] || no "exit is not 1: $(cat "$work/out")" || exit 1
	grep -E "^ *warning +$1 " "$work/out" | grep -qF -- "$2" && return
	cat "$work/out"
	no "$1 does not say: $2"
	exit 1
}

finds_nothing() { groupies-setup check >"$work/out" 2>&1 || { cat "$work/out"; no "exit $?"; exit 1; }; }

# json FILTER: what the last --json said fulfils it.
json() {
	jq -e "$@" "$work/json" >/dev/null && return
	cat "$work/json"
	no "is not so: $*"
	exit 1
}

# shown COMMAND...: what it shows on a terminal of 80 columns, without its carriage returns.
shown() { NO_COLOR=1 "$here/tests/system/terminal.py" "$@" | tr -d '\r' >"$work/out"; }

# ---- list -----------------------------------------------------------------------------------------

says_what_there_is_where_a_name_is_unknown() {
	fresh
	groupies-setup list nosuch 2>"$work/err" && no "exit 0" && exit 1
	grep -q "there is no playground 'nosuch', nor any other: groupies-setup makes one" "$work/err" || no "$(cat "$work/err")" || exit 1
	lab MemoryMax=32M
	config "$other" MemoryMax=32M
	groupies-setup list nosuch 2>"$work/err" && no "exit 0" && exit 1
	grep -q "there is no playground 'nosuch': there is $lab, $other\$" "$work/err" || no "$(cat "$work/err")"
}

# What cannot be read is said, exits 1, and hides nothing else.
lists_the_rest_where() {
	lab MemoryMax=32M
	config "$other" MemoryMax=16M
	case $1 in
	a_config_is_wrong) config "$other" MemoryMax=lots ;;
	a_config_is_no_file) rm "/etc/groupies/$other.conf" && mkdir "/etc/groupies/$other.conf" ;;
	an_applied_copy_is_spoilt) echo spoilt >"$applied/$other.conf" ;;
	the_configs_are_not_roots_alone) chmod g+w /etc/groupies ;;
	esac
	groupies-setup list >"$work/out" 2>"$work/err"
	[ $? -eq 1 ] || no "exit is not 1" || exit 1
	[ -s "$work/err" ] && grep -q "^$lab: in force" "$work/out" && return
	cat "$work/out" "$work/err"
	no "$1"
}

breaks_no_word_in_80_columns() {
	local long=s14verylongnamedmember
	fresh
	config "$lab" "Members=$member $mate" "Members=$(printf "$long%02d " {1..7})" MemoryMax=32M MemorySwapMax=0 TasksMax=40
	groupies-setup apply >/dev/null 2>&1 || no apply || exit 1
	echo 64M >"$(hierarchy memory)/$lab/memory.memsw.limit_in_bytes"
	shown groupies-setup "$@"
	cat "$work/out"
	[ "$(grep -c . "$work/out")" -gt 3 ] || no "says nothing" || exit 1
	! grep -E '.{81}' "$work/out" || no "a line is wider than the terminal" || exit 1
	tr -s ' \n' '  ' <"$work/out" >"$work/shown"
	groupies-setup "$@" 2>&1 | tr -s ' \n' '  ' >"$work/piped"
	cmp "$work/shown" "$work/piped" || no "a word is broken"
}

fits_its_help_into_80_columns() {
	local program command
	for program in groupies-setup hog groupies-docker; do
		for command in '' $("$program" --help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p'); do
			# shellcheck disable=SC2086 # a command, or none
			! "$program" $command --help | grep -E '.{81}' || no "$program $command" || exit 1
		done
	done
}

keeps_a_step_in_one_line_for_programs() {
	lab MemoryMax=32M
	config "$lab" "Members=$member" MemoryMax=64M
	groupies-setup check | grep -q "config  *$(printf '%s' /etc/groupies/$lab.conf) was changed and not applied: groupies-setup apply\$" || no "broken" || exit 1
}

# ---- --json ---------------------------------------------------------------------------------------

says_limits_as_numbers() {
	fresh
	config "$lab" "Members=$member" MemoryMax=16M MemorySwapMax=8M TasksMax=40 CPUQuota=50% \
		CPUWeight=33 AllowedCPUs=0
	groupies-setup apply >/dev/null || exit 1
	groupies-setup list --json >"$work/json" || exit 1
	json '.[0].MemoryMax == 16777216 and .[0]["MemoryMax.in_force"] == 16777216'
	json '.[0].MemorySwapMax == 8388608 and .[0]["MemorySwapMax.in_force"] == 8388608'
	json '.[0].TasksMax == 40 and .[0]["TasksMax.in_force"] == 40'
	json '.[0].CPUQuota == 50 and .[0]["CPUQuota.in_force"] == 50'
	json '.[0].CPUWeight == 33 and .[0]["CPUWeight.in_force"] == 33'
	json '.[0].AllowedCPUs == "0" and .[0]["AllowedCPUs.in_force"] == "0"'
	json --arg file "$(hierarchy memory)/$lab/memory.memsw.limit_in_bytes" '.[0]["MemorySwapMax.file"] == $file'
	json --arg member "$member" '.[0].members == [$member] and .[0].processes == 0 and .[0].kills == 0'
	json '.[0].state == "in force" and (.[0].memory_bytes | type) == "number"'
}

# The kernel's own texts for "no limit" are one word, and what is not there is null.
says_infinity_and_unknown_apart() {
	local memory
	memory=$(hierarchy memory)
	lab MemoryMax=16M MemorySwapMax=0 TasksMax=infinity
	echo -1 >"$memory/$lab/memory.memsw.limit_in_bytes"
	groupies-setup list --json >"$work/json" || exit 1
	json '.[0].TasksMax == "infinity" and .[0]["TasksMax.in_force"] == "infinity"'
	json '.[0].MemorySwapMax == 0 and .[0]["MemorySwapMax.in_force"] == "infinity"'
	remove_groups "$lab"
	groupies-setup list --json >"$work/json" || exit 1
	json '.[0].state == "not there" and .[0]["MemoryMax.in_force"] == null and (.[0] | has("MemoryMax.in_force"))'
}

says_bandwidths_by_device() {
	local disk
	disk=$(lsblk -dnro PATH 2>/dev/null | head -n 1)
	if [ -z "$disk" ] || [ ! -e "$(hierarchy blkio)/blkio.throttle.read_bps_device" ]; then
		disk=$work/disk
		mknod "$disk" b 7 0
	fi
	lab "IOReadBandwidthMax=$disk 1M" || exit 1
	groupies-setup list --json >"$work/json" || exit 1
	json --arg disk "$disk" '.[0].IOReadBandwidthMax == {($disk): 1048576} and .[0]["IOReadBandwidthMax.in_force"] == {($disk): 1048576}'
}

# One type for each field, whatever the command: a number may be "infinity" or null, nothing else.
has_one_type_for_each_field() {
	lab MemoryMax=16M MemorySwapMax=0 TasksMax=40 '[Member]' MemoryMax=8M
	local command
	for command in list check apply "prove $lab" "remove --dry-run --playground $lab"; do
		# shellcheck disable=SC2086 # a command and its words
		groupies-setup $command --json >"$work/json" 2>/dev/null
		json 'type == "array" and length > 0'
		json 'all(.[]; (.result | type) == "string" and (.subject | type) == "string" and (.text | type) == "string" and (.changed | type) == "boolean")'
		json 'all(.[]; .changed == (.result == "done" or .result == "would"))'
		json 'all(.[] | to_entries[]; .key as $k | .value |
			if $k | test("^(Member[.])?(Memory|Tasks|CPU)[A-Za-z]*([.]in_force)?$") then type == "number" or . == "infinity" or . == null
			elif $k | test("^(processes|memory_bytes|kills)$") then type == "number" or . == null
			elif $k == "members" then type == "array"
			elif $k | test("^(holds|changed)$") then type == "boolean"
			else type == "string" end)'
	done
}

# What --json says is an interface: the manual's part about it has each of its fields.
documents_each_field_of_json() {
	local field
	lab MemoryMax=16M MemorySwapMax=0 '[Member]' TasksMax=20
	sed -n '/^\.Sh JSON/,/^\.Sh ENV/p' "$here/setup/groupies-setup.8" >"$work/manual"
	{
		groupies-setup list --json
		groupies-setup check --json
		groupies-setup prove --json
	} 2>/dev/null | jq -r '.[] | keys[]' | sed 's/^Member[.]//; s/^.*[.]/./' | sort -u >"$work/fields"
	[ "$(grep -c . "$work/fields")" -gt 8 ] || no "no fields" || exit 1
	while read -r field; do
		grep -qE "[ .,]${field#.}([ ,.]|\$)" "$work/manual" || no "the manual has no $field" || exit 1
	done <"$work/fields"
}

# ---- all of it ------------------------------------------------------------------------------------

if [ ! -e "$(hierarchy memory)/memory.limit_in_bytes" ] || [ -d /run/systemd/system ]; then
	echo "# this host is not of the kind cgroupfs v1"
	finish
fi
install_here
wire
useradd --uid "$member_uid" --create-home --shell /bin/sh "$member"
useradd --uid "$mate_uid" --create-home --shell /bin/sh "$mate"

check says_what_there_is_where_a_name_is_unknown
for what in a_config_is_wrong a_config_is_no_file an_applied_copy_is_spoilt the_configs_are_not_roots_alone; do
	check lists_the_rest_where "$what"
done
for command in list check; do check breaks_no_word_in_80_columns "$command"; done
check fits_its_help_into_80_columns
check keeps_a_step_in_one_line_for_programs
check says_limits_as_numbers
check says_infinity_and_unknown_apart
check says_bandwidths_by_device
check has_one_type_for_each_field
check documents_each_field_of_json
finish
