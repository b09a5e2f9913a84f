/*
 * json_schema.h - describe what a command writes as JSON (--json-schema)
 *
 * One table a kind of object. Members may be added to its end, never renamed.
 */
#ifndef LIB_BASE_JSON_SCHEMA_H
#define LIB_BASE_JSON_SCHEMA_H

struct buf;

struct json_schema_member {
	const char	*name;
	const char	*type;		/* "integer", ...; '!' before it: always there */
	const char	*meaning;
};

/* json_schema_type - append "type": "string", "integer", ...; "strings": a list of them */
void	json_schema_type(struct buf *out, const char *type);

/*
 * json_schema_object - append "NAME": { ... } for a table that ends with a
 * NULL name
 *
 * put_type	appends "type": ... for a type without its '!'
 */
void	json_schema_object(struct buf *out, const char *name,
	    const struct json_schema_member *members,
	    void (*put_type)(struct buf *out, const char *type));

#endif
