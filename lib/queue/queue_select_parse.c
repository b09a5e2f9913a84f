/*
 * queue_select_parse.c - text of a selection -> tree
 *
 * Recursive descent over the grammar, one token ahead. Values are made
 * comparable here, once, by the type of their field, so that evaluation only
 * compares.
 *
 *	or -> and -> not -> prim -> ( ... ) | quantifier | test | flag | @name | word
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_select.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <idn2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/text.h"
#include "lib/queue/queue_reason.h"
#include "lib/queue/queue_select_internal.h"
#include "lib/table/table.h"

#define DEPTH_MAX	100		/* parentheses, not, saved selections */
#define SET_FILE_MAX	(256 * 1024 * 1024)
#define SAVED_FILE_MAX	(1024 * 1024)
#define MATCH_LIMIT	200000		/* steps of one regex match */
#define MATCH_DEPTH	10000

enum token {
	T_END, T_WORD, T_STRING, T_REGEX, T_OPEN, T_CLOSE, T_COMMA,
	T_EQ, T_NE, T_MATCH, T_NMATCH, T_LT, T_LE, T_GT, T_GE,
	T_NOT, T_AND, T_OR
};

struct parser {
	const char	*text, *next;	/* next: behind the current token */
	const char	*at;		/* where the current token begins */
	enum token	 token;
	struct buf	 value;		/* of a word, string or regex */
	bool		 is_case_sensitive;
	bool		 in_rcpt;	/* inside a quantifier */
	int		 depth;
	time_t		 now;
	struct err	*err;
	bool		 has_failed;
};

static struct node *parse_or(struct parser *p);

/* ---- saved selections ---- */

struct saved {
	char		*name, *text;
	UT_hash_handle	 hh;
};

static struct saved *saved;

static const char *const built_in[][2] = {
	{ "bounces", "is bounce" },
	{ "stuck", "queue = deferred and age > 4h" },
	{ "backscatter", "is bounce and queue = deferred and age > 1d" },
	{ "local-trouble",
	    "class in (local-config, local-resource, filter)" },
	{ "giants", "size > 10M" },
	{ "dying", "is dying" },
};

static const char *
find_saved(const char *name)
{
	struct saved *s;
	size_t i;

	HASH_FIND_STR(saved, name, s);
	if (s != NULL)
		return s->text;
	for (i = 0; i < sizeof(built_in) / sizeof(built_in[0]); i++)
		if (strcmp(built_in[i][0], name) == 0)
			return built_in[i][1];
	return NULL;
}

int
queue_select_saved(const char *path, struct err *err)
{
	struct buf file = BUF_INIT;
	char *rest, *line, *eq, *end;
	struct saved *s, *old;
	int number = 0, rc = 0;

	if (file_read(path, &file, SAVED_FILE_MAX, err) == -1)
		return -1;
	rest = file.ptr;
	while (rc == 0 && (line = strsep(&rest, "\n")) != NULL) {
		number++;
		line += strspn(line, " \t");
		if (*line == '\0' || *line == '#')
			continue;
		if ((eq = strchr(line, '=')) == NULL) {
			rc = err_set(err, ERR_SYNTAX,
			    "%s:%d: missing '=' after the name", path, number);
			break;
		}
		for (end = eq; end > line && (end[-1] == ' ' ||
		    end[-1] == '\t'); end--)
			;
		s = xcalloc(1, sizeof(*s));
		s->name = xstrndup(line + (*line == '@'),
		    (size_t)(end - line) - (*line == '@'));
		s->text = xstrdup(eq + 1 + strspn(eq + 1, " \t"));
		HASH_FIND_STR(saved, s->name, old);
		if (old != NULL) {
			HASH_DEL(saved, old);
			free(old->name);
			free(old->text);
			free(old);
		}
		HASH_ADD_KEYPTR(hh, saved, s->name, strlen(s->name), s);
	}
	buf_done(&file);
	return rc;
}

/* ---- errors ---- */

static int
fail_at(struct parser *p, const char *at, const char *what, const char *hint)
{
	const char *c;
	int line = 1, column = 1;

	if (p->has_failed)
		return -1;
	p->has_failed = true;
	for (c = p->text; c < at; c++) {
		if (*c == '\n') {
			line++;
			column = 1;
		} else if ((*c & 0xc0) != 0x80) {
			column++;
		}
	}
	return err_set(p->err, ERR_SYNTAX, "%s at %d:%d%s%s", what, line,
	    column, hint != NULL ? "; " : "", hint != NULL ? hint : "");
}

static void *
fail(struct parser *p, const char *what)
{
	fail_at(p, p->at, what, NULL);
	return NULL;
}

static void *
fail_named(struct parser *p, const char *at, const char *kind,
    const char *name, const char *hint)
{
	struct buf what = BUF_INIT;

	buf_addf(&what, "%s \"%.60s\"", kind, name);
	fail_at(p, at, what.ptr, hint);
	buf_done(&what);
	return NULL;
}

/* ---- tokens ---- */

static bool
is_word_char(int c)
{
	return isalnum(c) || c >= 0x80 ||
	    (c != '\0' && strchr("._-+@*/:%[]?$", c) != NULL);
}

static bool
read_string(struct parser *p)
{
	const char *s = p->at + 1;
	char quote = *p->at, hex[3];

	for (; *s != quote; s++) {
		if (*s == '\0') {
			fail(p, "unterminated string");
			return false;
		}
		if (*s != '\\') {
			buf_addc(&p->value, *s);
			continue;
		}
		s++;
		switch (*s) {
		case 'n': buf_addc(&p->value, '\n'); break;
		case 't': buf_addc(&p->value, '\t'); break;
		case '\\': case '\'': case '"':
			buf_addc(&p->value, *s);
			break;
		case 'x':
			if (!isxdigit((unsigned char)s[1]) ||
			    !isxdigit((unsigned char)s[2])) {
				fail(p, "\\x needs two hex digits");
				return false;
			}
			hex[0] = s[1];
			hex[1] = s[2];
			hex[2] = '\0';
			buf_addc(&p->value, (int)strtol(hex, NULL, 16));
			s += 2;
			break;
		case '\0':
			fail(p, "unterminated string");
			return false;
		default:
			/* Patterns are full of these; keep both. */
			buf_addc(&p->value, '\\');
			buf_addc(&p->value, *s);
			break;
		}
	}
	p->next = s + 1;
	p->token = T_STRING;
	return true;
}

static bool
symbol(struct parser *p, const char *text, enum token token)
{
	size_t len = strlen(text);

	if (strncmp(p->at, text, len) != 0)
		return false;
	p->token = token;
	p->next = p->at + len;
	return true;
}

static void
advance(struct parser *p)
{
	static const struct {
		const char	*text;
		enum token	 token;
	} symbols[] = {		/* longer ones first */
		{ "!=", T_NE }, { "!~", T_NMATCH }, { "=~", T_MATCH },
		{ "<=", T_LE }, { ">=", T_GE }, { "&&", T_AND },
		{ "||", T_OR }, { "=", T_EQ }, { "~", T_MATCH },
		{ "<", T_LT }, { ">", T_GT }, { "!", T_NOT },
		{ "(", T_OPEN }, { ")", T_CLOSE }, { ",", T_COMMA },
	};
	size_t i;

	p->at = p->next + strspn(p->next, " \t\r\n");
	p->next = p->at;
	buf_reset(&p->value);
	if (*p->at == '\0') {
		p->token = T_END;
		return;
	}
	if (*p->at == '"' || *p->at == '\'') {
		if (!read_string(p))
			p->token = T_END;
		return;
	}
	if (strncmp(p->at, "<>", 2) == 0) {	/* the null sender */
		buf_sets(&p->value, "<>");
		p->token = T_WORD;
		p->next = p->at + 2;
		return;
	}
	for (i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++)
		if (symbol(p, symbols[i].text, symbols[i].token))
			return;
	while (is_word_char((unsigned char)*p->next))
		buf_addc(&p->value, *p->next++);
	p->token = T_WORD;
	if (p->next == p->at) {
		fail(p, "unexpected character");
		p->token = T_END;
	}
}

static bool
is_word(const struct parser *p, const char *word)
{
	return p->token == T_WORD && strcasecmp(p->value.ptr, word) == 0;
}

static bool
accept_word(struct parser *p, const char *word)
{
	if (!is_word(p, word))
		return false;
	advance(p);
	return true;
}

/* Is the word behind the current token this one? */
static bool
next_is_word(const struct parser *p, const char *word)
{
	const char *s = p->next + strspn(p->next, " \t\r\n");
	size_t len = strlen(word);

	return strncasecmp(s, word, len) == 0 &&
	    !is_word_char((unsigned char)s[len]);
}

/* After a match operator a leading '/' opens a pattern. */
static void
advance_pattern(struct parser *p)
{
	const char *s = p->next + strspn(p->next, " \t\r\n");

	if (*s != '/') {
		advance(p);
		return;
	}
	p->at = s++;
	buf_reset(&p->value);
	for (; *s != '/'; s++) {
		if (*s == '\0') {
			fail(p, "unterminated pattern");
			p->token = T_END;
			return;
		}
		if (*s == '\\' && s[1] != '\0') {
			s++;
			if (*s != '/')
				buf_addc(&p->value, '\\');
		}
		buf_addc(&p->value, *s);
	}
	s++;
	p->is_case_sensitive = *s == 'c';
	if (*s == 'i' || *s == 'c')
		s++;
	p->next = s;
	p->token = T_REGEX;
}

/* ---- nodes ---- */

static struct node *
node_new(enum node_kind kind)
{
	struct node *n = xcalloc(1, sizeof(*n));

	n->kind = kind;
	return n;
}

static void
add_kid(struct node *n, struct node *kid)
{
	size_t i;

	/* a and (b and c) is a and b and c */
	if (kid->kind == n->kind && (n->kind == NODE_AND ||
	    n->kind == NODE_OR)) {
		for (i = 0; i < kid->kid_count; i++)
			add_kid(n, kid->kids[i]);
		free(kid->kids);
		free(kid);
		return;
	}
	n->kids = xreallocarray(n->kids, n->kid_count + 1, sizeof(*n->kids));
	n->kids[n->kid_count++] = kid;
}

void
node_free(struct node *n)
{
	size_t i;

	if (n == NULL)
		return;
	for (i = 0; i < n->kid_count; i++)
		node_free(n->kids[i]);
	free(n->kids);
	if (n->kind == NODE_TEST) {
		HASH_CLEAR(hh, n->test.set);
		for (i = 0; i < n->test.value_count; i++)
			free(n->test.values[i].text);
		free(n->test.values);
		free(n->test.header);
		free(n->test.source);
		free(n->test.pattern);
		pcre2_code_free(n->test.regex);
		if (n->test.map != NULL)
			table_close(n->test.map);
	}
	free(n);
}

static void
set_tiers(struct node *n)
{
	size_t i;

	if (n->kind == NODE_TEST) {
		n->tier = n->top_tier = n->test.field != NULL ?
		    (int)n->test.field->tier : TIER_HEADERS;
		return;
	}
	n->tier = TIER_HEADERS;
	for (i = 0; i < n->kid_count; i++) {
		set_tiers(n->kids[i]);
		if (n->kids[i]->tier < n->tier)
			n->tier = n->kids[i]->tier;
		if (n->kids[i]->top_tier > n->top_tier)
			n->top_tier = n->kids[i]->top_tier;
	}
	if (n->kind >= NODE_ANY && n->kind <= NODE_NONE) {
		if (n->tier < TIER_ENVELOPE)
			n->tier = TIER_ENVELOPE;
		if (n->top_tier < TIER_ENVELOPE)
			n->top_tier = TIER_ENVELOPE;
	}
}

/* ---- values ---- */

bool
test_is_id(const struct test *t)
{
	return t->field != NULL && strcmp(t->field->name, "id") == 0;
}

/* The A-label form of a domain that is not ASCII; letters in lower case. */
static void
fold_domain(struct buf *out, const char *domain)
{
	char *ascii = NULL;
	size_t from = out->len;

	if (!text_is_ascii(domain) && idn2_to_ascii_8z(domain, &ascii,
	    IDN2_NONTRANSITIONAL) == IDN2_OK)
		buf_adds(out, ascii);
	else
		buf_adds(out, domain);
	idn2_free(ascii);
	text_lower(out->ptr + from);
}

void
literal_fold(struct buf *out, enum queue_field_type type, bool is_id,
    const char *text)
{
	const char *at;
	struct buf local = BUF_INIT;

	if (is_id) {
		buf_adds(out, text);
		return;
	}
	switch (type) {
	case FIELD_DOMAIN:
		fold_domain(out, text);
		break;
	case FIELD_ADDRESS:
		if (strcmp(text, "<>") == 0)
			return;
		if ((at = strrchr(text, '@')) == NULL) {
			text_fold(out, text);
			break;
		}
		buf_add(&local, text, (size_t)(at - text));
		text_fold(out, local.ptr);
		buf_addc(out, '@');
		fold_domain(out, at + 1);
		buf_done(&local);
		break;
	default:
		text_fold(out, text);
		break;
	}
}

bool
literal_ip(const char *text, struct literal *out)
{
	char copy[64];
	const char *slash = strchr(text, '/');
	size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
	uint64_t prefix;
	unsigned most;

	if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	if (len == 0 || len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (inet_pton(AF_INET, copy, out->ip) == 1)
		out->family = AF_INET;
	else if (inet_pton(AF_INET6, copy, out->ip) == 1)
		out->family = AF_INET6;
	else
		return false;
	most = out->family == AF_INET ? 32 : 128;
	out->prefix = most;
	if (slash != NULL) {
		if (num_parse_uint(slash + 1, most, &prefix, NULL) == -1)
			return false;
		out->prefix = (unsigned)prefix;
	}
	return true;
}

static bool
parse_duration(const char *text, int64_t *out)
{
	static const char units[] = "smhdw";
	static const int64_t seconds[] = { 1, 60, 3600, 86400, 604800 };
	int64_t sum = 0, n;
	const char *u;

	if (*text == '\0')
		return false;
	while (*text != '\0') {
		if (!isdigit((unsigned char)*text))
			return false;
		for (n = 0; isdigit((unsigned char)*text); text++)
			if (__builtin_mul_overflow(n, (int64_t)10, &n) ||
			    __builtin_add_overflow(n, (int64_t)(*text - '0'),
			    &n))
				return false;
		if (*text == '\0' || (u = strchr(units,
		    tolower((unsigned char)*text))) == NULL)
			return false;
		text++;
		if (__builtin_mul_overflow(n, seconds[u - units], &n) ||
		    __builtin_add_overflow(sum, n, &sum))
			return false;
	}
	*out = sum;
	return true;
}

static bool
parse_size(const char *text, int64_t *out)
{
	int64_t n = 0, unit = 1;
	const char *p;

	for (p = text; isdigit((unsigned char)*p); p++)
		if (__builtin_mul_overflow(n, (int64_t)10, &n) ||
		    __builtin_add_overflow(n, (int64_t)(*p - '0'), &n))
			return false;
	if (p == text)
		return false;
	switch (toupper((unsigned char)*p)) {
	case 'K': unit = 1024; p++; break;
	case 'M': unit = 1024 * 1024; p++; break;
	case 'G': unit = 1024 * 1024 * 1024; p++; break;
	}
	return *p == '\0' && !__builtin_mul_overflow(n, unit, out);
}

static int64_t
midnight(time_t now, int days)
{
	struct tm tm;

	if (localtime_r(&now, &tm) == NULL)
		return now;
	tm.tm_sec = tm.tm_min = tm.tm_hour = 0;
	tm.tm_mday += days;
	tm.tm_isdst = -1;
	return mktime(&tm);
}

/* RFC 3339; without an offset it is local time, without a time midnight. */
static bool
parse_date(const char *text, int64_t *out)
{
	struct tm tm = { 0 };
	int n = 0, sign, hours, minutes;

	if (sscanf(text, "%4d-%2d-%2d%n", &tm.tm_year, &tm.tm_mon,
	    &tm.tm_mday, &n) != 3 || n != 10)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	tm.tm_isdst = -1;
	text += n;
	if (*text == 'T' || *text == 't' || *text == ' ') {
		text++;
		if (sscanf(text, "%2d:%2d%n", &tm.tm_hour, &tm.tm_min, &n)
		    != 2 || n != 5)
			return false;
		text += n;
		if (*text == ':') {
			if (sscanf(text, ":%2d%n", &tm.tm_sec, &n) != 1 ||
			    n != 3)
				return false;
			text += n;
		}
	}
	if (tm.tm_mon < 0 || tm.tm_mon > 11 || tm.tm_mday < 1 ||
	    tm.tm_mday > 31 || tm.tm_hour > 24 || tm.tm_min > 59 ||
	    tm.tm_sec > 60)
		return false;
	if (*text == '\0') {
		*out = mktime(&tm);
		return true;
	}
	tm.tm_isdst = 0;
	*out = timegm(&tm);
	if (strcasecmp(text, "Z") == 0)
		return true;
	if (sscanf(text + 1, "%2d:%2d%n", &hours, &minutes, &n) != 2 ||
	    n != 5 || text[1 + n] != '\0' || (*text != '+' && *text != '-'))
		return false;
	sign = *text == '+' ? -1 : 1;
	*out += sign * (hours * 3600 + minutes * 60);
	return true;
}

/* p's token is the first word of the time; "now - 2h" may take three. */
static bool
parse_time(struct parser *p, int64_t *out)
{
	const char *text = p->value.ptr, *minus;
	int64_t back = 0;
	bool with_blanks;

	if (strcasecmp(text, "today") == 0) {
		*out = midnight(p->now, 0);
		return true;
	}
	if (strcasecmp(text, "yesterday") == 0) {
		*out = midnight(p->now, -1);
		return true;
	}
	if (strncasecmp(text, "now", 3) != 0)
		return parse_date(text, out);
	minus = text + 3;
	with_blanks = *minus == '\0' && next_is_word(p, "-");
	if (with_blanks) {
		advance(p);
		advance(p);
		if (p->token != T_WORD || !parse_duration(p->value.ptr, &back))
			return false;
	} else if (*minus == '-') {
		if (!parse_duration(minus + 1, &back))
			return false;
	} else if (*minus != '\0') {
		return false;
	}
	*out = p->now - back;
	return true;
}

static const char *
type_name(enum queue_field_type type)
{
	static const char *const names[] = { "an address", "a domain",
	    "a text", "a number", "a size such as 4k or 10M",
	    "a duration such as 90s or 1d12h",
	    "a time such as 2026-11-21T14:00, today, now-2h",
	    "an IP address or network", "a queue", "a reason class",
	    "a flag" };

	return names[type];
}

static bool
is_queue(const char *name)
{
	static const char *const queues[] = { "incoming", "active",
	    "deferred", "hold", "maildrop", "corrupt", "trash" };
	size_t i;

	for (i = 0; i < sizeof(queues) / sizeof(queues[0]); i++)
		if (strcasecmp(queues[i], name) == 0)
			return true;
	return false;
}

/*
 * Make text comparable for a test. quoted: a string, in which '*' is no glob.
 * False when it is not of the field's type.
 */
static bool
make_literal(struct parser *p, const struct test *t, const char *text,
    bool quoted, struct literal *out)
{
	enum queue_field_type type = t->field != NULL ? t->field->type :
	    FIELD_TEXT;
	struct buf folded = BUF_INIT;

	memset(out, 0, sizeof(*out));
	switch (type) {
	case FIELD_NUMBER:
		return num_parse_int(text, INT64_MIN, INT64_MAX, &out->number,
		    NULL) == 0;
	case FIELD_SIZE:
		return parse_size(text, &out->number);
	case FIELD_DURATION:
		return parse_duration(text, &out->number);
	case FIELD_TIME:
		return parse_time(p, &out->number);
	case FIELD_IP:
		return literal_ip(text, out);
	case FIELD_QUEUE:
		if (!is_queue(text))
			return false;
		break;
	case FIELD_CLASS:
		if (queue_reason_class_find(text) == REASON_COUNT)
			return false;
		break;
	default:
		out->is_glob = !quoted && strpbrk(text, "*?") != NULL;
		break;
	}
	literal_fold(&folded, type, test_is_id(t), text);
	out->text = buf_take(&folded);
	return true;
}

static void
add_literal(struct test *t, const struct literal *v)
{
	/* Doubling by powers of two: a file may hold millions. */
	if ((t->value_count & (t->value_count - 1)) == 0)
		t->values = xreallocarray(t->values, t->value_count == 0 ? 1 :
		    t->value_count * 2, sizeof(*t->values));
	t->values[t->value_count++] = *v;
}

static bool
take_value(struct parser *p, struct test *t)
{
	struct literal v;
	struct buf hint = BUF_INIT;

	if (p->token != T_WORD && p->token != T_STRING) {
		fail(p, "a value is missing");
		return false;
	}
	if (!make_literal(p, t, p->value.ptr, p->token == T_STRING, &v)) {
		buf_addf(&hint, "%s needs %s", t->field->name,
		    type_name(t->field->type));
		fail_named(p, p->at, "bad value", p->value.ptr, hint.ptr);
		buf_done(&hint);
		return false;
	}
	add_literal(t, &v);
	advance(p);
	return !p->has_failed;
}

/* ---- tests ---- */

static bool
has_order(enum queue_field_type type)
{
	return type == FIELD_NUMBER || type == FIELD_SIZE ||
	    type == FIELD_DURATION || type == FIELD_TIME;
}

static bool
may_apply(enum queue_field_type type, enum test_op op)
{
	switch (op) {
	case OP_EQ: case OP_NE: case OP_IN: case OP_NOT_IN:
		return type != FIELD_FLAG;
	case OP_MATCH: case OP_NMATCH:
		return type == FIELD_ADDRESS || type == FIELD_DOMAIN ||
		    type == FIELD_TEXT;
	case OP_LT: case OP_LE: case OP_GT: case OP_GE: case OP_BETWEEN:
		return has_order(type);
	case OP_UNDER:
		return type == FIELD_DOMAIN;
	case OP_FLAG:
		return type == FIELD_FLAG;
	}
	return false;
}

static bool
compile(struct parser *p, struct test *t, const char *pattern,
    bool is_case_sensitive)
{
	struct buf what = BUF_INIT;
	PCRE2_UCHAR why[128];
	PCRE2_SIZE offset;
	int number;

	t->pattern = xstrdup(pattern);
	t->is_case_sensitive = is_case_sensitive;
	t->regex = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
	    PCRE2_UTF | PCRE2_MATCH_INVALID_UTF |
	    (is_case_sensitive ? 0 : PCRE2_CASELESS), &number, &offset, NULL);
	if (t->regex == NULL) {
		pcre2_get_error_message(number, why, sizeof(why));
		buf_addf(&what, "bad pattern (%s)", (char *)why);
		fail(p, what.ptr);
		buf_done(&what);
		return false;
	}
	pcre2_jit_compile(t->regex, PCRE2_JIT_COMPLETE);
	return true;
}

/* "\/" means '/' in either way of writing a pattern. */
static void
normal_pattern(struct buf *b)
{
	struct buf out = BUF_INIT;
	const char *s;

	for (s = b->ptr; *s != '\0'; s++) {
		if (*s == '\\' && s[1] != '\0') {
			s++;
			if (*s != '/')
				buf_addc(&out, '\\');
		}
		buf_addc(&out, *s);
	}
	buf_swap(b, &out);
	buf_done(&out);
}

static bool
take_pattern(struct parser *p, struct test *t)
{
	bool is_good;

	if (p->token != T_REGEX && p->token != T_WORD &&
	    p->token != T_STRING) {
		fail(p, "a pattern is missing");
		return false;
	}
	if (p->token != T_REGEX) {
		p->is_case_sensitive = false;
		normal_pattern(&p->value);
	}
	is_good = compile(p, t, p->value.ptr, p->is_case_sensitive);
	if (is_good)
		advance(p);
	return is_good && !p->has_failed;
}

static bool
read_set_file(struct parser *p, struct test *t, const char *path)
{
	struct buf file = BUF_INIT;
	struct err err = ERR_INIT;
	struct literal v;
	char *rest, *line, *end, where[32];

	if (file_read(path, &file, SET_FILE_MAX, &err) == -1) {
		fail(p, err.text);
		return false;
	}
	rest = file.ptr;
	while ((line = strsep(&rest, "\n")) != NULL) {
		line += strspn(line, " \t\r");
		for (end = line + strlen(line); end > line &&
		    strchr(" \t\r", end[-1]) != NULL; )
			*--end = '\0';
		if (*line == '\0' || *line == '#')
			continue;
		/* Times are read from p's token: not from files. */
		if ((t->field != NULL && t->field->type == FIELD_TIME) ||
		    !make_literal(p, t, line, true, &v)) {
			snprintf(where, sizeof(where), "%.30s", line);
			fail_named(p, p->at, "bad value in file", where, NULL);
			buf_done(&file);
			return false;
		}
		add_literal(t, &v);
	}
	buf_done(&file);
	return true;
}

static void
keep_source(struct test *t, const char *kind, const char *name)
{
	struct buf b = BUF_INIT;
	const char *s;

	buf_addf(&b, "%s \"", kind);
	for (s = name; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			buf_addc(&b, '\\');
		buf_addc(&b, *s);
	}
	buf_addc(&b, '"');
	t->source = buf_take(&b);
}

/* Behind "in": a set, a file, a table, one value. */
static bool
take_set(struct parser *p, struct test *t)
{
	struct err err = ERR_INIT;
	struct literal *v, *old;
	bool is_text;
	size_t i;

	if (is_word(p, "@file") || is_word(p, "map")) {
		bool is_map = is_word(p, "map");

		advance(p);
		if (p->token != T_STRING && p->token != T_WORD) {
			fail(p, is_map ? "a table name is missing" :
			    "a file name is missing");
			return false;
		}
		keep_source(t, is_map ? "map" : "@file", p->value.ptr);
		if (is_map) {
			t->map = table_open(p->value.ptr, TABLE_READ,
			    TABLE_FOLD, &err);
			if (t->map == NULL) {
				fail(p, err.text);
				return false;
			}
		} else if (!read_set_file(p, t, p->value.ptr)) {
			return false;
		}
		advance(p);
	} else if (p->token == T_OPEN) {
		do {
			advance(p);
			if (!take_value(p, t))
				return false;
		} while (p->token == T_COMMA);
		if (p->token != T_CLOSE) {
			fail(p, "\")\" is missing");
			return false;
		}
		advance(p);
	} else if (!take_value(p, t)) {
		return false;
	}
	is_text = t->field == NULL || (!has_order(t->field->type) &&
	    t->field->type != FIELD_IP);
	for (i = 0; is_text && i < t->value_count; i++) {
		v = &t->values[i];
		if (v->is_glob)
			continue;
		HASH_FIND_STR(t->set, v->text, old);
		if (old == NULL)
			HASH_ADD_KEYPTR(hh, t->set, v->text, strlen(v->text),
			    v);
	}
	return !p->has_failed;
}

static bool
take_operands(struct parser *p, struct test *t)
{
	switch (t->op) {
	case OP_MATCH:
	case OP_NMATCH:
		return take_pattern(p, t);
	case OP_IN:
	case OP_NOT_IN:
		return take_set(p, t);
	case OP_BETWEEN:
		if (!take_value(p, t))
			return false;
		if (!accept_word(p, "and")) {
			fail(p, "\"and\" is missing after \"between\"");
			return false;
		}
		return take_value(p, t);
	default:
		return take_value(p, t);
	}
}

/*
 * The operator at the current token, which is passed; -1 when there is none.
 */
static int
take_operator(struct parser *p)
{
	static const enum test_op ops[] = { [T_EQ] = OP_EQ, [T_NE] = OP_NE,
	    [T_MATCH] = OP_MATCH, [T_NMATCH] = OP_NMATCH, [T_LT] = OP_LT,
	    [T_LE] = OP_LE, [T_GT] = OP_GT, [T_GE] = OP_GE };
	enum token token = p->token;

	if (token >= T_EQ && token <= T_GE) {
		if (token == T_MATCH || token == T_NMATCH)
			advance_pattern(p);
		else
			advance(p);
		return (int)ops[token];
	}
	if (accept_word(p, "under"))
		return OP_UNDER;
	if (accept_word(p, "between"))
		return OP_BETWEEN;
	if (accept_word(p, "in"))
		return OP_IN;
	if (is_word(p, "not") && next_is_word(p, "in")) {
		advance(p);
		advance(p);
		return OP_NOT_IN;
	}
	return -1;
}

static bool
operator_follows(const struct parser *p)
{
	const char *s = p->next + strspn(p->next, " \t\r\n");

	if (strchr("=~<>", *s) != NULL && *s != '\0')
		return true;
	if (*s == '!' && (s[1] == '=' || s[1] == '~'))
		return true;
	return next_is_word(p, "under") || next_is_word(p, "between") ||
	    next_is_word(p, "in") || (next_is_word(p, "not") &&
	    strncasecmp(s + 3 + strspn(s + 3, " \t\r\n"), "in", 2) == 0 &&
	    !is_word_char((unsigned char)s[3 + strspn(s + 3, " \t\r\n") + 2]));
}

static struct node *
unknown_field(struct parser *p, const char *at, const char *name)
{
	const char *near = queue_field_nearest(name);
	struct buf hint = BUF_INIT;

	if (near != NULL)
		buf_addf(&hint, "did you mean \"%s\"?", near);
	fail_named(p, at, "unknown field", name, near != NULL ? hint.ptr :
	    NULL);
	buf_done(&hint);
	return NULL;
}

static struct node *
finish_test(struct parser *p, struct node *n, const char *name,
    const char *at)
{
	struct buf what = BUF_INIT;
	const char *op_at = p->at;
	int op = take_operator(p);

	if (op == -1) {
		buf_addf(&what, "field \"%.60s\" needs an operator", name);
		fail_at(p, at, what.ptr, NULL);
	} else {
		n->test.op = (enum test_op)op;
		if (!may_apply(n->test.field != NULL ? n->test.field->type :
		    FIELD_TEXT, n->test.op)) {
			buf_addf(&what, "operator does not fit \"%.60s\"",
			    name);
			fail_at(p, op_at, what.ptr, n->test.field->type ==
			    FIELD_FLAG ? "a flag stands alone" : NULL);
		} else if (take_operands(p, &n->test)) {
			return n;
		}
	}
	buf_done(&what);
	node_free(n);
	return NULL;
}

/* name op value; the name is the current token */
static struct node *
parse_test(struct parser *p)
{
	const struct queue_field *f;
	struct node *n;
	const char *at = p->at;
	char *name = xstrdup(p->value.ptr);

	if ((f = queue_field_find(name, p->in_rcpt)) == NULL) {
		n = unknown_field(p, at, name);
	} else {
		n = node_new(NODE_TEST);
		n->test.field = f;
		advance(p);
		n = finish_test(p, n, name, at);
	}
	free(name);
	return n;
}

/* header("Name") op value; the current token is the parenthesis' word */
static struct node *
parse_header(struct parser *p)
{
	struct node *n;
	const char *at = p->at;

	advance(p);
	if (p->token != T_OPEN)
		return fail(p, "\"(\" is missing after \"header\"");
	advance(p);
	if (p->token != T_STRING && p->token != T_WORD)
		return fail(p, "a header name is missing");
	n = node_new(NODE_TEST);
	n->test.header = xstrdup(p->value.ptr);
	advance(p);
	if (p->token != T_CLOSE) {
		node_free(n);
		return fail(p, "\")\" is missing");
	}
	advance(p);
	return finish_test(p, n, "header", at);
}

static struct node *
flag_node(const struct queue_field *f)
{
	struct node *n = node_new(NODE_TEST);

	n->test.field = f;
	n->test.op = OP_FLAG;
	return n;
}

static struct node *
parse_flag(struct parser *p)
{
	const struct queue_field *f;

	advance(p);			/* is */
	if (p->token != T_WORD)
		return fail(p, "a flag is missing after \"is\"");
	f = queue_field_find(p->value.ptr, p->in_rcpt);
	if (f != NULL && f->type != FIELD_FLAG)	/* "local" is both */
		f = queue_field_find(p->value.ptr, false);
	if (f == NULL || f->type != FIELD_FLAG)
		return fail_named(p, p->at, "unknown flag", p->value.ptr,
		    NULL);
	advance(p);
	return flag_node(f);
}

static struct node *
parse_quantifier(struct parser *p, enum node_kind kind)
{
	struct node *n, *kid;

	if (p->in_rcpt)
		return fail(p, "a quantifier inside a quantifier");
	advance(p);			/* any, all, no */
	advance(p);			/* rcpt */
	if (p->token != T_OPEN)
		return fail(p, "\"(\" is missing after \"rcpt\"");
	advance(p);
	p->in_rcpt = true;
	kid = parse_or(p);
	p->in_rcpt = false;
	if (kid == NULL)
		return NULL;
	if (p->token != T_CLOSE) {
		node_free(kid);
		return fail(p, "\")\" is missing");
	}
	advance(p);
	n = node_new(kind);
	add_kid(n, kid);
	return n;
}

/* A test made here and not written by anybody. */
static struct node *
own_test(struct parser *p, const char *field, enum test_op op,
    const char *value)
{
	struct node *n = node_new(NODE_TEST);
	struct literal v;

	n->test.field = queue_field_find(field, false);
	n->test.op = op;
	if (op == OP_MATCH) {
		compile(p, &n->test, value, false);
	} else {
		make_literal(p, &n->test, value, true, &v);
		add_literal(&n->test, &v);
	}
	return n;
}

/* Could this word be somebody's queue ID? */
static bool
looks_like_id(const char *word)
{
	size_t len = strlen(word), digits = strspn(word, "0123456789ABCDEF");
	const char *z = strrchr(word, 'z');

	if (digits == len && len >= 8 && len <= 24 &&
	    strpbrk(word, "0123456789") != NULL)
		return true;
	return z != NULL && z - word >= 10 && len >= 14 && len <= 24 &&
	    strspn(word, "0123456789BCDFGHJKLMNPQRSTVWXYZ"
	    "bcdfghjklmnpqrstvwxyz") == len && isdigit((unsigned char)*word);
}

static void
quote_pattern(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (strchr("\\^$.[]|()?*+{}#", *text) != NULL)
			buf_addc(out, '\\');
		buf_addc(out, *text);
	}
}

static struct node *
parse_saved(struct parser *p, const char *name)
{
	struct parser inner = { .now = p->now, .in_rcpt = p->in_rcpt,
	    .depth = p->depth + 1, .value = BUF_INIT };
	const char *text = find_saved(name);
	struct buf what = BUF_INIT;
	struct err err = ERR_INIT;
	struct node *n;

	if (text == NULL)
		return fail_named(p, p->at, "unknown saved selection", name,
		    NULL);
	if (inner.depth > DEPTH_MAX)
		return fail_named(p, p->at, "saved selection refers to itself:",
		    name, NULL);
	inner.text = inner.next = text;
	inner.err = &err;
	advance(&inner);
	n = parse_or(&inner);
	if (n != NULL && inner.token != T_END) {
		fail(&inner, "unexpected text");
		node_free(n);
		n = NULL;
	}
	buf_done(&inner.value);
	if (n == NULL) {
		buf_addf(&what, "saved selection \"%.40s\": %.300s,", name,
		    err.text);
		fail(p, what.ptr);
		buf_done(&what);
	}
	return n;
}

/* A word or string alone: an address, a domain, an ID, or text anywhere. */
static struct node *
parse_shorthand(struct parser *p)
{
	static const char *const anywhere[] = { "sender", "rcpt", "subject",
	    "reason" };
	struct buf pattern = BUF_INIT;
	const char *word = p->value.ptr;
	struct node *n;
	size_t i;

	if (p->token == T_WORD && word[0] == '@' &&
	    strchr(word, '.') == NULL)
		return parse_saved(p, word + 1);
	if (p->token == T_WORD && looks_like_id(word))
		return own_test(p, "id", OP_EQ, word);
	n = node_new(NODE_OR);
	if (p->token == T_WORD && word[0] == '@') {
		add_kid(n, own_test(p, "sender.domain", OP_UNDER, word + 1));
		add_kid(n, own_test(p, "rcpt.domain", OP_UNDER, word + 1));
		return n;
	}
	if (p->token == T_WORD && strchr(word, '@') != NULL) {
		add_kid(n, own_test(p, "sender", OP_EQ, word));
		add_kid(n, own_test(p, "rcpt", OP_EQ, word));
		return n;
	}
	quote_pattern(&pattern, word);
	for (i = 0; i < sizeof(anywhere) / sizeof(anywhere[0]); i++)
		add_kid(n, own_test(p, anywhere[i], OP_MATCH, pattern.ptr));
	buf_done(&pattern);
	return n;
}

/* ---- the grammar ---- */

static struct node *
parse_prim(struct parser *p)
{
	const struct queue_field *f;
	struct node *n;

	if (p->token == T_OPEN) {
		advance(p);
		n = parse_or(p);
		if (n == NULL)
			return NULL;
		if (p->token != T_CLOSE) {
			node_free(n);
			return fail(p, "\")\" is missing");
		}
		advance(p);
		return n;
	}
	if (p->token == T_STRING) {
		n = parse_shorthand(p);
		advance(p);
		return n;
	}
	if (p->token != T_WORD)
		return fail(p, p->token == T_END ? "a test is missing" :
		    "unexpected operator");
	if (is_word(p, "any") && next_is_word(p, "rcpt"))
		return parse_quantifier(p, NODE_ANY);
	if (is_word(p, "all") && next_is_word(p, "rcpt"))
		return parse_quantifier(p, NODE_ALL);
	if (is_word(p, "no") && next_is_word(p, "rcpt"))
		return parse_quantifier(p, NODE_NONE);
	if (is_word(p, "is"))
		return parse_flag(p);
	if (is_word(p, "header"))
		return parse_header(p);
	if (operator_follows(p))
		return parse_test(p);
	f = queue_field_find(p->value.ptr, p->in_rcpt);
	if (f != NULL && f->type == FIELD_FLAG) {
		advance(p);
		return flag_node(f);
	}
	if (f != NULL)
		return fail_named(p, p->at, "no operator after field", f->name,
		    "quote it to search for the word");
	if (is_word(p, "and") || is_word(p, "or") || is_word(p, "in") ||
	    is_word(p, "under") || is_word(p, "between"))
		return fail(p, "a test is missing");
	n = parse_shorthand(p);
	if (n != NULL)
		advance(p);
	return n;
}

static struct node *
parse_not(struct parser *p)
{
	struct node *n, *kid;

	if (p->token != T_NOT && !is_word(p, "not"))
		return parse_prim(p);
	if (++p->depth > DEPTH_MAX)
		return fail(p, "nested too deeply");
	advance(p);
	kid = parse_not(p);
	p->depth--;
	if (kid == NULL)
		return NULL;
	n = node_new(NODE_NOT);
	add_kid(n, kid);
	return n;
}

/* kids joined by a word or a symbol */
static struct node *
parse_joined(struct parser *p, enum node_kind kind, const char *word,
    enum token symbol_token, struct node *(*parse_kid)(struct parser *p))
{
	struct node *first = parse_kid(p), *n, *kid;

	if (first == NULL || p->has_failed ||
	    (p->token != symbol_token && !is_word(p, word)))
		return first;
	n = node_new(kind);
	add_kid(n, first);
	while (p->token == symbol_token || is_word(p, word)) {
		advance(p);
		if ((kid = parse_kid(p)) == NULL) {
			node_free(n);
			return NULL;
		}
		add_kid(n, kid);
	}
	return n;
}

static struct node *
parse_and(struct parser *p)
{
	return parse_joined(p, NODE_AND, "and", T_AND, parse_not);
}

static struct node *
parse_or(struct parser *p)
{
	struct node *n;

	if (++p->depth > DEPTH_MAX)
		return fail(p, "nested too deeply");
	n = parse_joined(p, NODE_OR, "or", T_OR, parse_and);
	p->depth--;
	if (n != NULL && p->has_failed) {
		node_free(n);
		return NULL;
	}
	return n;
}

struct queue_select *
queue_select_parse(const char *text, time_t now, struct err *err)
{
	struct parser p = { .text = text, .next = text, .at = text,
	    .value = BUF_INIT, .now = now, .err = err };
	struct queue_select *s;
	struct node *root;

	advance(&p);
	root = p.has_failed ? NULL : parse_or(&p);
	if (root != NULL && p.token != T_END)
		fail(&p, "unexpected text");
	buf_done(&p.value);
	if (root == NULL || p.has_failed) {
		node_free(root);
		return NULL;
	}
	set_tiers(root);
	s = xcalloc(1, sizeof(*s));
	s->root = root;
	s->limits = pcre2_match_context_create(NULL);
	pcre2_set_match_limit(s->limits, MATCH_LIMIT);
	pcre2_set_depth_limit(s->limits, MATCH_DEPTH);
	return s;
}

bool
queue_select_duration(const char *text, int64_t *seconds)
{
	return parse_duration(text, seconds);
}

bool
queue_select_time(const char *text, time_t now, time_t *out)
{
	struct parser p = { .text = text, .next = text, .at = text,
	    .value = BUF_INIT, .now = now };
	int64_t when;
	bool is_good = true;

	if (parse_duration(text, &when)) {
		*out = now - when;
		return true;
	}
	advance(&p);
	is_good = p.token == T_WORD && parse_time(&p, &when);
	if (is_good) {
		advance(&p);
		is_good = p.token == T_END && !p.has_failed;
	}
	if (is_good)
		*out = (time_t)when;
	buf_done(&p.value);
	return is_good;
}

void
queue_select_free(struct queue_select *s)
{
	if (s == NULL)
		return;
	node_free(s->root);
	pcre2_match_context_free(s->limits);
	free(s);
}
