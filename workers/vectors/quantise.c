/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Rounding vectors to whole numbers.
 *
 * A question's components have as many steps as their sums have room for: with n dimensions, a
 * stored component of at most 127 and a question's of at most s, Cauchy and Schwarz bound each
 * sum, and each part of one, by 127·√n · s·√n; that must stay below 2^31.
 *
 * Nothing blocks, nothing is logged.
 */
#include "workers/vectors/quantise.h"

#include <math.h>
#include <string.h>

#define STORED_STEPS 127
#define QUERY_STEPS_MAX 16383

bool quantise_is_unit(const float *vector, uint32_t dimensions)
{
    double squares = 0;

    for (uint32_t i = 0; i < dimensions; i++) {
        squares += (double)vector[i] * vector[i];
    }
    return isfinite(squares) && fabs(sqrt(squares) - 1) <= QUANTISE_LENGTH_SLACK;
}

static float largest(const float *vector, uint32_t dimensions)
{
    float found = 0;

    for (uint32_t i = 0; i < dimensions; i++) {
        found = fmaxf(found, fabsf(vector[i]));
    }
    return found;
}

static float rounded_up(double value)
{
    return nextafterf((float)value, INFINITY);
}

struct quantised quantise_stored(const float *vector, uint32_t dimensions, int8_t *ret_components)
{
    struct quantised result = {.factor = largest(vector, dimensions) / STORED_STEPS};
    double squares = 0;

    memset(ret_components, 0, quantise_padded(dimensions));
    for (uint32_t i = 0; i < dimensions; i++) {
        float steps = fmaxf(fminf(rintf(vector[i] / result.factor), STORED_STEPS), -STORED_STEPS);
        double off = vector[i] - (double)result.factor * steps;

        ret_components[i] = (int8_t)steps;
        squares += off * off;
    }
    result.error = rounded_up(sqrt(squares));
    return result;
}

void quantise_query(const float *vector, uint32_t dimensions, struct quantised_query *ret_query)
{
    int32_t room = INT32_MAX / (STORED_STEPS * (int32_t)dimensions);
    float most = (float)(room < QUERY_STEPS_MAX ? room : QUERY_STEPS_MAX);
    double squares = 0;
    double length = 0;

    ret_query->factor = largest(vector, dimensions) / most;
    memset(ret_query->components, 0, sizeof ret_query->components);
    for (uint32_t i = 0; i < dimensions; i++) {
        float steps = fmaxf(fminf(rintf(vector[i] / ret_query->factor), most), -most);
        double is = (double)ret_query->factor * steps;

        ret_query->components[i] = (int16_t)steps;
        squares += (vector[i] - is) * (vector[i] - is);
        length += is * is;
    }
    ret_query->error = rounded_up(sqrt(squares) * (1 + QUANTISE_LENGTH_SLACK));
    ret_query->length = rounded_up(sqrt(length));
}
