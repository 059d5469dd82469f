/* One state of the model, drawn by a seed, as files and folders. */
#include "model.h"

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR 512

struct writer {
	enum state_kind kind;
	uint64_t random;
	unsigned stamp;
	int root_fd;
};

uint64_t random_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static unsigned below(struct writer *writer, unsigned limit)
{
	return limit ? (unsigned)(random_next(&writer->random) % limit) : 0;
}

/* None, a prefix, or a subset of what is pending in a folder survives; once in a while everything. */
static void draw_folder(struct writer *writer, struct model_inode *folder)
{
	unsigned mode = below(writer, 7), prefix = below(writer, (unsigned)folder->change_count + 1);

	for (size_t i = 0; i < folder->change_count; i++) {
		struct model_change *change = folder->changes[i];
		bool survives = mode < 2 ? false : mode < 4 ? i < prefix : mode < 6 ? below(writer, 2) : true;

		survives = survives || writer->kind == STATE_EVERYTHING;
		if (change->from == folder)
			change->from_survives = survives;
		if (change->to == folder)
			change->to_survives = survives;
	}
}

static void draw(struct writer *writer, struct model *model)
{
	for (size_t i = 0; i < model->inode_count; i++)
		draw_folder(writer, model->inodes[i]);
	for (size_t i = 0; i < model->inode_count; i++)
		for (size_t k = 0; k < model->inodes[i]->change_count; k++) {
			struct model_change *change = model->inodes[i]->changes[k];

			change->to_survives = change->to_survives || (change->to && change->from_survives);
		}
}

static void put(struct model_name *names, size_t *count, const char *name, struct model_inode *inode)
{
	for (size_t i = 0; i < *count; i++) {
		if (strcmp(names[i].name, name) != 0)
			continue;
		names[i].inode = inode;
		if (!inode)
			names[i] = names[--*count];
		return;
	}
	if (inode)
		names[(*count)++] = (struct model_name){(char *)(uintptr_t)name, inode};
}

/* The names that survive; freed by the caller. */
static struct model_name *surviving(const struct model_inode *folder, size_t *ret_count)
{
	size_t count = folder->name_count;
	struct model_name *names = calloc(count + folder->change_count + 1, sizeof(*names));

	if (!names)
		err(1, "out of memory");
	if (count)
		memcpy(names, folder->names, count * sizeof(*names));
	for (size_t i = 0; i < folder->change_count; i++) {
		const struct model_change *change = folder->changes[i];

		if (change->from == folder && !change->from_durable && change->from_survives)
			put(names, &count, change->from_name, NULL);
		if (change->to == folder && !change->to_durable && change->to_survives)
			put(names, &count, change->to_name, change->inode);
	}
	*ret_count = count;
	return names;
}

static void write_at(int fd, const void *data, size_t len, uint64_t offset)
{
	if (len && pwrite(fd, data, len, (off_t)offset) != (ssize_t)len)
		err(1, "cannot write a state");
}

static void write_pending(struct writer *writer, int fd, const struct model_write *write)
{
	unsigned fate = writer->kind == STATE_EVERYTHING ? 9 : below(writer, 10);
	uint64_t len = write->len;

	if (fate < 4)
		return;
	if (write->truncates) {
		if (ftruncate(fd, (off_t)len) < 0)
			err(1, "cannot write a state");
		return;
	}
	if (fate < 6) {
		uint64_t first = SECTOR - write->offset % SECTOR;
		uint64_t cut = below(writer, (unsigned)(len / SECTOR) + 1);

		len = cut == 0 ? 0 : first + (cut - 1) * SECTOR;
		len = len < write->len ? len : write->len;
	}
	write_at(fd, write->data, len, write->offset);
}

static void write_file(struct writer *writer, struct model_inode *inode, const char *path)
{
	if (inode->stamp == writer->stamp) {
		if (linkat(writer->root_fd, inode->path, writer->root_fd, path, 0) < 0)
			err(1, "%s", path);
		return;
	}
	int fd = openat(writer->root_fd, path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		err(1, "%s", path);
	write_at(fd, inode->data, inode->len, 0);
	for (size_t i = 0; i < inode->write_count; i++)
		write_pending(writer, fd, &inode->writes[i]);
	close(fd);
	inode->stamp = writer->stamp;
	snprintf(inode->path, sizeof(inode->path), "%s", path);
}

static void write_folder(struct writer *writer, struct model_inode *folder, const char *path)
{
	size_t count;
	struct model_name *names = surviving(folder, &count);

	folder->stamp = writer->stamp;
	for (size_t i = 0; i < count; i++) {
		struct model_inode *inode = names[i].inode;
		char child[192];

		if (snprintf(child, sizeof(child), "%s/%s", path, names[i].name) >= (int)sizeof(child))
			errx(1, "%s: too long", names[i].name);
		if (!inode->is_folder) {
			write_file(writer, inode, child);
			continue;
		}
		/* A folder that was moved may show under both names; the second has nothing to show. */
		if (mkdirat(writer->root_fd, child, 0700) < 0)
			err(1, "%s", child);
		if (inode->stamp != writer->stamp)
			write_folder(writer, inode, child);
	}
	free(names);
}

void state_write(struct model *model, enum state_kind kind, uint64_t seed, const char *path)
{
	static unsigned stamps;
	struct writer writer = {.kind = kind, .random = seed, .stamp = ++stamps};

	writer.root_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (writer.root_fd < 0)
		err(1, "%s", path);
	draw(&writer, model);
	write_folder(&writer, model->root, ".");
	close(writer.root_fd);
}
