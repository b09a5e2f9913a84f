/*
 * queue-fill.c - very many deferred messages, for measurements
 *
 *	queue-fill [-b bytes] [-d seconds] count
 *
 * Writes count complete queue files into deferred and a defer log beside each,
 * with IDs of their inodes, as the main.cf of $MAIL_CONFIG lays them out; as
 * mail_owner when it is run by root. Senders, domains, ages, times of the
 * next attempt and reasons differ as those of real queues do, the same way
 * each time; -d puts all next attempts that much later. Nothing is flushed to
 * disk.
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
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_dir.h"
#include "lib/queue/queue_enter.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_rec.h"

static const char usage[] =
    "usage: queue-fill [-b bytes] [-d seconds] count";

#define DOMAINS	500
#define SENDERS	2000

static const char *const reasons[][2] = {
	{ "4.4.1", "connect to mx%u.d%u.example[192.0.2.%u]:25: Connection "
	    "timed out" },
	{ "4.7.0", "host mx%u.d%u.example[192.0.2.%u] said: 421 4.7.0 too "
	    "many connections, try again later (in reply to MAIL FROM "
	    "command)" },
	{ "4.2.2", "host mx%u.d%u.example[192.0.2.%u] said: 452 4.2.2 mailbox "
	    "is over its quota (in reply to RCPT TO command)" },
	{ "4.4.3", "Host or domain name not found. Name service error for "
	    "name=mx%u.d%u.example type=MX: Host not found, try again %u" },
};

static unsigned long seed = 1;

static unsigned
random_below(unsigned n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % n;
}

static void
put(struct buf *b, int type, const char *text)
{
	queue_rec_put(b, type, text, strlen(text));
}

static void
make_message(struct buf *file, struct timeval arrival, const char *sender,
    const char *rcpt, const struct buf *body)
{
	struct queue_rec_size size = { .rcpt_count = 1, .fields = 6 };
	struct buf env = BUF_INIT, text = BUF_INIT;

	buf_setf(&text, "%ld %ld", (long)arrival.tv_sec,
	    (long)arrival.tv_usec);
	put(&env, QUEUE_REC_TIME, text.ptr);
	buf_setf(&text, "create_time=%ld", (long)arrival.tv_sec);
	put(&env, QUEUE_REC_ATTR, text.ptr);
	put(&env, QUEUE_REC_ATTR, "rewrite_context=local");
	put(&env, QUEUE_REC_FROM, sender);
	put(&env, QUEUE_REC_ATTR, "log_client_name=client.example");
	put(&env, QUEUE_REC_ATTR, "log_client_address=203.0.113.9");
	put(&env, QUEUE_REC_ATTR, "log_protocol_name=ESMTP");
	put(&env, QUEUE_REC_ORCPT, rcpt);
	put(&env, QUEUE_REC_RCPT, rcpt);
	put(&env, QUEUE_REC_MESG, "");
	size.data_offset = (long)env.len + QUEUE_REC_SIZE_LEN;
	size.content_size = size.content_length = (long)body->len;
	buf_reset(file);
	queue_rec_size_put(file, &size);
	buf_add(file, env.ptr, env.len);
	buf_add(file, body->ptr, body->len);
	put(file, QUEUE_REC_XTRA, "");
	put(file, QUEUE_REC_END, "");
	buf_done(&env);
	buf_done(&text);
}

static void
write_file(const char *path, const struct buf *b, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT, mode);

	if (fd == -1 && queue_mkdirs(path) == 0)
		fd = open(path, O_WRONLY | O_CREAT, mode);
	if (fd == -1 || file_write_all(fd, b->ptr, b->len) == -1 ||
	    fchmod(fd, mode) == -1)
		log_fatal("%s: cannot be written", path);
	close(fd);
}

static void
put_message(const struct buf *body, time_t now, time_t later)
{
	struct buf file = BUF_INIT, id = BUF_INIT, path = BUF_INIT;
	char sender[64], rcpt[64], reason[256];
	unsigned domain = random_below(DOMAINS) * random_below(DOMAINS) /
	    DOMAINS, r = random_below(4);
	time_t age = (time_t)random_below(600) * random_below(600);
	struct timeval arrival = { now - age, random_below(1000000) };
	struct timespec times[2] = { { 0, UTIME_NOW },
	    { now + later - 600 + (time_t)random_below(3600), 0 } };
	struct stat st;

	snprintf(sender, sizeof(sender), "user%u@s%u.example",
	    random_below(SENDERS), random_below(20));
	snprintf(rcpt, sizeof(rcpt), "u%u@d%u.example", random_below(100000),
	    domain);
	make_message(&file, arrival, sender, rcpt, body);
	write_file("deferred/fill.tmp", &file, 0700);
	if (stat("deferred/fill.tmp", &st) == -1)
		log_fatal("deferred/fill.tmp: cannot be looked at");
	queue_id_make(&id, arrival, st.st_ino, params.enable_long_queue_ids);
	queue_path(&path, "deferred", id.ptr);
	if (utimensat(AT_FDCWD, "deferred/fill.tmp", times, 0) == -1 ||
	    queue_rename("deferred/fill.tmp", path.ptr) == -1)
		log_fatal("%s: cannot be made", path.ptr);
	snprintf(reason, sizeof(reason), reasons[r][1], random_below(4),
	    domain, domain % 250);
	buf_setf(&file, "\nrecipient=%s\noffset=300\nstatus=%s\n"
	    "action=delayed\nreason=%s\n\n", rcpt, reasons[r][0], reason);
	queue_path(&path, "defer", id.ptr);
	write_file(path.ptr, &file, 0600);
	buf_done(&file);
	buf_done(&id);
	buf_done(&path);
}

int
main(int argc, char **argv)
{
	struct buf body = BUF_INIT;
	struct params_context ctx = { .process_name = "queue-fill" };
	struct err err = ERR_INIT;
	long bytes = 500, later = 0, count, i;
	time_t now = time(NULL);
	int c;

	log_open("queue-fill", LOG_TO_STDERR);
	while ((c = getopt(argc, argv, "b:d:")) != -1) {
		if (c == 'b')
			bytes = atol(optarg);
		else if (c == 'd')
			later = atol(optarg);
		else
			log_fatal("%s", usage);
	}
	if (optind + 1 != argc || (count = atol(argv[optind])) < 1)
		log_fatal("%s", usage);
	if (params_load(NULL, &ctx, &err) == -1)
		log_fatal("%s", err.text);
	if (queue_enter(&err) == -1 || queue_become_owner(&err) == -1)
		log_fatal("%s", err.text);
	put(&body, QUEUE_REC_TEXT, "Subject: a message that waits");
	put(&body, QUEUE_REC_TEXT, "");
	while ((long)body.len < bytes)
		put(&body, QUEUE_REC_TEXT, "A line of text like others.");
	umask(022);
	for (i = 0; i < count; i++)
		put_message(&body, now, later);
	buf_done(&body);
	return 0;
}
