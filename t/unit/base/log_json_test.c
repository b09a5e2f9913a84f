/*
 * log_json_test.c - lib/base/log_json.h: every line is one object, whatever is in it
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/base/log_json.h"

#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "t/unit/folder.h"
#include "t/unit/unit.h"

static char path[sizeof(unit_folder) + 8];

static void
setup(void)
{
	unit_folder_enter("");
	snprintf(path, sizeof(path), "%s/events", unit_folder);
	log_open("posthorn/tester", LOG_TO_STDERR);
	log_json_open(path, NULL, "h.example", 0600);
}

static void
teardown(void)
{
	log_json_open("", NULL, "", 0);
	unit_folder_leave();
}

/* The last line of the file as an object; the caller's. */
static json_t *
last(size_t *len)
{
	FILE *f = fopen(path, "r");
	static char line[16384];
	json_error_t e;
	json_t *o;

	ck_assert_ptr_nonnull(f);
	line[0] = '\0';
	while (fgets(line, sizeof(line), f) != NULL)
		;
	fclose(f);
	if (len != NULL)
		*len = strlen(line);
	o = json_loads(line, 0, &e);
	ck_assert_msg(o != NULL, "%s: %s", e.text, line);
	return o;
}

static const char *
text(json_t *o, const char *name)
{
	return json_string_value(json_object_get(o, name));
}

START_TEST(an_event_says_who_and_when)
{
	struct log_json e;
	json_t *o;

	ck_assert(log_json_begin(&e, "sent"));
	log_json_text(&e, "sender", "");
	log_json_some(&e, "msgid", "");
	log_json_text(&e, "rcpt", NULL);
	log_json_usec(&e, "delay", -1500000);
	log_json_end(&e);
	o = last(NULL);
	ck_assert_str_eq(text(o, "service"), "tester");
	ck_assert_str_eq(text(o, "instance"), "postfix");
	ck_assert_str_eq(text(o, "host"), "h.example");
	ck_assert_str_eq(text(o, "sender"), "");
	ck_assert_ptr_null(json_object_get(o, "msgid"));
	ck_assert_ptr_null(json_object_get(o, "rcpt"));
	ck_assert_ptr_null(json_object_get(o, "session"));
	ck_assert_ptr_null(json_object_get(o, "cut"));
	ck_assert(json_real_value(json_object_get(o, "delay")) == -1.5);
	json_decref(o);
}
END_TEST

/* Of each kind of byte 5000 in three members: cut, and one line that parses. */
START_TEST(long_and_hostile_texts_are_cut)
{
	static const char *const bytes[] = { "x", "\x01", "\xff", "\xc3\xa4",
	    "\"", "\xe2\x80\xae", "\xf0\x9f\x98\x80" };
	char *s = malloc(5001);
	struct log_json e;
	size_t len, i, n = strlen(bytes[_i]);
	json_t *o;

	for (i = 0; i < 5000; i++)
		s[i] = bytes[_i][i % n];
	s[5000] = '\0';
	ck_assert(log_json_begin(&e, "reject"));
	log_json_text(&e, "sender", s);
	log_json_text(&e, "rcpt", s);
	log_json_text(&e, "reason", s);
	log_json_int(&e, "code", 550);
	log_json_end(&e);
	o = last(&len);
	ck_assert_uint_le(len, LOG_JSON_LINE_MAX);
	ck_assert_uint_gt(len, 500);
	ck_assert(json_is_true(json_object_get(o, "cut")));
	ck_assert_int_eq(json_integer_value(json_object_get(o, "code")), 550);
	/* Only what was no UTF-8 has a twin: a cut makes none. */
	ck_assert_int_eq(json_object_get(o, "reason_b64") != NULL, _i == 2);
	json_decref(o);
	free(s);
}
END_TEST

START_TEST(a_text_is_cut_at_2048_bytes)
{
	char s[LOG_JSON_TEXT_MAX + 2];
	struct log_json e;
	json_t *o;
	size_t len;

	memset(s, 'x', sizeof(s));
	for (len = LOG_JSON_TEXT_MAX; len <= LOG_JSON_TEXT_MAX + 1; len++) {
		s[len] = '\0';
		ck_assert(log_json_begin(&e, "warning"));
		log_json_text(&e, "reason", s);
		log_json_end(&e);
		s[len] = 'x';
		o = last(NULL);
		ck_assert_uint_eq(strlen(text(o, "reason")),
		    LOG_JSON_TEXT_MAX);
		ck_assert_int_eq(json_is_true(json_object_get(o, "cut")),
		    len > LOG_JSON_TEXT_MAX);
		json_decref(o);
	}
}
END_TEST

START_TEST(a_warning_is_an_event)
{
	json_t *o;

	log_warning("disk %d%% full", 99);
	o = last(NULL);
	ck_assert_str_eq(text(o, "event"), "warning");
	ck_assert_str_eq(text(o, "level"), "warning");
	ck_assert_str_eq(text(o, "reason"), "disk 99% full");
	json_decref(o);
}
END_TEST

START_TEST(sessions_have_names_of_their_own)
{
	char a[LOG_JSON_SESSION_SIZE], b[LOG_JSON_SESSION_SIZE];
	json_t *o;

	log_json_new_session(a);
	log_json_new_session(b);
	ck_assert_str_ne(a, b);
	log_json_set_session(b);
	log_json_message("held", "ABC");
	o = last(NULL);
	ck_assert_str_eq(text(o, "session"), b);
	json_decref(o);
	log_json_set_session(NULL);
}
END_TEST

static char said[512];
static int said_count;

static void
on_log(enum log_severity sev, const char *what, void *ctx)
{
	(void)sev, (void)ctx;
	snprintf(said, sizeof(said), "%s", what);
	said_count++;
}

/* A reader that does not read: what does not fit is lost, said once, and counted. */
START_TEST(a_full_socket_loses_events_without_waiting)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	char target[80], line[LOG_JSON_LINE_MAX];
	int type = _i == 0 ? SOCK_DGRAM : SOCK_STREAM, fd, conn, i;
	size_t n = 0;

	fd = socket(AF_UNIX, type, 0);
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	unlink(path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	if (type == SOCK_STREAM)
		ck_assert_int_eq(listen(fd, 1), 0);
	snprintf(target, sizeof(target), "unix:%s", path);
	log_capture(on_log, NULL);
	said_count = 0;
	log_json_open(target, NULL, "h.example", 0600);
	for (i = 0; i < 20000; i++)
		log_json_message("held", "ABC");
	ck_assert_int_eq(said_count, 1);
	ck_assert_ptr_nonnull(strstr(said, "events are lost"));
	conn = type == SOCK_STREAM ? accept(fd, NULL, NULL) : fd;
	while (recv(conn, line, sizeof(line), MSG_DONTWAIT) > 0)
		n++;
	ck_assert_uint_gt(n, 5);
	log_json_message("held", "ABC");
	ck_assert_int_eq(said_count, 2);
	ck_assert_ptr_nonnull(strstr(said, "works again"));
	log_capture(NULL, NULL);
	if (conn != fd)
		close(conn);
	close(fd);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("log_json");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, an_event_says_who_and_when);
	tcase_add_loop_test(tc, long_and_hostile_texts_are_cut, 0, 7);
	tcase_add_test(tc, a_text_is_cut_at_2048_bytes);
	tcase_add_test(tc, a_warning_is_an_event);
	tcase_add_test(tc, sessions_have_names_of_their_own);
	tcase_add_loop_test(tc, a_full_socket_loses_events_without_waiting, 0,
	    2);
	return unit_run("log_json", tc);
}
