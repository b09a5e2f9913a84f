/*
 * table_circle.h - entries that lead back to themselves, across tables
 */
#ifndef LIB_TABLE_TABLE_CIRCLE_H
#define LIB_TABLE_TABLE_CIRCLE_H

#include <stdbool.h>

struct circle_graph;		/* opaque */

/*
 * circle_new - begin a graph
 *
 * is_alias	keys are local names, not addresses
 */
struct circle_graph *circle_new(bool is_alias);
void	circle_free(struct circle_graph *g);
/* circle_add - an entry; the first of several with one key is used */
void	circle_add(struct circle_graph *g, const char *key,
	    const char *value, const char *path, int line);
/*
 * circle_each - call fn for each circle, once
 *
 * path, line	where the entry stands that closes it
 * key		of that entry
 * way		the keys in between, as "a -> b"
 */
void	circle_each(struct circle_graph *g, void (*fn)(const char *path,
	    int line, const char *key, const char *way, void *ctx),
	    void *ctx);

#endif
