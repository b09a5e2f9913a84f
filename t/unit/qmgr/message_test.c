/*
 * message_test.c - the queue manager reads envelopes as its peer does
 *
 * Input: queue files that a real Postfix wrote, and damaged ones
 * (t/data/queue, origin in its README).
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/qmgr/message.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/mail/dsn.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_id.h"
#include "t/unit/unit.h"

static char data_dir[4096];

/* The queue file in a case's folder is the one whose name is an ID with its inode. */
static int
open_case(const char *name)
{
	char path[8192];
	struct dirent *de;
	DIR *d;
	int fd = -1;

	snprintf(path, sizeof(path), "%s/%s", data_dir, name);
	ck_assert_msg((d = opendir(path)) != NULL, "%s", path);
	while ((de = readdir(d)) != NULL)
		if (queue_id_is_valid(de->d_name) &&
		    strcmp(de->d_name, "REMOTE") != 0)
			fd = openat(dirfd(d), de->d_name, O_RDONLY);
	closedir(d);
	ck_assert_msg(fd != -1, "no queue file in %s", path);
	return fd;
}

static struct message *
read_case(const char *name, size_t limit, int *rc)
{
	struct queue_file *qf = queue_file_new(open_case(name), name,
	    QUEUE_FILE_PLAIN);
	struct message *m = message_new("ID");

	log_to(0);		/* warnings about damage are expected */
	*rc = message_read(m, qf, limit);
	log_to(LOG_TO_STDERR);
	queue_file_close(qf);
	return m;
}

START_TEST(a_plain_message_is_read)
{
	int rc;
	struct message *m = read_case("local-simple", 100, &rc);

	ck_assert_int_eq(rc, 0);
	ck_assert_str_eq(m->sender, "ann@client.example");
	ck_assert_int_eq(m->data_offset, 279);
	ck_assert_int_eq(m->content_length, 288);
	ck_assert_int_eq(m->rcpt_count, 1);
	ck_assert_int_eq(m->arrival.tv_sec, 1795246642);
	ck_assert_int_eq(m->arrival.tv_usec, 602049);
	ck_assert_int_eq(m->created, 1795246642);
	ck_assert_str_eq(m->rewrite_context, "local");
	ck_assert_uint_eq(m->batch_count, 1);
	ck_assert_str_eq(m->batch[0].address, "bob@remote.example");
	ck_assert_str_eq(m->batch[0].orig, "bob@remote.example");
	ck_assert_str_eq(m->batch[0].dsn_orcpt, "rfc822;bob@remote.example");
	ck_assert_int_eq(m->batch[0].offset, 257);
	ck_assert(!message_more(m));
	message_free(m);
}
END_TEST

START_TEST(batches_give_the_same_recipients)
{
	static const char *const cases[] = { "smtp-multi", "extracted-rcpt",
	    "alias-expansion", "bcc-maps", "milter-envelope",
	    "milter-everything", "old-record-types", "old-size-1",
	    "dsn-smtp", "access-actions" };
	struct queue_file *qf;
	struct message *all, *m;
	size_t i, n, limit;
	int rc;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		all = read_case(cases[i], 1000, &rc);
		ck_assert_msg(rc == 0, "%s", cases[i]);
		if (all->redirect[0] != '\0') {
			message_free(all);
			continue;
		}
		for (limit = 1; limit < 4; limit++) {
			qf = queue_file_new(open_case(cases[i]), cases[i],
			    QUEUE_FILE_PLAIN);
			m = message_new("ID");
			n = 0;
			do {
				ck_assert_int_eq(message_read(m, qf, limit),
				    0);
				ck_assert_str_eq(m->encoding, all->encoding);
				ck_assert_str_eq(m->filter, all->filter);
				for (size_t k = 0; k < m->batch_count; k++,
				    n++) {
					ck_assert_msg(n < all->batch_count,
					    "%s", cases[i]);
					ck_assert_str_eq(m->batch[k].address,
					    all->batch[n].address);
					ck_assert_str_eq(m->batch[k].orig,
					    all->batch[n].orig);
					ck_assert_uint_eq(
					    m->batch[k].dsn_notify,
					    all->batch[n].dsn_notify);
					ck_assert_int_eq(m->batch[k].offset,
					    all->batch[n].offset);
					recipient_done(&m->batch[k]);
				}
				m->batch_count = 0;
			} while (message_more(m));
			ck_assert_msg(n == all->batch_count,
			    "%s: %zu of %zu with limit %zu", cases[i], n,
			    all->batch_count, limit);
			ck_assert_int_eq(m->unread, 0);
			message_free(m);
			queue_file_close(qf);
		}
		message_free(all);
	}
}
END_TEST

START_TEST(every_golden_file_meets_its_fate)
{
	static const char *const damaged[] = { "bad-attr", "bad-empty",
	    "bad-garbage", "bad-length-bits", "bad-length-eof", "bad-no-end",
	    "bad-no-extra", "bad-no-sender", "bad-no-size", "bad-no-time",
	    "bad-pointer-eof", "bad-pointer-loop", "bad-pointer-text",
	    "bad-size-flags", "bad-size-short", "bad-size-text",
	    "bad-size-zero", "bad-truncated", "bad-truncated-envelope",
	    "bad-type", "bad-type-zero", NULL };
	struct dirent *de;
	struct message *m;
	DIR *d = opendir(data_dir);
	int rc, expected, i, seen = 0;

	ck_assert_msg(d != NULL, "%s", data_dir);
	while ((de = readdir(d)) != NULL) {
		if (strchr(de->d_name, '.') != NULL ||
		    strstr(de->d_name, "maildrop") != NULL)
			continue;
		expected = 0;
		for (i = 0; damaged[i] != NULL; i++)
			if (strcmp(damaged[i], de->d_name) == 0)
				expected = -1;
		m = read_case(de->d_name, 1000, &rc);
		ck_assert_msg(rc == expected, "%s: %d", de->d_name, rc);
		message_free(m);
		seen++;
	}
	closedir(d);
	ck_assert_int_gt(seen, 70);
}
END_TEST

START_TEST(records_that_change_delivery_are_seen)
{
	struct message *m;
	int rc;

	m = read_case("content-filter", 10, &rc);
	ck_assert_str_eq(m->filter, "scan:[127.0.0.1]:10025");
	message_free(m);
	m = read_case("verp-smtp", 10, &rc);
	ck_assert_str_eq(m->verp_delimiters, "+=");
	message_free(m);
	m = read_case("verbose-submission", 10, &rc);
	ck_assert_int_eq(m->trace_flags, 1024);
	ck_assert_int_gt(m->trace_offset, 0);
	message_free(m);
	m = read_case("trace-killed", 10, &rc);
	ck_assert_int_eq(m->trace_flags, 0);
	message_free(m);
	m = read_case("warned", 10, &rc);
	ck_assert_int_eq(m->warn_time, -1);
	message_free(m);
	m = read_case("delay-warning-record", 10, &rc);
	ck_assert_int_eq(m->warn_time, m->arrival.tv_sec + 4 * 3600);
	message_free(m);
	m = read_case("header-actions", 10, &rc);
	ck_assert(m->redirect[0] != '\0');
	ck_assert_uint_eq(m->batch_count, 1);
	ck_assert_str_eq(m->batch[0].address, m->redirect);
	message_free(m);
	m = read_case("cte-8bit", 10, &rc);
	ck_assert_str_eq(m->encoding, "8bit");
	message_free(m);
	m = read_case("deferred-partial", 10, &rc);
	ck_assert_uint_eq(m->batch_count, 2);
	ck_assert_int_eq(m->unread, 0);
	message_free(m);
	m = read_case("old-client-attrs", 10, &rc);
	ck_assert(m->client_name[0] != '\0');
	message_free(m);
	m = read_case("xclient-sasl", 10, &rc);
	ck_assert(m->sasl_username[0] != '\0');
	message_free(m);
	m = read_case("dsn-smtp", 10, &rc);
	ck_assert(m->envelope_id[0] != '\0');
	ck_assert_int_ne(m->ret_flags, 0);
	message_free(m);
}
END_TEST

/* Cut every file everywhere: refused or read, never a crash. */
START_TEST(a_cut_file_never_harms)
{
	char name[] = "/tmp/qmgr-message.XXXXXX";
	struct buf bytes = BUF_INIT;
	struct queue_file *qf;
	struct message *m;
	size_t cut;
	int fd = open_case("milter-everything"), out;

	ck_assert_int_eq(file_read_fd(fd, &bytes, 100000, NULL), 0);
	close(fd);
	log_to(0);
	for (cut = 0; cut < bytes.len; cut++) {
		out = mkstemp(name);
		unlink(name);
		memcpy(name + strlen(name) - 6, "XXXXXX", 6);
		ck_assert_int_eq(file_write_all(out, bytes.ptr, cut), 0);
		qf = queue_file_new(out, "cut", QUEUE_FILE_PLAIN);
		m = message_new("ID");
		message_read(m, qf, 2);
		message_free(m);
		queue_file_close(qf);
	}
	log_to(LOG_TO_STDERR);
	buf_done(&bytes);
}
END_TEST

int
main(void)
{
	TCase *t = tcase_create("envelope");
	const char *src = getenv("PH_SRC");

	snprintf(data_dir, sizeof(data_dir), "%s/t/data/queue",
	    src != NULL ? src : ".");
	params.verp_delimiter_filter = "-=+";
	tcase_add_test(t, a_plain_message_is_read);
	tcase_add_test(t, batches_give_the_same_recipients);
	tcase_add_test(t, every_golden_file_meets_its_fate);
	tcase_add_test(t, records_that_change_delivery_are_seen);
	tcase_add_test(t, a_cut_file_never_harms);
	return unit_run("message", t);
}
