/*
 * macro.c - the $name language of main.cf values
 *
 * A recursive walk over text in memory: expand() copies and finds references,
 * reference() takes one apart, and whatever a name or a branch stands for
 * goes through expand() again, one level deeper. The depth is bounded, which
 * is also how loops end.
 *
 *	reference  = "$$" | "$" name | "${" body "}" | "$(" body ")"
 *	body       = name [cond] | function "{" text "}"
 *	           | "{" text "}" op "{" text "}" [cond]
 *	cond       = "?" text | "?" "{" text "}" [":" branch] | ":" branch
 *	op         = ("==" | "!=" | "<" | "<=" | ">=" | ">") ["level"]
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/conf/macro.h"

#include <ctype.h>
#include <idn2.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/text.h"

#define MACRO_DEPTH	102	/* the name at which a peer gives up */
#define REFERENCES_MAX	100000	/* $a = $b$b, $b = $c$c and so on double each time */
#define REST_SHOWN	20	/* bytes */
#define LENGTH_MAX	(16 * 1024 * 1024)	/* bytes; as long as main.cf may be */

struct macro {
	unsigned	 flags;
	const char	*allowed;
	macro_lookup_fn	 lookup;
	void		*ctx;
	struct err	*err;
	unsigned	*references;	/* replaced so far */
};

enum macro_op { OP_EQ, OP_NE, OP_LT, OP_LE, OP_GE, OP_GT };

static const struct {
	const char	*text;
	enum macro_op	 op;
} operators[] = {		/* the longer of two that start alike first */
	{ "==", OP_EQ }, { "!=", OP_NE }, { "<=", OP_LE }, { "<", OP_LT },
	{ ">=", OP_GE }, { ">", OP_GT },
};

static int	expand(struct buf *out, struct span text, int depth,
		    const struct macro *m);

/* Shorthand: a span as printf arguments for "%.*s". */
#define SHOW(s)	(int)(s).len, (s).ptr

/* The same of what follows a mistake: its beginning is enough to find it. */
#define SHOW_REST(s)	(int)((s).len < REST_SHOWN ? (s).len : REST_SHOWN), (s).ptr

static struct span
skip(struct span s, size_t n)
{
	return (struct span){ s.ptr + n, s.len - n };
}

static struct span
skip_blank(struct span s)
{
	while (s.len > 0 && isspace((unsigned char)s.ptr[0]))
		s = skip(s, 1);
	return s;
}

static size_t
name_length(struct span s)
{
	size_t n = 0;

	while (n < s.len && (isalnum((unsigned char)s.ptr[n]) ||
	    s.ptr[n] == '_'))
		n++;
	return n;
}

/*
 * Take "{payload}" (or the same in parentheses) off the front of *rest.
 * False when the closing character is missing.
 */
static bool
take_group(struct span *rest, struct span *payload)
{
	char open = rest->ptr[0], close = open == '{' ? '}' : ')';
	size_t i;
	int level = 0;

	for (i = 0; i < rest->len; i++) {
		if (rest->ptr[i] == open)
			level++;
		else if (rest->ptr[i] == close && --level == 0) {
			*payload = (struct span){ rest->ptr + 1, i - 1 };
			*rest = skip(*rest, i + 1);
			return true;
		}
	}
	return false;
}

static int
unbalanced(const struct macro *m, struct span at)
{
	return err_set(m->err, ERR_SYNTAX,
	    "unbalanced {} in attribute expression: \"%.*s\"", SHOW(at));
}

static bool
all_digits(const char *s)
{
	return *s != '\0' && s[strspn(s, "0123456789")] == '\0';
}

/* "major[.minor[.patch]]" as one comparable number. */
static int
parse_level(const char *text, int64_t *level, const struct macro *m)
{
	const char *p = text;
	int64_t part[3] = { 0, 0, 0 };
	int i;

	for (i = 0; i < 3; i++) {
		size_t n = strspn(p, "0123456789");

		if (n == 0 || n > 6)
			break;
		while (n-- > 0)
			part[i] = part[i] * 10 + (*p++ - '0');
		if (*p == '\0') {
			*level = (part[0] * 1000000 + part[1]) * 1000000 +
			    part[2];
			return 0;
		}
		if (*p++ != '.')
			break;
	}
	return err_set(m->err, ERR_SYNTAX,
	    "malformed compatibility level syntax: \"%s\"", text);
}

static int
compare_values(const char *a, const char *b, bool as_level, int *sign,
    const struct macro *m)
{
	int64_t x, y;

	if (as_level) {
		if (parse_level(a, &x, m) == -1 || parse_level(b, &y, m) == -1)
			return -1;
	} else if (all_digits(a) && all_digits(b)) {
		if (num_parse_int(a, 0, INT64_MAX, &x, NULL) == -1 ||
		    num_parse_int(b, 0, INT64_MAX, &y, NULL) == -1)
			return err_set(m->err, ERR_SYNTAX,
			    "number out of range in comparison: \"%s\", \"%s\"",
			    a, b);
	} else {
		*sign = strcmp(a, b);
		return 0;
	}
	*sign = x < y ? -1 : x > y;
	return 0;
}

static const char *
operator_text(enum macro_op op)
{
	size_t i = 0;

	while (operators[i].op != op)
		i++;
	return operators[i].text;
}

static bool
holds(enum macro_op op, int sign)
{
	switch (op) {
	case OP_EQ:
		return sign == 0;
	case OP_NE:
		return sign != 0;
	case OP_LT:
		return sign < 0;
	case OP_LE:
		return sign <= 0;
	case OP_GE:
		return sign >= 0;
	case OP_GT:
		return sign > 0;
	}
	return false;
}

/* Take the operator and its suffix off *rest. */
static int
take_operator(struct span *rest, struct span left, enum macro_op *op,
    bool *as_level, const struct macro *m)
{
	size_t i, n, len = 0;

	for (i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
		len = strlen(operators[i].text);
		if (rest->len >= len &&
		    memcmp(rest->ptr, operators[i].text, len) == 0)
			break;
	}
	if (i == sizeof(operators) / sizeof(operators[0]))
		return err_set(m->err, ERR_SYNTAX, "\"==\" or \"!=\"\" or "
		    "\"<\"\" or \"<=\"\" or \">=\"\" or \">\" expected at: "
		    "\"...%.*s}>>>%.*s\"", SHOW(left), SHOW_REST(*rest));
	*op = operators[i].op;
	*rest = skip(*rest, len);
	n = name_length(*rest);
	/* A digit is no suffix: it is text where a brace belongs. */
	if (n > 0 && !isalpha((unsigned char)rest->ptr[0]))
		n = 0;
	*as_level = n == 5 && memcmp(rest->ptr, "level", 5) == 0;
	if (n > 0 && !*as_level)
		return err_set(m->err, ERR_SYNTAX,
		    "bad operator suffix at: \"...%s>>>%.*s\"",
		    operators[i].text, (int)n, rest->ptr);
	*rest = skip(*rest, n);
	return 0;
}

/* Evaluate "{l} OP {r}" at the front of *rest into *truth. */
static int
relation(struct span *rest, bool *truth, int depth, const struct macro *m)
{
	struct span left, right;
	struct buf l = BUF_INIT, r = BUF_INIT;
	enum macro_op op = OP_EQ;
	bool as_level = false;
	int rc, sign = 0;

	if (!take_group(rest, &left))
		return unbalanced(m, *rest);
	*rest = skip_blank(*rest);
	if (take_operator(rest, left, &op, &as_level, m) == -1)
		return -1;
	right = skip_blank(*rest);
	if (right.len == 0 || right.ptr[0] != '{')
		return err_set(m->err, ERR_SYNTAX,
		    "\"{expression}\" expected at: \"...{%.*s} %s>>>%.*s\"",
		    SHOW(left), operator_text(op), SHOW_REST(*rest));
	*rest = right;
	if (!take_group(rest, &right))
		return unbalanced(m, *rest);
	if ((rc = expand(&l, left, depth + 1, m)) == 0 &&
	    (rc = expand(&r, right, depth + 1, m)) == 0 &&
	    (m->flags & MACRO_SCAN) == 0 &&
	    (rc = compare_values(l.ptr, r.ptr, as_level, &sign, m)) == 0)
		*truth = holds(op, sign);
	buf_done(&l);
	buf_done(&r);
	return rc;
}

/* Take a branch, braced or to the end, that must be the last. */
static int
take_last_branch(struct span rest, struct span *branch, const struct macro *m)
{
	rest = skip_blank(rest);
	if (rest.len == 0 || rest.ptr[0] != '{') {
		*branch = rest;
		return 0;
	}
	if (!take_group(&rest, branch))
		return unbalanced(m, rest);
	rest = skip_blank(rest);
	if (rest.len > 0)
		return err_set(m->err, ERR_SYNTAX,
		    "unexpected input at: \"...%.*s}>>>%.*s\"", SHOW(*branch),
		    SHOW_REST(rest));
	return 0;
}

/* "?yes", "?{yes}", "?{yes}:no", ":no": expand the branch that truth takes. */
static int
conditional(struct buf *out, struct span rest, bool truth, int depth,
    const struct macro *m)
{
	struct span yes = { rest.ptr, 0 }, no = { rest.ptr, 0 };

	if (rest.ptr[0] == ':') {
		if (take_last_branch(skip(rest, 1), &no, m) == -1)
			return -1;
	} else {
		rest = skip_blank(skip(rest, 1));
		if (rest.len > 0 && rest.ptr[0] == '{') {
			if (!take_group(&rest, &yes))
				return unbalanced(m, rest);
			rest = skip_blank(rest);
			if (rest.len > 0 && rest.ptr[0] != ':')
				return err_set(m->err, ERR_SYNTAX,
				    "\":\" expected at: \"...%.*s}>>>%.*s\"",
				    SHOW(yes), SHOW_REST(rest));
			if (rest.len > 0 && take_last_branch(skip(rest, 1),
			    &no, m) == -1)
				return -1;
		} else
			yes = rest;
	}
	if ((m->flags & MACRO_SCAN) != 0 &&
	    expand(out, truth ? no : yes, depth + 1, m) == -1)
		return -1;
	return expand(out, truth ? yes : no, depth + 1, m);
}

/* Append a value that came from the name space. */
static int
add_value(struct buf *out, const char *name, const char *value, int depth,
    const struct macro *m)
{
	size_t start = out->len, i;

	if (++*m->references > REFERENCES_MAX || start > LENGTH_MAX)
		return err_set(m->err, ERR_SYNTAX,
		    "unreasonable number of references: \"%s\"", name);
	if ((m->flags & MACRO_RECURSE) == 0)
		buf_adds(out, value);
	else if (strchr(value, '$') == NULL)
		buf_adds(out, value);
	else if (depth + 1 >= MACRO_DEPTH)
		return err_set(m->err, ERR_SYNTAX,
		    "unreasonable macro call nesting: \"%s\"", name);
	else {
		/* The lookup's text lives only until the next lookup. */
		char *copy = xstrdup(value);
		int rc = expand(out, span_of(copy), depth + 1, m);

		free(copy);
		if (rc == -1)
			return -1;
	}
	for (i = start; m->allowed != NULL && i < out->len; i++)
		if (strchr(m->allowed, out->ptr[i]) == NULL)
			out->ptr[i] = '_';
	return 0;
}

/*
 * "name{argument}": the one function there is. False when it is not a call,
 * which leaves the mistake to the syntax of names.
 */
static bool
function_call(struct buf *out, const char *name, struct span rest, int depth,
    const struct macro *m, int *rc)
{
	struct buf arg = BUF_INIT;
	struct span payload;
	char *ascii = NULL;

	if (rest.len == 0 || rest.ptr[0] != '{' ||
	    strcmp(name, "domain_to_ascii") != 0 ||
	    !take_group(&rest, &payload) || skip_blank(rest).len > 0)
		return false;
	payload = span_trim(payload);
	if ((*rc = expand(&arg, payload, depth + 1, m)) == 0) {
		/* What is not a name in Unicode stays as it is. */
		if (!text_is_ascii(arg.ptr) && idn2_to_ascii_8z(arg.ptr,
		    &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) == IDN2_OK)
			buf_adds(out, ascii);
		else
			buf_add(out, arg.ptr, arg.len);
	}
	idn2_free(ascii);
	buf_done(&arg);
	return true;
}

/* What stands between the braces of a reference. */
static int
reference_body(struct buf *out, struct span body, int depth,
    const struct macro *m)
{
	struct span rest = skip_blank(body), after;
	const char *value = NULL;
	char *name = NULL;
	bool truth = false;
	int rc;

	if (rest.len > 0 && rest.ptr[0] == '{') {
		struct span all = rest;

		if (relation(&rest, &truth, depth, m) == -1)
			return -1;
		after = skip_blank(rest);
		if (after.len == 0) {
			buf_adds(out, truth ? "true" : "");
			return 0;
		}
		if (after.ptr[0] != '?' && after.ptr[0] != ':')
			return err_set(m->err, ERR_SYNTAX, "\"?\" or \":\" "
			    "expected at: \"...%.*s>>>%.*s\"",
			    (int)(rest.ptr > all.ptr), rest.ptr - 1,
			    SHOW_REST(after));
		return conditional(out, after, truth, depth, m);
	}
	name = xstrndup(rest.ptr, name_length(rest));
	rest = skip(rest, strlen(name));
	after = skip_blank(rest);
	if (function_call(out, name, rest, depth, m, &rc))
		;
	else if (after.len > 0 && after.ptr[0] != '?' && after.ptr[0] != ':')
		rc = err_set(m->err, ERR_SYNTAX, "attribute name syntax error "
		    "at: \"...%s>>>%.*s\"", name, SHOW_REST(rest));
	else {
		value = m->lookup(name, m->ctx);
		truth = value != NULL && *value != '\0';
		if (after.len > 0)
			rc = conditional(out, after, truth, depth, m);
		else
			rc = truth ? add_value(out, name, value, depth, m) : 0;
	}
	free(name);
	return rc;
}

/* One reference; *rest starts behind the '$' and is advanced past it. */
static int
reference(struct buf *out, struct span *rest, struct span text, int depth,
    const struct macro *m)
{
	struct span body;

	if (rest->len > 0 && (rest->ptr[0] == '{' || rest->ptr[0] == '(')) {
		if (!take_group(rest, &body))
			return err_set(m->err, ERR_SYNTAX,
			    "truncated macro reference: \"%.*s\"", SHOW(text));
	} else {
		body = (struct span){ rest->ptr, name_length(*rest) };
		*rest = skip(*rest, body.len);
	}
	if (skip_blank(body).len == 0)
		return err_set(m->err, ERR_SYNTAX,
		    "empty macro name: \"%.*s\"", SHOW(text));
	return reference_body(out, body, depth, m);
}

static int
expand(struct buf *out, struct span text, int depth, const struct macro *m)
{
	struct span rest = text;

	if (depth >= MACRO_DEPTH)
		return err_set(m->err, ERR_SYNTAX,
		    "unreasonable macro call nesting: \"%.*s\"", SHOW(text));
	while (rest.len > 0) {
		const char *dollar = memchr(rest.ptr, '$', rest.len);
		size_t n = dollar == NULL ? rest.len :
		    (size_t)(dollar - rest.ptr);

		buf_add(out, rest.ptr, n);
		if (dollar == NULL)
			break;
		rest = skip(rest, n + 1);
		if (rest.len > 0 && rest.ptr[0] == '$') {
			buf_addc(out, '$');
			rest = skip(rest, 1);
		} else if (reference(out, &rest, text, depth, m) == -1)
			return -1;
	}
	return 0;
}

int
macro_expand(struct buf *out, const char *text, unsigned flags,
    const char *allowed, macro_lookup_fn lookup, void *ctx, struct err *err)
{
	unsigned references = 0;
	struct macro m = { flags, allowed, lookup, ctx, err, &references };

	return expand(out, span_of(text), 0, &m);
}
