/*
 * main.c - postcat: show queue files
 *
 * The short options are the classic command; the long ones are new ways to
 * look, and go to look.c.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/postcat/dump.h"
#include "cmd/postcat/look.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/conf/command.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_id.h"

static const char usage_text[] =
    "examples:\n"
    "  postcat --summary 4F2AB10C\n"
    "  postcat --headers --select 'sender = news@example.org'\n"
    "  postcat --part 2 --decode --auto-name 4F2AB10C\n"
    "  postcat --redact --records 4F2AB10C\n"
    "\n"
    "usage: postcat [-bdefhorv] [-c config_dir] [-s offset] [file ...]\n"
    "       postcat -q [-bdefhorv] [-c config_dir] [-s offset] queue_id ...\n"
    "       postcat view [option ...] [-q] [--select expr] [file | queue_id ...]\n"
    "       postcat --json-schema\n"
    "\n"
    "views:\n"
    "  --summary         one screen: state, envelope, headers, parts, warnings\n"
    "  --timeline        hops, attempts, what comes next\n"
    "  --headers         the header, decoded\n"
    "  --header name     this field; may be repeated\n"
    "  --mime            the tree of parts\n"
    "  --part n[.m]      one part; --decode: without its transfer encoding\n"
    "  --text            what a person would read\n"
    "  --eml             the message as it is; --crlf: as on the wire\n"
    "  --json            everything, one object a line\n"
    "  --records         bytes, types, pointers and damage of the file\n"
    "  --diff            what differs between two messages\n"
    "options:\n"
    "  --select expr     messages that match: see posthorn-select(5)\n"
    "  --raw             header fields as they stand\n"
    "  --redact          without local parts, names, subjects, file names and\n"
    "                    text\n"
    "  --output file     write there; --auto-name: the part's own name, made safe\n"
    "  --color when      auto, always or never\n";

struct request {
	unsigned	 what;
	off_t		 start;		/* -1: whole file */
	bool		 is_id;
	bool		 has_classic;	/* an option of the classic views */
	bool		 has_long;
	const char	*config_dir;
	struct look	 look;
};

enum {
	LONG_HELP = 256, LONG_SELECT, LONG_RAW, LONG_REDACT, LONG_OUTPUT,
	LONG_AUTO_NAME, LONG_COLOR, LONG_DECODE, LONG_CRLF, LONG_HEADER,
	LONG_PART, LONG_DIFF, LONG_SCHEMA,
	LONG_VIEW	/* + index of views */
};

static const view_fn views[] = { queue_view_summary, queue_view_timeline, queue_view_headers,
    queue_view_mime, queue_view_text, view_eml, view_json, queue_view_records };

static const struct option long_options[] = {
	{ "help", no_argument, NULL, LONG_HELP },
	{ "summary", no_argument, NULL, LONG_VIEW },
	{ "timeline", no_argument, NULL, LONG_VIEW + 1 },
	{ "headers", no_argument, NULL, LONG_VIEW + 2 },
	{ "mime", no_argument, NULL, LONG_VIEW + 3 },
	{ "text", no_argument, NULL, LONG_VIEW + 4 },
	{ "eml", no_argument, NULL, LONG_VIEW + 5 },
	{ "json", no_argument, NULL, LONG_VIEW + 6 },
	{ "records", no_argument, NULL, LONG_VIEW + 7 },
	{ "header", required_argument, NULL, LONG_HEADER },
	{ "part", required_argument, NULL, LONG_PART },
	{ "diff", no_argument, NULL, LONG_DIFF },
	{ "select", required_argument, NULL, LONG_SELECT },
	{ "raw", no_argument, NULL, LONG_RAW },
	{ "redact", no_argument, NULL, LONG_REDACT },
	{ "output", required_argument, NULL, LONG_OUTPUT },
	{ "auto-name", no_argument, NULL, LONG_AUTO_NAME },
	{ "color", optional_argument, NULL, LONG_COLOR },
	{ "decode", no_argument, NULL, LONG_DECODE },
	{ "crlf", no_argument, NULL, LONG_CRLF },
	{ "json-schema", no_argument, NULL, LONG_SCHEMA },
	{ NULL, 0, NULL, 0 }
};

static int
exit_at_once(void)
{
	return 1;
}

static void
usage(const char *name)
{
	log_fatal("usage: %s [-b (body text)] [-c config_dir] "
	    "[-d (decimal record type)] [-e (envelope records)] "
	    "[-h (header text)] [-q (access queue)] [-v] [file(s)...]", name);
}

/* ---- long options ---- */

static void
set_view(struct look *l, view_fn view)
{
	if (l->is_diff || (l->view != NULL && l->view != view))
		log_fatal("one view at a time: --summary, --headers, --mime, "
		    "...");
	l->view = view;
}

static void
add_header(struct look *l, const char *name)
{
	l->headers = xreallocarray(l->headers, l->header_count + 2,
	    sizeof(*l->headers));
	l->headers[l->header_count++] = name;
	l->headers[l->header_count] = NULL;
	l->o.headers = l->headers;
	set_view(l, view_header);
}

static void
read_long(int c, struct look *l)
{
	switch (c) {
	case LONG_SELECT: l->select = optarg; break;
	case LONG_RAW: l->o.is_raw = true; break;
	case LONG_REDACT: l->o.is_redacted = true; break;
	case LONG_OUTPUT: l->o.output = optarg; break;
	case LONG_AUTO_NAME: l->o.has_auto_name = true; break;
	case LONG_DECODE: l->o.is_decoded = true; break;
	case LONG_CRLF: l->o.has_crlf = true; break;
	case LONG_HEADER: add_header(l, optarg); break;
	case LONG_COLOR:
		l->color = optarg != NULL ? optarg : "always";
		if (strcmp(l->color, "auto") != 0 &&
		    strcmp(l->color, "always") != 0 &&
		    strcmp(l->color, "never") != 0)
			log_fatal("--color: \"%s\" is none of auto, always, "
			    "never", l->color);
		break;
	case LONG_PART:
		l->o.part = optarg;
		set_view(l, view_part);
		break;
	case LONG_DIFF:
		if (l->view != NULL)
			set_view(l, NULL);
		l->is_diff = true;
		break;
	default:
		set_view(l, views[c - LONG_VIEW]);
		break;
	}
}

static void
print_schema(void)
{
	struct buf out = BUF_INIT;

	view_schema(&out);
	fputs(out.ptr, stdout);
	buf_done(&out);
}

/* What is given must mean something, or it is a mistake. */
static void
check_long(const struct request *rq)
{
	const struct look *l = &rq->look;

	if (rq->has_classic)
		log_fatal("the views of the short options and of the long ones "
		    "do not mix");
	if (l->view == NULL && !l->is_diff)
		log_fatal("no view: --summary, --headers, --mime, ...; see "
		    "--help");
	if (l->o.is_raw && l->view != queue_view_headers && l->view != view_header)
		log_fatal("--raw goes with --headers and --header");
	if ((l->o.is_decoded || l->o.has_auto_name) && l->view != view_part)
		log_fatal("--decode and --auto-name go with --part");
	if (l->o.has_crlf && l->view != view_eml)
		log_fatal("--crlf goes with --eml");
	if (l->o.has_auto_name && l->o.output != NULL)
		log_fatal("--output and --auto-name do not go together");
}

/* ---- all options ---- */

static void
read_options(int argc, char **argv, struct request *rq)
{
	uint64_t offset;
	int c;

	while ((c = getopt_long(argc, argv, "+bc:defhoqrs:v", long_options,
	    NULL)) != -1) {
		if (c == LONG_SCHEMA) {
			print_schema();
			exit(0);
		}
		if (c > LONG_HELP) {
			rq->has_long = true;
			read_long(c, &rq->look);
			continue;
		}
		rq->has_classic |= c != 'c' && c != 'q' && c != LONG_HELP;
		switch (c) {
		case 'b': rq->what |= DUMP_BODY; break;
		case 'c': rq->config_dir = optarg; break;
		case 'd': rq->what |= DUMP_TYPES; break;
		case 'e': rq->what |= DUMP_ENVELOPE; break;
		case 'f': rq->what |= DUMP_NAMES; break;
		case 'h': rq->what |= DUMP_HEADER; break;
		case 'o': rq->what |= DUMP_OFFSETS; break;
		case 'q': rq->is_id = true; break;
		case 'r': rq->what |= DUMP_RAW; break;
		case 's':
			if (num_parse_uint(optarg, INT64_MAX, &offset,
			    NULL) == -1)
				log_fatal("bad offset: %s", optarg);
			rq->start = (off_t)offset;
			break;
		case 'v':
			rq->what |= DUMP_HIDDEN;
			log_verbose++;
			break;
		case LONG_HELP:
			fputs(usage_text, stdout);
			exit(0);
		default:
			usage(argv[0]);
		}
	}
	if (rq->has_long)
		check_long(rq);
	if ((rq->what & DUMP_ALL) == 0)
		rq->what |= DUMP_ALL;
	/* Pointers that are followed unseen have no file order (10.1). */
	if ((rq->what & DUMP_HIDDEN) == 0)
		rq->what &= ~(unsigned)DUMP_RAW;
}

/* Read and forget bytes of a pipe, as a seek does on a file. */
static void
skip_input(int fd, off_t bytes)
{
	char waste[4096];
	off_t done = 0;
	ssize_t n;

	while (done < bytes) {
		n = read(fd, waste, bytes - done < (off_t)sizeof(waste) ?
		    (size_t)(bytes - done) : sizeof(waste));
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			log_fatal("stdin: skip %lld bytes failed after %lld",
			    (long long)bytes, (long long)done);
		done += n;
	}
}

static void
show(int fd, const char *name, const struct request *rq)
{
	struct queue_file *qf;
	struct err err = ERR_INIT;

	if (rq->start > 0 && lseek(fd, rq->start, SEEK_SET) == -1)
		skip_input(fd, rq->start);
	qf = queue_file_new(fd, name, (rq->what & DUMP_HIDDEN) ?
	    QUEUE_FILE_PLAIN : QUEUE_FILE_NORMAL);
	if (dump_file(stdout, qf, name, rq->what, rq->start, &err) == -1) {
		fflush(stdout);
		log_fatal("%s", err.text);
	}
	queue_file_close(qf);
}

/* Twice through the queues: the message may be on its way between two. */
static int
open_by_id(const char *id, struct buf *path)
{
	static const char *const queues[] = { "maildrop", "incoming",
	    "active", "deferred", "hold", "saved" };
	size_t i, n = sizeof(queues) / sizeof(queues[0]);
	int fd;

	if (!queue_id_is_valid(id))
		log_fatal("bad mail queue ID: %s", id);
	for (i = 0; i < 2 * n; i++) {
		queue_path(path, queues[i % n], id);
		fd = open(path->ptr, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
		    O_NONBLOCK);
		if (fd != -1)
			return fd;
		if (errno != ENOENT)
			log_fatal("open queue file %s: %s", id,
			    strerror(errno));
	}
	log_fatal("open queue file %s: %s", id, strerror(ENOENT));
}

int
main(int argc, char **argv)
{
	struct request rq = { .start = -1 };
	struct buf path = BUF_INIT;
	char *name = argv[0];
	int i, fd;

	/* This one speaks under the name it was called by, path and all. */
	command_start(argv);
	argv[0] = name;
	log_open(name, LOG_TO_STDERR);
	log_on_fatal(exit_at_once);
	read_options(argc, argv, &rq);
	if (rq.has_long) {
		rq.look.is_id = rq.is_id;
		rq.look.config_dir = rq.config_dir;
		return (int)look_run(&rq.look, argv + optind);
	}
	/* A file by name needs no configuration, so that none can be wrong. */
	if (rq.is_id || rq.config_dir != NULL) {
		command_load(rq.config_dir, COMMAND_KEEP_ENV);
		log_to(LOG_TO_STDERR);
	}
	if (rq.is_id && chdir(params.queue_directory) == -1)
		log_fatal("chdir %s: %s", params.queue_directory,
		    strerror(errno));
	if (optind >= argc && !rq.is_id) {
		show(STDIN_FILENO, "stdin", &rq);
	}
	for (i = optind; i < argc; i++) {
		if (rq.is_id) {
			fd = open_by_id(argv[i], &path);
			show(fd, path.ptr, &rq);
			continue;
		}
		if ((fd = open(argv[i], O_RDONLY | O_CLOEXEC)) == -1)
			log_fatal("open %s: %s", argv[i], strerror(errno));
		show(fd, argv[i], &rq);
	}
	buf_done(&path);
	if (fflush(stdout) != 0 || ferror(stdout))
		log_fatal("write error: %s", strerror(errno));
	return 0;
}
