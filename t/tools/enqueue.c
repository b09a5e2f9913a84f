/*
 * enqueue.c - put a message into incoming without cleanup, for agent tests
 *
 *	enqueue [-8] [-n notify] sender recipient... < message
 *
 * Run in the queue directory. Lines of standard input become N records (a
 * line "\L" before a line makes it a piece, type L; "\B" gives a record that
 * belongs nowhere in content). Prints the queue ID.
 *
 * SPDX-License-Identifier: ISC
 */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_rec.h"
#include "lib/queue/queue_writer.h"

static void
rec(struct queue_writer *w, int type, const char *text)
{
	queue_writer_rec(w, type, text, strlen(text));
}

static void
size_rec(struct queue_writer *w, off_t at, long data, long rcpts, long content,
    long notify)
{
	struct queue_rec_size size = { .content_size = content,
	    .data_offset = data, .rcpt_count = rcpts,
	    .content_length = content, .qmgr_flags = notify << 1, .fields = 6 };
	struct buf b = BUF_INIT;

	queue_rec_size_put(&b, &size);		/* a whole record */
	if (at == -1)
		queue_writer_rec(w, QUEUE_REC_SIZE, b.ptr + 2, b.len - 2);
	else
		queue_writer_patch(w, at, b.ptr, b.len);
	buf_done(&b);
}

static void
content(struct queue_writer *w)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t n;
	int type = QUEUE_REC_TEXT;

	while ((n = getline(&line, &room, stdin)) != -1) {
		if (n > 0 && line[n - 1] == '\n')
			line[--n] = '\0';
		if (strcmp(line, "\\L") == 0) {
			type = QUEUE_REC_PART;
			continue;
		}
		if (strcmp(line, "\\B") == 0) {
			type = QUEUE_REC_TIME;
			continue;
		}
		queue_writer_rec(w, type, line, (size_t)n);
		type = QUEUE_REC_TEXT;
	}
	free(line);
}

int
main(int argc, char **argv)
{
	struct params_context ctx = { .process_name = "enqueue" };
	struct err err = ERR_INIT;
	struct queue_writer *w;
	const char *encoding = "7bit", *notify = NULL;
	const struct passwd *pw;
	struct timeval now;
	char text[256];
	off_t data, end;
	int c, i;

	while ((c = getopt(argc, argv, "8n:")) != -1) {
		if (c == '8')
			encoding = "8bit";
		else if (c == 'n')
			notify = optarg;
		else
			return 64;
	}
	if (argc - optind < 2)
		return 64;
	if (params_load(NULL, &ctx, &err) == -1) {
		fprintf(stderr, "enqueue: %s\n", err.text);
		return 1;
	}
	if (chdir(params.queue_directory) == -1) {
		perror(params.queue_directory);
		return 1;
	}
	if (geteuid() == 0 && (pw = getpwnam(params.mail_owner)) != NULL &&
	    (setegid(pw->pw_gid) == -1 || seteuid(pw->pw_uid) == -1))
		return 1;
	if ((w = queue_writer_create("incoming", 0, &err)) == NULL) {
		fprintf(stderr, "enqueue: %s\n", err.text);
		return 1;
	}
	size_rec(w, -1, 0, 0, 0, 0);
	now = clock_timeval();
	snprintf(text, sizeof(text), "%ld %ld", (long)now.tv_sec,
	    (long)now.tv_usec);
	rec(w, QUEUE_REC_TIME, text);
	rec(w, QUEUE_REC_ATTR, "rewrite_context=local");
	snprintf(text, sizeof(text), "encoding=%s", encoding);
	rec(w, QUEUE_REC_ATTR, text);
	rec(w, QUEUE_REC_FROM, argv[optind++]);
	for (i = optind; i < argc; i++) {
		if (notify != NULL) {
			snprintf(text, sizeof(text), "notify_flags=%s",
			    notify);
			rec(w, QUEUE_REC_ATTR, text);
		}
		snprintf(text, sizeof(text), "dsn_orig_rcpt=rfc822;%s",
		    argv[i]);
		rec(w, QUEUE_REC_ATTR, text);
		rec(w, QUEUE_REC_ORCPT, argv[i]);
		rec(w, QUEUE_REC_RCPT, argv[i]);
	}
	rec(w, QUEUE_REC_MESG, "");
	data = queue_writer_tell(w);
	content(w);
	end = queue_writer_tell(w);
	rec(w, QUEUE_REC_XTRA, "");
	rec(w, QUEUE_REC_END, "");
	size_rec(w, 0, (long)data, argc - optind, (long)(end - data),
	    notify != NULL ? atol(notify) : 0);
	snprintf(text, sizeof(text), "%s", queue_writer_id(w));
	if (queue_writer_commit(w, &err) == -1) {
		fprintf(stderr, "enqueue: %s\n", err.text);
		return 1;
	}
	puts(text);
	return 0;
}
