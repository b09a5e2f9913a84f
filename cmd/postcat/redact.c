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

#include "cmd/postcat/redact.h"
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

struct redact {
	struct buf	 out;		/* the new file */
	struct queue_rec_size size;
	off_t		 size_at;
	bool		 in_boundary;
};

static void
redact_text(struct buf *out, const char *text)
{
	redact_put_text(out, text, strlen(text));
}

static void
redact_address(struct buf *out, const char *external)
{
	struct buf internal = BUF_INIT, redacted = BUF_INIT;

	address_unquote(&internal, external);
	redact_put_address(&redacted, internal.ptr);
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
		redact_put_address(&text, equal + 1);
	} else if (strncmp(value, "dsn_orig_rcpt=", 14) == 0 &&
	    semicolon != NULL) {
		buf_add(&text, equal + 1, (size_t)(semicolon - equal));
		redact_put_address(&text, semicolon + 1);
	} else {
		redact_put_text(&text, equal + 1, len - name - 1);
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
		redact_put_address(&text, value);
		r->size.rcpt_count += strchr("RD/", type) != NULL;
		break;
	case QUEUE_REC_FULL:
		buf_addf(&text, "Name %u", redact_number(value, len));
		break;
	case QUEUE_REC_DSN_ENVID:
	case QUEUE_REC_DSN_ORCPT:
		redact_put_local(&text, value, len);
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
	redact_put_address(&address, internal);
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

/* Parameters whose values are words of standards. */
static bool
is_harmless(const char *name, const char *end)
{
	static const char *const names[] = { "charset", "format", "delsp",
	    "type", "report-type", "protocol", "micalg", "smime-type",
	    "method", "size" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == (size_t)(end - name) &&
		    strncasecmp(names[i], name, strlen(names[i])) == 0)
			return true;
	return false;
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
			buf_addf(out, "\"file%u", redact_number(equal + 1,
			    (size_t)(next - equal - 1)));
			put_kind(out, equal + 1, (size_t)(next - equal - 1));
			buf_addc(out, '"');
		} else if (equal != NULL &&
		    strncasecmp(name, "boundary", 8) == 0) {
			buf_add(out, at, (size_t)(next - at));
		} else if (equal == NULL || is_harmless(name, equal)) {
			redact_put_text(out, at, (size_t)(next - at));
		} else {
			buf_add(out, at, (size_t)(equal + 1 - at));
			redact_put_hidden(out, equal + 1,
			    (size_t)(next - equal - 1));
		}
		at = next;
		if (at < end && *at == ';')
			buf_addc(out, *at++);
	}
}

/*
 * Fields that programs fill in, with nothing of people but addresses and
 * logins. In all others only domains are left: what a field is for that
 * nobody here knows cannot be told, and a name that was not hidden cannot be
 * taken back.
 */
static bool
is_technical(const char *name, size_t len)
{
	static const char *const names[] = { "Received", "Date",
	    "Resent-Date", "MIME-Version", "Content-Transfer-Encoding",
	    "Content-Length", "Content-Language", "Lines", "Precedence",
	    "Auto-Submitted", "Importance", "Priority", "X-Priority",
	    "X-MSMail-Priority", "X-Mailer", "User-Agent", "X-MimeOLE",
	    "DKIM-Signature", "ARC-Seal", "ARC-Message-Signature",
	    "ARC-Authentication-Results", "Authentication-Results",
	    "Received-SPF", "X-Spam-Flag", "X-Spam-Level", "X-Spam-Score",
	    "X-Spam-Status", "X-Virus-Scanned" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == len &&
		    strncasecmp(names[i], name, len) == 0)
			return true;
	return false;
}

static void
put_value(struct buf *out, const char *name, size_t name_len,
    const char *value, size_t len)
{
	enum header_id id = header_lookup((struct span){ name, name_len });

	if (id == HEADER_SUBJECT || id == HEADER_CONTENT_DESCRIPTION ||
	    (name_len == 12 && strncasecmp(name, "Thread-Topic", 12) == 0))
		buf_addf(out, "(subject %u)", redact_number(value, len));
	else if (header_flags_of(id) & (HEADER_IS_SENDER |
	    HEADER_IS_RECIPIENT))
		address_list_each(value, false, add_mailbox, out);
	else if (id == HEADER_CONTENT_TYPE || id == HEADER_CONTENT_DISPOSITION)
		put_parameters(out, value, len);
	else if (is_technical(name, name_len))
		redact_put_text(out, value, len);
	else
		redact_put_hidden(out, value, len);
}

static void
on_header(void *ctx, enum mime_class class, struct buf *text)
{
	struct redact *r = ctx;
	size_t name = header_name_len(text->ptr, text->len);
	const char *colon = memchr(text->ptr, ':', text->len), *value;
	struct buf out = BUF_INIT;

	(void)class;
	if (name == 0 || colon == NULL) {	/* cut before its colon */
		redact_put_hidden(&out, text->ptr, text->len);
	} else {
		value = text_skip_blank(colon + 1);
		buf_set(&out, text->ptr, name);
		buf_adds(&out, ": ");
		put_value(&out, text->ptr, name, value, text->len -
		    (size_t)(value - text->ptr));
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
