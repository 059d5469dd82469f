#include "model.h"

#include <stdlib.h>
#include <string.h>

static void *grow(void *items, size_t count, size_t size)
{
	/* Powers of two: the array is full exactly when count is one. */
	if (count & (count - 1) && count)
		return items;
	items = realloc(items, (count ? count * 2 : 1) * size);
	if (!items)
		abort();
	return items;
}

#define PUSH(items, count, value)                                   \
	do {                                                        \
		(items) = grow((items), (count), sizeof(*(items))); \
		(items)[(count)++] = (value);                       \
	} while (0)

/* The newest of that number: numbers are used again. */
static struct model_inode *find(const struct model *model, uint64_t number)
{
	for (size_t i = model->inode_count; i > 0; i--)
		if (model->inodes[i - 1]->number == number)
			return model->inodes[i - 1];
	return NULL;
}

static struct model_inode *add_inode(struct model *model, uint64_t number, bool is_folder)
{
	struct model_inode *inode = calloc(1, sizeof(*inode));

	if (!inode)
		abort();
	inode->number = number;
	inode->is_folder = is_folder;
	PUSH(model->inodes, model->inode_count, inode);
	return inode;
}

struct model *model_new(uint64_t root)
{
	struct model *model = calloc(1, sizeof(*model));

	if (!model)
		abort();
	model->root = add_inode(model, root, true);
	return model;
}

static char *copy_name(const char *name, size_t len)
{
	char *copy = strndup(name, len);

	if (!copy)
		abort();
	return copy;
}

/* What a folder shows to the programs now: the durable names and all that is pending. */
static struct model_inode *current(const struct model_inode *folder, const char *name)
{
	for (size_t i = folder->change_count; i > 0; i--) {
		const struct model_change *change = folder->changes[i - 1];

		if (change->to == folder && !change->to_durable && strcmp(change->to_name, name) == 0)
			return change->inode;
		if (change->from == folder && !change->from_durable && strcmp(change->from_name, name) == 0)
			return NULL;
	}
	for (size_t i = 0; i < folder->name_count; i++)
		if (strcmp(folder->names[i].name, name) == 0)
			return folder->names[i].inode;
	return NULL;
}

static void add_change(const struct model_change *change)
{
	struct model_change *copy = malloc(sizeof(*copy));

	if (!copy)
		abort();
	*copy = *change;
	if (copy->from)
		PUSH(copy->from->changes, copy->from->change_count, copy);
	if (copy->to && copy->to != copy->from)
		PUSH(copy->to->changes, copy->to->change_count, copy);
}

static void set_name(struct model_inode *folder, const char *name, struct model_inode *inode)
{
	for (size_t i = 0; i < folder->name_count; i++) {
		if (strcmp(folder->names[i].name, name) != 0)
			continue;
		if (inode)
			folder->names[i].inode = inode;
		else
			folder->names[i] = folder->names[--folder->name_count];
		return;
	}
	if (inode)
		PUSH(folder->names, folder->name_count, ((struct model_name){copy_name(name, strlen(name)), inode}));
}

static void make_name_durable(struct model_change *change)
{
	if (change->to && !change->to_durable)
		set_name(change->to, change->to_name, change->inode);
	change->to_durable = true;
}

static void sync_folder(struct model_inode *folder)
{
	for (size_t i = 0; i < folder->change_count; i++) {
		struct model_change *change = folder->changes[i];

		/* An old name never goes for good without the new one. */
		make_name_durable(change);
		if (change->from == folder && !change->from_durable) {
			set_name(folder, change->from_name, NULL);
			change->from_durable = true;
		}
	}
	folder->change_count = 0;
}

static void resize(struct model_inode *inode, size_t len)
{
	if (len > inode->len) {
		inode->data = realloc(inode->data, len);
		if (!inode->data)
			abort();
		memset(inode->data + inode->len, 0, len - inode->len);
	}
	inode->len = len;
}

static void write_durably(struct model_inode *inode, const struct model_write *write)
{
	if (write->truncates) {
		resize(inode, write->len);
		return;
	}
	if (write->offset + write->len > inode->len)
		resize(inode, write->offset + write->len);
	memcpy(inode->data + write->offset, write->data, write->len);
}

static void sync_file(struct model_inode *inode)
{
	for (size_t i = 0; i < inode->write_count; i++)
		write_durably(inode, &inode->writes[i]);
	inode->write_count = 0;
}

static void apply_content(struct model_inode *inode, const struct log_record *record, const uint8_t *data)
{
	struct model_write write = {
	    .truncates = record->op == LOG_TRUNCATE, .offset = record->offset, .len = record->data_len, .data = data};

	if (write.truncates)
		write.len = record->offset;
	if (record->flags & LOG_DSYNC)
		write_durably(inode, &write);
	else
		PUSH(inode->writes, inode->write_count, write);
}

static void apply_name(struct model *model, struct model_inode *folder, const struct log_record *record,
		       const char *name)
{
	struct model_change change = {.to = folder, .to_name = copy_name(name, record->name_len)};

	switch (record->op) {
	case LOG_MKDIR:
	case LOG_CREATE:
		change.inode = add_inode(model, record->inode, record->op == LOG_MKDIR);
		break;
	case LOG_LINK:
		change.inode = find(model, record->inode);
		break;
	default:
		change.from = folder;
		change.from_name = change.to_name;
		change.to = NULL;
	}
	if (change.inode || change.from)
		add_change(&change);
}

static void apply_rename(const struct model *model, struct model_inode *folder, const struct log_record *record,
			 const char *name, const uint8_t *data)
{
	struct model_change change = {.from = folder,
				      .to = find(model, record->folder2),
				      .from_name = copy_name(name, record->name_len),
				      .to_name = copy_name((const char *)data, record->data_len)};

	change.inode = current(folder, change.from_name);
	if (change.to && change.inode)
		add_change(&change);
}

void model_apply(struct model *model, const struct log_record *record, const char *name, const uint8_t *data)
{
	bool names = record->op != LOG_WRITE && record->op != LOG_TRUNCATE && record->op != LOG_SYNC;
	struct model_inode *subject = find(model, names ? record->folder : record->inode);

	if (!subject || record->op == LOG_MARK)
		return;
	if (record->op == LOG_SYNC && subject->is_folder)
		sync_folder(subject);
	else if (record->op == LOG_SYNC)
		sync_file(subject);
	else if (record->op == LOG_RENAME)
		apply_rename(model, subject, record, name, data);
	else if (names)
		apply_name(model, subject, record, name);
	else
		apply_content(subject, record, data);
}
