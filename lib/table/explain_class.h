/*
 * explain_class.h - the searches that postmap --explain can do
 */
#ifndef LIB_TABLE_EXPLAIN_CLASS_H
#define LIB_TABLE_EXPLAIN_CLASS_H

#include "lib/base/buf.h"
#include "lib/table/table.h"

struct maps;

/* A key, taken apart as the feature has it. */
struct explain_question {
	const char	*text;
	const char	*sender;	/* for passwords that depend on it; or NULL */
	struct buf	 address;	/* text as an internal address */
	struct buf	*extension;	/* out: what no key of a mapping held */
};

struct explain_class {
	const char	*name;
	/* with the tables; "": they must be named; NULL: those of restrictions */
	const char	*parameter;
	enum table_result (*ask)(const struct explain_question *q,
			    struct maps *maps, struct buf *value);
	unsigned	 flags;		/* SEARCH_*: how the tables are opened */
	const char	*propagates;	/* a mapping: its name in propagate_unmatched_extensions */
};

/* explain_class_find - by name; NULL: there is none */
const struct explain_class *explain_class_find(const char *name);
/* explain_class_at - iterate class names; NULL at the end */
const char	*explain_class_at(size_t i);

#endif
