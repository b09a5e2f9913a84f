/*
 * main.c - postconf: show and change main.cf and master.cf
 *
 * Reads the command line; which options go together is a table
 * (spec/postconf.md 5.2).
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postconf/postconf.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/command.h"
#include "lib/conf/params.h"

static const char usage_text[] =
    "[-a (server SASL types)] [-A (client SASL types)] "
    "[-b (bounce templates)] [-c config_dir] [-c param_class] "
    "[-d (parameter defaults)] [-e (edit configuration)] [-f (fold lines)] "
    "[-F (master.cf fields)] [-h (no names)] [-H (no values)] "
    "[-l (lock types)] [-m (map types)] [-M (master.cf)] "
    "[-n (non-default parameters)] [-o name=value (override parameter value)] "
    "[-p (main.cf, default)] [-P (master.cf parameters)] "
    "[-t (bounce templates)] "
    "[-T compile-version|run-version|public-key-algorithms] [-v (verbose)] "
    "[-x (expand parameter values)] [-X (exclude)] [-# (comment-out)] "
    "[name...]";

/* Every option in the order in which messages list them; "PP" is a second -P. */
static const char option_order[] = "aAbCdefFhHjlmMnopPtTxX#2";

#define BIT(i)	(1u << (i))

static unsigned
bits(const char *options)
{
	unsigned set = 0;

	for (; *options != '\0'; options++)
		set |= BIT(strchr(option_order, *options) - option_order);
	return set;
}

static void
show_options(struct buf *out, unsigned set)
{
	size_t i;

	for (i = 0; option_order[i] != '\0'; i++)
		if ((set & BIT(i)) != 0)
			buf_addf(out, " -%s", option_order[i] == '2' ? "PP" :
			    (char[]){ option_order[i], '\0' });
}

/* '2' stands for -PP. */
static const char *const exclusive[] = {
	"aAblmtpMFPT", "2e#X", "den#X", "fe#X", "xe#X", "ode#X", "he#XH",
};

static const struct {
	char		 mode;
	const char	*company;
} companions[] = {
	{ 'a', "" }, { 'A', "" }, { 'b', "" }, { 'l', "" }, { 'm', "" },
	{ 't', "" }, { 'T', "" },
	{ 'p', "eX#fhCxdnoHj" }, { 'M', "eX#foxj" }, { 'F', "efhoxHj" },
	{ '2', "PfhoxHj" }, { 'P', "eXfhoxHj2" }, { 'j', "pMFPoxnd2" },
};

static void
check_options(unsigned set)
{
	struct buf text = BUF_INIT;
	size_t i;

	for (i = 0; i < sizeof(exclusive) / sizeof(exclusive[0]); i++) {
		unsigned both = set & bits(exclusive[i]);

		if (both == bits("bt"))
			log_fatal("specify one of -b and -t");
		if ((both & (both - 1)) != 0) {
			show_options(&text, both);
			log_fatal("specify one of%s", text.ptr);
		}
	}
	for (i = 0; i < sizeof(companions) / sizeof(companions[0]); i++) {
		char mode[2] = { companions[i].mode, '\0' };
		unsigned alone = set & ~bits(mode) &
		    ~bits(companions[i].company) & ~bits("C");

		if ((set & bits(mode)) == 0 || alone == 0)
			continue;
		show_options(&text, bits(mode));
		buf_adds(&text, ", do not specify");
		show_options(&text, alone);
		log_fatal("with option%s", text.ptr);
	}
	buf_done(&text);
}

static unsigned
parse_classes(const char *arg)
{
	static const struct {
		const char	*name;
		unsigned	 class;
	} names[] = {
		{ "builtin", PC_BUILTIN }, { "service", PC_SERVICE },
		{ "user", PC_USER }, { "all", PC_ALL },
	};
	char *copy = xstrdup(arg), *rest = copy, *word;
	unsigned classes = 0;
	size_t i;

	while ((word = text_split(&rest, TEXT_LIST_SEP)) != NULL) {
		for (i = 0; i < 4; i++)
			if (strcasecmp(word, names[i].name) == 0)
				break;
		if (i == 4)
			log_fatal("unknown -C option value \"%s\" in \"%s\"",
			    word, arg);
		classes |= names[i].class;
	}
	free(copy);
	return classes;
}

struct command_line {
	struct postconf	*pc;
	unsigned	 set;		/* options given, as bits */
	const char	*config_dir, *tls_mode;
	int		 template_count;
};

static void
usage(const char *argv0)
{
	log_fatal("usage: %s %s", argv0, usage_text);
}

static void
take_option(struct command_line *cl, int c)
{
	struct postconf *pc = cl->pc;
	char one[2] = { (char)c, '\0' };

	switch (c) {
	case 'c':
		cl->config_dir = optarg;
		return;
	case 'q':
		pc->no_warnings = true;
		return;
	case 'v':
		log_verbose++;
		return;
	case 'C':
		pc->classes = parse_classes(optarg);
		break;
	case 'o':
		pc->overrides = xreallocarray(pc->overrides,
		    pc->override_count + 1, sizeof(*pc->overrides));
		pc->overrides[pc->override_count++] = optarg;
		break;
	case 'P':
		if ((cl->set & bits("P")) != 0)
			one[0] = '2';
		break;
	case 'T':
		if (cl->tls_mode != NULL)
			log_fatal("At most one -T <mode> option may be "
			    "specified");
		cl->tls_mode = optarg;
		break;
	default:
		if (strchr(option_order, c) == NULL)
			usage(pc->argv0);
	}
	cl->set |= bits(one);
}

static void
read_options(struct command_line *cl, int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "help", no_argument, NULL, 1 },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 }
	};
	struct postconf *pc = cl->pc;
	int c;

	while ((c = getopt_long(argc, argv,
	    "+aAbc:C:deEfFhHjlmMno:pPqtT:vxX#", long_options, NULL)) != -1) {
		if (c == 1) {
			printf("usage: postconf %s\n", usage_text);
			exit(0);
		}
		take_option(cl, c);
	}
	if (optind < argc && strchr(argv[optind], '=') != NULL &&
	    (cl->set & bits("e")) == 0)
		cl->set |= bits("e");
	check_options(cl->set);
	pc->show_defaults = (cl->set & bits("d")) != 0;
	pc->fold = (cl->set & bits("f")) != 0;
	pc->no_names = (cl->set & bits("h")) != 0;
	pc->no_values = (cl->set & bits("H")) != 0;
	pc->json = (cl->set & bits("j")) != 0;
	pc->only_set = (cl->set & bits("n")) != 0;
	pc->expand = (cl->set & bits("x")) != 0;
}

static void
find_directory(struct command_line *cl)
{
	struct postconf *pc = cl->pc;
	const char *dir = cl->config_dir;
	struct buf path = BUF_INIT;

	if (dir == NULL)
		dir = getenv("MAIL_CONFIG");
	pc->dir_was_given = dir != NULL;
	pc->dir = xstrdup(dir != NULL ? dir : params_config_directory());
	setenv("MAIL_CONFIG", pc->dir, 1);
	buf_setf(&path, "%s/main.cf", pc->dir);
	pc->main_file = buf_take(&path);
	buf_setf(&path, "%s/master.cf", pc->dir);
	pc->master_file = buf_take(&path);
}

static void
run_edit(struct command_line *cl, char **args)
{
	enum pc_edit how = (cl->set & bits("X")) != 0 ? PC_EDIT_EXCLUDE :
	    (cl->set & bits("#")) != 0 ? PC_EDIT_COMMENT : PC_EDIT_SET;

	if (args[0] == NULL)
		log_fatal("%s", how == PC_EDIT_SET ?
		    "-e requires name=value argument" :
		    "missing service argument");
	if ((cl->set & bits("M")) != 0)
		pc_edit_master(cl->pc, 'M', how, args);
	else if ((cl->set & bits("F")) != 0)
		pc_edit_master(cl->pc, 'F', how, args);
	else if ((cl->set & bits("P")) != 0)
		pc_edit_master(cl->pc, 'P', how, args);
	else
		pc_edit_main(cl->pc, how, args);
}

static void
run_templates(struct command_line *cl, char **args)
{
	if (args[0] != NULL && args[1] != NULL)
		log_fatal("options -b and -t require at most one template "
		    "file");
	pc_load_main(cl->pc);
	pc_show_templates(cl->pc, args[0], (cl->set & bits("b")) != 0);
}

static void
run_show(struct command_line *cl, char **args)
{
	struct postconf *pc = cl->pc;
	bool is_master = (cl->set & bits("MFP2")) != 0;

	pc_load_main(pc);
	pc_load_master(pc, is_master);
	pc_names_collect(pc);
	if ((cl->set & bits("M")) != 0)
		pc_show_entries(pc, args);
	else if ((cl->set & bits("F")) != 0)
		pc_show_fields(pc, args);
	else if ((cl->set & bits("P")) != 0)
		pc_show_overrides(pc, args, (cl->set & bits("2")) != 0);
	else
		pc_show(pc, args);
	if (fflush(stdout) != 0)
		log_fatal("write standard output: %m");
	if (pc->show_defaults || pc->no_warnings)
		return;
	if (!is_master)
		pc_warn_unused_main(pc);
	pc_warn_unused_master(pc);
}

int
main(int argc, char **argv)
{
	struct postconf pc = { .argv0 = argv[0], .classes = PC_ALL };
	struct command_line cl = { .pc = &pc };
	char **args;

	command_start(argv);
	log_open(argv[0], LOG_TO_STDERR);	/* the name as given: spec 5 */
	log_is_ascii = true;
	read_options(&cl, argc, argv);
	args = argv + optind;
	find_directory(&cl);
	if ((cl.set & bits("l")) != 0)
		pc_show_lock_types();
	else if ((cl.set & bits("m")) != 0)
		pc_show_table_types(pc.dir);
	else if ((cl.set & bits("aA")) != 0)
		pc_show_sasl_types((cl.set & bits("a")) != 0);
	else if ((cl.set & bits("T")) != 0)
		return pc_show_tls(cl.tls_mode);
	else if ((cl.set & bits("bt")) != 0)
		run_templates(&cl, args);
	else if ((cl.set & bits("eX#")) != 0)
		run_edit(&cl, args);
	else
		run_show(&cl, args);
	return 0;
}
