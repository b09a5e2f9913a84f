/*
 * dovecot_auth.c - lines of Dovecot's authentication protocol, version 1
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/net/dovecot_auth.h"

#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/num.h"

#define ESCAPE	'\1'

/* ---- what the server says ---- */

/* Undo escapes, in place; a NUL would hide the rest, so it becomes '?'. */
static void
unescape(char *s)
{
	char *to = s;

	for (; *s != '\0'; s++) {
		if (*s != ESCAPE || s[1] == '\0') {
			*to++ = *s;
			continue;
		}
		switch (*++s) {
		case '0':	*to++ = '?'; break;
		case '1':	*to++ = ESCAPE; break;
		case 't':	*to++ = '\t'; break;
		case 'n':	*to++ = '\n'; break;
		case 'r':	*to++ = '\r'; break;
		default:	*to++ = *s; break;
		}
	}
	*to = '\0';
}

/* The next word; NULL behind the last. Two tabs have an empty one between them. */
static char *
next_word(char **rest)
{
	char *word = strsep(rest, "\t");

	if (word != NULL)
		unescape(word);
	return word;
}

static int
take_number(const char *what, const char *word, uint32_t *out, struct err *err)
{
	uint64_t n;

	if (word == NULL || num_parse_uint(word, UINT32_MAX, &n, NULL) == -1)
		return err_set(err, ERR_SYNTAX, "%s without its number", what);
	*out = (uint32_t)n;
	return 0;
}

static int
take_mechanism(struct dovecot_line *out, char *rest, struct err *err)
{
	static const struct {
		const char	*word;
		unsigned	 bit;
	} words[] = {
		{ "plaintext", DOVECOT_PLAINTEXT },
		{ "anonymous", DOVECOT_ANONYMOUS },
		{ "dictionary", DOVECOT_DICTIONARY },
		{ "active", DOVECOT_ACTIVE },
		{ "forward-secrecy", DOVECOT_FORWARD_SECRECY },
		{ "mutual-auth", DOVECOT_MUTUAL },
		{ "private", DOVECOT_PRIVATE }
	};
	const char *word;
	size_t i;

	out->mechanism = next_word(&rest);
	if (out->mechanism == NULL || *out->mechanism == '\0' ||
	    strpbrk(out->mechanism, " \t\r\n") != NULL)
		return err_set(err, ERR_SYNTAX, "MECH without a name");
	while ((word = next_word(&rest)) != NULL)
		for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (strcmp(word, words[i].word) == 0)
				out->properties |= words[i].bit;
	return 0;
}

static int
take_reply(struct dovecot_line *out, const char *what, char *rest,
    struct err *err)
{
	const char *word;

	if (take_number(what, next_word(&rest), &out->id, err) == -1)
		return -1;
	if (out->word == DOVECOT_CONT) {
		out->data = next_word(&rest);
		return 0;
	}
	while ((word = next_word(&rest)) != NULL) {
		if (strncmp(word, "user=", 5) == 0)
			out->user = word + 5;
		else if (strncmp(word, "reason=", 7) == 0)
			out->reason = word + 7;
	}
	return 0;
}

int
dovecot_line_parse(struct dovecot_line *out, char *text, struct err *err)
{
	static const struct {
		const char	*name;
		enum dovecot_word word;
	} words[] = {
		{ "VERSION", DOVECOT_VERSION }, { "MECH", DOVECOT_MECH },
		{ "DONE", DOVECOT_DONE }, { "OK", DOVECOT_OK },
		{ "CONT", DOVECOT_CONT }, { "FAIL", DOVECOT_FAIL }
	};
	char *rest = text;
	const char *name = next_word(&rest);
	uint32_t major = 0;
	size_t i;

	memset(out, 0, sizeof(*out));
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(name, words[i].name) == 0)
			out->word = words[i].word;
	switch (out->word) {
	case DOVECOT_VERSION:
		if (take_number(name, next_word(&rest), &major, err) == -1)
			return -1;
		out->major = major;
		return 0;
	case DOVECOT_MECH:
		return take_mechanism(out, rest, err);
	case DOVECOT_OK:
	case DOVECOT_CONT:
	case DOVECOT_FAIL:
		return take_reply(out, name, rest, err);
	case DOVECOT_DONE:
	case DOVECOT_OTHER:
		break;
	}
	return 0;
}

bool
dovecot_is_base64(const char *text)
{
	return text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/=")] == '\0';
}

/* ---- what we say ---- */

static void
put_escaped(struct buf *out, const char *s)
{
	for (; *s != '\0'; s++) {
		switch (*s) {
		case ESCAPE:	buf_adds(out, "\1" "1"); break;
		case '\t':	buf_adds(out, "\1" "t"); break;
		case '\n':	buf_adds(out, "\1" "n"); break;
		case '\r':	buf_adds(out, "\1" "r"); break;
		default:	buf_addc(out, *s); break;
		}
	}
}

void
dovecot_put_hello(struct buf *out, long pid)
{
	buf_addf(out, "VERSION\t1\t0\nCPID\t%ld\n", pid);
}

void
dovecot_put_auth(struct buf *out, uint32_t id, const char *mechanism,
    const struct dovecot_request *r)
{
	buf_addf(out, "AUTH\t%lu\t", (unsigned long)id);
	put_escaped(out, mechanism);
	buf_adds(out, "\tservice=");
	put_escaped(out, r->service);
	/* It takes logins from clients that can only check passwords, too. */
	buf_adds(out, "\tnologin\tlip=");
	put_escaped(out, r->own_addr);
	buf_adds(out, "\trip=");
	put_escaped(out, r->addr);
	if (r->is_encrypted)
		buf_adds(out, "\tsecured");
	if (r->response != NULL) {	/* the last: all behind it is its own */
		buf_adds(out, "\tresp=");
		put_escaped(out, r->response);
	}
	buf_addc(out, '\n');
}

void
dovecot_put_cont(struct buf *out, uint32_t id, const char *data)
{
	buf_addf(out, "CONT\t%lu\t", (unsigned long)id);
	put_escaped(out, data);
	buf_addc(out, '\n');
}
