/* The flow of a pipeline as a picture. */
#ifndef TUSK_PIPELINE_GRAPH_H
#define TUSK_PIPELINE_GRAPH_H

#include "pipeline/pipeline.h"

enum pipeline_health { PIPELINE_UNKNOWN, PIPELINE_GOOD, PIPELINE_WARN, PIPELINE_BAD, PIPELINE_AWAY };

/* What is known about a source or node: a colour and a few words. */
struct pipeline_badge {
	enum pipeline_health health;
	char text[64];
};

/* badges: of all sources, then of all nodes; NULL for none. An SVG picture that also reads well in the dark. */
int pipeline_graph_svg(FILE *out, const struct pipeline *pipeline, const struct pipeline_badge *badges,
		       struct tusk_err *err);
/* The same for Graphviz. */
void pipeline_graph_dot(FILE *out, const struct pipeline *pipeline, const struct pipeline_badge *badges);

/* Places of cards: sources left, then every node in the column behind its input; within a column in the order of what
 * they are fed from, so that few edges cross. cards: sources, then nodes. */
struct pipeline_card {
	size_t column;
	double x, y; /* the upper left corner */
};
struct pipeline_layout {
	struct pipeline_card *cards;
	size_t count, columns;
	double width, height;
};
#define PIPELINE_CARD_WIDTH  232.0
#define PIPELINE_CARD_HEIGHT 84.0
int pipeline_layout_make(const struct pipeline *pipeline, struct pipeline_layout *ret_layout, struct tusk_err *err);
void pipeline_layout_release(struct pipeline_layout *layout);

#endif
