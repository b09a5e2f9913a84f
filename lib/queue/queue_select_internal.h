/*
 * queue_select_internal.h - the tree between parser and evaluator
 */
#ifndef LIB_QUEUE_QUEUE_SELECT_INTERNAL_H
#define LIB_QUEUE_QUEUE_SELECT_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <uthash.h>

#include "lib/base/buf.h"
#include "lib/queue/queue_field.h"

struct table;

enum node_kind {
	NODE_AND, NODE_OR,	/* two kids or more */
	NODE_NOT,
	NODE_ANY, NODE_ALL, NODE_NONE,	/* quantifiers: one kid */
	NODE_TEST
};

enum test_op {
	OP_EQ, OP_NE, OP_MATCH, OP_NMATCH, OP_LT, OP_LE, OP_GT, OP_GE,
	OP_UNDER, OP_BETWEEN, OP_IN, OP_NOT_IN, OP_FLAG
};

/* One value of a test, made comparable when it was parsed. */
struct literal {
	char		*text;		/* normal form for texts */
	bool		 is_glob;
	int64_t		 number;
	int		 family;	/* addresses: AF_INET, AF_INET6, 0 none */
	unsigned char	 ip[16];
	unsigned	 prefix;
	UT_hash_handle	 hh;		/* in the set of "in" */
};

struct test {
	const struct queue_field *field;	/* NULL: header */
	char		*header;
	enum test_op	 op;
	struct literal	*values;
	size_t		 value_count;
	struct literal	*set;		/* hash over values, texts only */
	char		*source;	/* "@file PATH" or "map TYPE:NAME" as given */
	struct table	*map;
	char		*pattern;
	bool		 is_case_sensitive;
	pcre2_code	*regex;
};

struct node {
	enum node_kind	 kind;
	struct node	**kids;
	size_t		 kid_count;
	struct test	 test;
	int		 tier;		/* least that decides anything below */
	int		 top_tier;	/* most that anything below may need */
};

struct queue_select {
	struct node	*root;
	pcre2_match_context *limits;
};

/* literal_fold - the form in which a text of this type is compared, appended */
void	literal_fold(struct buf *out, enum queue_field_type type,
	    bool is_id, const char *text);
/* literal_ip - read an address or a network; false when it is none */
bool	literal_ip(const char *text, struct literal *out);
/* node_is_id - does this test look at the queue ID, whose letter case counts? */
bool	test_is_id(const struct test *t);

#endif
