/*
 * queue_edit.c - what to change in queued messages, as it is asked for
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_edit.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/mail/address.h"
#include "lib/mail/encoded_word.h"
#include "lib/mail/header.h"
#include "lib/queue/queue_edit_internal.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_select.h"
#include "lib/table/table.h"

const struct queue_edit_info queue_edit_ops[EDIT_OP_COUNT] = {
	[EDIT_SET_SENDER] = { "set-sender", "ADDR",
	    "another envelope sender; <> for none" },
	[EDIT_ADD_RCPT] = { "add-rcpt", "ADDR", "one more recipient" },
	[EDIT_DROP_RCPT] = { "drop-rcpt", "EXPR",
	    "cancel the recipients that match" },
	[EDIT_MAP_RCPT] = { "map-rcpt", "s/RE/TEXT/ or 'map TABLE'",
	    "replace addresses of recipients" },
	[EDIT_REDIRECT] = { "redirect", "ADDR",
	    "deliver to this address instead of all recipients" },
	[EDIT_SET_HEADER] = { "set-header", "'Name: value'",
	    "replace a header field, or add it" },
	[EDIT_DEL_HEADER] = { "del-header", "NAME", "remove a header field" },
	[EDIT_STRIP_ATTACHMENT] = { "strip-attachment", "GLOB",
	    "replace attachments whose name or type matches by a note" },
	[EDIT_FILTER] = { "filter", "TRANSPORT:NEXTHOP",
	    "send all recipients through a content filter" },
	[EDIT_MARK_DONE] = { "mark-done", "EXPR",
	    "take the recipients that match for delivered" },
	[EDIT_REQUEUE_RCPT] = { "only-recipients", "EXPR",
	    "requeue the recipients that match, and only these" },
};

struct queue_edit *
queue_edit_new(void)
{
	struct queue_edit *e = xcalloc(1, sizeof(*e));

	buf_init(&e->content);
	buf_init(&e->words);
	return e;
}

static void
text_free(struct edit_text *t)
{
	size_t i;

	for (i = 0; i < t->count; i++)
		free(t->items[i]);
	free(t->items);
}

void
edit_text_add(struct edit_text *t, const char *item)
{
	t->items = xreallocarray(t->items, t->count + 1, sizeof(*t->items));
	t->items[t->count++] = xstrdup(item);
}

void
queue_edit_free(struct queue_edit *e)
{
	size_t i;

	if (e == NULL)
		return;
	free(e->sender);
	free(e->redirect);
	free(e->filter);
	for (i = 0; i < e->drop_count; i++)
		queue_select_free(e->drop[i]);
	for (i = 0; i < e->done_count; i++)
		queue_select_free(e->done[i]);
	for (i = 0; i < e->map_count; i++) {
		pcre2_code_free(e->maps[i].regex);
		free(e->maps[i].replacement);
		if (e->maps[i].table != NULL)
			table_close(e->maps[i].table);
	}
	for (i = 0; i < e->header_count; i++) {
		free(e->headers[i].name);
		buf_done(&e->headers[i].lines);
	}
	for (i = 0; i < e->requeue_count; i++)
		queue_select_free(e->requeue[i]);
	free(e->requeue);
	free(e->drop);
	free(e->done);
	free(e->maps);
	free(e->headers);
	text_free(&e->added);
	text_free(&e->dropped);
	text_free(&e->marked);
	text_free(&e->strip);
	buf_done(&e->content);
	buf_done(&e->words);
	free(e);
}

/* ---- reading the arguments ---- */

/* The internal form of an address that a person gave; a new string. */
char *
edit_address(const char *arg, bool may_be_empty, struct err *err)
{
	struct buf internal = BUF_INIT;
	const char *rest = "", *p;
	char *result = NULL;

	for (p = arg; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			break;
	if (*p != '\0')
		err_set(err, ERR_SYNTAX, "control byte in address");
	else if (arg[0] == '\0' && may_be_empty)
		result = xstrdup("");
	else if (address_parse_path(arg, false, &internal, &rest, err) == -1)
		err_prefix(err, "'%.100s': ", arg);
	else if (*text_skip_blank(rest) != '\0')
		err_set(err, ERR_SYNTAX, "'%.100s': '%.100s' behind the "
		    "address", arg, rest);
	else if (internal.len == 0 && !may_be_empty)
		err_set(err, ERR_SYNTAX, "'%.100s': a recipient cannot be "
		    "empty", arg);
	else if (internal.len > EDIT_ADDRESS_MAX)
		err_set(err, ERR_LIMIT, "the address is too long");
	else
		result = xstrdup(internal.ptr);
	buf_done(&internal);
	return result;
}

static int
take_address(char **member, const char *arg, bool may_be_empty,
    struct err *err)
{
	char *address = edit_address(arg, may_be_empty, err);

	if (address == NULL)
		return -1;
	free(*member);
	*member = address;
	return 0;
}

/* Inside the parentheses names are those of one recipient. */
static int
take_expr(struct queue_select ***list, size_t *count, const char *arg,
    struct err *err)
{
	struct queue_select *s;
	struct buf text = BUF_INIT;

	buf_setf(&text, "any rcpt (%s)", arg);
	s = queue_select_parse(text.ptr, clock_now(), err);
	buf_done(&text);
	if (s == NULL)
		return -1;
	*list = xreallocarray(*list, *count + 1, sizeof(**list));
	(*list)[(*count)++] = s;
	return 0;
}

/* Up to the next delimiter that has no backslash before it; what follows it, or NULL. */
static const char *
cut(const char *p, char delimiter, struct buf *out)
{
	for (; *p != '\0' && *p != delimiter; p++) {
		if (p[0] == '\\' && p[1] == delimiter)
			p++;
		else if (p[0] == '\\' && p[1] != '\0')
			buf_addc(out, *p++);
		buf_addc(out, *p);
	}
	return *p == delimiter ? p + 1 : NULL;
}

static int
compile(struct edit_map *m, const char *pattern, uint32_t options,
    struct err *err)
{
	PCRE2_UCHAR text[EDIT_ERROR_ROOM];
	PCRE2_SIZE at;
	int code;

	m->regex = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
	    options, &code, &at, NULL);
	if (m->regex != NULL)
		return 0;
	pcre2_get_error_message(code, text, sizeof(text));
	return err_set(err, ERR_SYNTAX, "'%.100s': %s, at character %zu",
	    pattern, (char *)text, (size_t)at + 1);
}

static int
take_substitution(struct edit_map *m, const char *arg, struct err *err)
{
	struct buf pattern = BUF_INIT, with = BUF_INIT;
	uint32_t options = PCRE2_CASELESS;
	const char *p;
	int rc = -1;

	p = cut(arg + 2, arg[1], &pattern);
	if (p != NULL)
		p = cut(p, arg[1], &with);
	if (p == NULL) {
		err_set(err, ERR_SYNTAX, "'%.100s': should be "
		    "s%cpattern%creplacement%c", arg, arg[1], arg[1], arg[1]);
		goto out;
	}
	for (; *p != '\0'; p++) {
		if (*p == 'g') {
			m->is_global = true;
		} else if (*p == 'c') {	/* as in selections */
			options = 0;
		} else if (*p != 'i') {
			err_set(err, ERR_SYNTAX, "unknown flag '%c': there "
			    "are g, i and c", *p);
			goto out;
		}
	}
	rc = compile(m, pattern.ptr, options, err);
	m->replacement = buf_take(&with);
out:
	buf_done(&pattern);
	buf_done(&with);
	return rc;
}

static int
take_map(struct queue_edit *e, const char *arg, struct err *err)
{
	struct edit_map m = { NULL, NULL, false, NULL };
	const char *name;
	int rc = -1;

	if (strncasecmp(arg, "map", 3) == 0 && (arg[3] == ' ' ||
	    arg[3] == '\t')) {
		name = text_skip_blank(arg + 3);
		m.table = table_open(name, TABLE_READ, TABLE_FOLD, err);
		rc = m.table != NULL ? 0 : -1;
	} else if (arg[0] == 's' && arg[1] != '\0' && arg[1] != '\\') {
		rc = take_substitution(&m, arg, err);
	} else {
		err_set(err, ERR_SYNTAX, "'%.100s': should be "
		    "s/pattern/replacement/ or map TYPE:NAME", arg);
	}
	if (rc == -1) {
		free(m.replacement);
		return -1;
	}
	e->maps = xreallocarray(e->maps, e->map_count + 1, sizeof(*e->maps));
	e->maps[e->map_count++] = m;
	return 0;
}

/* Fields that hold addresses: encoding all of the value would destroy them. */
static bool
is_structured(const char *name, size_t len)
{
	enum header_id id = header_lookup((struct span){ name, len });

	return id != HEADER_OTHER && id != HEADER_SUBJECT &&
	    id != HEADER_CONTENT_DESCRIPTION;
}

static int
put_header(struct queue_edit *e, const char *name, size_t len,
    struct buf *lines)
{
	struct edit_header *h = NULL;
	size_t i;

	/* The last word on a field holds. */
	for (i = 0; i < e->header_count; i++)
		if (strlen(e->headers[i].name) == len &&
		    strncasecmp(e->headers[i].name, name, len) == 0)
			h = &e->headers[i];
	if (h == NULL) {
		e->headers = xreallocarray(e->headers, e->header_count + 1,
		    sizeof(*e->headers));
		h = &e->headers[e->header_count++];
		h->name = xstrndup(name, len);
		buf_init(&h->lines);
	}
	buf_swap(&h->lines, lines);
	buf_done(lines);
	return 0;
}

static int
take_header(struct queue_edit *e, const char *arg, struct err *err)
{
	struct buf lines = BUF_INIT;
	size_t len = header_name_len(arg, strlen(arg));
	const char *value, *p;

	if (len == 0)
		return err_set(err, ERR_SYNTAX, "'%.100s': should be "
		    "'Name: value'", arg);
	for (p = arg; *p != '\0'; p++)
		if (*p == '\r' || (*p == '\n' && p[1] != ' ' && p[1] != '\t'))
			return err_set(err, ERR_SYNTAX, "%.*s: a further line "
			    "must begin with a blank", (int)len, arg);
	value = text_skip_blank(strchr(arg, ':') + 1);
	if (text_is_ascii(value)) {
		buf_adds(&lines, arg);
		return put_header(e, arg, len, &lines);
	}
	if (!text_is_utf8(value, strlen(value)))
		return err_set(err, ERR_SYNTAX, "%.*s: the value is not "
		    "UTF-8", (int)len, arg);
	if (is_structured(arg, len))
		return err_set(err, ERR_SYNTAX, "%.*s: give text that is not "
		    "ASCII as encoded words (RFC 2047)", (int)len, arg);
	buf_add(&lines, arg, len);
	buf_adds(&lines, ": ");
	encoded_word_encode(&lines, value, len + 2);
	return put_header(e, arg, len, &lines);
}

static int
take_name(struct queue_edit *e, const char *arg, struct err *err)
{
	struct buf name = BUF_INIT, none = BUF_INIT;
	size_t len;

	buf_adds(&name, arg);
	if (name.len > 0 && name.ptr[name.len - 1] == ':')
		buf_truncate(&name, name.len - 1);
	len = name.len;
	buf_addc(&name, ':');
	if (len == 0 || header_name_len(name.ptr, name.len) != len) {
		buf_done(&name);
		return err_set(err, ERR_SYNTAX, "'%.100s': no name of a "
		    "header field", arg);
	}
	put_header(e, name.ptr, len, &none);
	buf_done(&name);
	return 0;
}

static int
take_filter(struct queue_edit *e, const char *arg, struct err *err)
{
	const char *colon = strchr(arg, ':'), *p;

	for (p = arg; (unsigned char)*p > ' ' && *p != 0x7f; p++)
		;
	if (colon == NULL || colon == arg || *p != '\0')
		return err_set(err, ERR_SYNTAX, "'%.100s': should be "
		    "transport:nexthop", arg);
	free(e->filter);
	e->filter = xstrdup(arg);
	return 0;
}

static int
take(struct queue_edit *e, enum queue_edit_op op, const char *arg,
    struct err *err)
{
	char *address;

	switch (op) {
	case EDIT_SET_SENDER:
		return take_address(&e->sender, arg, true, err);
	case EDIT_REDIRECT:
		return take_address(&e->redirect, arg, false, err);
	case EDIT_ADD_RCPT:
		if ((address = edit_address(arg, false, err)) == NULL)
			return -1;
		edit_text_add(&e->added, address);
		free(address);
		return 0;
	case EDIT_DROP_RCPT:
		return take_expr(&e->drop, &e->drop_count, arg, err);
	case EDIT_MARK_DONE:
		return take_expr(&e->done, &e->done_count, arg, err);
	case EDIT_REQUEUE_RCPT:
		return take_expr(&e->requeue, &e->requeue_count, arg, err);
	case EDIT_MAP_RCPT:
		return take_map(e, arg, err);
	case EDIT_SET_HEADER:
		return take_header(e, arg, err);
	case EDIT_DEL_HEADER:
		return take_name(e, arg, err);
	case EDIT_FILTER:
		return take_filter(e, arg, err);
	case EDIT_STRIP_ATTACHMENT:
		if (arg[0] == '\0')
			return err_set(err, ERR_SYNTAX, "an empty pattern");
		edit_text_add(&e->strip, arg);
		return 0;
	case EDIT_OP_COUNT:
		break;
	}
	return err_set(err, ERR_SYNTAX, "unknown change");
}

int
queue_edit_add(struct queue_edit *e, enum queue_edit_op op, const char *arg,
    struct err *err)
{
	if (e->words.len > 0 && (op == EDIT_REQUEUE_RCPT) !=
	    (e->requeue_count > 0))
		return err_set(err, ERR_SYNTAX, "only-recipients: stands alone");
	if (take(e, op, arg, err) == -1)
		return err_prefix(err, "%s: ", queue_edit_ops[op].name);
	if (e->words.len > 0)
		buf_adds(&e->words, "; ");
	buf_addf(&e->words, "%s ", queue_edit_ops[op].name);
	text_visible(&e->words, arg, 0);
	return 0;
}

bool
queue_edit_is_empty(const struct queue_edit *e)
{
	return e->words.len == 0;
}

void
queue_edit_describe(const struct queue_edit *e, struct buf *out)
{
	buf_add(out, e->words.ptr, e->words.len);
}
