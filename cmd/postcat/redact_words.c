/*
 * redact_words.c - which words of a message tell who somebody is, and what stands for them
 *
 * A local part becomes user1, user2, ..., wherever it stands: in front of an
 * '@', behind a word that announces a login, and then alone, too.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postcat/redact.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include <uthash.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/mail/address.h"

#define WORD_MIN	3		/* a shorter one is left to be a word */

struct token {
	char		*text;		/* folded */
	unsigned	 number;
	bool		 is_local;	/* a local part */
	UT_hash_handle	 hh;
};

/* Tokens live as long as the program: two files of a --diff share them. */
static struct token *tokens;

static struct token *
find_token(const char *text, size_t len, struct buf *key)
{
	struct buf raw = BUF_INIT;
	struct token *t;

	buf_set(&raw, text, len);
	buf_reset(key);
	text_fold(key, raw.ptr);
	HASH_FIND(hh, tokens, key->ptr, key->len, t);
	buf_done(&raw);
	return t;
}

static struct token *
token_of(const char *text, size_t len)
{
	struct buf key = BUF_INIT;
	struct token *t = find_token(text, len, &key);

	if (t == NULL) {
		t = xcalloc(1, sizeof(*t));
		t->text = xstrndup(key.ptr, key.len);
		t->number = HASH_COUNT(tokens) + 1;
		HASH_ADD_KEYPTR(hh, tokens, t->text, key.len, t);
	}
	buf_done(&key);
	return t;
}

unsigned
redact_number(const char *text, size_t len)
{
	return token_of(text, len)->number;
}

void
redact_put_local(struct buf *out, const char *local, size_t len)
{
	struct token *t;

	if (len == 0)
		return;
	t = token_of(local, len);
	t->is_local = true;
	buf_addf(out, "user%u", t->number);
}

/* 'x' for each letter, digit and byte that is no ASCII. */
static void
redact_put_masked(struct buf *out, const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		buf_addc(out, isalnum((unsigned char)text[i]) ||
		    (unsigned char)text[i] >= 0x80 ? 'x' : text[i]);
}

/* A local part that stands alone: "unknown user: \"joe\"". */
static void
put_word(struct buf *out, const char *word, size_t len, bool is_masked)
{
	struct buf key = BUF_INIT;
	struct token *t = NULL;

	if (len >= WORD_MIN)
		t = find_token(word, len, &key);
	if (t != NULL && t->is_local)
		buf_addf(out, "user%u", t->number);
	else if (is_masked)
		redact_put_masked(out, word, len);
	else
		buf_add(out, word, len);
	buf_done(&key);
}

/* An envelope address. */
void
redact_put_address(struct buf *out, const char *address)
{
	const char *domain = address_domain(address);

	redact_put_local(out, address, domain != NULL ?
	    (size_t)(domain - 1 - address) : strlen(address));
	if (domain != NULL)
		buf_addf(out, "@%s", domain);
}

/* Is this word, in whatever case, one of them? */
static bool
is_among(const char *const *words, const char *word, size_t len)
{
	for (; *words != NULL; words++)
		if (strlen(*words) == len &&
		    strncasecmp(*words, word, len) == 0)
			return true;
	return false;
}

/* Is what follows this word and ':' or '=' somebody's name? */
static bool
announces_name(const char *word, size_t len)
{
	static const char *const words[] = { "sender", "user", "username",
	    "smtp.auth", "sasl_username", "sasl_sender", NULL };

	return is_among(words, word, len);
}

/* Is it the name of the address behind '=', and no part of that? */
static bool
names_address(const char *word, size_t len)
{
	static const char *const words[] = { "from", "to", "orig_to", "i",
	    "sender", "recipient", "rcpt", "mail", "envelope-from",
	    "smtp.mailfrom", "smtp.rcptto", "smtp.auth", "header.from",
	    "header.i", "header.sender", "sasl_username", "sasl_sender",
	    NULL };

	return is_among(words, word, len);
}

static void
put_words(struct buf *out, const char *text, size_t len, bool is_masked)
{
	static const char ends[] = " \t\n<>()[],;:\"'=";
	size_t i, n, start = 0, local = 0, mark = out->len;
	bool is_name = false, is_domain = false;
	char end;

	for (i = 0; i <= len; i++) {
		end = i < len ? text[i] : ' ';
		if (end != '@' && end != '\0' && strchr(ends, end) == NULL)
			continue;
		n = i - start;
		/* "list+ann=home.example@list.example" is one local part. */
		if (start == 0 || text[start - 1] != '=' ||
		    names_address(text + local, start - 1 - local)) {
			local = start;
			mark = out->len;
		}
		if (end == '@') {
			buf_truncate(out, mark);
			redact_put_local(out, text + local, i - local);
		} else if (n > 0 && is_name) {
			redact_put_local(out, text + start, n);
		} else {
			put_word(out, text + start, n, is_masked && !is_domain);
		}
		if (n > 0)
			is_name = (end == ':' || end == '=') &&
			    announces_name(text + start, n);
		is_domain = end == '@' && n > 0;
		if (i < len)
			buf_addc(out, end);
		start = i + 1;
	}
}

void
redact_put_text(struct buf *out, const char *text, size_t len)
{
	put_words(out, text, len, false);
}

void
redact_put_hidden(struct buf *out, const char *text, size_t len)
{
	put_words(out, text, len, true);
}
