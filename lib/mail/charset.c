/*
 * charset.c - text in some character set as UTF-8, by iconv
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/mail/charset.h"

#include <ctype.h>
#include <errno.h>
#include <iconv.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"

#define NAME_MAX_LEN	64
#define REPLACEMENT	"\xef\xbf\xbd"	/* U+FFFD */
#define CHARACTER_MAX	16		/* bytes that iconv may want to see at once */

struct charset {
	iconv_t	 cd;
	char	 rest[CHARACTER_MAX];	/* an unfinished character */
	size_t	 rest_len;
};

/* Names come from messages: nothing that iconv takes for more than a name. */
static bool
is_name(const char *name)
{
	size_t n;

	for (n = 0; name[n] != '\0'; n++)
		if (n >= NAME_MAX_LEN || (!isalnum((unsigned char)name[n]) &&
		    strchr("-_.:+", name[n]) == NULL))
			return false;
	return n > 0;
}

struct charset *
charset_open(const char *name)
{
	struct charset *c;
	iconv_t cd;

	if (name[0] == '\0' || strcasecmp(name, "us-ascii") == 0 ||
	    strcasecmp(name, "ascii") == 0)
		name = "UTF-8";
	if (!is_name(name))
		return NULL;
	if ((cd = iconv_open("UTF-8", name)) == (iconv_t)-1)
		return NULL;
	c = xcalloc(1, sizeof(*c));
	c->cd = cd;
	return c;
}

/* Returns how many bytes were left over: an unfinished character. */
static size_t
convert(struct charset *c, const char *data, size_t len, struct buf *out)
{
	char chunk[1024], *from = (char *)data, *to;
	size_t left = len, room, rc;
	int why;

	while (left > 0) {
		to = chunk;
		room = sizeof(chunk);
		rc = iconv(c->cd, &from, &left, &to, &room);
		why = errno;
		buf_add(out, chunk, (size_t)(to - chunk));
		if (rc != (size_t)-1 || why == E2BIG)
			continue;
		if (why == EINVAL && left < CHARACTER_MAX)
			return left;
		buf_adds(out, REPLACEMENT);
		from++;
		left--;
	}
	return 0;
}

void
charset_feed(struct charset *c, const char *data, size_t len, struct buf *out)
{
	size_t left;

	/* Byte by byte until what was left over is a character, or none. */
	while (c->rest_len > 0 && len > 0) {
		c->rest[c->rest_len++] = *data++;
		len--;
		left = convert(c, c->rest, c->rest_len, out);
		memmove(c->rest, c->rest + c->rest_len - left, left);
		c->rest_len = left;
	}
	if (len == 0)
		return;
	left = convert(c, data, len, out);
	memcpy(c->rest, data + len - left, left);
	c->rest_len = left;
}

void
charset_close(struct charset *c, struct buf *out)
{
	char last[CHARACTER_MAX], *to = last;
	size_t room = sizeof(last);

	if (c == NULL)
		return;
	/* Where marks follow their letter, iconv holds the letter back. */
	if (out != NULL && iconv(c->cd, NULL, NULL, &to, &room) != (size_t)-1)
		buf_add(out, last, sizeof(last) - room);
	if (c->rest_len > 0 && out != NULL)
		buf_adds(out, REPLACEMENT);
	iconv_close(c->cd);
	free(c);
}

void
charset_to_utf8(const char *name, const char *data, size_t len,
    struct buf *out)
{
	struct charset *c = charset_open(name);

	if (c == NULL)
		c = charset_open("");
	if (c == NULL) {		/* not even UTF-8: no iconv here */
		buf_add(out, data, len);
		return;
	}
	charset_feed(c, data, len, out);
	charset_close(c, out);
}
