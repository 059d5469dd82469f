/* Squarified treemap (Bruls, Huizing, van Wijk, "Squarified Treemaps", 2000). */
#include "pipeline/charts.h"
#include "pipeline/markup.h"
#include "tusk/text.h"

#include <stdlib.h>
#include <string.h>

#define WIDTH    1000.0
#define HEIGHT   460.0
#define TITLE    20.0  /* height of a folder's title when it is drawn with what is below it */
#define SMALLEST 900.0 /* area below which nothing is drawn inside */
#define SHADES   7

struct box {
	double x, y, width, height;
};

struct tile {
	size_t folder; /* or the folder whose own bytes these are */
	bool own;
	double bytes;
};

struct map {
	FILE *out;
	const struct pipeline_folders *folders;
	bool failed; /* out of memory */
};

static int compare_tiles(const void *a, const void *b)
{
	const struct tile *left = a, *right = b;
	if (left->bytes != right->bytes)
		return left->bytes < right->bytes ? 1 : -1;
	return left->folder < right->folder ? -1 : left->folder > right->folder;
}

/* The worst ratio of the sides in a row of tiles along a side of that length. */
static double worst(const struct tile *tiles, size_t count, double sum, double side, double scale)
{
	double most = tiles[0].bytes * scale, least = tiles[count - 1].bytes * scale, all = sum * scale;
	double a = side * side * most / (all * all), b = all * all / (side * side * least);
	return a > b ? a : b;
}

static void draw(struct map *map, const struct tile *tile, const struct box *box, unsigned shade);

/* One row along the shorter side; *box becomes what is left. */
static void draw_row(struct map *map, const struct tile *tiles, size_t count, double area, struct box *box,
		     unsigned *shade)
{
	bool upright = box->width >= box->height;
	double side = upright ? box->height : box->width, thickness = area / side, at = 0, sum = 0;
	for (size_t i = 0; i < count; i++)
		sum += tiles[i].bytes;
	for (size_t i = 0; i < count; i++) {
		double length = side * tiles[i].bytes / sum;
		struct box part = upright ? (struct box){box->x, box->y + at, thickness, length}
					  : (struct box){box->x + at, box->y, length, thickness};
		draw(map, &tiles[i], &part, (*shade)++);
		at += length;
	}
	if (upright) {
		box->x += thickness;
		box->width -= thickness;
	} else {
		box->y += thickness;
		box->height -= thickness;
	}
}

static void squarify(struct map *map, const struct tile *tiles, size_t count, struct box box, unsigned shade)
{
	double total = 0;
	for (size_t i = 0; i < count; i++)
		total += tiles[i].bytes;
	double scale = total > 0 ? box.width * box.height / total : 0;
	for (size_t first = 0; first < count && scale > 0;) {
		double side = box.width < box.height ? box.width : box.height, sum = tiles[first].bytes;
		size_t n = 1;
		if (side < 1)
			return;
		while (first + n < count && worst(&tiles[first], n + 1, sum + tiles[first + n].bytes, side, scale) <=
						worst(&tiles[first], n, sum, side, scale))
			sum += tiles[first + n++].bytes;
		draw_row(map, &tiles[first], n, sum * scale, &box, &shade);
		first += n;
	}
}

/* What is directly in a folder, the largest first; NULL when there is nothing, or no memory. */
static struct tile *tiles_of(struct map *map, size_t folder, size_t *ret_count)
{
	const struct pipeline_folders *folders = map->folders;
	size_t count = 0, capacity = folders->items[folder].own ? 1 : 0;
	for (size_t i = folder + 1; i < folders->count; i++)
		capacity += folders->items[i].parent == folder && folders->items[i].bytes > 0;
	struct tile *tiles = capacity ? calloc(capacity, sizeof(*tiles)) : NULL;
	map->failed = map->failed || (capacity && !tiles);
	for (size_t i = folder + 1; tiles && i < folders->count; i++)
		if (folders->items[i].parent == folder && folders->items[i].bytes > 0)
			tiles[count++] = (struct tile){i, false, (double)folders->items[i].bytes};
	if (tiles && folders->items[folder].own)
		tiles[count++] = (struct tile){folder, true, (double)folders->items[folder].own};
	if (tiles)
		qsort(tiles, count, sizeof(*tiles), compare_tiles);
	*ret_count = count;
	return tiles;
}

static void put_path(FILE *out, const struct pipeline_folders *folders, size_t folder)
{
	if (folder == 0)
		return;
	put_path(out, folders, folders->items[folder].parent); /* as deep as PIPELINE_FOLDERS_DEPTH_MAX */
	fputc('/', out);
	pipeline_markup_text(out, folders->items[folder].name);
}

static void put_rectangle(struct map *map, const struct tile *tile, const struct box *box, const char *class,
			  unsigned shade)
{
	char bytes[16];
	tusk_text_bytes((uint64_t)tile->bytes, bytes);
	fprintf(map->out,
		"<rect class=\"%s t%u\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"3\"><title>", class,
		shade % SHADES, box->x + 1, box->y + 1, box->width - 2, box->height - 2);
	put_path(map->out, map->folders, tile->folder);
	fprintf(map->out, "%s: %s</title></rect>\n",
		tile->own ? (tile->folder ? " (files, and what folders share)" : "(shared)") : "", bytes);
}

static void put_label(struct map *map, const struct tile *tile, const struct box *box)
{
	char text[128], bytes[16];
	size_t room = box->width > 14 ? (size_t)((box->width - 10) / 7.2) : 0;
	const char *name = tile->own ? "\xc2\xb7" : map->folders->items[tile->folder].name;
	if (room < 3 || box->height < 17 || (tile->own && box->width * box->height < 6000))
		return;
	pipeline_markup_cut(tile->own ? "files and shared" : name, room, text, sizeof(text));
	fprintf(map->out, "<text class=\"tile-name\" x=\"%.1f\" y=\"%.1f\">", box->x + 7, box->y + 15);
	pipeline_markup_text(map->out, text);
	fputs("</text>\n", map->out);
	tusk_text_bytes((uint64_t)tile->bytes, bytes);
	if (box->height >= 34 && room >= strlen(bytes))
		fprintf(map->out, "<text class=\"tile-size\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", box->x + 7,
			box->y + 29, bytes);
}

/* "home/anna": the name of a folder, with those of the folders above it that have nothing else in them. */
static void name_chain(const struct pipeline_folders *folders, size_t from, size_t to, char *ret_text, size_t size)
{
	if (to != from && folders->items[to].parent != to) {
		name_chain(folders, from, folders->items[to].parent, ret_text, size);
		size_t used = strlen(ret_text);
		snprintf(ret_text + used, size - used, "/%s", folders->items[to].name);
		return;
	}
	snprintf(ret_text, size, "%s", folders->items[to].name);
}

static void draw(struct map *map, const struct tile *tile, const struct box *box, unsigned shade)
{
	size_t count = 0, last = tile->folder;
	if (box->width < 3 || box->height < 3)
		return;
	bool inside =
	    !tile->own && box->width * box->height > 4 * SMALLEST && box->height > 3 * TITLE && box->width > 60;
	TUSK_AUTO_FREE struct tile *tiles = inside ? tiles_of(map, tile->folder, &count) : NULL;
	while (count == 1 && !tiles[0].own) {
		last = tiles[0].folder;
		free(tiles);
		tiles = tiles_of(map, last, &count);
	}
	/* A folder with only files needs no frame. */
	if (count == 0 || (count == 1 && tiles[0].own)) {
		put_rectangle(map, tile, box, "tile", shade);
		put_label(map, tile, box);
		return;
	}
	put_rectangle(map, tile, box, "frame", shade);
	char chain[512], text[600];
	name_chain(map->folders, tile->folder, last, chain, sizeof(chain));
	pipeline_markup_cut_middle(chain, (size_t)((box->width - 10) / 7.2), text, sizeof(text));
	fprintf(map->out, "<text class=\"frame-name\" x=\"%.1f\" y=\"%.1f\">", box->x + 7, box->y + 15);
	pipeline_markup_text(map->out, text);
	fputs("</text>\n", map->out);
	struct box rest = {box->x + 3, box->y + TITLE, box->width - 6, box->height - TITLE - 3};
	squarify(map, tiles, count, rest, shade);
}

int pipeline_chart_treemap(FILE *out, const struct pipeline_folders *folders, struct tusk_err *err)
{
	struct map map = {.out = out, .folders = folders};
	size_t count = 0, top = 0;
	TUSK_AUTO_FREE struct tile *tiles = tiles_of(&map, 0, &count);
	/* Down to the first folder that has several things in it. */
	while (count == 1 && !tiles[0].own) {
		top = tiles[0].folder;
		free(tiles);
		tiles = tiles_of(&map, top, &count);
	}
	fprintf(out,
		"<svg class=\"chart\" viewBox=\"0 0 %.0f %.0f\" role=\"img\"><title>Unique bytes by folder</title>\n",
		WIDTH, HEIGHT);
	squarify(&map, tiles, count, (struct box){0, 0, WIDTH, HEIGHT}, 0);
	fputs("</svg>\n", out);
	return map.failed ? tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory") : 0;
}
