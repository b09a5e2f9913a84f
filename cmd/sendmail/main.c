/*
 * main.c - sendmail, mailq, newaliases: options, and which mode they ask for
 *
 * Thirty years of programs call this one, so every option that ever meant
 * something is accepted, and what it does or that it does nothing is in
 * spec/commands.md 2.2. Modes other than delivery replace this process.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cmd/sendmail/submit.h"
#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/command.h"
#include "lib/conf/params.h"
#include "lib/mail/dsn.h"
#include "lib/table/user_list.h"

static const char optstring[] = "+A:B:C:F:GIL:N:O:R:UV:X:b:ce:f:h:imno:p:r:q:tvx";

static const struct option longopts[] = {
	{ "help", no_argument, NULL, 1 },
	{ NULL, 0, NULL, 0 }
};

static const char usage_text[] =
    "usage: sendmail [-Giv] [-t] [-B type] [-C file] [-F name] [-f sender]\n"
    "           [-N notify] [-R ret] [-V envid] [-XV[xy]] [recipient ...]\n"
    "       sendmail -bp | -bi | -bs | -bd | -bv recipient ...\n"
    "       sendmail -q | -qIid | -qRsite\n"
    "       mailq\n"
    "       newaliases\n";

#define ENVID_MAX	100	/* RFC 3461 4.4 */

enum mode { DELIVER, MAILQ, FLUSH, FLUSH_SITE, FLUSH_ID, ALIASES, DAEMON,
	SESSION, NOTHING };

struct call {
	enum mode	 mode;
	struct submit	 submit;
	const char	*config;	/* -C */
	const char	*aliases;	/* -oA */
	const char	*flush_site, *flush_id;
	bool		 ignores_queue_run;	/* -qTIME */
	int		 verbose;
};

static const char *const operand_texts[] = {
	[MAILQ] = "display queue mode", [FLUSH] = "flush queue mode",
	[FLUSH_SITE] = "flush site", [FLUSH_ID] = "flush queue_id",
	[ALIASES] = "alias initialization mode", [DAEMON] = "daemon mode",
	[SESSION] = "stand-alone mode", [NOTHING] = NULL
};

static int
on_fatal(void)
{
	return EX_TEMPFAIL;
}

/* ---- options ---- */

static void
set_body_type(struct call *c, const char *value)
{
	if (strcmp(value, "8BITMIME") == 0)
		c->submit.encoding = "8bit";
	else if (strcmp(value, "7BIT") == 0)
		c->submit.encoding = "7bit";
	else
		log_fatal("-B option needs 8BITMIME or 7BIT");
}

static void
set_mode(struct call *c, const char *value)
{
	switch (*value) {
	case 'd':
	case 'l':
		c->mode = DAEMON;
		break;
	case 'h':		/* host status: there is none to show or purge */
	case 'H':
		exit(0);
	case 'i':
		c->mode = ALIASES;
		break;
	case 'm':
		c->mode = DELIVER;
		break;
	case 'p':
		c->mode = MAILQ;
		break;
	case 's':
		c->mode = SESSION;
		break;
	case 'v':
		c->mode = DELIVER;
		c->submit.trace = SUBMIT_VERIFY;
		break;
	default:
		log_fatal("unsupported: -b%c", *value);
	}
}

static unsigned
parse_notify(const char *value)
{
	char *copy = xstrdup(value), *rest = copy, *word;
	unsigned bits = dsn_notify_parse(value);

	while (bits == 0 && (word = text_split(&rest, TEXT_LIST_SEP)) != NULL)
		if (dsn_notify_parse(word) == 0) {
			log_warning("unknown DSN NOTIFY command value \"%s\" "
			    "in \"%s\"", word, value);
			break;
		}
	free(copy);
	if (bits == 0)
		log_warning("bad -N option value -- ignored");
	return bits;
}

static void
set_envid(struct call *c, const char *value)
{
	const char *p;

	for (p = value; *p >= 0x20 && *p < 0x7f; p++)
		;
	if (strlen(value) > ENVID_MAX)
		log_warning("too long -V option value -- ignored");
	else if (*p != '\0' || p == value)
		log_warning("bad syntax in -V option value -- ignored");
	else
		c->submit.envelope_id = value;
}

static void
set_verp(struct call *c, const char *value)
{
	const char *filter = params.verp_delimiter_filter;

	if (*value != 'V')
		log_fatal("unsupported: -X%c", *value);
	value++;
	if (*value == '\0')
		value = params.default_verp_delimiters;
	if (strlen(value) != 2 || strchr(filter, value[0]) == NULL ||
	    strchr(filter, value[1]) == NULL)
		log_fatal("-V requires two characters from %s", filter);
	c->submit.verp = value;
}

static void
set_other(struct call *c, const char *value)
{
	switch (*value) {
	case 'A':
		if (value[1] == '\0')
			log_fatal("-oA requires pathname");
		c->aliases = value + 1;
		break;
	case 'i':
		c->submit.ignores_dot = true;
		break;
	default:	/* -o7, -o8, -oe, -om, ...: settings of another program */
		break;
	}
}

static void
set_queue_run(struct call *c, const char *value)
{
	if (*value >= '0' && *value <= '9') {
		c->ignores_queue_run = true;
	} else if (*value == 'R') {
		if (value[1] == '\0')
			log_fatal("specify: -qRsitename");
		c->flush_site = value + 1;
	} else if (*value == 'I') {
		if (value[1] == '\0')
			log_fatal("specify: -qIqueueid");
		c->flush_id = value + 1;
	} else {
		log_fatal("-q%c is not implemented", *value);
	}
}

/*
 * Words that getopt cannot tell apart: "-q" alone flushes though -q takes an
 * argument, and -V was once the option for VERP, with two characters.
 *
 * Returns true when the word is dealt with.
 */
static bool
take_odd_word(struct call *c, char **word)
{
	char *text;

	if (strcmp(*word, "-q") == 0) {
		if (c->mode == DAEMON)
			log_warning("ignoring -q option in daemon mode");
		else
			c->mode = FLUSH;
		return true;
	}
	if (strcmp(*word, "-V") == 0 && word[1] != NULL &&
	    strlen(word[1]) == 2) {
		log_warning("option -V is deprecated with Postfix 2.3; "
		    "specify -XV instead");
		*word = xstrdup("-XV");
	} else if (strncmp(*word, "-V", 2) == 0 && strlen(*word) == 4) {
		log_warning("option %s is deprecated with Postfix 2.3; "
		    "specify -X%s instead", *word, *word + 1);
		text = xmalloc(6);
		snprintf(text, 6, "-X%s", *word + 1);
		*word = text;
	}
	return false;
}

static void
take_option(struct call *c, int opt, char *value)
{
	switch (opt) {
	case 'B':
		set_body_type(c, value);
		break;
	case 'F':
		c->submit.full_name = value;
		break;
	case 'G':
		c->submit.is_gateway = true;
		break;
	case 'I':
		c->mode = ALIASES;
		break;
	case 'N':
		c->submit.notify = parse_notify(value);
		break;
	case 'R':
		if ((c->submit.ret = dsn_ret_parse(value)) == 0)
			log_warning("bad -R option value -- ignored");
		break;
	case 'V':
		set_envid(c, value);
		break;
	case 'X':
		set_verp(c, value);
		break;
	case 'b':
		set_mode(c, value);
		break;
	case 'f':
	case 'r':
		c->submit.sender = value;
		break;
	case 'i':
		c->submit.ignores_dot = true;
		break;
	case 'n':
		log_fatal("-n option not supported");
	case 'o':
		set_other(c, value);
		break;
	case 'q':
		set_queue_run(c, value);
		break;
	case 't':
		c->submit.extracts = true;
		break;
	case 'v':
		c->verbose++;
		break;
	case '?':
		log_fatal("usage: sendmail [options]");
	default:	/* -A -C -L -O -U -c -e -h -m -p -x: nothing to do */
		break;
	}
}

/* -C decides which main.cf the meaning of the other options comes from. */
static const char *
find_config(int argc, char **argv)
{
	const char *config = NULL;
	int opt;

	while (optind < argc) {
		if (strcmp(argv[optind], "-q") == 0) {
			optind++;
			continue;
		}
		if ((opt = getopt_long(argc, argv, optstring, longopts,
		    NULL)) == -1)
			break;
		if (opt == 'C')
			config = optarg;
		if (opt == 1) {
			fputs(usage_text, stdout);
			exit(0);
		}
	}
	optind = 1;
	return config;
}

/* "/dir/main.cf" and "/dir" both mean the directory. */
static char *
config_directory(const char *config)
{
	size_t len = strlen(config);
	const char *slash = strrchr(config, '/');

	if (slash != NULL && strcmp(slash, "/main.cf") == 0)
		len = (size_t)(slash - config);
	return xstrndup(config, len);
}

/* ---- modes that are other programs ---- */

static void __attribute__((noreturn))
become(const char *directory, const char *program, const char *arg0,
    char **args, int verbose)
{
	struct buf path = BUF_INIT;
	size_t n = 0, count = 0;
	char **argv;
	int i;

	while (args[count] != NULL)
		count++;
	argv = xcalloc(count + (size_t)verbose + 2, sizeof(*argv));
	buf_setf(&path, "%s/%s", directory, program);
	argv[n++] = xstrdup(arg0);
	/* Options stand in front of operands. */
	for (i = 0; i < verbose; i++)
		argv[n++] = xstrdup("-v");
	while (*args != NULL)
		argv[n++] = *args++;
	execv(path.ptr, argv);
	log_fatal("%s: %s", path.ptr, strerror(errno));
}

static void __attribute__((noreturn))
show_queue(const struct call *c)
{
	become(params.command_directory, "postqueue", "postqueue",
	    (char *[]){ xstrdup("-p"), NULL }, c->verbose);
}

static void __attribute__((noreturn))
flush(const struct call *c, const char *option, const char *value)
{
	become(params.command_directory, "postqueue", "postqueue",
	    (char *[]){ xstrdup(option), value != NULL ? xstrdup(value) : NULL,
	    NULL }, c->verbose);
}

/* All databases in one run; somebody who watches gets a line for each. */
static void
rebuild_aliases(const struct call *c)
{
	char **args, *rest, *word;
	size_t n = 0, count;

	rest = xstrdup(c->aliases != NULL ? c->aliases : params.alias_database);
	args = xcalloc(strlen(rest) / 2 + 4, sizeof(*args));
	if (isatty(STDOUT_FILENO))
		args[n++] = xstrdup("--build");
	args[n++] = xstrdup("--");
	for (count = 0; (word = text_split(&rest, TEXT_LIST_SEP)) != NULL;
	    count++)
		args[n++] = word;
	if (count > 0)
		become(params.command_directory, "postalias", "postalias",
		    args, c->verbose);
}

/* The supervisor is started, and left to itself. */
static int
start_daemon(const struct call *c)
{
	switch (fork()) {
	case -1:
		log_warning("fork: %s", strerror(errno));
		return 1;
	case 0:
		become(params.command_directory, "postfix", "postfix",
		    (char *[]){ xstrdup("start"), NULL }, c->verbose);
	default:
		return 0;
	}
}

/* smtpd on our own input and output, with the caller's rights. */
static void __attribute__((noreturn))
hold_session(const struct call *c)
{
	char *args[] = { xstrdup("-S"), NULL };
	struct buf path = BUF_INIT;

	buf_setf(&path, "%s/smtpd", params.daemon_directory);
	become(params.daemon_directory,
	    access(path.ptr, X_OK) == 0 ? "smtpd" : "posthornd", "smtpd",
	    args, c->verbose);
}

/* ---- together ---- */

static void
check_may_submit(void)
{
	const char *login;

	if (!user_list_allows("authorized_submit_users",
	    params.authorized_submit_users, &login))
		log_fatal("User %s(%ld) is not allowed to submit mail", login,
		    (long)getuid());
}

static void
settle_mode(struct call *c, bool has_operands)
{
	const struct submit *s = &c->submit;

	if (s->extracts && c->mode != DELIVER)
		log_fatal("-t can be used only in delivery mode");
	if (c->flush_site != NULL && c->mode != DELIVER)
		log_fatal("-qR can be used only in delivery mode");
	if (c->flush_id != NULL && c->mode != DELIVER)
		log_fatal("-qI can be used only in delivery mode");
	if (s->trace == SUBMIT_VERIFY) {
		if (s->extracts)
			log_fatal("-t option cannot be used with -bv");
		if (s->notify != 0)
			log_fatal("-N option cannot be used with -bv");
		if (s->ret != 0)
			log_fatal("-R option cannot be used with -bv");
		if (c->verbose == 1)
			log_fatal("-v option cannot be used with -bv");
	}
	if (c->flush_site != NULL)
		c->mode = FLUSH_SITE;
	else if (c->flush_id != NULL)
		c->mode = FLUSH_ID;
	else if (c->ignores_queue_run && c->mode != DAEMON)
		c->mode = NOTHING;
	if (has_operands && operand_texts[c->mode] != NULL)
		log_fatal("%s requires no recipient", operand_texts[c->mode]);
}

static int
deliver(struct call *c)
{
	/* One -v asks for a delivery report, more for our own talk. */
	if (c->verbose == 1)
		c->submit.trace = SUBMIT_REPORT;
	else
		c->submit.verbose = log_verbose = c->verbose;
	check_may_submit();
	submit_message(&c->submit);
	return 0;
}

static int
run(struct call *c)
{
	switch (c->mode) {
	case DELIVER:
		return deliver(c);
	case MAILQ:
		show_queue(c);
	case FLUSH:
		flush(c, "-f", NULL);
	case FLUSH_SITE:
		flush(c, "-s", c->flush_site);
	case FLUSH_ID:
		flush(c, "-i", c->flush_id);
	case ALIASES:
		rebuild_aliases(c);
		return 0;
	case DAEMON:
		return start_daemon(c);
	case SESSION:
		check_may_submit();
		hold_session(c);
	case NOTHING:
		return 0;
	}
	return 0;
}

static enum mode
mode_of_name(const char *name)
{
	if (strcmp(name, "mailq") == 0)
		return MAILQ;
	if (strcmp(name, "newaliases") == 0)
		return ALIASES;
	if (strcmp(name, "smtpd") == 0)
		return DAEMON;
	return DELIVER;
}

int
main(int argc, char **argv)
{
	struct call c = { .mode = DELIVER };
	char *dir;
	int opt;

	c.mode = mode_of_name(command_start(argv));
	log_on_fatal(on_fatal);
	if (geteuid() == 0 && getuid() != 0) {
		log_warning("the Postfix sendmail command has set-uid root "
		    "file permissions");
		log_warning("or the command is run from a set-uid root "
		    "process");
		log_warning("the Postfix sendmail command must be installed "
		    "without set-uid root file permissions");
		if (setgid(getgid()) == -1 || setuid(getuid()) == -1)
			log_fatal("setuid: %s", strerror(errno));
	}
	c.config = find_config(argc, argv);
	dir = c.config != NULL ? config_directory(c.config) : NULL;
	command_load(dir, COMMAND_KEEP_ENV);
	free(dir);

	while (optind < argc) {
		if (take_odd_word(&c, argv + optind)) {
			optind++;
			continue;
		}
		if ((opt = getopt_long(argc, argv, optstring, longopts,
		    NULL)) == -1)
			break;
		take_option(&c, opt, optarg);
	}
	settle_mode(&c, optind < argc);
	c.submit.recipients = argv + optind;
	return run(&c);
}
