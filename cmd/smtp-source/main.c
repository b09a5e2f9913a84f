/*
 * main.c - smtp-source: send generated mail
 *
 * SPDX-License-Identifier: ISC
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "cmd/smtp-source/source.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/conf/command.h"

#define FILE_MAX	(1L << 30)
#define LINE_LENGTH	80

static const char usage_text[] =
"usage: smtp-source [-46AcdLNov] [-C count] [-f from] [-F file] [-l length]\n"
"           [-m message_count] [-M myhostname] [-r recipient_count]\n"
"           [-R interval] [-s session_count] [-S subject] [-t to]\n"
"           [-T window] [-w interval] host[:port]|inet:host[:port]|unix:path\n";

static const struct option long_options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

static int
number(const char *text, int min, const char *what)
{
	int64_t n;

	if (num_parse_int(text, min, 1000000000, &n, NULL) == -1)
		log_fatal("bad %s: %s", what, text);
	return (int)n;
}

/* Content in wire form: CRLF, dots doubled, CRLF at the end. */
static void
wire_form(struct buf *out, const char *text, size_t len)
{
	const char *end = text + len, *lf;
	size_t n;

	while (text < end) {
		lf = memchr(text, '\n', (size_t)(end - text));
		n = (size_t)((lf != NULL ? lf : end) - text);
		if (*text == '.')
			buf_addc(out, '.');
		buf_add(out, text, n);
		if (n > 0 && text[n - 1] == '\r')
			buf_truncate(out, out->len - 1);
		buf_adds(out, "\r\n");
		text += n + 1;
	}
}

static void
make_content(struct source_options *o, int length)
{
	struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	int i, n;

	if (o->file != NULL) {
		if (file_read(o->file, &text, FILE_MAX, &err) == -1)
			log_fatal("%s", err.text);
		wire_form(&o->content, text.ptr, text.len);
		buf_done(&text);
		return;
	}
	if (length == 0) {
		for (i = 1; i <= 4; i++)
			buf_addf(&o->content, "La de da de da %d.\r\n", i);
		return;
	}
	for (; length > 0; length -= n) {
		n = length < LINE_LENGTH ? length : LINE_LENGTH;
		buf_reserve(&o->content, (size_t)n + 2);
		memset(o->content.ptr + o->content.len, 'X', (size_t)n);
		o->content.len += (size_t)n;
		buf_adds(&o->content, "\r\n");
	}
	o->content.ptr[0] = '1';
}

/* An address without domain gets ours. */
static const char *
complete(const char *address, const char *hostname)
{
	struct buf b = BUF_INIT;

	if (address == NULL)
		address = "foo";
	if (address[0] == '\0' || strchr(address, '@') != NULL)
		return address;
	buf_setf(&b, "%s@%s", address, hostname);
	return buf_take(&b);
}

static const char *
own_name(void)
{
	static char name[256];

	if (gethostname(name, sizeof(name) - 1) == -1)
		return "localhost";
	return name;
}

int
main(int argc, char **argv)
{
	struct source_options o = { .family = AF_UNSPEC, .sessions = 1,
	    .messages = 1, .rcpts = 1, .connect_tries = 1,
	    .content = BUF_INIT };
	int c, length = 0;

	command_start(argv);
	while ((c = getopt_long(argc, argv, "+46AcC:df:F:l:Lm:M:Nor:R:s:S:t:T:"
	    "vw:", long_options, NULL)) != -1) {
		switch (c) {
		case '4': o.family = AF_INET; break;
		case '6': o.family = AF_INET6; break;
		case 'A': o.ignores_errors = true; break;
		case 'c': o.shows_count = true; break;
		case 'C':
			o.connect_tries = number(optarg, 1, "connect count");
			break;
		case 'd': o.keeps_session = true; break;
		case 'f': o.sender = optarg; break;
		case 'F': o.file = optarg; break;
		case 'h':
			fputs(usage_text, stdout);
			return 0;
		case 'l':
			length = number(optarg, 1, "message length");
			break;
		case 'L': o.is_lmtp = true; break;
		case 'm':
			o.messages = number(optarg, 1, "message count");
			break;
		case 'M': o.hostname = optarg; break;
		case 'N': o.numbers_rcpts = true; break;
		case 'o': o.is_old = true; break;
		case 'r':
			o.rcpts = number(optarg, 1, "recipient count");
			break;
		case 'R':
			o.random_delay_s = number(optarg, 1, "random delay");
			break;
		case 's':
			o.sessions = number(optarg, 1, "session count");
			break;
		case 'S': o.subject = optarg; break;
		case 't': o.recipient = optarg; break;
		case 'T': o.window = number(optarg, 1, "TCP window size"); break;
		case 'v': log_verbose++; break;
		case 'w': o.delay_s = number(optarg, 1, "delay"); break;
		default:
			fputs(usage_text, stderr);
			return 1;
		}
	}
	if (argc - optind != 1) {
		fputs(usage_text, stderr);
		return 1;
	}
	if (o.random_delay_s > 0 && o.delay_s > 0)
		log_fatal("do not mix -R and -w");
	o.target = argv[optind];
	if (o.hostname == NULL)
		o.hostname = own_name();
	o.sender = complete(o.sender, o.hostname);
	o.recipient = complete(o.recipient, o.hostname);
	srandom((unsigned)time(NULL) ^ (unsigned)getpid());
	make_content(&o, length);
	source_run(&o);
	buf_done(&o.content);
	return 0;
}
