/*
 * cleanup_header.c - the content: headers edited and completed, body passed on
 *
 * The MIME engine cuts the text up. Once the headers of a message without parts
 * are over, body lines do not even pass through it. RFC 5322 3.6; spec/queue-format.md 3.9, 6.1.
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/cleanup/cleanup_internal.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/address_list.h"
#include "lib/mail/mime_param.h"
#include "lib/queue/queue_rec.h"
#include "lib/queue/queue_writer.h"
#include "lib/table/maps.h"

/* ---- opening ---- */

/* check_actions - a word we do not know must not pass for its opposite */
static void
check_actions(void)
{
	static const char *const known[] = { "fix_quietly", "add_header",
		"reject" };
	const char *action = params.non_empty_end_of_header_action;
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcasecmp(known[i], action) == 0)
			return;
	log_fatal("unknown non_empty_end_of_header_action value: \"%s\"",
	    action);
}

void
cleanup_header_init(void)
{
	struct cleanup_tables *t = &cleanup_tables;
	char *copy = xstrdup(params.message_drop_headers), *rest = copy;
	char *word;
	size_t n = 0;

	check_actions();
	while ((word = text_split(&rest, TEXT_LIST_SEP)) != NULL) {
		if (*word != '\0' && word[strlen(word) - 1] == ':')
			word[strlen(word) - 1] = '\0';
		t->drop_names = xreallocarray(t->drop_names, n + 2,
		    sizeof(*t->drop_names));
		t->drop_names[n++] = xstrdup(word);
		t->drop_names[n] = NULL;
	}
	free(copy);
	buf_init(&t->strip);
	buf_init(&t->reject);
	text_unescape(&t->strip, params.message_strip_characters);
	text_unescape(&t->reject, params.message_reject_characters);
}

/* ---- writing headers ---- */

/* put_line - one line, in pieces where it is long */
static void
put_line(struct cleanup *c, const char *line, size_t len)
{
	size_t limit = (size_t)params.line_length_limit;

	while (len > limit) {
		cleanup_out(c, QUEUE_REC_PART, line, limit);
		line += limit;
		len -= limit;
	}
	cleanup_out(c, QUEUE_REC_TEXT, line, len);
}

void
cleanup_out_header(struct cleanup *c, const char *text, size_t len)
{
	const char *end = text + len, *eol;

	for (; (eol = memchr(text, '\n', (size_t)(end - text))) != NULL;
	    text = eol + 1)
		put_line(c, text, (size_t)(eol - text));
	put_line(c, text, (size_t)(end - text));
}

void
cleanup_put_header(struct cleanup *c, const char *text)
{
	cleanup_out_header(c, text, strlen(text));
}

/* ---- addresses in headers ---- */

struct rewriting {
	struct cleanup	*c;
	enum address_class class;
};

static void
rewrite_one(const char *external, struct buf *out, void *ctx)
{
	struct rewriting *r = ctx;

	cleanup_rewrite_header(r->c, r->class, external, out);
}

/* may_rewrite - are this client's headers ours to change? (16.1) */
static bool
may_rewrite(const struct cleanup *c)
{
	return !c->is_remote || *params.remote_header_rewrite_domain != '\0';
}

/* rewrite_addresses - complete and map what the header's addresses are */
static void
rewrite_addresses(struct cleanup *c, struct buf *text, size_t name_len,
    enum address_class class)
{
	struct rewriting r = { c, class };
	const char *value = strchr(text->ptr, ':') + 1;

	while (*value == ' ' || *value == '\t' || *value == '\n')
		value++;
	buf_reset(&c->work);
	buf_add(&c->work, text->ptr, name_len);
	buf_adds(&c->work, ": ");
	if (address_list_rewrite(&c->work, value, name_len + 2,
	    (size_t)params.header_address_token_limit, rewrite_one, &r)) {
		buf_swap(text, &c->work);
		header_cut(text, (size_t)params.header_size_limit);
	}
}

/* ---- one header ---- */

static bool
is_dropped(const struct buf *text, size_t name_len)
{
	char **name;

	if (cleanup_tables.drop_names == NULL)
		return false;
	for (name = cleanup_tables.drop_names; *name != NULL; name++)
		if (strlen(*name) == name_len &&
		    strncasecmp(*name, text->ptr, name_len) == 0)
			return true;
	return false;
}

/* value_of - the text behind the colon and blanks, on one line */
static const char *
value_of(struct cleanup *c, const struct buf *text)
{
	const char *p = strchr(text->ptr, ':') + 1;

	buf_reset(&c->value);
	for (; *p == ' ' || *p == '\t' || *p == '\n'; p++)
		;
	for (; *p != '\0'; p++)
		buf_addc(&c->value, *p == '\n' ? ' ' : *p);
	buf_trim_right(&c->value);
	return c->value.ptr;
}

static void
note_encoding(struct cleanup *c, const struct buf *text)
{
	struct buf name = BUF_INIT;

	if (!params.detect_8bit_encoding_header)
		return;
	mime_token(strchr(text->ptr, ':') + 1, &name);
	if (strcasecmp(name.ptr, "8bit") == 0 ||
	    strcasecmp(name.ptr, "binary") == 0)
		buf_sets(&c->encoding, "8bit");
	buf_done(&name);
}

/* note_header - remember what was there, and log what is looked for in logs */
static void
note_header(struct cleanup *c, enum header_id id, const struct buf *text)
{
	c->seen |= SEEN(id);
	if ((header_flags_of(id) & HEADER_IS_RESENT) != 0)
		c->is_resent = true;
	switch (id) {
	case HEADER_RECEIVED:
		c->hops++;
		break;
	case HEADER_MESSAGE_ID:
		buf_sets(&c->msgid, value_of(c, text));
		log_info("%s: message-id=%s", c->id.ptr, c->msgid.ptr);
		break;
	case HEADER_RESENT_MESSAGE_ID:
		log_info("%s: resent-message-id=%s", c->id.ptr,
		    value_of(c, text));
		break;
	case HEADER_CONTENT_TRANSFER_ENCODING:
		note_encoding(c, text);
		break;
	default:
		break;
	}
}

/* primary_header - one of the message's own */
static void
primary_header(struct cleanup *c, struct buf *text)
{
	size_t name = header_name_len(text->ptr, text->len), colon = name;
	enum header_id id;
	unsigned kind;

	/* RFC 5322 4.5: blanks in front of the colon are obsolete. */
	while (text->ptr[colon] != ':')
		colon++;
	buf_delete(text, name, colon - name);
	id = header_lookup((struct span){ text->ptr, name });
	note_header(c, id, text);
	if (is_dropped(text, name))
		return;
	kind = header_flags_of(id);
	if ((kind & (HEADER_IS_SENDER | HEADER_IS_RECIPIENT)) != 0 &&
	    may_rewrite(c))
		rewrite_addresses(c, text, name,
		    (kind & HEADER_IS_SENDER) != 0 ? CLASS_HDR_FROM :
		    CLASS_HDR_RCPT);
	cleanup_out_header(c, text->ptr, text->len);
}

/* checks_for - which table looks at a header (tables.md 18) */
static struct maps *
checks_for(enum mime_class class, const struct buf *text)
{
	if (mime_is_about_mime(class, text))
		return cleanup_tables.mime_checks;
	return class == MIME_NESTED ? cleanup_tables.nested_checks :
	    cleanup_tables.header_checks;
}

static void
on_header(void *ctx, enum mime_class class, struct buf *text)
{
	struct cleanup *c = ctx;

	if (cleanup_tables.has_checks && (c->flags & CLEANUP_FILTER) != 0 &&
	    !c->stop_checks &&
	    !cleanup_check(c, CHECK_HEADER, checks_for(class, text), text))
		return;
	if (!text_is_ascii(text->ptr)) {
		c->sendopts |= SENDOPT_HEADER;
		cleanup_note_utf8(c, text->ptr);
	}
	if (class == MIME_PRIMARY) {
		primary_header(c, text);
		return;
	}
	if (header_lookup((struct span){ text->ptr, header_name_len(text->ptr,
	    text->len) }) == HEADER_CONTENT_TRANSFER_ENCODING)
		note_encoding(c, text);
	cleanup_out_header(c, text->ptr, text->len);
}

/* ---- the end of the headers ---- */

static void
on_header_end(void *ctx)
{
	struct cleanup *c = ctx;
	const unsigned long long visible = SEEN(HEADER_TO) |
	    SEEN(HEADER_CC) | SEEN(HEADER_RESENT_TO) | SEEN(HEADER_RESENT_CC);

	if ((c->status != 0 && (c->flags & CLEANUP_BOUNCE) == 0) ||
	    (c->flags & CLEANUP_DISCARD) != 0)
		return;
	if (c->hops >= params.hopcount_limit) {
		log_warning("%s: message rejected: hopcount exceeded",
		    c->id.ptr);
		cleanup_fail(c, CLEANUP_HOPS, NULL);
		return;
	}
	/* Whoever hands in mail writes one; without it a loop is endless. */
	if (c->hops == 0) {
		log_warning("%s: message rejected: no Received: header",
		    c->id.ptr);
		cleanup_fail(c, CLEANUP_BAD, NULL);
		return;
	}
	if (!c->is_remote || params.always_add_missing_headers)
		cleanup_add_missing(c);
	else if ((c->seen & SEEN(HEADER_MESSAGE_ID)) == 0)
		log_info("%s: message-id=<>", c->id.ptr);
	if ((c->seen & visible) == 0 &&
	    *params.undisclosed_recipients_header != '\0' &&
	    (!c->is_remote || params.always_add_missing_headers))
		cleanup_put_header(c, params.undisclosed_recipients_header);
	c->body_offset = queue_writer_tell(c->out);
}

/* ---- body and the text as a whole ---- */

static void
on_body(void *ctx, bool is_partial, const char *data, size_t len, off_t offset)
{
	struct cleanup *c = ctx;

	if (!maps_is_empty(cleanup_tables.body_checks) &&
	    (c->flags & CLEANUP_FILTER) != 0 && !c->stop_checks && len > 0 &&
	    (params.body_checks_size_limit == 0 ||
	    offset + 1 < params.body_checks_size_limit)) {	/* the empty line counts */
		buf_set(&c->body, data, len);
		if (!cleanup_check(c, CHECK_BODY, cleanup_tables.body_checks,
		    &c->body))
			return;
		data = c->body.ptr;
		len = c->body.len;
	}
	cleanup_out(c, is_partial ? QUEUE_REC_PART : QUEUE_REC_TEXT, data,
	    len);
}

static void
on_error(void *ctx, enum mime_error error, const char *text)
{
	struct cleanup *c = ctx;
	const char *dsn, *why;

	switch (error) {
	case MIME_ERR_TRUNCATED:
		return;			/* cut quietly, as said in main.cf */
	case MIME_ERR_NESTING:
		break;
	case MIME_ERR_HEADER_END:
		if (strcasecmp(params.non_empty_end_of_header_action,
		    "add_header") == 0)
			cleanup_put_header(c, "MIME-Error: message header is not "
			    "followed by an empty line");
		if (strcasecmp(params.non_empty_end_of_header_action,
		    "reject") != 0)
			return;
		break;
	case MIME_ERR_8BIT_HEADER:
		if (!params.strict_7bit_headers && !params.strict_8bitmime)
			return;
		break;
	case MIME_ERR_8BIT_BODY:
		if (!params.strict_8bitmime_body && !params.strict_8bitmime)
			return;
		break;
	case MIME_ERR_ENCODING:
		if (!params.strict_mime_encoding_domain)
			return;
		break;
	}
	why = mime_error_text(error, &dsn);
	buf_setf(&c->work, "mime-error %s:", why);
	cleanup_log_action(c, "reject", c->work.ptr, text, "");
	buf_setf(&c->work, "%s %s", dsn, why);
	cleanup_fail(c, CLEANUP_CONTENT, c->work.ptr);
}

void
cleanup_message_start(struct cleanup *c)
{
	static const struct mime_ops ops = { on_header, on_header_end,
	    on_body, on_error, NULL };
	struct mime_limits limits = {
		.header_size = (size_t)params.header_size_limit,
		.nesting = (size_t)params.mime_nesting_limit,
		.boundary_size = (size_t)params.mime_boundary_length_limit
	};
	unsigned options = 0;

	if (params.disable_mime_input_processing)
		options |= MIME_NO_PARTS;
	if (params.force_mime_input_conversion)
		options |= MIME_DOWNGRADE;
	if (params.strict_8bitmime || params.strict_8bitmime_body)
		options |= MIME_WANT_8BIT;
	if (params.strict_mime_encoding_domain)
		options |= MIME_WANT_ENCODING;
	if (c->mime == NULL)
		c->mime = mime_new(&ops, c);
	mime_reset(c->mime, &limits, options);
}

/* strip - remove message_strip_characters; a line that has none costs one look */
static void
strip(struct cleanup *c, const char **data, size_t *len)
{
	const struct buf *set = &cleanup_tables.strip;
	size_t i;

	buf_reset(&c->text);
	for (i = 0; i < *len; i++)
		if (memchr(set->ptr, (*data)[i], set->len) == NULL)
			buf_addc(&c->text, (*data)[i]);
	buf_swap(&c->text, &c->line);
	*data = c->line.ptr;
	*len = c->line.len;
}

static bool
has_rejected(const char *data, size_t len)
{
	const struct buf *set = &cleanup_tables.reject;
	size_t i;

	for (i = 0; i < len; i++)
		if (memchr(set->ptr, data[i], set->len) != NULL)
			return true;
	return false;
}

/* replace_cr_lf - a line's own CR or LF would end it elsewhere */
static void
replace_cr_lf(struct cleanup *c, const char **data, size_t len)
{
	size_t i;

	if (*data != c->line.ptr)
		buf_set(&c->line, *data, len);
	for (i = 0; i < len; i++)
		if (c->line.ptr[i] == '\r' || c->line.ptr[i] == '\n')
			c->line.ptr[i] = ' ';
	*data = c->line.ptr;
}

static void
take_text(struct cleanup *c, int type, const char *data, size_t len)
{
	bool is_partial = type == QUEUE_REC_PART;

	if (c->status != 0)
		return;
	if (cleanup_tables.strip.len > 0)
		strip(c, &data, &len);
	if (cleanup_tables.reject.len > 0 && has_rejected(data, len)) {
		cleanup_log_action(c, "reject", "content", data,
		    "5.7.1 disallowed character");
		cleanup_fail(c, CLEANUP_CONTENT,
		    "5.7.1 disallowed character");
		return;
	}
	if (params.cleanup_replace_stray_cr_lf && len > 0 &&
	    (memchr(data, '\r', len) != NULL ||
	    memchr(data, '\n', len) != NULL))
		replace_cr_lf(c, &data, len);
	if (c->is_plain) {
		cleanup_out(c, is_partial ? QUEUE_REC_PART : QUEUE_REC_TEXT,
		    data, len);
		c->in_line = is_partial;
		return;
	}
	mime_text(c->mime, is_partial, data, len);
	if (maps_is_empty(cleanup_tables.body_checks) &&
	    mime_is_plain(c->mime))
		c->is_plain = true;
}

static void
cleanup_message_end(struct cleanup *c)
{
	if (c->is_plain && c->in_line)
		cleanup_out(c, QUEUE_REC_TEXT, "", 0);
	if (c->status == 0)
		mime_end(c->mime);
	if (c->status == 0)
		c->xtra_offset = queue_writer_tell(c->out);
	cleanup_out(c, QUEUE_REC_XTRA, "", 0);
	c->segment = IN_EXTRACTED;
}

void
cleanup_message(struct cleanup *c, int type, const char *data, size_t len)
{
	switch (type) {
	case QUEUE_REC_TEXT:
	case QUEUE_REC_PART:
		take_text(c, type, data, len);
		break;
	case QUEUE_REC_XTRA:
		cleanup_message_end(c);
		break;
	default:
		log_warning("%s: message rejected: unexpected record type %d "
		    "in message content", c->id.ptr, type);
		cleanup_fail(c, CLEANUP_BAD, NULL);
	}
}
