/* Where the cards of the picture stand. */
#include "pipeline/graph.h"

#include <string.h>

#define MARGIN     24.0
#define COLUMN_GAP 140.0
#define ROW_GAP    26.0

void pipeline_layout_release(struct pipeline_layout *layout)
{
	free(layout->cards);
}

static void set_columns(const struct pipeline *p, struct pipeline_layout *layout)
{
	layout->columns = 1;
	for (size_t n = 0; n < p->node_count; n++) {
		size_t node = p->order[n], up = p->nodes[node].upstream;
		struct pipeline_card *card = &layout->cards[p->source_count + node];
		card->column = up == PIPELINE_NONE ? 1 : layout->cards[p->source_count + up].column + 1;
		if (card->column + 1 > layout->columns)
			layout->columns = card->column + 1;
	}
}

/* The mean height of what feeds the card. */
static double pull(const struct pipeline *p, const struct pipeline_layout *layout, size_t card)
{
	const struct pipeline_node *node = &p->nodes[card - p->source_count];
	double sum = 0;
	if (node->upstream != PIPELINE_NONE)
		return layout->cards[p->source_count + node->upstream].y;
	for (size_t i = 0; i < node->sources.count; i++)
		sum += layout->cards[node->sources.items[i].index].y;
	return sum / (double)node->sources.count;
}

/* Stacks a column's cards around the mean of their pulls, in the order of these; insertion, since columns are short. */
static void stack_column(const struct pipeline *p, struct pipeline_layout *layout, size_t column, size_t *members,
			 double *pulls)
{
	size_t count = 0;
	for (size_t i = 0; i < layout->count; i++) {
		if (layout->cards[i].column != column)
			continue;
		double own = column ? pull(p, layout, i) : (double)i;
		size_t at = count++;
		for (; at > 0 && pulls[at - 1] > own; at--) {
			members[at] = members[at - 1];
			pulls[at] = pulls[at - 1];
		}
		members[at] = i;
		pulls[at] = own;
	}
	double step = PIPELINE_CARD_HEIGHT + ROW_GAP, middle = 0;
	for (size_t i = 0; column && i < count; i++)
		middle += pulls[i] / (double)count;
	double top = middle - (double)(count - 1) * step / 2;
	for (size_t i = 0; i < count; i++) {
		struct pipeline_card *card = &layout->cards[members[i]];
		card->x = MARGIN + (double)column * (PIPELINE_CARD_WIDTH + COLUMN_GAP);
		card->y = top + (double)i * step;
	}
}

int pipeline_layout_make(const struct pipeline *p, struct pipeline_layout *ret_layout, struct tusk_err *err)
{
	struct pipeline_layout layout = {.count = p->source_count + p->node_count};
	TUSK_AUTO_FREE size_t *members = calloc(layout.count, sizeof(*members));
	TUSK_AUTO_FREE double *pulls = calloc(layout.count, sizeof(*pulls));
	layout.cards = calloc(layout.count, sizeof(*layout.cards));
	if (!members || !pulls || !layout.cards) {
		free(layout.cards);
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	}
	set_columns(p, &layout);
	double top = 0, bottom = 0;
	for (size_t column = 0; column < layout.columns; column++)
		stack_column(p, &layout, column, members, pulls);
	for (size_t i = 0; i < layout.count; i++) {
		top = i == 0 || layout.cards[i].y < top ? layout.cards[i].y : top;
		bottom = i == 0 || layout.cards[i].y > bottom ? layout.cards[i].y : bottom;
	}
	for (size_t i = 0; i < layout.count; i++)
		layout.cards[i].y += MARGIN - top;
	layout.height = bottom - top + PIPELINE_CARD_HEIGHT + 2 * MARGIN;
	layout.width = 2 * MARGIN + (double)layout.columns * (PIPELINE_CARD_WIDTH + COLUMN_GAP) - COLUMN_GAP;
	*ret_layout = layout;
	return 0;
}
