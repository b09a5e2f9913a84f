/*
 * index_tmp.h - the temporary file of a build, and how it gets its name
 *
 * Started by root, a build has the rights of the source's owner (13.5), who
 * may own files in a directory where he can make none: an alias file of a
 * list manager in /etc/postfix. There root makes the temporary file, hands it
 * over, and renames it; all between is done with the owner's rights. Only
 * where that gives the owner nothing that he does not have: the directory is
 * root's alone, and what stands there under this name is his already.
 *
 * For index.c.
 */
#ifndef LIB_TABLE_INDEX_TMP_H
#define LIB_TABLE_INDEX_TMP_H

struct err;
struct index_build;

/*
 * index_tmp_open - make, lock and empty b->tmp
 *
 * source	of the table, a path
 *
 * Sets b->fd and b->root_dir. 0, or -1 with err.
 */
int	index_tmp_open(struct index_build *b, const char *source,
	    struct err *err);
/* index_tmp_set_owner - as the file at b->path had; 0, or -1 with err */
int	index_tmp_set_owner(struct index_build *b, struct err *err);
/* index_tmp_rename - b->tmp becomes b->path; 0, or -1 with err */
int	index_tmp_rename(struct index_build *b, struct err *err);
/* index_tmp_done - what has no name of its own by now goes away */
void	index_tmp_done(struct index_build *b);

#endif
