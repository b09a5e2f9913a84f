/*
 * options.c - the command line of postconf
 *
 * Which letters go together is a table (spec/postconf.md 5.2); long options
 * have modes of their own.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postconf/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/command.h"

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

static const char long_text[] =
    "What is wrong, what it means, what refers to it:\n"
    "  postconf --lint                      check main.cf, master.cf and what they name\n"
    "  postconf --explain smtpd_timeout     value, source, expansion, who reads it\n"
    "  postconf --who-uses hash:/etc/aliases\n"
    "  postconf --diff [A [B]]              A, B: defaults, running, a directory, a saved file\n"
    "\n"
    "Change it, and say what changed:\n"
    "  postconf --set relayhost=mx.example 'smtpd_milters+=inet:localhost:11332'\n"
    "  postconf --undo                      back to before the last --set\n"
    "\n"
    "  --json                with --lint, --explain, --who-uses, --diff, --set, -n: JSON\n"
    "  --strict              --lint: remarks are shown, warnings count as errors\n"
    "  --dry-run             --set, --undo: only say what would change\n"
    "  --exit-code           --set, --undo: exit 10 when something changed\n"
    "  --refuse-unknown      --set: a name that nobody knows is an error\n"
    "  --apply               --set: check the result, and reload\n"
    "  --grep TEXT           parameters with TEXT in name, value or description\n"
    "  --json-schema         print the JSON schema of what --json writes\n"
    "  --profile NAME        print the --set lines for a purpose; \"list\" names them\n"
    "  --help                this text\n";

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
	"aAblmtpMFPT", "den#X", "fe#X", "xe#X", "ode#X", "he#XH", "2e#X",
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

static void
usage(const char *argv0)
{
	struct buf text = BUF_INIT;

	buf_setf(&text, "usage: %s %s", argv0, usage_text);
	command_misused(text.ptr);
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
take_long_option(struct command_line *cl, int c, const char *name)
{
	static const struct {
		enum long_mode	 option;
		unsigned	 flag;
	} flags[] = {
		{ LONG_STRICT, PC_LONG_STRICT }, { LONG_JSON, PC_LONG_JSON },
		{ LONG_DRY_RUN, PC_LONG_DRY_RUN },
		{ LONG_EXIT_CODE, PC_LONG_EXIT_CODE },
		{ LONG_REFUSE, PC_LONG_REFUSE }, { LONG_APPLY, PC_LONG_APPLY },
	};
	size_t i;

	if (c == LONG_HELP) {
		printf("usage: postconf %s\n\n%s", usage_text, long_text);
		exit(0);
	}
	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (c == (int)flags[i].option) {
			cl->flags |= flags[i].flag;
			return;
		}
	if (cl->mode != LONG_NONE && cl->mode != (enum long_mode)c)
		log_fatal("specify one of --%s and --%s", cl->mode_name, name);
	cl->mode = (enum long_mode)c;
	cl->mode_name = name;
	cl->argument = optarg;
}

/* Which flags go with which mode; what is given in vain is an error. */
static void
check_long_options(struct command_line *cl)
{
	static const struct {
		unsigned	 flag;
		const char	*name, *modes;
	} allowed[] = {
		{ PC_LONG_STRICT, "strict", "--lint" },
		{ PC_LONG_JSON, "json", "--lint --explain --who-uses --diff "
		    "--set --grep" },
		{ PC_LONG_DRY_RUN, "dry-run", "--set --undo" },
		{ PC_LONG_EXIT_CODE, "exit-code", "--set --undo" },
		{ PC_LONG_REFUSE, "refuse-unknown", "--set" },
		{ PC_LONG_APPLY, "apply", "--set --undo" },
	};
	struct buf text = BUF_INIT;
	size_t i;

	if (cl->mode != LONG_NONE && cl->set != 0) {
		show_options(&text, cl->set);
		log_fatal("with option --%s, do not specify%s",
		    cl->mode_name, text.ptr);
	}
	for (i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		if ((cl->flags & allowed[i].flag) == 0 ||
		    (cl->mode == LONG_NONE &&
		    allowed[i].flag == PC_LONG_JSON))
			continue;
		if (cl->mode == LONG_NONE ||
		    strstr(allowed[i].modes, cl->mode_name) == NULL)
			log_fatal("--%s goes with %s", allowed[i].name,
			    allowed[i].modes);
	}
}

/*
 * The next option; operands of the classic modes end them, those of the long
 * modes may stand between ("--set a=b --dry-run") and are moved behind.
 */
static bool
next_option(int argc, char **argv, const struct option *long_options, int *c,
    int *at, enum long_mode mode)
{
	char *operand;
	int i;

	for (;;) {
		*c = getopt_long(argc, argv,
		    "+aAbc:C:deEfFhHjlmMno:pPqtT:vxX#", long_options, at);
		if (*c != -1)
			return true;
		if (mode == LONG_NONE || optind >= argc ||
		    strcmp(argv[optind - 1], "--") == 0)
			return false;
		for (i = optind + 1; i < argc &&
		    (argv[i][0] != '-' || argv[i][1] == '\0'); i++)
			;
		if (i == argc)
			return false;
		operand = argv[optind];
		memmove(argv + optind, argv + optind + 1,
		    (size_t)(argc - 1 - optind) * sizeof(*argv));
		argv[argc - 1] = operand;
	}
}

void
options_read(struct command_line *cl, int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "apply", no_argument, NULL, LONG_APPLY },
		{ "diff", no_argument, NULL, LONG_DIFF },
		{ "dry-run", no_argument, NULL, LONG_DRY_RUN },
		{ "exit-code", no_argument, NULL, LONG_EXIT_CODE },
		{ "explain", required_argument, NULL, LONG_EXPLAIN },
		{ "grep", required_argument, NULL, LONG_GREP },
		{ "help", no_argument, NULL, LONG_HELP },
		{ "json", no_argument, NULL, LONG_JSON },
		{ "json-schema", no_argument, NULL, LONG_SCHEMA },
		{ "lint", no_argument, NULL, LONG_LINT },
		{ "profile", required_argument, NULL, LONG_PROFILE },
		{ "refuse-unknown", no_argument, NULL, LONG_REFUSE },
		{ "set", no_argument, NULL, LONG_SET },
		{ "strict", no_argument, NULL, LONG_STRICT },
		{ "undo", no_argument, NULL, LONG_UNDO },
		{ "who-uses", required_argument, NULL, LONG_WHO_USES },
		{ NULL, 0, NULL, 0 }
	};
	struct postconf *pc = cl->pc;
	int c, at;

	while (next_option(argc, argv, long_options, &c, &at, cl->mode))
		if (c >= LONG_HELP)
			take_long_option(cl, c, long_options[at].name);
		else
			take_option(cl, c);
	check_long_options(cl);
	if (cl->mode == LONG_NONE && optind < argc &&
	    strchr(argv[optind], '=') != NULL &&
	    (cl->set & bits("aAblmtT")) == 0)
		cl->set |= bits("e");
	check_options(cl->set);
	pc->show_defaults = (cl->set & bits("d")) != 0;
	pc->fold = (cl->set & bits("f")) != 0;
	pc->no_names = (cl->set & bits("h")) != 0;
	pc->no_values = (cl->set & bits("H")) != 0;
	pc->json = (cl->set & bits("j")) != 0;
	pc->only_set = (cl->set & bits("n")) != 0;
	pc->expand = (cl->set & bits("x")) != 0 && !pc->no_values;
}

bool
options_given(const struct command_line *cl, const char *letters)
{
	return (cl->set & bits(letters)) != 0;
}

bool
options_given_beside(const struct command_line *cl, const char *letters)
{
	return (cl->set & ~bits(letters)) != 0;
}
