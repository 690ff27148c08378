/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Images that show nothing: one colour, a rule, a shadow, a gradient.
 */
#ifndef EBB_WORKERS_IMAGES_PLAIN_H
#define EBB_WORKERS_IMAGES_PLAIN_H

#include <stdbool.h>

#include "workers/images/picture.h"

/*
 * Whether a picture of 1 or 3 components carries no information:
 * - all its pixels but one in 5,000 are within 24 levels of a plane through its colours, and 3 of
 *   it in the mean: one colour, or a linear gradient; or
 * - it has no edge: reduced to 64 pixels, no second difference but 2 in 1,000 is over 4 levels:
 *   a vignette, a glow; or
 * - all its rows (or all its columns) look the same and change strongly at 6 places at most: a
 *   rule, a border, a shadow. A bar code changes more often.
 */
bool plain_is(const struct picture *picture);

#endif
