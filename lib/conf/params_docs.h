/*
 * params_docs.h - what share/parameters.tsv says of each name for people
 *
 * A table of its own, so that the programs that move mail do not carry it.
 * It holds removed names too, which the registry does not know. Used by
 * postconf and by its manual page.
 */
#ifndef LIB_CONF_PARAMS_DOCS_H
#define LIB_CONF_PARAMS_DOCS_H

#include <stdbool.h>
#include <stddef.h>

struct params_doc {		/* offsets into params_docs_text */
	unsigned	 name, type, since, ended, class, programs, category,
			 meaning;
	unsigned	 notes;		/* sentences, and "> name = value" examples, one a line; "" for most */
	bool		 is_unread;	/* no program of this version reads it */
};

extern const struct params_doc params_docs[];	/* sorted by name */
extern const unsigned params_docs_count;
extern const char params_docs_text[];

/* params_doc_find - the row of a name, NULL when it never existed */
const struct params_doc	*params_doc_find(const char *name);

/* params_doc_field - params_doc_field(doc->since) and so on */
static inline const char *
params_doc_field(unsigned offset)
{
	return params_docs_text + offset;
}

/*
 * params_doc_ended - since which level a name is "deprecated", "removed",
 * "renamed" ...; false when it is not
 *
 * level	out: "3.9"; size bytes
 */
bool	params_doc_ended(const struct params_doc *doc, const char *how,
	    char *level, size_t size);

/*
 * params_doc_instead - what to do instead of a deprecated or removed name,
 * as after "instead, "; NULL when nothing is known
 */
const char	*params_doc_instead(const char *name);

/*
 * params_doc_nearest - the known name that a misspelt one probably means;
 * NULL when none is near
 */
const char	*params_doc_nearest(const char *name);

#endif
