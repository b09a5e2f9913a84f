/*
 * sasl_test.c - logins checked by a service that plays Dovecot, not always fair
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/net/sasl.h"

#include <check.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "t/unit/unit.h"

/*
 * What the service says, a string for each connection: the greeting, up to
 * '|', then an answer for each line that comes, '|' between them. "@" in an
 * answer is the number of the last request; "close" hangs up.
 */
static const char *const *script;
static char dir[] = "/tmp/sasl_test.XXXXXX", path[64];
static pthread_t server;
static int listener;

#define HELLO "VERSION\t1\t9\nSPID\t1\nMECH\tPLAIN\tplaintext\n" \
	"MECH\tCRAM-MD5\tdictionary\tactive\nMECH\tANONYMOUS\tanonymous\n" \
	"MECH\tEXTERNAL\nMECH\tTOP\tprivate\nMECH\tSCRAM\tmutual-auth\tforward-secrecy\n" \
	"DONE\n|"

static void
say(FILE *f, const char *text, size_t len, const char *id)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (text[i] == '@')
			fputs(id, f);
		else
			fputc(text[i], f);
	fflush(f);
}

static void
serve(int fd, const char *say_next)
{
	FILE *f = fdopen(fd, "r+");
	char line[1024], id[16] = "";
	size_t len;

	setvbuf(f, NULL, _IONBF, 0);
	len = strcspn(say_next, "|");
	say(f, say_next, len, id);
	say_next += len;
	while (*say_next == '|' && fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, "AUTH\t", 5) != 0 &&
		    strncmp(line, "CONT\t", 5) != 0)
			continue;
		sscanf(line + 5, "%15[0-9]", id);
		len = strcspn(++say_next, "|");
		if (strncmp(say_next, "close", 5) == 0)
			break;
		say(f, say_next, len, id);
		say_next += len;
	}
	while (*say_next == '\0' && fgets(line, sizeof(line), f) != NULL)
		;
	fclose(f);
}

static void *
run(void *ctx)
{
	const char *const *p;
	int fd;

	(void)ctx;
	for (p = script; *p != NULL; p++)
		if ((fd = accept(listener, NULL, NULL)) != -1)
			serve(fd, *p);
	close(listener);
	return NULL;
}

static struct sasl_authority *authority;
static struct sasl_check *check;
static struct buf text = BUF_INIT;
static struct err err;
static const struct sasl_peer client = { "192.0.2.1", "25", "192.0.2.2", "99",
    false };

static void
start(const char *const *what)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct sasl_setup setup = { .type = "dovecot", .path = path,
	    .service = "smtp", .realm = "", .host = "mx.test",
	    .config_path = "" };

	script = what;
	signal(SIGPIPE, SIG_IGN);	/* our server may speak to nobody */
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/auth", dir);
	strcpy(a.sun_path, path);
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(listen(listener, 5), 0);
	ck_assert_int_eq(pthread_create(&server, NULL, run, NULL), 0);
	err = (struct err)ERR_INIT;
	authority = sasl_authority_new(&setup, &err);
	ck_assert_ptr_nonnull(authority);
}

static void
open_check(unsigned security)
{
	check = sasl_check_new(authority, &client, security, &err);
	ck_assert_msg(check != NULL, "%s", err.text);
}

static void
stop(void)
{
	sasl_check_free(check);
	sasl_authority_free(authority);
	pthread_join(server, NULL);
	buf_done(&text);
	unlink(path);
	rmdir(dir);
}

static enum sasl_step
first(const char *mechanism, const char *response)
{
	return sasl_check_first(check, mechanism, response, &text);
}

START_TEST(options_choose_mechanisms)
{
	static const char *const what[] = { HELLO, NULL };
	static const struct {
		unsigned	 security;
		const char	*list;
	} rows[] = {
		{ 0, "PLAIN CRAM-MD5 ANONYMOUS EXTERNAL SCRAM" },
		{ SASL_NO_ANONYMOUS, "PLAIN CRAM-MD5 EXTERNAL SCRAM" },
		{ SASL_NO_PLAINTEXT, "CRAM-MD5 ANONYMOUS EXTERNAL SCRAM" },
		{ SASL_NO_DICTIONARY, "PLAIN ANONYMOUS EXTERNAL SCRAM" },
		{ SASL_NO_ACTIVE, "PLAIN ANONYMOUS EXTERNAL SCRAM" },
		{ SASL_MUTUAL_AUTH, "SCRAM" },
		{ SASL_FORWARD_SECRECY | SASL_NO_PLAINTEXT, "SCRAM" }
	};
	size_t i;

	start(what);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		open_check(rows[i].security);
		ck_assert_str_eq(sasl_check_mechanisms(check), rows[i].list);
		ck_assert_int_eq(first("TOP", NULL), SASL_STEP_REFUSED);
		ck_assert_str_eq(text.ptr, "Invalid authentication mechanism");
		if (rows[i].security == SASL_NO_PLAINTEXT)
			ck_assert_int_eq(first("plain", "AA=="),
			    SASL_STEP_REFUSED);
		sasl_check_free(check);
	}
	check = NULL;
	stop();
}
END_TEST

START_TEST(a_conversation_ends_well)
{
	static const char *const what[] = { HELLO "CONT\t@\tYWJj\n|OK\t999\t"
	    "user=eve\nFAIL\t998\tuser=eve\nOK\t@\tuser=joe\n", NULL };

	start(what);
	open_check(0);
	ck_assert_int_eq(first("plain", NULL), SASL_STEP_MORE);
	ck_assert_str_eq(text.ptr, "YWJj");
	ck_assert_int_eq(sasl_check_next(check, "YWJj", &text),
	    SASL_STEP_DONE);
	ck_assert_str_eq(sasl_check_user(check), "joe");
	stop();
}
END_TEST

START_TEST(a_name_is_that_of_the_last_try)
{
	static const char *const what[] = { HELLO "FAIL\t@\tuser=joe\t"
	    "reason=no\n|FAIL\t@\n|OK\t@\n", NULL };

	start(what);
	open_check(0);
	ck_assert_int_eq(first("PLAIN", "AA=="), SASL_STEP_REFUSED);
	ck_assert_str_eq(text.ptr, "no");
	ck_assert_str_eq(sasl_check_user(check), "joe");
	ck_assert_int_eq(first("PLAIN", "AA=="), SASL_STEP_REFUSED);
	ck_assert_str_eq(text.ptr, "");
	ck_assert_ptr_null(sasl_check_user(check));
	/* OK without a name is nobody. */
	ck_assert_int_eq(first("PLAIN", "AA=="), SASL_STEP_REFUSED);
	ck_assert_int_eq(first("PLAIN", "A\tA"), SASL_STEP_REFUSED);
	ck_assert_str_eq(text.ptr, "Invalid base64 data in initial response");
	stop();
}
END_TEST

START_TEST(a_service_that_was_restarted_is_asked_again)
{
	static const char *const what[] = { HELLO "close",
	    HELLO "OK\t@\tuser=joe\n", NULL };

	start(what);
	open_check(0);
	ck_assert_int_eq(first("PLAIN", "AA=="), SASL_STEP_DONE);
	stop();
}
END_TEST

START_TEST(a_service_that_goes_away_is_no_refusal)
{
	static const char *const what[] = { HELLO "close", HELLO "close",
	    HELLO "CONT\t@\tYWJj\n|close", "VERSION\t2\t0\nDONE\n|", NULL };

	start(what);
	open_check(0);
	ck_assert_int_eq(first("PLAIN", "AA=="), SASL_STEP_RETRY);
	ck_assert_str_eq(text.ptr, "Connection lost to authentication server");
	ck_assert_int_eq(first("PLAIN", NULL), SASL_STEP_MORE);
	ck_assert_int_eq(sasl_check_next(check, "AA==", &text),
	    SASL_STEP_RETRY);
	ck_assert_int_eq(sasl_check_next(check, "AA==", &text),
	    SASL_STEP_RETRY);
	/* Another version of the protocol is not spoken. */
	ck_assert_int_eq(first("PLAIN", "AA=="), SASL_STEP_RETRY);
	stop();
}
END_TEST

START_TEST(words_of_options_are_known_or_named)
{
	unsigned bits;

	err = (struct err)ERR_INIT;
	ck_assert_int_eq(sasl_security_parse(&bits,
	    "noplaintext, NOANONYMOUS\tmutual_auth", &err), 0);
	ck_assert_uint_eq(bits, SASL_NO_PLAINTEXT | SASL_NO_ANONYMOUS |
	    SASL_MUTUAL_AUTH);
	ck_assert_int_eq(sasl_security_parse(&bits, "", &err), 0);
	ck_assert_uint_eq(bits, 0);
	ck_assert_int_eq(sasl_security_parse(&bits, "noactive, frob", &err),
	    -1);
	ck_assert_str_eq(err.text, "unknown SASL security options value "
	    "\"frob\" in \"noactive, frob\"");
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("sasl");

	tcase_add_test(tc, options_choose_mechanisms);
	tcase_add_test(tc, a_conversation_ends_well);
	tcase_add_test(tc, a_name_is_that_of_the_last_try);
	tcase_add_test(tc, a_service_that_was_restarted_is_asked_again);
	tcase_add_test(tc, a_service_that_goes_away_is_no_refusal);
	tcase_add_test(tc, words_of_options_are_known_or_named);
	return unit_run("sasl", tc);
}
