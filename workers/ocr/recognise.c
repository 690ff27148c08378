/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Reading a page: look, raster, turn, enlarge, read; and once more, the other way round, when what
 * was read is no language and the letters' shapes say that the page is upside down.
 *
 * Blocks: reads the document, and takes as long as the engine does. Nothing is logged.
 */
#include "workers/ocr/recognise.h"

#include <leptonica/allheaders.h>
#include <math.h>
#include <string.h>

#include "common/clock.h"
#include "workers/ocr/noise.h"
#include "workers/ocr/raster.h"
#include "workers/ocr/rulings.h"
#include "workers/ocr/shear.h"
#include "workers/ocr/straighten.h"
#include "workers/ocr/words.h"

#define SKEW_MIN_DEG 0.5F /* up to here the engine reads slopes as well as straight lines */
#define POOR_SHARE 0.4F   /* of the characters are of words well read: upright text has more */
#define POOR_CHARS 20U    /* fewer are a picture's noise, whichever way up */
#define PAPER 255

/* The page's pixels on their way to the engine, and how they lie on it. */
struct sheet {
    PIX *pix;
    fz_matrix to_page; /* from pix to points of the page */
    float dpi;
    float turned_deg; /* clockwise, so far */
    float slope_deg;  /* what the lines would still have to be turned by */
    float engine_ms;  /* spent by the engine on it */
};

static int no_memory(const char **ret_code, struct error *err)
{
    *ret_code = "memory_exceeded";
    return error_set(err, ERROR_MEMORY, "no memory for a page's pixels");
}

/* Puts made in the place of the sheet's pixels; back: from made's pixels to those before. */
static int step(struct sheet *sheet, PIX *made, fz_matrix back, const char **ret_code,
                struct error *err)
{
    pixDestroy(&sheet->pix);
    if (!made) {
        return no_memory(ret_code, err);
    }
    sheet->pix = made;
    sheet->to_page = fz_concat(back, sheet->to_page);
    return 0;
}

static int turn_quarters(struct sheet *sheet, int quarters, const char **ret_code,
                         struct error *err)
{
    float width = (float)pixGetWidth(sheet->pix);
    float height = (float)pixGetHeight(sheet->pix);
    /* Where the turned image's pixels were. */
    const fz_matrix backs[4] = {fz_identity,
                                {0, -1, 1, 0, 0, height},
                                {-1, 0, 0, -1, width, height},
                                {0, 1, -1, 0, width, 0}};

    if (quarters == 0) {
        return 0;
    }
    sheet->turned_deg += 90.0F * (float)quarters;
    return step(sheet, pixRotateOrth(sheet->pix, quarters), backs[quarters], ret_code, err);
}

/* A whole rotation, for slopes that shears would distort. */
static PIX *rotate(PIX *image, float degrees, fz_matrix *ret_back)
{
    float x = (float)pixGetWidth(image) / 2;
    float y = (float)pixGetHeight(image) / 2;

    *ret_back = fz_concat(fz_concat(fz_translate(-x, -y), fz_rotate(-degrees)), fz_translate(x, y));
    return pixRotateAMGray(image, degrees * (float)M_PI / 180, PAPER);
}

static int turn_skew(struct sheet *sheet, float skew_deg, const char **ret_code, struct error *err)
{
    fz_matrix back = fz_identity;
    PIX *turned = fabsf(skew_deg) > SHEAR_MAX_DEG ? rotate(sheet->pix, skew_deg, &back)
                                                  : shear_turn(sheet->pix, skew_deg, PAPER, &back);

    sheet->turned_deg += skew_deg;
    return step(sheet, turned, back, ret_code, err);
}

static int enlarge(struct sheet *sheet, const struct recognise_options *options,
                   const char **ret_code, struct error *err)
{
    uint64_t pixels = (uint64_t)pixGetWidth(sheet->pix) * (uint64_t)pixGetHeight(sheet->pix);
    float letter_px = 0;
    float factor;

    if (!resolution_is_low(sheet->dpi)) {
        return 0;
    }
    if (letters_height(sheet->pix, &letter_px, err) < 0) {
        return no_memory(ret_code, err);
    }
    factor =
        resolution_enlarge(sheet->dpi, letter_px, pixels, options->attempt, options->max_pixels);
    if (factor <= 1) {
        return 0;
    }
    sheet->dpi *= factor;
    return step(sheet, pixScaleGrayLI(sheet->pix, factor, factor), fz_scale(1 / factor, 1 / factor),
                ret_code, err);
}

/* --- reading --- */

static float ms_since(uint64_t us)
{
    return (float)(clock_monotonic_us() - us) / 1000;
}

static int read_sheet(struct sheet *sheet, const struct recognise_options *options,
                      struct arena *arena, struct ocr_reading *ret_reading, const char **ret_code,
                      struct error *err)
{
    uint64_t us = clock_monotonic_us();
    int status = engine_read(options->engine, sheet->pix, (unsigned)lrintf(sheet->dpi), arena,
                             ret_reading, err);

    sheet->engine_ms += ms_since(us);
    if (status == 0) {
        return 0;
    }
    *ret_code = err->code == ERROR_CANCELLED ? "cancelled"
                : err->code == ERROR_MEMORY  ? "memory_exceeded"
                                             : "engine_failed";
    return -1;
}

static bool is_poor(const struct ocr_reading *reading)
{
    uint32_t chars;
    uint32_t sure = ocr_reading_sure_chars(reading, &chars);

    return chars >= POOR_CHARS && (float)sure < POOR_SHARE * (float)chars;
}

static bool is_better(const struct ocr_reading *reading, const struct ocr_reading *than)
{
    uint32_t chars;

    return ocr_reading_sure_chars(reading, &chars) > ocr_reading_sure_chars(than, &chars);
}

/* Reads the sheet the way up that its letters speak for, and keeps the better. */
static int read_again(struct sheet *sheet, const struct recognise_options *options,
                      struct arena *arena, struct ocr_reading *reading, const char **ret_code,
                      struct error *err)
{
    struct sheet other = *sheet;
    struct ocr_reading again = {0};
    struct stance stance = {0};

    if (stance_find(sheet->pix, sheet->dpi, true, &stance, err) < 0) {
        return no_memory(ret_code, err);
    }
    if (stance.quarters == 0) {
        stance.quarters = 2; /* the letters tell nothing; what scanners get wrong is this */
    }
    other.pix = pixClone(sheet->pix);
    if (turn_quarters(&other, stance.quarters, ret_code, err) < 0) {
        return -1;
    }
    if (read_sheet(&other, options, arena, &again, ret_code, err) < 0) {
        pixDestroy(&other.pix);
        return -1;
    }
    sheet->engine_ms = other.engine_ms;
    if (!is_poor(&again) && is_better(&again, reading)) {
        pixDestroy(&sheet->pix);
        *sheet = other;
        *reading = again;
    } else {
        pixDestroy(&other.pix);
    }
    return 0;
}

static int straighten(struct sheet *sheet, const char **ret_code, struct error *err)
{
    struct stance stance = {0};

    if (stance_find(sheet->pix, sheet->dpi, false, &stance, err) < 0) {
        return no_memory(ret_code, err);
    }
    if (turn_quarters(sheet, stance.quarters, ret_code, err) < 0) {
        return -1;
    }
    if (fabsf(stance.skew_deg) < SKEW_MIN_DEG) {
        sheet->slope_deg = stance.skew_deg;
        return 0;
    }
    return turn_skew(sheet, stance.skew_deg, ret_code, err);
}

static int read_words(struct sheet *sheet, const struct recognise_options *options,
                      struct arena *arena, struct ocr_reading *ret_reading, const char **ret_code,
                      struct error *err)
{
    if (options->as_drawn) {
        return read_sheet(sheet, options, arena, ret_reading, ret_code, err);
    }
    if (straighten(sheet, ret_code, err) < 0 || enlarge(sheet, options, ret_code, err) < 0 ||
        read_sheet(sheet, options, arena, ret_reading, ret_code, err) < 0) {
        return -1;
    }
    return is_poor(ret_reading) ? read_again(sheet, options, arena, ret_reading, ret_code, err) : 0;
}

/* --- the page --- */

static int look_caught(fz_context *ctx, fz_page *page, struct look *ret_look, const char **ret_code,
                       struct error *err)
{
    int status = 0;

    fz_try(ctx)
    {
        look_at_page(ctx, page, ret_look);
    }
    fz_catch(ctx)
    {
        *ret_code = fz_caught(ctx) == FZ_ERROR_MEMORY ? "memory_exceeded" : "damaged";
        status = error_set(err, ERROR_CORRUPT, "%s", fz_caught_message(ctx));
    }
    return status;
}

static int too_large(const char **ret_code, struct error *err, const char *what)
{
    *ret_code = "page_too_large";
    return error_set(err, ERROR_LIMIT, "%s", what);
}

static int make_sheet(fz_context *ctx, fz_page *page, struct look *look,
                      const struct recognise_options *options, struct sheet *ret_sheet,
                      const char **ret_code, struct error *err)
{
    float dpi = options->dpi > 0
                    ? options->dpi
                    : resolution_choose(&look->facts, options->attempt, options->max_pixels);
    struct raster raster = {0};

    if (dpi <= 0) {
        return too_large(ret_code, err, "the page has more pixels than the limit at 70 dpi");
    }
    if (look->largest_bytes > options->max_image_bytes) {
        return too_large(ret_code, err, "an image of the page has more pixels than the limit");
    }
    if (options->as_drawn) {
        look_deinit(ctx, look);
    }
    if (raster_page(ctx, page, look, dpi, &raster, err) < 0) {
        *ret_code = err->code == ERROR_MEMORY ? "memory_exceeded" : "damaged";
        return -1;
    }
    *ret_sheet = (struct sheet){.pix = raster.pix, .dpi = raster.dpi};
    ret_sheet->to_page = fz_concat(fz_scale(72 / raster.dpi, 72 / raster.dpi),
                                   fz_translate(raster.left_pt, raster.top_pt));
    return 0;
}

/* How the sheet lies on the page. For layout, a slope too small to turn pixels for counts too. */
static struct upright upright_of(const struct sheet *sheet, const struct look *look)
{
    float width = look->facts.width_pt;
    float height = look->facts.height_pt;
    struct upright upright = {.to_page = sheet->to_page, .turned_deg = sheet->turned_deg};
    fz_matrix about = fz_concat(fz_translate(-width / 2, -height / 2),
                                fz_rotate(sheet->turned_deg + sheet->slope_deg));
    bool sideways = lrintf(sheet->turned_deg / 90) % 2 != 0;

    upright.width_pt = sideways ? height : width;
    upright.height_pt = sideways ? width : height;
    upright.to_layout = fz_concat(about, fz_translate(upright.width_pt / 2, upright.height_pt / 2));
    if (upright.turned_deg > 180) {
        upright.turned_deg -= 360;
    }
    return upright;
}

static int finish(const struct sheet *sheet, const struct look *look, struct ocr_reading *reading,
                  struct glyphs *glyphs, struct arena *arena, struct recognised *recognised,
                  const char **ret_code, struct error *err)
{
    struct upright upright = upright_of(sheet, look);

    rulings_remove(sheet->pix, reading);
    noise_remove(reading);
    recognised->word_count = reading->count;
    recognised->confidence = ocr_reading_confidence(reading);
    recognised->dpi = sheet->dpi;
    recognised->turned_deg = upright.turned_deg;
    if (words_lay_out(reading, &upright, glyphs, arena, &recognised->layout, err) < 0) {
        *ret_code = "memory_exceeded";
        return -1;
    }
    return 0;
}

int recognise_page(fz_context *ctx, fz_page *page, const struct recognise_options *options,
                   struct arena *arena, struct recognised *ret_recognised, const char **ret_code,
                   struct error *err)
{
    struct recognised recognised = {0};
    struct ocr_reading reading = {0};
    uint64_t us = clock_monotonic_us();
    struct sheet sheet = {0};
    struct look look = {0};
    int status;

    if (look_caught(ctx, page, &look, ret_code, err) < 0) {
        return -1;
    }
    if (make_sheet(ctx, page, &look, options, &sheet, ret_code, err) < 0) {
        look_deinit(ctx, &look);
        return -1;
    }
    look_deinit(ctx, &look);
    status = read_words(&sheet, options, arena, &reading, ret_code, err);
    if (status == 0) {
        status =
            finish(&sheet, &look, &reading, options->glyphs, arena, &recognised, ret_code, err);
    }
    pixDestroy(&sheet.pix);
    recognised.all_ms = ms_since(us);
    recognised.engine_ms = sheet.engine_ms;
    if (status == 0) {
        *ret_recognised = recognised;
    }
    return status;
}
