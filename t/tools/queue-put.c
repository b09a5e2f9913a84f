/*
 * queue-put.c - put messages into a queue, past all that checks them
 *
 *	queue-put [-q queue] [-s sender] [-n count] [-d seconds] [-m mode]
 *	    [-r Trecord ...] [-w seconds] [-a seconds] [-b bytes] [-i file]
 *	    recipient ...
 *
 * Writes complete queue files below the instance's queue directory (main.cf
 * of $MAIL_CONFIG) and prints their IDs. -d sets the time of the next attempt
 * (from now), -m the mode, -r adds an envelope record (its type, then its
 * data), -w the time of the delay warning from now, -a its age, -b the size of the
 * body, -i a file that is the content: its lines, those of 2048 bytes and more in pieces.
 * For tests of whoever reads queue files.
 *
 * SPDX-License-Identifier: ISC
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_rec.h"
#include "lib/queue/queue_writer.h"

#define RECORDS_MAX	32
#define LINE_MAX_LEN	2048

static struct {
	const char	*queue, *sender;
	long		 count, delay, warn, age, body;
	mode_t		 mode;
	const char	*content;
	char		*records[RECORDS_MAX];
	int		 record_count;
} opt = { .queue = "incoming", .sender = "ann@client.example", .count = 1,
	.mode = 0700, .body = 20 };

static void
put(struct queue_writer *w, int type, const char *text)
{
	queue_writer_rec(w, type, text, strlen(text));
}

static void
put_envelope(struct queue_writer *w, char **rcpts, int count)
{
	struct timeval now = clock_timeval();
	struct buf text = BUF_INIT;
	int i;

	now.tv_sec -= opt.age;
	buf_setf(&text, "%ld %ld", (long)now.tv_sec, (long)now.tv_usec);
	put(w, QUEUE_REC_TIME, text.ptr);
	buf_setf(&text, "create_time=%ld", (long)now.tv_sec);
	put(w, QUEUE_REC_ATTR, text.ptr);
	put(w, QUEUE_REC_FROM, opt.sender);
	for (i = 0; i < opt.record_count; i++)
		put(w, opt.records[i][0], opt.records[i] + 1);
	if (opt.warn != 0) {
		buf_setf(&text, "%15ld", (long)now.tv_sec + opt.warn);
		put(w, QUEUE_REC_WARN, text.ptr);
	}
	for (i = 0; i < count; i++) {
		buf_setf(&text, "dsn_orig_rcpt=rfc822;%s", rcpts[i]);
		put(w, QUEUE_REC_ATTR, text.ptr);
		put(w, QUEUE_REC_ORCPT, rcpts[i]);
		put(w, QUEUE_REC_RCPT, rcpts[i]);
	}
	put(w, QUEUE_REC_MESG, "");
	buf_done(&text);
}

/* The lines of a file, split as daemons split them (3.9). */
static void
put_file(struct queue_writer *w)
{
	struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	char *p, *nl;

	if (file_read(opt.content, &text, 1u << 30, &err) == -1)
		log_fatal("%s", err.text);
	for (p = text.ptr; p < text.ptr + text.len; p = nl + 1) {
		nl = memchr(p, '\n', text.len - (size_t)(p - text.ptr));
		if (nl == NULL)
			nl = text.ptr + text.len;
		for (; nl - p >= LINE_MAX_LEN; p += LINE_MAX_LEN)
			queue_writer_rec(w, QUEUE_REC_PART, p, LINE_MAX_LEN);
		queue_writer_rec(w, QUEUE_REC_TEXT, p, (size_t)(nl - p));
	}
	buf_done(&text);
}

static void
put_content(struct queue_writer *w)
{
	long left;

	if (opt.content != NULL) {
		put_file(w);
		return;
	}
	put(w, QUEUE_REC_TEXT, "Received: by test");
	put(w, QUEUE_REC_TEXT, "Message-ID: <test@client.example>");
	put(w, QUEUE_REC_TEXT, "Subject: a test");
	put(w, QUEUE_REC_TEXT, "");
	for (left = opt.body; left > 0; left -= 60)
		queue_writer_rec(w, QUEUE_REC_TEXT, "abcdefghijklmnopqrstuvw"
		    "xyzabcdefghijklmnopqrstuvwxyzabcdefgh",
		    left > 60 ? 60 : (size_t)left);
}

static void
finish(struct queue_writer *w, long data_offset, int rcpts)
{
	struct queue_rec_size size = { .data_offset = data_offset,
	    .rcpt_count = rcpts };
	struct buf rec = BUF_INIT, path = BUF_INIT;
	struct err err = ERR_INIT;
	struct timespec ts[2] = { { time(NULL) + opt.delay, 0 },
	    { time(NULL) + opt.delay, 0 } };

	size.content_size = size.content_length =
	    (long)queue_writer_tell(w) - data_offset;
	put(w, QUEUE_REC_XTRA, "");
	put(w, QUEUE_REC_END, "");
	queue_rec_size_put(&rec, &size);
	queue_writer_patch(w, 0, rec.ptr, rec.len);
	queue_path(&path, queue_writer_queue(w), queue_writer_id(w));
	puts(queue_writer_id(w));
	if (queue_writer_commit(w, &err) == -1)
		log_fatal("%s", err.text);
	if (opt.delay != 0 && utimensat(AT_FDCWD, path.ptr, ts, 0) == -1)
		log_fatal("%s: set time", path.ptr);
	if (opt.mode != 0700 && chmod(path.ptr, opt.mode) == -1)
		log_fatal("%s: set mode", path.ptr);
	buf_done(&rec);
	buf_done(&path);
}

static void
make_one(char **rcpts, int count)
{
	struct queue_rec_size none = { 0 };
	struct err err = ERR_INIT;
	struct queue_writer *w = queue_writer_create(opt.queue, 0, &err);
	struct buf rec = BUF_INIT;

	if (w == NULL)
		log_fatal("%s", err.text);
	queue_rec_size_put(&rec, &none);
	queue_writer_rec(w, QUEUE_REC_SIZE, rec.ptr + 2, rec.len - 2);
	put_envelope(w, rcpts, count);
	long offset = (long)queue_writer_tell(w);
	put_content(w);
	finish(w, offset, count);
	buf_done(&rec);
}

/* As root: what is made must be the owner's, as the queue is. */
static void
become_owner(void)
{
	struct stat st;

	if (geteuid() == 0 && (stat(opt.queue, &st) == -1 ||
	    setegid(st.st_gid) == -1 || seteuid(st.st_uid) == -1))
		log_fatal("%s: cannot become its owner", opt.queue);
}

int
main(int argc, char **argv)
{
	struct params_context ctx = { .process_name = "queue-put" };
	struct err err = ERR_INIT;
	int c;

	log_open(argv[0], LOG_TO_STDERR);
	while ((c = getopt(argc, argv, "q:s:n:d:m:r:w:a:b:i:")) != -1) {
		switch (c) {
		case 'q': opt.queue = optarg; break;
		case 's': opt.sender = optarg; break;
		case 'n': opt.count = atol(optarg); break;
		case 'd': opt.delay = atol(optarg); break;
		case 'm': opt.mode = (mode_t)strtol(optarg, NULL, 8); break;
		case 'r':
			if (opt.record_count < RECORDS_MAX)
				opt.records[opt.record_count++] = optarg;
			break;
		case 'w': opt.warn = atol(optarg); break;
		case 'a': opt.age = atol(optarg); break;
		case 'b': opt.body = atol(optarg); break;
		case 'i': opt.content = optarg; break;
		default: return 64;
		}
	}
	if (params_load(NULL, &ctx, &err) == -1)
		log_fatal("%s", err.text);
	if (chdir(params.queue_directory) == -1)
		log_fatal("%s: cannot go there", params.queue_directory);
	become_owner();
	while (opt.count-- > 0)
		make_one(argv + optind, argc - optind);
	return 0;
}
