/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Quality of images and their perceptual hash. Nothing blocks or logs.
 */
#include "workers/images/quality.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SHARPNESS_HALF 200.0 /* variance of the Laplacian that is half sharp */
#define CONTRAST_FULL 64.0
#define NOISE_FULL 25.0
#define HASH_SIDE 32
#define HASH_BITS 64

/* Sums over the picture's inner pixels: of the Laplacian, its square, and |N|. */
static void run_kernels(const struct picture *gray, double *ret_variance, double *ret_noise)
{
    size_t width = gray->width;
    double count = (double)(gray->width - 2) * (double)(gray->height - 2);
    double sum = 0;
    double squares = 0;
    double noise = 0;

    for (uint32_t y = 1; y + 1 < gray->height; y++) {
        const uint8_t *row = gray->samples + y * width;
        int64_t row_sum = 0;
        int64_t row_squares = 0;
        int64_t row_noise = 0;

        for (size_t x = 1; x + 1 < width; x++) {
            const uint8_t *at = row + x;
            int cross = at[-1] + at[1] + *(at - width) + at[width];
            int corners = *(at - width - 1) + *(at - width + 1) + at[width - 1] + at[width + 1];
            int laplacian = cross - 4 * *at;

            row_sum += laplacian;
            row_squares += (int64_t)laplacian * laplacian;
            row_noise += abs(corners - 2 * cross + 4 * *at);
        }
        sum += (double)row_sum;
        squares += (double)row_squares;
        noise += (double)row_noise;
    }
    *ret_variance = squares / count - sum / count * (sum / count);
    *ret_noise = sqrt(M_PI / 2) * noise / (6 * count);
}

void quality_measure(const struct picture *gray, struct quality *ret_quality)
{
    size_t count = (size_t)gray->width * gray->height;
    uint64_t sum = 0;
    uint64_t squares = 0;
    double variance = 0;
    double noise = 0;
    double mean, brightness, sharpness, contrast, exposure;

    for (size_t i = 0; i < count; i++) {
        sum += gray->samples[i];
        squares += (uint64_t)gray->samples[i] * gray->samples[i];
    }
    mean = (double)sum / (double)count;
    contrast = sqrt(fmax((double)squares / (double)count - mean * mean, 0)) / CONTRAST_FULL;
    if (gray->width >= 3 && gray->height >= 3) {
        run_kernels(gray, &variance, &noise);
    }
    contrast = fmin(contrast, 1);
    brightness = mean / 255;
    sharpness = variance / (variance + SHARPNESS_HALF);
    noise = fmin(noise / NOISE_FULL, 1);
    exposure = 1 - (2 * brightness - 1) * (2 * brightness - 1);
    *ret_quality = (struct quality){
        .sharpness = (float)sharpness,
        .contrast = (float)contrast,
        .brightness = (float)brightness,
        .noise = (float)noise,
        .quality =
            (float)(0.35 * sharpness + 0.25 * contrast + 0.20 * exposure + 0.20 * (1 - noise)),
    };
}

/* The mean grey of each cell of a grid of 32 x 32 over the picture, parts of pixels counted as
 * parts: the same whatever the picture's size. */
static void shrink(const struct picture *gray, double ret_cells[HASH_SIDE][HASH_SIDE])
{
    double across[HASH_SIDE];
    double weight[HASH_SIDE] = {0};

    memset(ret_cells, 0, sizeof(double) * HASH_SIDE * HASH_SIDE);
    for (uint32_t y = 0; y < gray->height; y++) {
        const uint8_t *row = gray->samples + (size_t)y * gray->width;
        double top = (double)y * HASH_SIDE / gray->height;
        double bottom = (double)(y + 1) * HASH_SIDE / gray->height;

        for (int c = 0; c < HASH_SIDE; c++) {
            double left = (double)c * gray->width / HASH_SIDE;
            double right = (double)(c + 1) * gray->width / HASH_SIDE;
            double sum = 0;

            for (uint32_t x = (uint32_t)left; x < gray->width && x < right; x++) {
                sum += row[x] * (fmin(right, x + 1.0) - fmax(left, x));
            }
            across[c] = sum / (right - left);
        }
        for (int r = (int)top; r < HASH_SIDE && r < bottom; r++) {
            double share = fmin(bottom, r + 1.0) - fmax(top, r);

            weight[r] += share;
            for (int c = 0; c < HASH_SIDE; c++) {
                ret_cells[r][c] += across[c] * share;
            }
        }
    }
    for (int r = 0; r < HASH_SIDE; r++) {
        for (int c = 0; c < HASH_SIDE && weight[r] > 0; c++) {
            ret_cells[r][c] /= weight[r];
        }
    }
}

/* One coefficient of the cosine transform (DCT-II, not scaled: only their order counts). */
static double coefficient(double cells[HASH_SIDE][HASH_SIDE], double cosines[HASH_SIDE][HASH_SIDE],
                          int u, int v)
{
    double sum = 0;

    for (int r = 0; r < HASH_SIDE; r++) {
        double row = 0;

        for (int c = 0; c < HASH_SIDE; c++) {
            row += cells[r][c] * cosines[u][c];
        }
        sum += row * cosines[v][r];
    }
    return sum;
}

static int compare_doubles(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;

    return (left > right) - (left < right);
}

uint64_t quality_perceptual_hash(const struct picture *gray)
{
    double cells[HASH_SIDE][HASH_SIDE];
    double cosines[HASH_SIDE][HASH_SIDE];
    double found[HASH_BITS] = {0};
    double sorted[HASH_BITS];
    double median;
    uint64_t hash = 0;
    int count = 0;

    shrink(gray, cells);
    for (int u = 0; u < HASH_SIDE; u++) {
        for (int x = 0; x < HASH_SIDE; x++) {
            cosines[u][x] = cos(M_PI * (2 * x + 1) * u / (2.0 * HASH_SIDE));
        }
    }
    for (int diagonal = 1; count < HASH_BITS; diagonal++) {
        for (int i = 0; i <= diagonal && count < HASH_BITS; i++) {
            int u = diagonal % 2 == 1 ? diagonal - i : i;

            found[count++] = coefficient(cells, cosines, u, diagonal - u);
        }
    }
    memcpy(sorted, found, sizeof(sorted));
    qsort(sorted, HASH_BITS, sizeof(*sorted), compare_doubles);
    median = (sorted[HASH_BITS / 2 - 1] + sorted[HASH_BITS / 2]) / 2;
    for (int i = 0; i < HASH_BITS; i++) {
        hash = hash << 1 | (found[i] > median);
    }
    return hash;
}
