/*
 * mail_path.c - the address of MAIL, RCPT and VRFY
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtpd/mail_path.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/smtpd/session.h"
#include "daemon/smtpd/verbs.h"
#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/route/rewrite.h"

/*
 * Can this address be routed at all? What cannot is a syntax error here and
 * not a bounce later.
 */
static bool
is_routable(const char *sender, const char *address)
{
	struct resolve_reply r;
	struct buf full = BUF_INIT;
	bool ok;

	if (address[0] == '\0')
		return true;
	resolve_reply_init(&r);
	rewrite_internal(REWRITE_LOCAL, address, &full);
	rewrite_resolve(sender, full.ptr, false, &r);
	ok = (r.flags & RESOLVE_ERROR) == 0;
	resolve_reply_done(&r);
	buf_done(&full);
	return ok;
}

/*
 * What stands outside quotes and behind no backslash: is one of these bytes
 * there?
 */
static bool
has_bare(const char *text, const char *bytes)
{
	bool in_quotes = false;

	for (; *text != '\0'; text++) {
		if (*text == '\\' && text[1] != '\0')
			text++;
		else if (*text == '"')
			in_quotes = !in_quotes;
		else if (!in_quotes && strchr(bytes, *text) != NULL)
			return true;
	}
	return false;
}

/*
 * The address without what surrounds it, in place. Clients leave blanks
 * there, and brackets too many; strict_rfc821_envelopes wants one pair.
 */
static char *
strip_brackets(char *text, bool *has_pair)
{
	size_t len = strlen(text);

	*has_pair = len >= 2 && text[0] == '<' && text[len - 1] == '>';
	while (len > 0 && (strchr(" \t", text[len - 1]) != NULL ||
	    (text[len - 1] == '>' && (len < 2 || text[len - 2] != '\\'))))
		text[--len] = '\0';
	return text + strspn(text, "< \t");
}

/* An address in brackets that do not close ends with the path. */
static const char *
missing_bracket(const char *core)
{
	const char *at = strrchr(core, '@');

	return at != NULL && at[1] == '[' && strchr(at, ']') == NULL ? "]" : "";
}

static bool
parse_address(struct session *s, char *text, bool is_strict, bool may_utf8,
    struct buf *internal)
{
	struct buf path = BUF_INIT;
	const char *domain, *rest = "";
	bool has_pair, ok;
	char *core = strip_brackets(text, &has_pair);

	buf_setf(&path, "<%s%s>", core, missing_bracket(core));
	/* "<a b@c.d>": the lenient parser would join the words. */
	ok = !has_bare(core, is_strict ? " \t<>(" : " \t<>") &&
	    address_parse_path(path.ptr, false, internal, &rest, NULL) == 0 &&
	    *rest == '\0' &&
	    memchr(internal->ptr, '\0', internal->len) == NULL;
	if (is_strict)
		ok = ok && has_pair && internal->ptr[0] != '@';
	domain = ok ? address_domain(internal->ptr) : NULL;
	if (domain != NULL)	/* "a@", and an IPv6 address without its tag */
		ok = domain[0] != '\0' && (may_utf8 ||
		    text_is_ascii(domain)) && (domain[0] != '[' ||
		    strchr(domain, ':') == NULL ||
		    strncasecmp(domain, "[IPv6:", 6) == 0);
	buf_done(&path);
	return ok && is_routable(s->sender != NULL ? s->sender : "",
	    internal->ptr);
}

bool
mail_path_read(struct session *s, const char *verb, struct span word,
    bool may_be_empty, bool may_utf8, char **out)
{
	char *text = xstrndup(word.ptr, word.len), *copy = xstrdup(text);
	struct buf internal = BUF_INIT;
	bool ok, asks = strcmp(verb, "VRFY") == 0;

	/* Without its end it is no address, and nothing to show. */
	ok = asks || *text != '<' || has_bare(text, ">");
	if (ok) {
		ok = parse_address(s, text, params.strict_rfc821_envelopes &&
		    !asks, may_utf8 && params.smtputf8_enable, &internal) &&
		    (may_be_empty || internal.len > 0);
		if (!ok)
			log_warning("Illegal address syntax from %s in %s "
			    "command: %s", s->peer.namaddr, verb, copy);
	}
	if (ok)
		*out = buf_take(&internal);
	free(text);
	free(copy);
	buf_done(&internal);
	return ok;
}

bool
mail_path_split(const struct words *w, const char *keyword, struct span *address,
    struct span *rest)
{
	size_t len = strlen(keyword);
	const char *end;
	int next = 2;

	if (w->count < 2 || w->w[1].len < len + 1 ||
	    strncasecmp(w->w[1].ptr, keyword, len) != 0 ||
	    w->w[1].ptr[len] != ':')
		return false;
	*address = (struct span){ w->w[1].ptr + len + 1, w->w[1].len - len - 1 };
	if (address->len == 0) {
		if (w->count < 3)
			return false;
		*address = w->w[2];
		next = 3;
	}
	end = w->w[w->count - 1].ptr + w->w[w->count - 1].len;
	*rest = next < w->count ? (struct span){ w->w[next].ptr,
	    (size_t)(end - w->w[next].ptr) } : (struct span){ end, 0 };
	return true;
}
