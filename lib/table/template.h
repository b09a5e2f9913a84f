/*
 * template.h - results of patterns: text with $1, ${1}, $(1), $$ (7.3)
 */
#ifndef LIB_TABLE_TEMPLATE_H
#define LIB_TABLE_TEMPLATE_H

#include <stddef.h>
#include <sys/types.h>

struct buf;
struct rule_place;
struct template;

/* Where a group of a match lies; start -1: it took no part. */
struct template_group {
	ssize_t	start, end;
};

/*
 * template_parse - NULL after a warning: the rule is to be skipped
 *
 * zero_text	how $0 is refused: the types word it differently
 */
struct template	*template_parse(const char *text,
		    const struct rule_place *place, const char *zero_text);
void		 template_free(void *tp);
/* template_text - as it was written */
const char	*template_text(const void *tp);
/* template_groups - the highest group number, 0 if none */
unsigned	 template_groups(const struct template *tp);
/* template_expand - append the text; a group beyond count is empty */
void		 template_expand(const struct template *tp, struct buf *out,
		    const char *subject, const struct template_group *groups,
		    size_t count);

#endif
