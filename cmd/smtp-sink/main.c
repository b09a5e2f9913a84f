/*
 * main.c - smtp-sink: take mail and throw it away
 *
 * SPDX-License-Identifier: ISC
 */
#include <getopt.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "cmd/smtp-sink/sink.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/text.h"
#include "lib/conf/command.h"

static const char usage_text[] =
"usage: smtp-sink [-468aCceEFLNpPv] [-A abort_delay] [-b soft_bounce_reply]\n"
"           [-B hard_bounce_reply] [-d dump-template] [-D dump-template]\n"
"           [-f commands] [-h hostname] [-m max_concurrency]\n"
"           [-M message_quit_count] [-n quit_count] [-q commands]\n"
"           [-Q commands] [-r commands] [-R root-dir] [-s commands]\n"
"           [-S start-string] [-t timeout] [-T window] [-u user_privs]\n"
"           [-w delay] [-W command:delay[:odds]]\n"
"           [--reply command[:text]=reply] [--size limit] [--smtputf8]\n"
"           [inet:][host]:port|unix:pathname backlog\n";

enum { OPT_REPLY = 256, OPT_SIZE, OPT_SMTPUTF8, OPT_HELP };

static const struct option long_options[] = {
	{ "reply", required_argument, NULL, OPT_REPLY },
	{ "size", required_argument, NULL, OPT_SIZE },
	{ "smtputf8", no_argument, NULL, OPT_SMTPUTF8 },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 }
};

static void
usage(void)
{
	fputs(usage_text, stderr);
	exit(1);
}

static int
number(const char *text)
{
	struct err err = ERR_INIT;
	int64_t n;

	if (num_parse_int(text, 0, 1000000000, &n, &err) == -1)
		log_fatal("bad number: %s", text);
	return (int)n;
}

static enum sink_command
command_named(const char *name)
{
	int i;

	for (i = 0; i < SINK_COMMANDS; i++)
		if (strcasecmp(name, sink_command_names[i]) == 0)
			return (enum sink_command)i;
	log_fatal("unknown command: %s", name);
}

/* Set one flag, found at offset in struct sink_rule, for each command of a list. */
static void
each_command(struct sink_options *o, const char *list, size_t flag)
{
	char *copy = xstrdup(list), *rest = copy, *name;

	while ((name = text_split(&rest, TEXT_LIST_SEP)) != NULL)
		*(bool *)((char *)&o->rules[command_named(name)] + flag) = true;
	free(copy);
}

/* command:delay[:odds] */
static void
delay_rule(struct sink_options *o, const char *arg)
{
	char *copy = xstrdup(arg), *delay = strchr(copy, ':'), *odds;
	struct sink_rule *rule;

	if (delay == NULL)
		log_fatal("-W needs command:delay[:odds], got: %s", arg);
	*delay++ = '\0';
	if ((odds = strchr(delay, ':')) != NULL)
		*odds++ = '\0';
	rule = &o->rules[command_named(copy)];
	rule->delay_s = number(delay);
	rule->odds = odds != NULL ? number(odds) : 100;
	if (rule->odds > 100)
		log_fatal("odds are 0 to 100 percent: %s", odds);
	free(copy);
}

/* \n \r \t \\ and \ooo, in place */
static char *
unescape(char *text)
{
	char *in = text, *out = text, *end;
	long v;
	char digits[4];

	while (*in != '\0') {
		if (*in != '\\' || in[1] == '\0') {
			*out++ = *in++;
			continue;
		}
		in++;
		if (*in >= '0' && *in <= '7') {
			snprintf(digits, sizeof(digits), "%s", in);
			v = strtol(digits, &end, 8);
			in += end - digits;
			*out++ = (char)v;
			continue;
		}
		*out++ = *in == 'n' ? '\n' : *in == 'r' ? '\r' :
		    *in == 't' ? '\t' : *in;
		in++;
	}
	*out = '\0';
	return text;
}

/* command[:text]=reply, appended to the list */
static void
reply_rule(struct sink_options *o, const char *arg)
{
	struct sink_reply *r = xcalloc(1, sizeof(*r)), **end;
	char *name = xstrdup(arg), *equals = strchr(name, '='), *colon;

	if (equals == NULL)
		log_fatal("--reply needs command[:text]=reply, got: %s", arg);
	*equals = '\0';
	r->reply = unescape(equals + 1);
	r->match = "";
	if ((colon = strchr(name, ':')) != NULL) {
		*colon = '\0';
		r->match = colon + 1;
	}
	r->command = command_named(name);
	for (end = &o->replies; *end != NULL; end = &(*end)->next)
		;
	*end = r;
}

static void
drop_rights(const char *user, const char *root)
{
	const struct passwd *pw = NULL;

	if (user != NULL && (pw = getpwnam(user)) == NULL)
		log_fatal("unknown user: %s", user);
	if (root != NULL && (chroot(root) == -1 || chdir("/") == -1))
		log_fatal("chroot %s failed", root);
	if (pw == NULL || geteuid() != 0)
		return;
	if (initgroups(user, pw->pw_gid) == -1 || setgid(pw->pw_gid) == -1 ||
	    setuid(pw->pw_uid) == -1)
		log_fatal("cannot become user %s", user);
}

/* The options that a connection must not be pipelined over. */
static bool
breaks_pipelining(const struct sink_options *o)
{
	int i;

	for (i = 0; i < SINK_COMMANDS; i++)
		if (o->rules[i].is_soft || o->rules[i].is_hard)
			return true;
	return false;
}

/* What the command line says beside the options of a session. */
struct invocation {
	const char	*user, *root;
	int		 family;
};

static void
take_option(struct sink_options *o, struct invocation *v, int c, char *program)
{
	switch (c) {
	case '4': v->family = AF_INET; break;
	case '6': v->family = AF_INET6; break;
	case '8': o->no_8bitmime = true; break;
	case 'a': o->no_auth = true; break;
	case 'A': o->abort_delay_s = number(optarg); break;
	case 'b': o->soft_reply = optarg; break;
	case 'B': o->hard_reply = optarg; break;
	case 'c': o->shows_counts = true; break;
	case 'C': o->no_xclient = true; break;
	case 'd': o->dump_single = optarg; break;
	case 'D': o->dump_multi = optarg; break;
	case 'e': o->no_esmtp = true; break;
	case 'E': o->no_enhanced = true; break;
	case 'f':
		each_command(o, optarg,
		    offsetof(struct sink_rule, is_hard));
		break;
	case 'F': o->no_xforward = true; break;
	case 'h': o->hostname = optarg; break;
	case 'L': o->is_lmtp = true; break;
	case 'm': o->max_sessions = number(optarg); break;
	case 'M': o->quit_messages = number(optarg); break;
	case 'n': o->quit_sessions = number(optarg); break;
	case 'N': o->no_dsn = true; break;
	case 'p': o->no_pipelining = true; break;
	case 'P': o->is_pix = true; break;
	case 'q':
		each_command(o, optarg,
		    offsetof(struct sink_rule, drops));
		break;
	case 'Q':
		each_command(o, optarg,
		    offsetof(struct sink_rule, drops_421));
		break;
	case 'r':
		each_command(o, optarg,
		    offsetof(struct sink_rule, is_soft));
		break;
	case 'R': v->root = optarg; break;
	case 's':
		log_open(program, LOG_TO_STDERR | LOG_TO_SYSLOG);
		each_command(o, optarg,
		    offsetof(struct sink_rule, is_logged));
		break;
	case 'S': o->dump_start = unescape(xstrdup(optarg)); break;
	case 't': o->timeout_s = number(optarg); break;
	case 'T': o->window = number(optarg); break;
	case 'u': v->user = optarg; break;
	case 'v': log_verbose++; break;
	case 'w': o->rules[SINK_DATA].delay_s = number(optarg); break;
	case 'W': delay_rule(o, optarg); break;
	case OPT_REPLY: reply_rule(o, optarg); break;
	case OPT_SIZE:
		o->with_size = true;
		o->size = number(optarg);
		break;
	case OPT_SMTPUTF8: o->with_smtputf8 = true; break;
	default:
		usage();
	}
}

int
main(int argc, char **argv)
{
	struct sink_options o = { .hostname = "smtp-sink",
	    .soft_reply = "450 4.3.0 Error: command failed",
	    .hard_reply = "500 5.3.0 Error: command failed",
	    .abort_delay_s = -1, .max_sessions = 256, .timeout_s = 100 };
	struct invocation v = { .family = AF_UNSPEC };
	int c, fd, i;

	command_start(argv);
	for (i = 0; i < SINK_COMMANDS; i++)
		o.rules[i].odds = 100;
	while ((c = getopt_long(argc, argv, "+468aA:b:B:cCd:D:eEf:Fh:Lm:M:n:N"
	    "pPq:Q:r:R:s:S:t:T:u:vw:W:", long_options, NULL)) != -1) {
		if (c == OPT_HELP) {
			fputs(usage_text, stdout);
			return 0;
		}
		take_option(&o, &v, c, argv[0]);
	}
	if (argc - optind != 2)
		usage();
	if (o.max_sessions < 1)
		log_fatal("bad concurrency limit: %d", o.max_sessions);
	if (breaks_pipelining(&o))
		o.no_pipelining = true;
	srandom((unsigned)time(NULL) ^ (unsigned)getpid());
	fd = sink_listen(argv[optind], number(argv[optind + 1]), v.family,
	    o.window);
	drop_rights(v.user, v.root);
	sink_serve(fd, &o);
	return 0;
}
