# Groupies. Targets: all (into build/), install, demo, check, check-vm, check-deb, bench, fuzz, lint, deb, clean.
# V=1 shows the commands; CFLAGS, CPPFLAGS, LDFLAGS, DESTDIR, PREFIX are the packager's.

PREFIX ?= /usr
LIBEXEC = $(PREFIX)/libexec/groupies
MULTIARCH := $(shell $(CC) -print-multiarch)
# Where libpam and pam-auth-update look, whatever PREFIX is.
PAMDIR ?= /usr/lib/$(MULTIARCH)/security
PAM_CONFIGS ?= /usr/share/pam-configs
B := build
CFLAGS ?= -O2 -g
PKG_CONFIG ?= pkg-config
MUSL_CC ?= musl-gcc
STRIP ?= strip
$(if $(V),,$(eval Q := @))

VERSION := 0.1.0
STD := -std=gnu11 -D_GNU_SOURCE -Iinclude -DGROUPIES_VERSION='"$(VERSION)"' \
	-DGROUPIES_LIBEXEC_DIR='"$(LIBEXEC)"' -DGROUPIES_BIN_DIR='"$(PREFIX)/bin"'
WARN := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 \
	-Wundef -Wpointer-arith -Wcast-qual -Wvla \
	$(if $(CI),-Werror)

# Hardening is used where this compiler and linker have it.
probe = $(shell printf 'int main(void){return 0;}' | \
	$(CC) -O2 -Werror $(1) -x c - -o /dev/null 2>/dev/null && echo '$(1)')
comma := ,
HARDEN_CC := $(call probe,-fstack-protector-strong) $(call probe,-fstack-clash-protection) \
	$(call probe,-fcf-protection) $(if $(findstring -O0,$(CFLAGS)),,-U_FORTIFY_SOURCE $(call probe,-D_FORTIFY_SOURCE=2))
HARDEN_LD := $(call probe,-Wl$(comma)-z$(comma)relro) $(call probe,-Wl$(comma)-z$(comma)now) \
	$(call probe,-Wl$(comma)--as-needed)

COMPILE = $(CC) $(STD) $(WARN) $(HARDEN_CC) $(CPPFLAGS) $(CFLAGS) -fPIC -ffunction-sections -MMD -MP
LINK = $(CC) $(CFLAGS) $(HARDEN_LD) $(LDFLAGS) -Wl,--gc-sections

# ---- what is built of what ----------------------------------------------------------------------

LIB := $(patsubst %.c,$(B)/obj/%.o,$(wildcard lib/*.c))
# The module is loaded into sshd, login and su: nothing but these, libc and libpam.
MODULE := $(patsubst %.c,$(B)/obj/%.o,$(wildcard pam_module/*.c)) \
	$(patsubst %,$(B)/obj/lib/%.o,error size file cgroup registry known services stamp limits host directory)
PLACE := $(patsubst %.c,$(B)/obj/%.o,$(wildcard setup/place*.c))
SETUP := $(patsubst %.c,$(B)/obj/%.o,$(filter-out $(wildcard setup/place*.c),$(wildcard setup/*.c)))
DOCKER_SOURCES := $(wildcard hog/docker*.c hog/docker/*.c)
DOCKER := $(patsubst %.c,$(B)/obj/%.o,$(DOCKER_SOURCES))
HOG_SOURCES := $(filter-out $(DOCKER_SOURCES),$(wildcard hog/*.c))
HOG := $(patsubst %.c,$(B)/obj/%.o,$(HOG_SOURCES))
HOG_LIB := error size stack printable file directory cgroup host
OBJECTS := $(sort $(LIB) $(MODULE) $(PLACE) $(SETUP) $(DOCKER) $(HOG))

PROGRAMS := $(B)/pam_groupies.so $(B)/groupies-place $(B)/groupies-setup $(B)/hog \
	$(if $(DOCKER),$(B)/groupies-docker) \
	$(if $(shell command -v $(MUSL_CC)),$(B)/hog-static)

# Their options are read from the programs themselves.
COMPLETIONS := $(patsubst %,$(B)/completion/%,groupies-setup hog $(if $(DOCKER),groupies-docker))
MANUALS := $(wildcard docs/*.[1-8] hog/*.[1-8] lib/*.[1-8] pam_module/*.[1-8] setup/*.[1-8])

all: $(PROGRAMS) $(COMPLETIONS)

# Programs of ours know each other by their whole paths: another PREFIX is another build.
$(B)/prefix: always
	@mkdir -p $(@D)
	@echo '$(LIBEXEC) $(PREFIX)' | cmp -s - $@ || echo '$(LIBEXEC) $(PREFIX)' >$@

$(B)/obj/%.o: %.c $(B)/prefix
	@mkdir -p $(@D)
	$(if $(Q),@echo '  CC    $<')
	$(Q)$(COMPILE) -c $< -o $@

$(B)/libgroupies.a: $(LIB)
	$(if $(Q),@echo '  AR    $@')
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/pam_groupies.so: $(MODULE) pam_module/pam_groupies.map
	$(if $(Q),@echo '  LD    $@')
	$(Q)$(LINK) -shared -Wl,--no-undefined -Wl,--version-script=pam_module/pam_groupies.map \
		$(MODULE) -lpam -o $@

LIB_LIBS = -lcgroup $(shell $(PKG_CONFIG) --libs libsystemd inih)

$(B)/groupies-place: $(PLACE) $(B)/libgroupies.a
	$(if $(Q),@echo '  LD    $@')
	$(Q)$(LINK) -pie $^ $(LIB_LIBS) -o $@

$(B)/groupies-setup: $(SETUP) $(B)/libgroupies.a
	$(if $(Q),@echo '  LD    $@')
	$(Q)$(LINK) -pie $^ $(LIB_LIBS) $(shell $(PKG_CONFIG) --libs json-c libcurl) -o $@

$(B)/hog: $(HOG) $(B)/libgroupies.a
	$(if $(Q),@echo '  LD    $@')
	$(Q)$(LINK) -pie $^ -o $@

$(B)/groupies-docker: $(DOCKER) $(B)/libgroupies.a
	$(if $(Q),@echo '  LD    $@')
	$(Q)$(LINK) -pie $^ $(LIB_LIBS) $(shell $(PKG_CONFIG) --libs json-c libcurl) -o $@

# A container image of one file: no libc to bring along.
$(B)/hog-static: $(HOG_SOURCES) $(HOG_LIB:%=lib/%.c) $(wildcard hog/*.h include/groupies/*.h)
	$(if $(Q),@echo '  LD    $@')
	@mkdir -p $(B)/kernel-headers
	$(Q)ln -sfn /usr/include/linux $(B)/kernel-headers/linux
	$(Q)ln -sfn /usr/include/asm-generic $(B)/kernel-headers/asm-generic
	$(Q)ln -sfn /usr/include/$(MULTIARCH)/asm $(B)/kernel-headers/asm
	$(Q)$(MUSL_CC) $(STD) -Os $(call probe,-Oz) -static -s -ffunction-sections -fdata-sections -Wl,--gc-sections \
		-fno-asynchronous-unwind-tables -fno-stack-protector -fno-pie -no-pie \
		-flto -fno-inline-functions-called-once \
		-Wl,-z,noseparate-code -Wl,-z,norelro -Wl,-z,common-page-size=512 -idirafter $(B)/kernel-headers \
		$(HOG_SOURCES) $(HOG_LIB:%=lib/%.c) -o $@
	$(Q)$(STRIP) -R .comment $@

$(B)/completion/%: $(B)/% packaging/make-completion
	@mkdir -p $(@D)
	$(if $(Q),@echo '  MAKE  $@')
	$(Q)packaging/make-completion $< >$@

include tests/tests.mk
-include $(OBJECTS:.o=.d)

# ---- installing ---------------------------------------------------------------------------------

COMPLETION_DIR = $(PREFIX)/share/bash-completion/completions
man = $(DESTDIR)$(PREFIX)/share/man/man$(subst .,,$(suffix $(1)))

# What PAM loads or runs at any moment is never there half: a cut-short module kills whoever loads it.
put = install -m $(1) $(2) $(3)/.$(notdir $(2)).new && sync $(3)/.$(notdir $(2)).new && \
	mv -f $(3)/.$(notdir $(2)).new $(3)/$(notdir $(2)) || { rm -f $(3)/.$(notdir $(2)).new; exit 1; }

# On the host itself, not below DESTDIR: a package's files are the package manager's.
refuse_package = $(if $(DESTDIR),,@! dpkg-query -S $(PAMDIR)/pam_groupies.so >/dev/null 2>&1 || \
	{ echo "groupies is installed as a package here: apt-get remove groupies, then make $@" >&2; exit 1; })

install: all
	$(refuse_package)
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(LIBEXEC) \
		$(DESTDIR)$(PAMDIR) $(DESTDIR)$(PAM_CONFIGS) \
		$(DESTDIR)$(COMPLETION_DIR) $(sort $(foreach page,$(MANUALS),$(call man,$(page))))
	$(call put,755,$(B)/groupies-place,$(DESTDIR)$(LIBEXEC))
	$(call put,644,$(B)/pam_groupies.so,$(DESTDIR)$(PAMDIR))
	install -m 644 packaging/pam-configs/* $(DESTDIR)$(PAM_CONFIGS)/
	install -m 755 $(B)/groupies-setup $(DESTDIR)$(PREFIX)/sbin/
	install -m 755 $(filter $(B)/hog $(B)/hog-static $(B)/groupies-docker,$(PROGRAMS)) \
		$(DESTDIR)$(PREFIX)/bin/
	install -m 644 $(COMPLETIONS) $(DESTDIR)$(COMPLETION_DIR)/
	$(foreach page,$(MANUALS),install -m 644 $(page) $(call man,$(page))/ &&) :

# Says what is left, as the package does.
KEPT = $(if $(DESTDIR),,$(basename $(notdir $(wildcard /var/lib/groupies/applied/*.conf))))
# PAMDIR is the compiler's to know: where that has gone, the module must not be the one file that stays.
ELSEWHERE = $(filter-out $(abspath $(DESTDIR)$(PAMDIR))/%, \
	$(wildcard $(foreach lib,lib lib64 lib/*,$(DESTDIR)/usr/$(lib)/security/pam_groupies.so)))

uninstall:
	$(refuse_package)
	@[ -z "$(ELSEWHERE)" ] || { echo "the module is $(ELSEWHERE):" \
		"make uninstall PAMDIR=$(patsubst $(DESTDIR)%,%,$(abspath $(dir $(firstword $(ELSEWHERE)))))" >&2; exit 1; }
	@[ -z "$(KEPT)" ] || echo "kept, but limiting no new login: $(KEPT)" \
		"(make install, and groupies-setup remove NAME, take them back)"
	$(if $(DESTDIR),,[ ! -x $(PREFIX)/sbin/groupies-setup ] || $(PREFIX)/sbin/groupies-setup unwire >/dev/null)
	$(if $(DESTDIR),,@! grep -ls '^[^#]*pam_groupies\.so' /etc/pam.d/* || { echo "call the module, not by" \
		"groupies-setup's doing: take those lines out first (pam-auth-update, or by hand)" >&2; exit 1; })
	rm -f $(DESTDIR)$(PAMDIR)/pam_groupies.so
	rm -f $(DESTDIR)$(PREFIX)/sbin/groupies-setup $(DESTDIR)$(PREFIX)/bin/hog \
		$(DESTDIR)$(PREFIX)/bin/hog-static $(DESTDIR)$(PREFIX)/bin/groupies-docker \
		$(DESTDIR)$(LIBEXEC)/groupies-place \
		$(DESTDIR)$(PAM_CONFIGS)/groupies-before \
		$(DESTDIR)$(PAM_CONFIGS)/groupies-after \
		$(patsubst $(B)/completion/%,$(DESTDIR)$(COMPLETION_DIR)/%,$(COMPLETIONS)) \
		$(foreach page,$(MANUALS),$(call man,$(page))/$(notdir $(page)))
	-rmdir $(DESTDIR)$(LIBEXEC)

clean:
	rm -rf $(B)

# ---- showing and testing ------------------------------------------------------------------------
# Both install what they need and end by telling what that was.

demo:
	@packaging/get-packages packaging/packages-build packaging/packages-demo
	@$(MAKE) --no-print-directory -s all
	@docs/demo; code=$$?; packaging/get-packages --tell; exit $$code

check:
	@packaging/get-packages packaging/packages-build tests/packages
	@$(MAKE) --no-print-directory check-built; code=$$?; packaging/get-packages --tell; exit $$code

# The long ones first: two run at a time.
SYSTEM_LONG := $(patsubst %,tests/system/%.sh,provision refuse escapes login apply storm)
SYSTEM := $(SYSTEM_LONG) $(filter-out $(SYSTEM_LONG),$(sort $(shell find tests/system -maxdepth 1 -name '*.sh' -executable)))
check-built: all check-unit check-integration check-valgrind check-fuzz-corpus check-system

check-system: all $(B)/tests/libnss_trial.so.2
	@tests/system/run $(SYSTEM)

deb:
	@packaging/get-packages packaging/packages-build packaging/packages-deb
	@packaging/make-deb $(DEB_VERSION)

check-deb:
	@tests/package/run $(RELEASES)

check-vm:
	@tests/vm/check-vm $(KINDS)

.PHONY: always all install uninstall clean demo check check-built check-system check-vm deb check-deb
.DELETE_ON_ERROR:
