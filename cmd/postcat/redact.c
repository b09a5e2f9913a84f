/*
 * redact.c - a queue file that can be shown to strangers
 *
 * Local parts become user1, user2, ...: the same one the same word everywhere,
 * so that what belongs together is still seen. Names of people, subjects and
 * names of files go; letters and digits of the text become x, so that its form
 * and its MIME structure stay. Domains, hosts, times and sizes stay: they are
 * what questions are about.
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
#include "lib/mail/address_list.h"
#include "lib/mail/header.h"
#include "lib/mail/mime.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_rec.h"

#define FILE_MAX	(512u << 20)

#define WORD_MIN	3		/* a shorter one is left to be a word */

struct token {
	char		*text;		/* folded */
	unsigned	 number;
	bool		 is_local;	/* a local part */
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

static unsigned
number_of(const char *text, size_t len)
{
	return token_of(text, len)->number;
}

static void
put_local(struct buf *out, const char *local, size_t len)
{
	struct token *t;

	if (len == 0)
		return;
	t = token_of(local, len);
	t->is_local = true;
	buf_addf(out, "user%u", t->number);
}

/* A local part that stands alone: "unknown user: \"joe\"". */
static void
put_word(struct buf *out, const char *word, size_t len)
{
	struct buf key = BUF_INIT;
	struct token *t = NULL;

	if (len >= WORD_MIN)
		t = find_token(word, len, &key);
	if (t != NULL && t->is_local)
		buf_addf(out, "user%u", t->number);
	else
		buf_add(out, word, len);
	buf_done(&key);
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

/* Everything that looks like an address or is known as a part of one, in text of whatever kind. */
static void
put_text(struct buf *out, const char *text, size_t len)
{
	static const char ends[] = " \t\n<>()[],;:\"'=";
	size_t i, start = 0;

	for (i = 0; i < len; i++) {
		if (text[i] != '@' && text[i] != '\0' &&
		    strchr(ends, text[i]) == NULL)
			continue;
		if (text[i] == '@')
			put_local(out, text + start, i - start);
		else
			put_word(out, text + start, i - start);
		buf_addc(out, text[i]);
		start = i + 1;
	}
	put_word(out, text + start, len - start);
}

static void
redact_text(struct buf *out, const char *text)
{
	put_text(out, text, strlen(text));
}

static void
redact_address(struct buf *out, const char *external)
{
	struct buf internal = BUF_INIT, redacted = BUF_INIT;

	address_unquote(&internal, external);
	put_address(&redacted, internal.ptr);
	address_quote(out, redacted.ptr);
	buf_done(&internal);
	buf_done(&redacted);
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

/* Where a parameter's value ends: at ';', or behind its quotes. */
static const char *
value_end(const char *at, const char *end)
{
	if (at < end && *at == '"') {
		for (at++; at < end && *at != '"'; at++)
			at += *at == '\\' && at + 1 < end;
		return at < end ? at + 1 : end;
	}
	while (at < end && *at != ';')
		at++;
	return at;
}

/* The part behind the last dot, if it is short and plain: what kind of file it is. */
static void
put_kind(struct buf *out, const char *value, size_t len)
{
	const char *dot;
	size_t n;

	if (len > 0 && value[len - 1] == '"')
		len--;
	if ((dot = memrchr(value, '.', len)) == NULL)
		return;
	for (n = 1; dot + n < value + len && isalnum((unsigned char)dot[n]);
	    n++)
		;
	if (n > 1 && n < 7 && dot + n == value + len)
		buf_add(out, dot, n);
}

/* Content-Type, Content-Disposition: what is the name of a file there. */
static void
put_parameters(struct buf *out, const char *text, size_t len)
{
	const char *at = text, *end = text + len, *equal, *name, *next;

	while (at < end) {
		next = value_end(at, end);
		equal = memchr(at, '=', (size_t)(next - at));
		name = at + strspn(at, "; \t\n");
		if (equal != NULL && name < equal)
			next = value_end(equal + 1, end);
		if (equal != NULL && (strncasecmp(name, "name", 4) == 0 ||
		    strncasecmp(name, "filename", 8) == 0)) {
			buf_add(out, at, (size_t)(equal + 1 - at));
			buf_addf(out, "\"file%u", number_of(equal + 1,
			    (size_t)(next - equal - 1)));
			put_kind(out, equal + 1, (size_t)(next - equal - 1));
			buf_addc(out, '"');
		} else if (equal != NULL &&
		    strncasecmp(name, "boundary", 8) == 0) {
			buf_add(out, at, (size_t)(next - at));
		} else {
			put_text(out, at, (size_t)(next - at));
		}
		at = next;
		if (at < end && *at == ';')
			buf_addc(out, *at++);
	}
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
	if (id == HEADER_SUBJECT || id == HEADER_CONTENT_DESCRIPTION ||
	    (name == 12 && strncasecmp(text->ptr, "Thread-Topic", 12) == 0))
		buf_addf(&out, "(subject %u)", number_of(text->ptr,
		    text->len));
	else if (header_flags_of(id) & (HEADER_IS_SENDER |
	    HEADER_IS_RECIPIENT))
		address_list_each(colon + 1, false, add_mailbox, &out);
	else if (id == HEADER_CONTENT_TYPE || id == HEADER_CONTENT_DISPOSITION)
		put_parameters(&out, text_skip_blank(colon + 1), text->len -
		    (size_t)(text_skip_blank(colon + 1) - text->ptr));
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

const struct queue_view_redact redact_log = { redact_text, redact_address };

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
