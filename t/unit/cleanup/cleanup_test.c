/*
 * cleanup_test.c - records in, records out, as a real cleanup service has it
 *
 * The cases stand in t/data/cleanup (see the README there). Each file is run
 * in one process, under its configuration, in a queue directory of its own.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/cleanup/cleanup.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_rec.h"
#include "t/unit/unit.h"

#define NOW		1795246700	/* 20261121073820 */
#define STAMP		"20261121073820"
#define PEER_ID_LEN	11		/* of the IDs in the cases */

static const char basic_cf[] =
	"compatibility_level = 3.6\n"
	"myhostname = peer.example\nmydomain = peer.example\n"
	"myorigin = peer.example\nmydestination = peer.example, localhost\n"
	"inet_interfaces = 127.0.0.1\ninet_protocols = ipv4\n"
	"recipient_delimiter = +\nin_flow_delay = 0\n"
	"smtputf8_enable = yes\n";

static const char *const dirs[] = { "incoming", "hold", "defer", "bounce",
	"trace", "deferred", "public" };

static char root[] = "/tmp/cleanup_test.XXXXXX";
static struct buf source;		/* t/data/cleanup, absolute */

static void
append_file(FILE *fp, const char *name)
{
	struct buf path = BUF_INIT, text = BUF_INIT;

	buf_setf(&path, "%s/%s.cf", source.ptr, name);
	ck_assert_int_eq(file_read(path.ptr, &text, 100000, NULL), 0);
	fwrite(text.ptr, 1, text.len, fp);
	buf_done(&path);
	buf_done(&text);
}

static void
set_up(const char *name)
{
	struct params_context ctx = { "cleanup", "cleanup", NULL, false,
	    false };
	struct err err = ERR_INIT;
	struct buf path = BUF_INIT;
	FILE *fp;
	size_t i;

	log_to(0);
	clock_set(NOW);
	ck_assert_ptr_nonnull(mkdtemp(root));
	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		buf_setf(&path, "%s/%s", root, dirs[i]);
		ck_assert_int_eq(mkdir(path.ptr, 0700), 0);
	}
	buf_setf(&path, "%s/main.cf", root);
	ck_assert_ptr_nonnull(fp = fopen(path.ptr, "w"));
	fprintf(fp, "%squeue_directory = %s\ndata = %s\n", basic_cf, root,
	    source.ptr);
	append_file(fp, name);
	fclose(fp);
	ck_assert_msg(params_load(root, &ctx, &err) == 0, "%s", err.text);
	ck_assert_int_eq(chdir(root), 0);
	cleanup_init();
	buf_done(&path);
}

static void
tear_down(void)
{
	struct buf command = BUF_INIT;

	buf_setf(&command, "rm -rf %s", root);
	ck_assert_int_eq(system(command.ptr), 0);
	buf_done(&command);
}

/* ---- a case ---- */

static void
unescape(const char *p, struct buf *out)
{
	unsigned byte;

	buf_reset(out);
	for (; *p != '\0'; p++) {
		if (*p == '\\' && p[1] == 'x' &&
		    sscanf(p + 2, "%2x", &byte) == 1) {
			buf_addc(out, (int)byte);
			p += 3;
		} else {
			buf_addc(out, *p);
		}
	}
}

static void
escape(const char *p, size_t len, struct buf *out)
{
	for (; len > 0; p++, len--) {
		if (*p < 32 || *p > 126 || *p == '\\')
			buf_addf(out, "\\x%02x", (unsigned char)*p);
		else
			buf_addc(out, *p);
	}
}

/* replace - every from in text becomes to; returns how many */
static int
replace(struct buf *text, const char *from, const char *to)
{
	char *at;
	size_t offset = 0;
	int count = 0;

	while ((at = strstr(text->ptr + offset, from)) != NULL) {
		offset = (size_t)(at - text->ptr);
		buf_delete(text, offset, strlen(from));
		buf_insert(text, offset, to, strlen(to));
		offset += strlen(to);
		count++;
	}
	return count;
}

/* dump - what the queue file holds, in the form of the cases */
static void
dump(const char *queue, const char *id, struct buf *out)
{
	struct queue_file *qf;
	struct err err = ERR_INIT;
	const char *value;
	size_t len;
	int type;

	qf = queue_file_open(queue, id, QUEUE_FILE_PLAIN, &err);
	ck_assert_msg(qf != NULL, "%s", err.text);
	while (queue_file_next(qf, &type, &value, &len, &err) == 1) {
		buf_addf(out, "> %c ", type);
		escape(value, len, out);
		buf_addc(out, '\n');
	}
	queue_file_close(qf);
}

/* adjust_size - the content grows with the IDs in it */
static void
adjust_size(struct buf *wanted, const char *id, int ids)
{
	long fields[6], more = ((long)strlen(id) - PEER_ID_LEN) * ids;
	char *c = strstr(wanted->ptr, "> C "), text[QUEUE_REC_SIZE_LEN];

	if (c == NULL || more == 0)
		return;
	ck_assert_int_eq(sscanf(c + 4, "%ld %ld %ld %ld %ld %ld", &fields[0],
	    &fields[1], &fields[2], &fields[3], &fields[4], &fields[5]), 6);
	snprintf(text, sizeof(text), "%15ld %15ld %15ld %15ld %15ld %15ld",
	    fields[0] + more, fields[1], fields[2], fields[3],
	    fields[4] + more, fields[5]);
	memcpy(c + 4, text, strlen(text));
}

static void
run_case(char *text)
{
	char *line, *rest = text, *name = NULL;
	struct buf data = BUF_INIT, wanted = BUF_INIT, got = BUF_INIT;
	struct buf reason = BUF_INIT, id = BUF_INIT, path = BUF_INIT;
	struct cleanup *c = NULL;
	unsigned status;
	bool is_held, is_queued;
	int ids;

	while ((line = strsep(&rest, "\n")) != NULL) {
		if (strncmp(line, "case ", 5) == 0) {
			name = line + 5;
		} else if (strncmp(line, "flags ", 6) == 0) {
			c = cleanup_open((unsigned)atoi(line + 6), NULL);
			ck_assert_ptr_nonnull(c);
			buf_sets(&id, cleanup_id(c));
		} else if (line[0] == '<') {
			unescape(line + 4, &data);
			cleanup_rec(c, line[2], data.ptr, data.len);
		} else if (line[0] != '#' && line[0] != '\0') {
			buf_addf(&wanted, "%s\n", line);
		}
	}
	if (name == NULL)
		return;
	status = cleanup_commit(c, &reason);
	queue_path(&path, "hold", id.ptr);
	is_held = access(path.ptr, F_OK) == 0;
	queue_path(&path, "incoming", id.ptr);
	is_queued = access(path.ptr, F_OK) == 0;
	buf_addf(&got, "status %u\nreason ", status);
	escape(reason.ptr, reason.len, &got);
	buf_addf(&got, "\nqueue %s\n", is_held ? "hold" :
	    is_queued ? "incoming" : "none");
	if (is_held || is_queued)
		dump(is_held ? "hold" : "incoming", id.ptr, &got);
	replace(&wanted, "%NOW%", "1795246700");
	replace(&wanted, "%STAMP%", STAMP);
	ids = replace(&wanted, "%ID%", id.ptr);
	adjust_size(&wanted, id.ptr, ids);
	ck_assert_msg(strcmp(got.ptr, wanted.ptr) == 0,
	    "%s: got\n%s\nexpected\n%s", name, got.ptr, wanted.ptr);
	buf_done(&data);
	buf_done(&wanted);
	buf_done(&got);
	buf_done(&reason);
	buf_done(&id);
	buf_done(&path);
}

static const char *const files[] = { "records", "headers", "maps", "checks",
	"strict" };

START_TEST(a_real_cleanup_service_writes_the_same)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	char *p, *end;

	set_up(files[_i]);
	buf_setf(&path, "%s/%s.cases", source.ptr, files[_i]);
	ck_assert_int_eq(file_read(path.ptr, &text, 1000000, NULL), 0);
	for (p = text.ptr; p != NULL; p = end) {
		if ((end = strstr(p, "\n\n")) != NULL) {
			*end = '\0';
			end += 2;
		}
		run_case(p);
	}
	buf_done(&path);
	buf_done(&text);
	tear_down();
}
END_TEST

/* small - a whole message; rcpt is the last thing before the content */
static struct cleanup *
small(unsigned flags)
{
	struct cleanup *c = cleanup_open(flags, NULL);

	ck_assert_ptr_nonnull(c);
	cleanup_recs(c, QUEUE_REC_TIME, "1795246642 1");
	cleanup_recs(c, QUEUE_REC_FROM, "a@b.example");
	cleanup_recs(c, QUEUE_REC_RCPT, "c@d.example");
	cleanup_recs(c, QUEUE_REC_MESG, "");
	cleanup_recs(c, QUEUE_REC_TEXT, "Received: by test");
	return c;
}

START_TEST(an_abandoned_message_leaves_nothing)
{
	struct cleanup *c;

	set_up("records");
	c = small(CLEANUP_EXTERNAL);
	cleanup_abort(c);
	ck_assert_int_eq(rmdir("incoming"), 0);
	ck_assert_int_eq(mkdir("incoming", 0700), 0);
	/* A message without its end is not accepted either. */
	c = small(CLEANUP_EXTERNAL);
	ck_assert_uint_eq(cleanup_commit(c, NULL), CLEANUP_BAD);
	ck_assert_int_eq(rmdir("incoming"), 0);
	tear_down();
}
END_TEST

START_TEST(a_stale_log_of_the_same_id_goes_away)
{
	struct cleanup *c;
	struct buf path = BUF_INIT;
	char id[64];
	FILE *fp;
	int tries;

	/* The inode is used again at once and the clock stands still, so that
	   the next ID is that of the file just removed. */
	set_up("records");
	for (tries = 0; tries < 20; tries++) {
		c = cleanup_open(CLEANUP_EXTERNAL, NULL);
		snprintf(id, sizeof(id), "%s", cleanup_id(c));
		cleanup_abort(c);
		queue_path(&path, "defer", id);
		file_mkdirs("defer/0", 0700, NULL);
		queue_path(&path, "bounce", id);
		ck_assert_ptr_nonnull(fp = fopen(path.ptr, "w"));
		fclose(fp);
		c = cleanup_open(CLEANUP_EXTERNAL, NULL);
		if (strcmp(cleanup_id(c), id) == 0) {
			ck_assert_int_eq(access(path.ptr, F_OK), -1);
			cleanup_abort(c);
			break;
		}
		cleanup_abort(c);
	}
	buf_done(&path);
	tear_down();
}
END_TEST

START_TEST(random_records_do_no_harm)
{
	static const char types[] = "MTcFSRAXNLEDOo><niWKVCpw\1";
	static const char alphabet[] = "a@b.c:= \t,<>()\"\\\r\n;-";
	struct cleanup *c;
	char data[40];
	size_t len, i;
	int round, n;

	set_up("checks");
	srandom(7);
	for (round = 0; round < 1500; round++) {
		c = random() % 2 != 0 ? small(CLEANUP_EXTERNAL) :
		    cleanup_open((unsigned)random() & 0xff &
		    ~(unsigned)CLEANUP_BOUNCE, NULL);
		for (n = (int)(random() % 30); n > 0; n--) {
			len = (size_t)random() % sizeof(data);
			for (i = 0; i < len; i++)
				data[i] = alphabet[random() %
				    (sizeof(alphabet) - 1)];
			cleanup_rec(c, types[random() % (sizeof(types) - 1)],
			    data, len);
		}
		if (random() % 4 == 0)
			cleanup_abort(c);
		else
			cleanup_commit(c, NULL);
	}
	tear_down();
}
END_TEST

START_TEST(a_status_has_a_text)
{
	const char *dsn;
	int code;

	ck_assert_str_eq(cleanup_status_text(CLEANUP_WRITE, &code, &dsn),
	    "queue file write error");
	ck_assert_int_eq(code, 451);
	ck_assert_str_eq(dsn, "4.3.0");
	cleanup_status_text(CLEANUP_WRITE | CLEANUP_SIZE, &code, &dsn);
	ck_assert_int_eq(code, 552);
	cleanup_status_text(1u << 30, &code, &dsn);
	ck_assert_int_eq(code, 451);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("cleanup");
	const char *top = getenv("PH_SRC");
	char *cwd = getcwd(NULL, 0);
	int failed;

	setenv("TZ", "UTC", 1);
	buf_init(&source);
	buf_addf(&source, "%s/t/data/cleanup", top != NULL ? top : cwd);
	free(cwd);
	tcase_set_timeout(tc, 60);
	UNIT_LOOP(tc, a_real_cleanup_service_writes_the_same, files);
	tcase_add_test(tc, an_abandoned_message_leaves_nothing);
	tcase_add_test(tc, a_stale_log_of_the_same_id_goes_away);
	tcase_add_test(tc, random_records_do_no_harm);
	tcase_add_test(tc, a_status_has_a_text);
	failed = unit_run("cleanup", tc);
	buf_done(&source);
	return failed;
}
