# The tests. Targets: check-unit, check-integration, check-valgrind, check-fuzz-corpus, fuzz, bench, lint.
# Each suite ends with "NAME: N passed, N failed". Everything that is built is below $(B)/tests.

T := $(B)/tests
TEST_LIBS = -lcmocka $(LIB_LIBS)
UNITS := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/*.c))

# ---- the same sources, watched: gcc's address and undefined behaviour sanitizers ------------------

SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
WATCHED_LIB := $(patsubst %.c,$(T)/watched/%.o,$(wildcard lib/*.c))

$(T)/watched/%.o: %.c
	@mkdir -p $(@D)
	$(if $(Q),@echo '  CC    $< (sanitized)')
	$(Q)$(CC) $(STD) $(WARN) $(CPPFLAGS) -U_FORTIFY_SOURCE -O1 -g $(SANITIZE) -MMD -MP -c $< -o $@

$(T)/watched/unit/%: $(T)/watched/tests/unit/%.o $(WATCHED_LIB)
	@mkdir -p $(@D)
	$(if $(Q),@echo '  LD    $@')
	$(Q)$(CC) $(SANITIZE) $^ $(TEST_LIBS) -o $@

$(T)/unit/%: $(B)/obj/tests/unit/%.o $(B)/libgroupies.a
	@mkdir -p $(@D)
	$(if $(Q),@echo '  LD    $@')
	$(Q)$(LINK) -pie $^ $(TEST_LIBS) -o $@

# What groupies-docker is made of, but for its main().
DOCKER_UNITS := $(filter docker%,$(UNITS))
DOCKER_PARTS := $(filter-out hog/docker.c,$(DOCKER_SOURCES))
DOCKER_LIBS = $(shell $(PKG_CONFIG) --libs json-c libcurl)

$(B)/obj/tests/unit/docker%.o $(T)/watched/tests/unit/docker%.o: CPPFLAGS += -Ihog
$(DOCKER_UNITS:%=$(T)/unit/%): $(DOCKER_PARTS:%.c=$(B)/obj/%.o)
$(DOCKER_UNITS:%=$(T)/watched/unit/%): $(DOCKER_PARTS:%.c=$(T)/watched/%.o)
# Once more, because objects that come behind an archive are not looked up in it.
$(DOCKER_UNITS:%=$(T)/unit/%): TEST_LIBS += $(B)/libgroupies.a $(LIB_LIBS) $(DOCKER_LIBS)
$(DOCKER_UNITS:%=$(T)/watched/unit/%): TEST_LIBS += $(DOCKER_LIBS)

# ---- the real module under the real libpam, as root ------------------------------------------------

STAGE := $(patsubst %.c,$(B)/obj/%.o,$(wildcard tests/integration/stage/*.c))
STAGED := $(patsubst tests/integration/%.c,%,$(wildcard tests/integration/*.c))

$(B)/obj/tests/integration/%.o: CPPFLAGS += -DBUILD_DIR='"$(abspath $(B))"'

# Its functions stand in front of libc's for the module that is loaded into it.
$(T)/integration/%: $(B)/obj/tests/integration/%.o $(STAGE) $(B)/libgroupies.a
	@mkdir -p $(@D)
	$(if $(Q),@echo '  LD    $@')
	$(Q)$(CC) $(CFLAGS) -rdynamic -pie $^ -lpam -ldl $(TEST_LIBS) -o $@

# ---- a name service whose answers a test decides ---------------------------------------------------

# Where libc finds it: in a private /usr/lib of the test's (nss_trial in tests/system/lib.sh).
$(T)/libnss_trial.so.2: tests/nss/nss_trial.c
	@mkdir -p $(@D)
	$(if $(Q),@echo '  LD    $@')
	$(Q)$(CC) $(STD) $(WARN) $(CFLAGS) -fPIC -shared $< -o $@

# ---- benchmarks ------------------------------------------------------------------------------------

$(B)/obj/tests/bench/%.o: CPPFLAGS += -DBUILD_DIR='"$(abspath $(B))"'

$(T)/bench/session: $(B)/obj/tests/bench/session.o $(B)/obj/tests/integration/stage/stage.o $(B)/libgroupies.a
	@mkdir -p $(@D)
	$(if $(Q),@echo '  LD    $@')
	$(Q)$(LINK) -pie $^ -lpam $(LIB_LIBS) -o $@

$(T)/bench/populate: $(B)/obj/tests/bench/populate.o
	@mkdir -p $(@D)
	$(if $(Q),@echo '  LD    $@')
	$(Q)$(LINK) -pie $^ -o $@

# ---- fuzzing: clang's libFuzzer, a part of nothing else ------------------------------------------------

FUZZ_SECONDS ?= 60
FUZZ_CC ?= clang
FUZZERS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c))
FUZZ_FLAGS := -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all

$(T)/fuzz/%: tests/fuzz/%.c tests/fuzz/input.h $(wildcard lib/*.c include/groupies/*.h)
	@mkdir -p $(@D)
	$(if $(Q),@echo '  FUZZ  $@')
	$(Q)$(FUZZ_CC) $(STD) $(WARN) $(FUZZ_FLAGS) $< $(FUZZ_PARTS) $(wildcard lib/*.c) $(LIB_LIBS) -o $@

# The readers of what an engine sends.
$(T)/fuzz/docker%: FUZZ_PARTS = -Ihog hog/docker_reply.c hog/docker_stream.c $(DOCKER_LIBS)
$(filter $(T)/fuzz/docker%,$(FUZZERS:%=$(T)/fuzz/%)): $(wildcard hog/docker_reply.[ch] hog/docker_stream.[ch])

# One rule for the three programs: as each of them uses it.
$(T)/fuzz/printable: FUZZ_PARTS = -Ihog -Isetup hog/hog_chain.c hog/docker_stream.c setup/report.c $(DOCKER_LIBS)
$(T)/fuzz/printable: hog/hog_chain.c hog/docker_stream.c setup/report.c

# ---- suites ----------------------------------------------------------------------------------------

check-unit: $(UNITS:%=$(T)/watched/unit/%)
	@tests/unit/run unit $^

check-valgrind: $(UNITS:%=$(T)/unit/%) $(T)/integration/many $(B)/pam_groupies.so $(B)/groupies-place
	@WRAP=tests/unit/under-valgrind tests/unit/run valgrind $(UNITS:%=$(T)/unit/%) $(T)/integration/many

check-integration: $(STAGED:%=$(T)/integration/%) $(T)/libnss_trial.so.2 $(B)/pam_groupies.so $(B)/groupies-place
	@B=$(B) tests/unit/run integration tests/integration/linkage $(STAGED:%=$(T)/integration/%)

check-fuzz-corpus: $(FUZZERS:%=$(T)/fuzz/%)
	@tests/fuzz/run corpus $(T)/fuzz $(FUZZERS)

fuzz: $(FUZZERS:%=$(T)/fuzz/%)
	@FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz/run fuzz $(T)/fuzz $(FUZZERS)

bench: $(T)/bench/populate $(T)/bench/session $(B)/pam_groupies.so $(B)/groupies-place $(B)/hog \
		$(B)/groupies-docker $(B)/hog-static
	@B=$(B) tests/bench/run

lint:
	@B=$(B) tests/lint

-include $(patsubst %,$(T)/watched/tests/unit/%.d,$(UNITS)) $(patsubst %,$(B)/obj/tests/unit/%.d,$(UNITS)) \
	$(WATCHED_LIB:.o=.d) $(DOCKER_PARTS:%.c=$(T)/watched/%.d) $(STAGE:.o=.d) $(STAGED:%=$(B)/obj/tests/integration/%.d)

.PRECIOUS: $(B)/obj/%.o $(T)/watched/%.o
.PHONY: check-unit check-valgrind check-integration check-fuzz-corpus fuzz bench lint
