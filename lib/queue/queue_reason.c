/*
 * queue_reason.c - what kind of trouble a delay reason speaks of
 *
 * Thousands of messages wait for the same few reasons, so the last answers
 * are remembered, by each thread for itself: a listing classifies a text once.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_reason.h"

#include <ctype.h>
#include <fnmatch.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/mem.h"

#define FILE_MAX	(1024 * 1024)
#define MATCH_LIMIT	100000		/* steps of one match: hostile texts end */
#define TEXT_MAX_LEN	2000		/* bytes of a reason that are looked at */
#define REMEMBERED	8192		/* a power of two */

static const char *const class_names[REASON_COUNT] = {
	"none", "dns-nodomain", "dns-temp", "connect", "timeout", "lost",
	"tls", "auth", "greylist", "throttle", "reputation", "content",
	"policy", "no-user", "mailbox-full", "disabled", "size", "loop",
	"protocol", "local-config", "local-resource", "filter", "expired",
	"other"
};

struct rule {
	struct queue_reason_row row;
	unsigned	 line;
	pcre2_code	*regex;		/* NULL: anything */
	enum queue_reason_class class;
};

static struct {
	struct rule	*rules;
	size_t		 count;
	char		*text;		/* of a loaded file */
	unsigned	 edition;	/* changes with the rules */
	pcre2_match_context *limits;
} book;

static pthread_once_t opened = PTHREAD_ONCE_INIT;

static _Thread_local struct {
	uint64_t	 hash;
	const struct rule *rule;	/* NULL: none fits */
	unsigned	 edition;	/* 0: nothing remembered */
} memory[REMEMBERED];

const char *
queue_reason_class_name(enum queue_reason_class class)
{
	return class < REASON_COUNT ? class_names[class] : "other";
}

enum queue_reason_class
queue_reason_class_find(const char *name)
{
	int i;

	for (i = 0; i < REASON_COUNT; i++)
		if (strcasecmp(class_names[i], name) == 0)
			return (enum queue_reason_class)i;
	return REASON_COUNT;
}

/* ---- the rules ---- */

static int
add_rule(const struct queue_reason_row *row, const char *file, unsigned line,
    struct err *err)
{
	struct rule r = { *row, line, NULL,
	    queue_reason_class_find(row->class) };
	PCRE2_SIZE at;
	int why;

	if (r.class == REASON_COUNT)
		return err_set(err, ERR_SYNTAX, "%s:%u: unknown class '%s'",
		    file, line, row->class);
	if (strcmp(row->regex, "*") != 0) {
		r.regex = pcre2_compile((PCRE2_SPTR)row->regex,
		    PCRE2_ZERO_TERMINATED, PCRE2_CASELESS, &why, &at, NULL);
		if (r.regex == NULL)
			return err_set(err, ERR_SYNTAX, "%s:%u: bad pattern "
			    "at offset %zu", file, line, (size_t)at);
		pcre2_jit_compile(r.regex, PCRE2_JIT_COMPLETE);
	}
	book.rules = xreallocarray(book.rules, book.count + 1,
	    sizeof(*book.rules));
	book.rules[book.count++] = r;
	return 0;
}

static void
forget_rules(void)
{
	size_t i;

	for (i = 0; i < book.count; i++)
		pcre2_code_free(book.rules[i].regex);
	free(book.rules);
	free(book.text);
	book.rules = NULL;
	book.text = NULL;
	book.count = 0;
	book.edition++;
}

/* The rules that are built in, unless a file was loaded before. */
static void
open_book(void)
{
	struct err err = ERR_INIT;
	unsigned i;

	book.limits = pcre2_match_context_create(NULL);
	pcre2_set_match_limit(book.limits, MATCH_LIMIT);
	if (++book.edition > 1)
		return;
	for (i = 0; i < queue_reason_row_count; i++)
		add_rule(&queue_reason_rows[i], "built-in reasons", i + 1,
		    &err);
}

int
queue_reason_load(const char *path, struct err *err)
{
	struct buf text = BUF_INIT;
	struct queue_reason_row row;
	char *rest, *line, *field[5];
	unsigned number = 0;
	int i;

	if (file_read(path, &text, FILE_MAX, err) == -1)
		return -1;
	forget_rules();
	rest = book.text = buf_take(&text);
	while ((line = strsep(&rest, "\n")) != NULL) {
		number++;
		if (line[0] == '\0' || line[0] == '#' ||
		    strncmp(line, "dsn\t", 4) == 0)
			continue;
		for (i = 0; i < 5 && line != NULL; i++)
			field[i] = strsep(&line, "\t");
		if (i < 4)
			return err_set(err, ERR_SYNTAX,
			    "%s:%u: five fields expected", path, number);
		row = (struct queue_reason_row){ field[0], field[1], field[2],
		    field[3], i == 5 ? field[4] : "" };
		if (add_rule(&row, path, number, err) == -1)
			return -1;
	}
	return 0;
}

/* ---- taking a reason apart ---- */

const char *
queue_reason_peel(const char *reason, bool *is_suspended)
{
	static const char wrapper[] = "delivery temporarily suspended:";

	*is_suspended = strncasecmp(reason, wrapper, sizeof(wrapper) - 1) == 0;
	if (!*is_suspended)
		return reason;
	reason += sizeof(wrapper) - 1;
	return reason + strspn(reason, " ");
}

static bool
is_reply_code(const char *p)
{
	return (p[0] == '2' || p[0] == '4' || p[0] == '5') &&
	    p[1] >= '0' && p[1] <= '5' && isdigit((unsigned char)p[2]) &&
	    (p[3] == ' ' || p[3] == '-' || p[3] == '\0');
}

int
queue_reason_code(const char *reason)
{
	const char *p = strstr(reason, "said: ");

	if (p != NULL)
		p += 6;
	else if ((p = strstr(reason, "refused to talk to me: ")) != NULL)
		p += 23;
	else
		p = reason;
	return is_reply_code(p) ? (p[0] - '0') * 100 + (p[1] - '0') * 10 +
	    (p[2] - '0') : 0;
}

bool
queue_reason_relay(const char *reason, struct buf *name, struct buf *addr)
{
	const char *open = reason, *close, *start;

	while ((open = strchr(open, '[')) != NULL) {
		close = open + 1 + strspn(open + 1,
		    "0123456789abcdefABCDEF.:");
		start = open;
		while (start > reason && (isalnum((unsigned char)start[-1]) ||
		    start[-1] == '.' || start[-1] == '-' || start[-1] == '_'))
			start--;
		if (*close == ']' && close > open + 3 && start < open) {
			buf_add(name, start, (size_t)(open - start));
			buf_add(addr, open + 1, (size_t)(close - open - 1));
			return true;
		}
		open++;
	}
	return false;
}

/* ---- classifying ---- */

static uint64_t
hash(const char *a, const char *b)
{
	uint64_t h = 14695981039346656037u;

	for (; *a != '\0'; a++)
		h = (h ^ (unsigned char)*a) * 1099511628211u;
	h = (h ^ 256) * 1099511628211u;
	for (; *b != '\0'; b++)
		h = (h ^ (unsigned char)*b) * 1099511628211u;
	return h;
}

static bool
fits(const char *glob, const char *text)
{
	return strcmp(glob, "*") == 0 || fnmatch(glob, text, 0) == 0;
}

static const struct rule *
find_rule(const char *reason, const char *dsn)
{
	pcre2_match_data *match = pcre2_match_data_create(1, NULL);
	char code[8] = "";
	size_t len = strlen(reason), i;
	int number = queue_reason_code(reason);
	const struct rule *r = NULL;

	if (len > TEXT_MAX_LEN)
		len = TEXT_MAX_LEN;
	if (number > 0) {
		code[0] = (char)('0' + number / 100);
		code[1] = (char)('0' + number / 10 % 10);
		code[2] = (char)('0' + number % 10);
	}
	for (i = 0; i < book.count && r == NULL; i++) {
		if (!fits(book.rules[i].row.dsn, dsn) ||
		    !fits(book.rules[i].row.code, code))
			continue;
		if (book.rules[i].regex == NULL ||
		    pcre2_match(book.rules[i].regex, (PCRE2_SPTR)reason, len,
		    0, 0, match, book.limits) >= 0)
			r = &book.rules[i];
	}
	pcre2_match_data_free(match);
	return r;
}

/* The rule for a reason that was peeled and is not empty; NULL: none fits. */
static const struct rule *
rule_of(const char *reason, const char *dsn)
{
	uint64_t h;
	size_t slot;

	pthread_once(&opened, open_book);
	h = hash(reason, dsn);
	slot = h & (REMEMBERED - 1);
	if (memory[slot].edition != book.edition || memory[slot].hash != h) {
		memory[slot].rule = find_rule(reason, dsn);
		memory[slot].hash = h;
		memory[slot].edition = book.edition;
	}
	return memory[slot].rule;
}

enum queue_reason_class
queue_reason_classify(const char *reason, const char *dsn,
    const char **advice)
{
	const struct rule *r;
	bool is_suspended;

	if (advice != NULL)
		*advice = "";
	reason = queue_reason_peel(reason, &is_suspended);
	if (reason[0] == '\0')
		return is_suspended ? REASON_OTHER : REASON_NONE;
	if ((r = rule_of(reason, dsn)) == NULL)
		return REASON_OTHER;
	if (advice != NULL)
		*advice = r->row.advice;
	return r->class;
}

bool
queue_reason_rule(const char *reason, const char *dsn,
    struct queue_reason_row *row, unsigned *line)
{
	const struct rule *r;
	bool is_suspended;

	reason = queue_reason_peel(reason, &is_suspended);
	if (reason[0] == '\0' || (r = rule_of(reason, dsn)) == NULL)
		return false;
	*row = r->row;
	*line = r->line;
	return true;
}

/* ---- signatures ---- */

static size_t
token_len(const char *p)
{
	return strcspn(p, " \t,;()<>\"'");
}

static bool
is_only(const char *p, size_t len, const char *set)
{
	return strspn(p, set) >= len;
}

/* What kind of varying thing is this word? NULL: it stays. */
static const char *
placeholder(const char *p, size_t len)
{
	size_t digits = 0, dots = 0, colons = 0, upper = 0, i;

	for (i = 0; i < len; i++) {
		digits += isdigit((unsigned char)p[i]) != 0;
		upper += isupper((unsigned char)p[i]) != 0;
		dots += p[i] == '.';
		colons += p[i] == ':';
	}
	if (memmem(p, len, "://", 3) != NULL)
		return "<url>";
	if (memchr(p, '@', len) != NULL)
		return "<addr>";
	if (dots >= 3 && is_only(p, len, "0123456789.:[]"))
		return "<ip>";
	if (colons >= 2 && is_only(p, len, "0123456789abcdefABCDEF:.[]"))
		return digits == len - colons ? "<n>" : "<ip>";
	if (memchr(p, '[', len) != NULL && dots > 0)
		return "<host>";
	if (digits > 0 && dots == 2 && is_only(p, len, "0123456789."))
		return NULL;			/* an enhanced code */
	if (digits == 3 && len == 3 && strchr("245", p[0]) != NULL)
		return NULL;			/* a reply code */
	if (digits == len)
		return "<n>";
	if (dots > 0 && len > 3 && p[len - 1] != '.' &&
	    isalpha((unsigned char)p[len - 1]) && !isdigit((unsigned char)p[0]))
		return "<host>";
	if (digits >= 2 && len >= 8 && upper + digits >= 4)
		return "<id>";
	return NULL;
}

void
queue_reason_signature(const char *reason, struct buf *out)
{
	const char *mark;
	size_t len, cut;

	while (*reason != '\0') {
		if ((len = token_len(reason)) == 0) {
			buf_addc(out, *reason++);
			continue;
		}
		for (cut = len; cut > 1 && (reason[cut - 1] == ':' ||
		    reason[cut - 1] == '.'); )
			cut--;
		mark = placeholder(reason, cut);
		if (mark != NULL)
			buf_adds(out, mark);
		else
			buf_add(out, reason, cut);
		buf_add(out, reason + cut, len - cut);
		reason += len;
	}
}
