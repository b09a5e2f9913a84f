/*
 * ask_test.c - asking a service without waiting
 *
 * The service is a child process that follows a script: a string of letters,
 * each one thing to do with the connection.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/serve/ask.h"

#include <check.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/ipc/attr.h"
#include "t/unit/unit.h"

static char dir[] = "/tmp/ask-test.XXXXXX";
static struct event_base *base;
static struct buf seen = BUF_INIT;
static int replies_wanted;
static pid_t child;

/* g greet, r read a request, a answer, h half an answer, x nonsense; then close */
static void
serve(int listener, const char *script)
{
	char buf[1024];
	int fd = accept(listener, NULL, NULL);

	for (; *script != '\0'; script++) {
		switch (*script) {
		case 'g':
			if (write(fd, "protocol\0test\0\0", 15) != 15)
				_exit(1);
			break;
		case 'r':
			if (read(fd, buf, sizeof(buf)) <= 0)
				_exit(1);
			break;
		case 'a':
			if (write(fd, "status\0000\0\0", 10) != 10)
				_exit(1);
			break;
		case 'h':
			if (write(fd, "status\0", 7) != 7)
				_exit(1);
			break;
		case 'w':
			pause();
			break;
		}
	}
	_exit(0);
}

static void
start(const char *script)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd;

	buf_reset(&seen);
	base = event_base_new();
	memcpy(dir + strlen(dir) - 6, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
	ck_assert_int_eq(mkdir("private", 0700), 0);
	strcpy(sun.sun_path, "private/test");
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	ck_assert_int_eq(listen(fd, 5), 0);
	if ((child = fork()) == 0)
		serve(fd, script);
	close(fd);
}

static void
stop(void)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	unlink("private/test");
	rmdir("private");
	rmdir(dir);
	event_base_free(base);
	buf_done(&seen);
}

static void
on_event(struct ask *ask, enum ask_event event, const struct attrs *attrs,
    const struct err *err, void *ctx)
{
	(void)ctx;
	switch (event) {
	case ASK_GREETED:
		buf_addf(&seen, "greeted %s;", attrs_get(attrs, "protocol", 0));
		ask_send(ask, "x\0y\0\0", 5, 5);
		break;
	case ASK_REPLY:
		buf_addf(&seen, "status %s;", attrs_get(attrs, "status", 0));
		if (--replies_wanted > 0)
			ask_send(ask, "x\0y\0\0", 5, 5);
		else
			ask_close(ask);
		break;
	case ASK_FAILED:
		buf_addf(&seen, "%s after %s;", err->text,
		    ask_was_greeted(ask) ? "greeting" : "nothing");
		ask_close(ask);
		break;
	}
}

/* What happens, in one line. */
static const char *
talk(const char *script, int replies, int timeout_s)
{
	struct err err = ERR_INIT;

	start(script);
	replies_wanted = replies;
	if (ask_open(base, "private", "test", timeout_s, on_event, NULL,
	    &err) == NULL)
		return "not opened";
	event_base_dispatch(base);
	return seen.ptr;
}

START_TEST(a_request_gets_its_reply)
{
	ck_assert_str_eq(talk("gra", 1, 5), "greeted test;status 0;");
	stop();
}
END_TEST

START_TEST(a_connection_takes_many_requests)
{
	ck_assert_str_eq(talk("grarara", 3, 5),
	    "greeted test;status 0;status 0;status 0;");
	stop();
}
END_TEST

START_TEST(a_service_that_dies_is_noticed)
{
	ck_assert_str_eq(talk("", 1, 5),
	    "premature end-of-input after nothing;");
	stop();
	ck_assert_str_eq(talk("gr", 1, 5),
	    "greeted test;premature end-of-input after greeting;");
	stop();
	ck_assert_str_eq(talk("grh", 1, 5),
	    "greeted test;premature end-of-input after greeting;");
	stop();
}
END_TEST

START_TEST(a_service_that_is_silent_is_given_up)
{
	ck_assert_str_eq(talk("w", 1, 1), "timeout after nothing;");
	stop();
}
END_TEST

START_TEST(a_service_that_is_not_there_fails_at_once)
{
	struct err err = ERR_INIT;

	start("w");
	ck_assert_ptr_null(ask_open(base, "private", "none", 1, on_event,
	    NULL, &err));
	ck_assert_str_eq(err.text,
	    "connect to private/none: No such file or directory");
	stop();
}
END_TEST

/* Without a greeting: the request is what the service gets first. */
static const char *
request(const char *script, int timeout_s)
{
	struct err err = ERR_INIT;

	start(script);
	replies_wanted = 1;
	if (ask_request(base, "private", "test", "x\0y\0\0", 5, timeout_s,
	    on_event, NULL, &err) == NULL)
		return "not opened";
	event_base_dispatch(base);
	return seen.ptr;
}

START_TEST(a_service_that_does_not_greet_is_asked_at_once)
{
	ck_assert_str_eq(request("ra", 5), "status 0;");
	stop();
	ck_assert_str_eq(request("r", 5),
	    "premature end-of-input after nothing;");
	stop();
	ck_assert_str_eq(request("rw", 1), "timeout after nothing;");
	stop();
}
END_TEST

int
main(void)
{
	TCase *t = tcase_create("ask");

	tcase_add_test(t, a_request_gets_its_reply);
	tcase_add_test(t, a_connection_takes_many_requests);
	tcase_add_test(t, a_service_that_dies_is_noticed);
	tcase_add_test(t, a_service_that_is_silent_is_given_up);
	tcase_add_test(t, a_service_that_is_not_there_fails_at_once);
	tcase_add_test(t, a_service_that_does_not_greet_is_asked_at_once);
	return unit_run("ask", t);
}
