/*
 * table_schema.h - the JSON schema of what postmap and postalias write
 */
#ifndef LIB_TABLE_TABLE_SCHEMA_H
#define LIB_TABLE_TABLE_SCHEMA_H

struct buf;

/* table_schema - append the schema; command is its title */
void	table_schema(struct buf *out, const char *command);

#endif
