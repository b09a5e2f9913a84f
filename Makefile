# Posthorn: make, make modules, make check [SAN=address,undefined], make install,
# make demo, make bench, make lint, make fuzz, make deps. Local choices go in config.mak.

-include config.mak

PKG_CONFIG ?= pkg-config
PREFIX	?= /usr
SYSCONFDIR ?= /etc
SAN	?=
O	?= build$(if $(SAN),-$(subst $(comma),-,$(SAN)))
comma	:= ,

sbindir		?= $(PREFIX)/sbin
bindir		?= $(PREFIX)/bin
libdir		?= $(PREFIX)/lib
libexecdir	?= $(PREFIX)/libexec/posthorn
mandir		?= $(PREFIX)/share/man
sharedir	?= $(PREFIX)/share/posthorn
confdir		?= $(SYSCONFDIR)/postfix
unitdir		?= $(PREFIX)/lib/systemd/system

# What a packager gives comes last and wins: CPPFLAGS, CFLAGS (also when linking, for
# -flto and its like) and LDFLAGS. WERROR= lets a compiler warn that we have not met;
# V=1 shows whole commands.
OPT	?= -O2 -g
WERROR	?= -Werror
WARN	= -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	  -Wpointer-arith -Wwrite-strings -Wvla -Wundef $(WERROR)
ALL_CFLAGS = -std=gnu17 -D_GNU_SOURCE -I. -I$O/gen $(OPT) $(WARN) \
	  -fstack-protector-strong -fno-strict-aliasing -ffunction-sections \
	  $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer \
	  -fno-sanitize-recover=all,$(FORTIFY)) $(CPPFLAGS) $(CFLAGS)
FORTIFY	= $(if $(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS)),,-D_FORTIFY_SOURCE=2)
LINK_FLAGS = -Wl,--as-needed -Wl,--gc-sections -Wl,-z,relro \
	  $(if $(SAN),-fsanitize=$(SAN)) $(CFLAGS) $(LDFLAGS)
ALL_LDFLAGS = $(LINK_FLAGS) -Wl,--dynamic-list=lib/table/module/exports

# Small libraries go in whole: every process start and every resident process
# pays for each shared one. "make STATIC_LIBS=" links them as shared ones.
STATIC_LIBS ?= gdbm lmdb cdb pcre2-8 event_core idn2 unistring jansson zstd z seccomp
SHARED_LIBS = $(filter-out $(STATIC_LIBS),gdbm lmdb cdb pcre2-8 event_core \
	  idn2 unistring jansson zstd z seccomp) ssl crypto resolv ncursesw tinfo pthread m
STATIC_FLAGS = -Wl,-Bstatic $(STATIC_LIBS:%=-l%) -Wl,-Bdynamic
LIBS	= $(if $(STATIC_LIBS),$(STATIC_FLAGS)) \
	  $(SHARED_LIBS:%=-l%)
CHECK_LIBS = -lcheck -lsubunit -lrt -lm -lpthread
PROVE	?= prove
JOBS	?= $(shell nproc)
Q	= $(if $(V),,@)

LIB_SRC	:= $(wildcard lib/*/*.c)
GEN_SRC	:= $O/gen/lib/conf/params_table.c \
	   $O/gen/lib/conf/params_docs_table.c $O/gen/lib/queue/reason_table.c
DAEMON_SRC := $(wildcard daemon/*.c daemon/*/*.c)
CMDS	:= $(notdir $(patsubst %/,%,$(dir $(wildcard cmd/*/main.c))))
UNIT_SRC := $(wildcard t/unit/*/*_test.c)
PRELOADS := die-at no-disk no-sleep try-files
TOOL_SRC := $(filter-out $(PRELOADS:%=t/tools/%.c) \
	  $(if $(wildcard /usr/include/libmilter/mfapi.h),,t/tools/test-milter.c),$(wildcard t/tools/*.c))
# The long ones first: nobody waits for them alone in the end.
SCRIPTS	= $(wildcard t/peer/*.t t/flow/*.t t/cmd/*.t)

# Loadable table types: those whose client library is here. NAME:PACKAGE, and
# besides table_NAME.c of lib/table/module what else is part of NAME.
MODULE_PKGS = ldap:ldap mysql:libmariadb pgsql:libpq redis:hiredis
module_pkg = $(patsubst $(1):%,%,$(filter $(1):%,$(MODULE_PKGS)))
MODULE_ALL = $(foreach m,$(MODULE_PKGS),$(firstword $(subst :, ,$m)))
MODULES	:= $(foreach m,$(MODULE_ALL),$(if $(shell \
	  $(PKG_CONFIG) --exists $(call module_pkg,$m) 2>/dev/null && echo y),$m))
MODULE_PARTS_ldap = ldap_link
MODULE_PARTS_mysql = sql_table
MODULE_PARTS_pgsql = sql_table
MODULE_SO = $(MODULES:%=$O/modules/posthorn-%.so)

LIB_OBJ	:= $(LIB_SRC:%.c=$O/%.o) $(GEN_SRC:%.c=%.o)
LIBA	:= $O/libposthorn.a
BIN	:= $(CMDS:%=$O/bin/%) $O/bin/posthornd
UNIT	:= $(UNIT_SRC:%.c=$O/%)
COMPLETIONS := $(addprefix $O/completions/posthorn.,bash zsh fish)
TOOLS	:= $(TOOL_SRC:t/tools/%.c=$O/t/tools/%) $(PRELOADS:%=$O/t/tools/%.so)

# Tools and modules, too: one of an older build would not be loaded, or not load.
all: $(BIN) $O/bin/mailq $O/bin/newaliases modules $(TOOLS) $(COMPLETIONS) $O/man/postconf.5

# Where sanitizers report to, and what is a leak: see t/sanitizer.c.
SAN_OBJ	= $(if $(SAN),$O/t/sanitizer.o)
PROGRAM_LDFLAGS = $(ALL_LDFLAGS) $(if $(SAN),-Wl$(comma)--wrap=main)
$O/t/sanitizer.o: private CPPFLAGS += -DSAN_REPORTS='"$(abspath $O)/san-reports"'

# Flags are an input like any other: $O/flags changes only when they do.
FLAGS	= $(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(LIBS)
$O/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(FLAGS))' >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

# The parameter registry is generated: one row a parameter in share/parameters.tsv.
# Where things are installed is the default of a few parameters.
$O/gen/dirs: FORCE
	@mkdir -p $(@D)
	@printf '%s %s\n' sbindir $(sbindir) bindir $(bindir) \
	    libexecdir $(libexecdir) confdir $(confdir) mandir $(mandir) >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

# A result that is as before keeps its time: another PREFIX is no reason to compile all.
$O/gen/params.made: share/parameters.tsv lib/conf/params.awk $O/gen/dirs
	@mkdir -p $O/gen/lib/conf $O/gen/new
	LC_ALL=C awk -v OUT=$O/gen/new -v DIRS=$O/gen/dirs -f lib/conf/params.awk share/parameters.tsv
	@cd $O/gen && for f in params_table.c params_gen.h; do \
	    cmp -s new/$$f lib/conf/$$f || mv new/$$f lib/conf/$$f; done
	@touch $@
$O/gen/lib/conf/params_table.c $O/gen/lib/conf/params_gen.h: $O/gen/params.made
	@[ -e $@ ] || { rm -f $<; $(MAKE) --no-print-directory $<; }

# Names that no source reads: the manual page and postconf say so.
$O/gen/unread: share/unread-parameters.sh share/parameters.tsv $(wildcard lib/*/*.c lib/*/*/*.c daemon/*.c daemon/*/*.c cmd/*/*.c)
	@mkdir -p $(@D)
	@sh share/unread-parameters.sh >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$O/gen/lib/conf/params_docs_table.c: $O/gen/unread share/parameters-notes.txt share/parameters.tsv lib/conf/params_docs.awk
	@mkdir -p $(@D)
	LC_ALL=C awk -v OUT=$@ -f lib/conf/params_docs.awk $(filter-out %.awk,$^)

# The list of parameters in postconf(5).
$O/man/postconf.5: $O/gen/unread share/parameters-notes.txt share/parameters.tsv share/man/man5/postconf.5 share/parameters-man.awk $O/gen/dirs
	@mkdir -p $(@D)
	LC_ALL=C awk -v DIRS=$O/gen/dirs -f share/parameters-man.awk $(filter-out %.awk %/dirs,$^) >$@

# One completion file a shell, for all commands.
$O/completions/posthorn.%: share/options.tsv share/parameters.tsv share/completions.awk
	@mkdir -p $(@D)
	LC_ALL=C awk -v SHELL_NAME=$* -f share/completions.awk share/options.tsv share/parameters.tsv >$@

# What programs and loadable table types must agree about: see lib/table/table_type.h.
$O/gen/lib/table/table_abi.h: $(wildcard lib/base/*.h lib/conf/*.h lib/table/*.h) $O/gen/lib/conf/params_gen.h
	@mkdir -p $(@D)
	@printf '#define TABLE_ABI "%.16s"\n' "$$(cat $^ | sha256sum)" >$@

# So is the built-in classification of delay reasons.
$O/gen/lib/queue/reason_table.c: share/reasons.tsv lib/queue/reasons.awk
	@mkdir -p $(@D)
	LC_ALL=C awk -v OUT=$@ -f lib/queue/reasons.awk share/reasons.tsv

$(LIB_SRC:%.c=$O/%.o) $(DAEMON_SRC:%.c=$O/%.o) $(patsubst %.c,$O/%.o,$(wildcard cmd/*/*.c t/fuzz/*.c) $(UNIT_SRC) $(TOOL_SRC)): | $O/gen/lib/conf/params_gen.h $O/gen/lib/table/table_abi.h

$O/%.o: %.c $O/flags
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$O/gen/%.o: $O/gen/%.c $O/flags
	@echo "  CC    $<"
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(LIBA): $(LIB_OBJ)
	@rm -f $@
	$(Q)$(AR) crs $@ $^

$O/bin/posthornd: $(DAEMON_SRC:%.c=$O/%.o) $(SAN_OBJ) $(LIBA)
	@mkdir -p $(@D)
	@echo "  LD    $@"
	$(Q)$(CC) $(PROGRAM_LDFLAGS) -o $@ $^ $(LIBS)

define COMMAND
$O/bin/$(1): $(patsubst %.c,$O/%.o,$(wildcard cmd/$(1)/*.c)) $(SAN_OBJ) $(LIBA)
	@mkdir -p $$(@D)
	@echo "  LD    $$@"
	$(Q)$$(CC) $$(PROGRAM_LDFLAGS) -o $$@ $$^ $$(LIBS)
endef
$(foreach c,$(CMDS),$(eval $(call COMMAND,$(c))))

# A module gets the functions it shares with programs from the one that loads it.
$O/lib/table/module/%.o: lib/table/module/%.c $O/flags | $O/gen/lib/conf/params_gen.h $O/gen/lib/table/table_abi.h
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(ALL_CFLAGS) -fPIC -I/usr/include/mariadb -I/usr/include/postgresql -I/usr/include/hiredis \
	    -MMD -MP -c -o $@ $<

define MODULE
$O/modules/posthorn-$(1).so: $(patsubst %,$O/lib/table/module/%.o,table_$(1) $(MODULE_PARTS_$(1)))
	@mkdir -p $$(@D)
	@echo "  LD    $$@"
	$(Q)$$(CC) $$(LINK_FLAGS) -shared -o $$@ $$^ \
	    $$$$($(PKG_CONFIG) --libs $(call module_pkg,$(1)))
endef
$(foreach m,$(MODULES),$(eval $(call MODULE,$(m))))

modules: $(MODULE_SO)

$O/bin/mailq $O/bin/newaliases: | $O/bin
	ln -sf sendmail $@
$O/bin:
	@mkdir -p $@

# A unit test may reach into the daemon's pure parts: the objects without main.
DAEMON_TEST_OBJ = $(filter-out $O/daemon/main.o,$(DAEMON_SRC:%.c=$O/%.o))
$O/daemon-test.a: $(DAEMON_TEST_OBJ)
	@rm -f $@
	$(Q)$(AR) crs $@ $^

# The browser's screens are tested without a terminal.
QTOP_TEST_OBJ = $(filter-out $O/cmd/qtop/main.o,$(patsubst %.c,$O/%.o,$(wildcard cmd/qtop/*.c)))
$O/qtop-test.a: $(QTOP_TEST_OBJ)
	@rm -f $@
	$(Q)$(AR) crs $@ $^

$O/t/unit/qtop/%: $O/t/unit/qtop/%.o $O/qtop-test.a $(SAN_OBJ) $(LIBA)
	@echo "  LD    $@"
	$(Q)$(CC) $(PROGRAM_LDFLAGS) -o $@ $^ $(CHECK_LIBS) $(LIBS)

$O/t/unit/%: $O/t/unit/%.o $O/daemon-test.a $(SAN_OBJ) $(LIBA)
	@echo "  LD    $@"
	$(Q)$(CC) $(PROGRAM_LDFLAGS) -o $@ $^ $(CHECK_LIBS) $(LIBS)

$O/t/tools/test-milter: TOOL_LIBS = -lmilter
$O/t/tools/%: $O/t/tools/%.o $(SAN_OBJ) $(LIBA)
	@mkdir -p $(@D)
	@echo "  LD    $@"
	$(Q)$(CC) $(PROGRAM_LDFLAGS) -o $@ $^ $(LIBS) $(TOOL_LIBS)

# Loaded into programs under test, the peer's as well.
$O/t/tools/%.so: t/tools/%.c $O/flags
	@mkdir -p $(@D)
	@echo "  LD    $@"
	$(Q)$(CC) $(ALL_CFLAGS) -fPIC -shared -o $@ $<

# With sanitizers everything is slower: the tests wait longer. Scripts mostly wait
# for something, so one more runs than there are processors.
check: all lint $(UNIT)
	$(if $(SAN),PH_SAN=$(SAN) PH_PATIENCE=6 CK_TIMEOUT_MULTIPLIER=3) CK_DEFAULT_TIMEOUT=40 \
	    PH_BIN=$(abspath $O/bin) PH_TOOLS=$(abspath $O/t/tools) PH_SRC=$(CURDIR) \
	    $(PROVE) -j$$(($(JOBS) + 1)) --failures --comments --exec t/exec.sh $(SCRIPTS) $(UNIT)

# Side by side with Debian's postfix; needs root. BENCH picks scripts by name.
BENCH	?= $(notdir $(filter-out %/systems.sh %/setup.sh,$(wildcard t/bench/*.sh)))
bench: all $(TOOLS)
	for b in $(BENCH); do PH_BIN=$(abspath $O/bin) bash t/bench/$$b || exit 1; done

# Every parser for FUZZ_SECONDS each, under address and undefined sanitizers.
FUZZ_SECONDS ?= 20
FUZZERS	:= $(patsubst t/fuzz/%.c,%,$(wildcard t/fuzz/*_fuzz.c))
fuzz:
	$(MAKE) O=build-fuzz CC=clang SAN=address,undefined \
	    CFLAGS=-fsanitize=fuzzer-no-link $(FUZZERS:%=build-fuzz/t/fuzz/%)
	for f in $(FUZZERS); do mkdir -p build-fuzz/corpus/$$f && \
	    build-fuzz/t/fuzz/$$f -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 \
	    -artifact_prefix=$(CURDIR)/build-fuzz/ \
	    $(CURDIR)/build-fuzz/corpus/$$f || exit 1; done
$O/t/fuzz/%: $O/t/fuzz/%.o $O/daemon-test.a $(LIBA)
	@echo "  LD    $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS)

# Fuzz targets need clang to run; that they compile anybody can see.
lint: $O/gen/lib/conf/params_gen.h $O/man/postconf.5 $(patsubst %.c,$O/%.o,$(wildcard t/fuzz/*_fuzz.c))
	O=$O CC="$(CC)" sh t/lint.sh

# Parameters of the registry that no C source reads: what is not done.
unread-parameters:
	@sh share/unread-parameters.sh

install: all
	@DESTDIR='$(DESTDIR)' BIN=$(abspath $O/bin) sbindir=$(sbindir) \
	    bindir=$(bindir) libdir=$(libdir) libexecdir=$(libexecdir) mandir=$(mandir) \
	    sharedir=$(sharedir) confdir=$(confdir) unitdir=$(unitdir) \
	    sh share/install.sh

# What install listed, and nothing else: configuration and mail stay.
uninstall:
	@sed 's|^|$(DESTDIR)|' '$(DESTDIR)$(sharedir)/installed' | tr '\n' '\0' | xargs -0 rm -f
	@find '$(DESTDIR)$(sharedir)' '$(DESTDIR)$(libexecdir)' -depth -type d -empty -delete

# A private instance that needs no root, with mail flowing through it.
demo: deps
	@$(MAKE) --no-print-directory -s -j$(JOBS) all
	@BIN=$(abspath $O/bin) sh share/demo.sh

deps:
	sh t/deps.sh

clean:
	rm -rf build build-*

FORCE:
.DELETE_ON_ERROR:
.PHONY: modules unread-parameters all check install uninstall demo bench fuzz lint deps clean FORCE
.SECONDARY:

-include $(shell find $O -name '*.d' 2>/dev/null)
