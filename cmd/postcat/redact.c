/*
 * redact.c - a queue file that can be shown to strangers
 *
 * Local parts become user1, user2, ...: the same one the same word everywhere,
 * so that what belongs together is still seen. Names of people and subjects
 * go; letters and digits of the text become x, so that its form and its MIME
 * structure stay. Domains, hosts, times and sizes stay: they are what questions
 * are about.
 *
 * SPDX-License-Identifier: ISC
 */
#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include <uthash.h>

#include "cmd/postcat/view.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/mail/address.h"
#include "lib/mail/header.h"
#include "lib/mail/mime.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_rec.h"

#define FILE_MAX	(512u << 20)

struct token {
	char		*text;		/* folded */
	unsigned	 number;
	UT_hash_handle	 hh;
};

/* Tokens live as long as the program: two files of a --diff share them. */
static struct token *tokens;

struct redact {
	struct buf	 out;		/* the new file */
	struct queue_rec_size size;
	off_t		 size_at;
	bool		 in_boundary;
};

static unsigned
number_of(const char *text, size_t len)
{
	struct buf key = BUF_INIT, raw = BUF_INIT;
	struct token *t;

	buf_set(&raw, text, len);
	text_fold(&key, raw.ptr);
	HASH_FIND(hh, tokens, key.ptr, key.len, t);
	if (t == NULL) {
		t = xcalloc(1, sizeof(*t));
		t->text = xstrndup(key.ptr, key.len);
		t->number = HASH_COUNT(tokens) + 1;
		HASH_ADD_KEYPTR(hh, tokens, t->text, key.len, t);
	}
	buf_done(&key);
	buf_done(&raw);
	return t->number;
}

static void
put_local(struct buf *out, const char *local, size_t len)
{
	if (len > 0)
		buf_addf(out, "user%u", number_of(local, len));
}

/* An envelope address. */
static void
put_address(struct buf *out, const char *address)
{
	const char *domain = address_domain(address);

	put_local(out, address, domain != NULL ?
	    (size_t)(domain - 1 - address) : strlen(address));
	if (domain != NULL)
		buf_addf(out, "@%s", domain);
}

/* Everything that looks like an address, in text of whatever kind. */
static void
put_text(struct buf *out, const char *text, size_t len)
{
	static const char ends[] = " \t\n<>()[],;:\"'=";
	size_t i, start = 0;

	for (i = 0; i < len; i++) {
		if (text[i] == '@' && i > start) {
			buf_truncate(out, out->len - (i - start));
			put_local(out, text + start, i - start);
		}
		buf_addc(out, text[i]);
		if (text[i] == '\0' || strchr(ends, text[i]) != NULL ||
		    text[i] == '@')
			start = i + 1;
	}
}

/* ---- the envelope ---- */

static void
put_attr(struct redact *r, const char *value, size_t len)
{
	static const char *const people[] = { "sasl_username", "sasl_sender",
	    "envelope_id", NULL };
	const char *equal = memchr(value, '=', len), *semicolon;
	struct buf text = BUF_INIT;
	size_t i, name;

	if (equal == NULL) {
		queue_rec_put(&r->out, QUEUE_REC_ATTR, value, len);
		return;
	}
	name = (size_t)(equal - value);
	buf_set(&text, value, name + 1);
	for (i = 0; people[i] != NULL; i++)
		if (strlen(people[i]) == name &&
		    strncmp(people[i], value, name) == 0)
			break;
	semicolon = strchr(equal, ';');
	if (people[i] != NULL) {
		put_address(&text, equal + 1);
	} else if (strncmp(value, "dsn_orig_rcpt=", 14) == 0 &&
	    semicolon != NULL) {
		buf_add(&text, equal + 1, (size_t)(semicolon - equal));
		put_address(&text, semicolon + 1);
	} else {
		put_text(&text, equal + 1, len - name - 1);
	}
	queue_rec_put(&r->out, QUEUE_REC_ATTR, text.ptr, text.len);
	buf_done(&text);
}

static void
put_envelope(struct redact *r, int type, const char *value, size_t len)
{
	struct buf text = BUF_INIT;

	switch (type) {
	case QUEUE_REC_ATTR:
	case QUEUE_REC_KILLED:
		put_attr(r, value, len);
		return;
	case QUEUE_REC_FROM:
	case QUEUE_REC_RCPT:
	case QUEUE_REC_DONE:
	case QUEUE_REC_CANCELED:
	case QUEUE_REC_ORCPT:
	case QUEUE_REC_REDIRECT:
		put_address(&text, value);
		r->size.rcpt_count += strchr("RD/", type) != NULL;
		break;
	case QUEUE_REC_FULL:
		buf_addf(&text, "Name %u", number_of(value, len));
		break;
	case QUEUE_REC_DSN_ENVID:
	case QUEUE_REC_DSN_ORCPT:
		put_local(&text, value, len);
		break;
	default:
		buf_add(&text, value, len);
		break;
	}
	queue_rec_put(&r->out, type, text.ptr, text.len);
	buf_done(&text);
}

/* ---- the content ---- */

static void
put_lines(struct redact *r, const char *text, size_t len)
{
	const char *nl;

	for (;; len -= (size_t)(nl + 1 - text), text = nl + 1) {
		nl = memchr(text, '\n', len);
		queue_rec_put(&r->out, QUEUE_REC_TEXT, text, nl != NULL ?
		    (size_t)(nl - text) : len);
		if (nl == NULL)
			return;
	}
}

static bool
add_mailbox(const char *internal, size_t offset, size_t len, void *ctx)
{
	struct buf *out = ctx, address = BUF_INIT;

	(void)offset;
	(void)len;
	put_address(&address, internal);
	if (out->ptr[out->len - 1] != ' ')
		buf_adds(out, ", ");
	buf_addc(out, '<');
	address_quote(out, address.ptr);
	buf_addc(out, '>');
	buf_done(&address);
	return true;
}

static void
on_header(void *ctx, enum mime_class class, struct buf *text)
{
	struct redact *r = ctx;
	size_t name = header_name_len(text->ptr, text->len);
	enum header_id id = header_lookup((struct span){ text->ptr, name });
	const char *colon = memchr(text->ptr, ':', text->len);
	struct buf out = BUF_INIT;

	(void)class;
	buf_set(&out, text->ptr, name);
	buf_adds(&out, ": ");
	if (id == HEADER_SUBJECT || id == HEADER_CONTENT_DESCRIPTION)
		buf_addf(&out, "(subject %u)", number_of(text->ptr,
		    text->len));
	else if (header_flags_of(id) & (HEADER_IS_SENDER |
	    HEADER_IS_RECIPIENT))
		address_list_each(colon + 1, false, add_mailbox, &out);
	else {
		buf_reset(&out);
		put_text(&out, text->ptr, text->len);
	}
	put_lines(r, out.ptr, out.len);
	buf_done(&out);
}

static void
on_header_end(void *ctx)
{
	(void)ctx;
}

static void
on_step(void *ctx, enum mime_step step, size_t depth)
{
	(void)depth;
	((struct redact *)ctx)->in_boundary = step == MIME_STEP_PART ||
	    step == MIME_STEP_LAST;
}

static void
on_body(void *ctx, bool is_partial, const char *data, size_t len,
    off_t offset)
{
	struct redact *r = ctx;
	struct buf text = BUF_INIT;
	size_t i;

	(void)offset;
	buf_add(&text, data, len);
	for (i = 0; i < len && !r->in_boundary; i++)
		if (isalnum((unsigned char)text.ptr[i]) ||
		    (unsigned char)text.ptr[i] >= 0x80)
			text.ptr[i] = 'x';
	queue_rec_put(&r->out, is_partial ? QUEUE_REC_PART : QUEUE_REC_TEXT,
	    text.ptr, text.len);
	r->in_boundary &= is_partial;
	buf_done(&text);
}

/* ---- the file ---- */

static int
copy(struct redact *r, struct queue_file *qf, struct mime *m, struct err *err)
{
	const char *value;
	size_t len;
	int type, got;
	bool in_content = false;

	while ((got = queue_file_next(qf, &type, &value, &len, err)) == 1) {
		if (r->out.len > FILE_MAX)
			return err_set(err, ERR_LIMIT, "the file is too large");
		if (type == QUEUE_REC_XTRA && in_content) {
			mime_end(m);
			in_content = false;
			r->size.content_size = r->size.content_length =
			    (long)r->out.len - r->size.data_offset;
		}
		if (in_content) {
			mime_text(m, type == QUEUE_REC_PART, value, len);
		} else if (type == QUEUE_REC_SIZE) {
			if (r->size_at != -1 || queue_rec_size_parse(value,
			    &r->size, NULL) == -1)
				continue;
			r->size.rcpt_count = 0;
			r->size_at = (off_t)r->out.len;
			queue_rec_size_put(&r->out, &r->size);
		} else {
			put_envelope(r, type, value, len);
		}
		if (type == QUEUE_REC_MESG) {
			in_content = true;
			r->size.data_offset = (long)r->out.len;
		}
		if (type == QUEUE_REC_END)
			break;
	}
	return got == -1 ? -1 : 0;
}

int
redact_file(int fd, const char *name, struct err *err)
{
	static const struct mime_ops ops = { on_header, on_header_end,
	    on_body, NULL, on_step };
	const struct mime_limits limits = { 102400, 100, 2048 };
	struct redact r = { .out = BUF_INIT, .size_at = -1 };
	struct queue_file *qf = queue_file_new(fd, name, QUEUE_FILE_NORMAL);
	struct mime *m = mime_new(&ops, &r);
	struct buf size = BUF_INIT;
	int copied, new = -1;

	mime_reset(m, &limits, 0);
	copied = copy(&r, qf, m, err);
	mime_free(m);
	queue_file_close(qf);
	if (copied == 0 && r.size_at != -1) {
		queue_rec_size_put(&size, &r.size);
		memcpy(r.out.ptr + r.size_at, size.ptr, size.len);
	}
	if (copied == 0) {
		new = memfd_create("redacted", MFD_CLOEXEC);
		if (new == -1 || file_write_all(new, r.out.ptr,
		    r.out.len) == -1 || lseek(new, 0, SEEK_SET) == -1)
			err_sys(err, "%s: copy in memory", name);
	}
	buf_done(&size);
	buf_done(&r.out);
	return new;
}
