/*
 * main.c - postcat: show queue files
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/postcat/dump.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/conf/command.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_id.h"

static const char usage_text[] =
    "usage: postcat [-bdefhorv] [-c config_dir] [-s offset] [file ...]\n"
    "       postcat -q [-bdefhorv] [-c config_dir] [-s offset] queue_id ...\n";

struct request {
	unsigned	 what;
	off_t		 start;		/* -1: whole file */
	bool		 is_id;
	const char	*config_dir;
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

static void
read_options(int argc, char **argv, struct request *rq)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 1 },
		{ NULL, 0, NULL, 0 }
	};
	uint64_t offset;
	int c;

	while ((c = getopt_long(argc, argv, "+bc:defhoqrs:v", longs,
	    NULL)) != -1) {
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
		case 1:
			fputs(usage_text, stdout);
			exit(0);
		default:
			usage(argv[0]);
		}
	}
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
