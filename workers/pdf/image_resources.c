/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Keeps mupdf from loading images before anybody knows whether they are wanted.
 *
 * A stand-in is a form that is no stream, which no file can have: streams are always objects of
 * their own. It refers to the image, and keeps its optional content group. Blocks: reads the file.
 * Logs nothing.
 */
#include "workers/pdf/image_resources.h"

#include <string.h>

/* More are left to mupdf, which then loads those that are shown. */
#define XOBJECTS_MAX 4096

#define MARK PDF_NAME(Image)

void image_resources_init(struct image_resources *resources, fz_context *ctx)
{
    memset(resources, 0, sizeof(*resources));
    resources->ctx = ctx;
}

void image_resources_deinit(struct image_resources *resources)
{
    for (int i = 0; i < IMAGE_RESOURCES_KEPT; i++) {
        pdf_drop_obj(resources->ctx, resources->kept[i].original);
        pdf_drop_obj(resources->ctx, resources->kept[i].copy);
    }
    memset(resources, 0, sizeof(*resources));
}

pdf_obj *image_resources_image(fz_context *ctx, pdf_obj *form)
{
    return pdf_is_indirect(ctx, form) ? NULL : pdf_dict_get(ctx, form, MARK);
}

static void put_stand_in(fz_context *ctx, pdf_obj *xobjects, pdf_obj *key, pdf_obj *image,
                         pdf_obj *group)
{
    pdf_obj *stand_in = pdf_dict_put_dict(ctx, xobjects, key, 3);

    pdf_dict_put(ctx, stand_in, PDF_NAME(Subtype), PDF_NAME(Form));
    pdf_dict_put(ctx, stand_in, MARK, image);
    if (group) {
        pdf_dict_put(ctx, stand_in, PDF_NAME(OC), group);
    }
}

/* Puts stand-ins for the images of xobjects into its copy. Returns how many. */
static int replace_images(fz_context *ctx, pdf_obj *xobjects, pdf_obj *copy)
{
    int count = pdf_dict_len(ctx, xobjects);
    int replaced = 0;

    for (int i = 0; i < count; i++) {
        pdf_obj *xobject = pdf_dict_get_val(ctx, xobjects, i);

        if (pdf_name_eq(ctx, pdf_dict_get(ctx, xobject, PDF_NAME(Subtype)), PDF_NAME(Image))) {
            put_stand_in(ctx, copy, pdf_dict_get_key(ctx, xobjects, i), xobject,
                         pdf_dict_get(ctx, xobject, PDF_NAME(OC)));
            replaced++;
        }
    }
    return replaced;
}

static pdf_obj *copy_without_images(fz_context *ctx, pdf_obj *original)
{
    pdf_obj *xobjects = pdf_dict_get(ctx, original, PDF_NAME(XObject));
    int count = pdf_dict_len(ctx, xobjects);
    pdf_obj *without = NULL;
    pdf_obj *copy = NULL;

    if (count == 0 || count > XOBJECTS_MAX) {
        return pdf_keep_obj(ctx, original);
    }
    fz_var(without);
    fz_var(copy);
    fz_try(ctx)
    {
        without = pdf_copy_dict(ctx, xobjects);
        if (replace_images(ctx, xobjects, without) > 0) {
            copy = pdf_copy_dict(ctx, original);
            pdf_dict_put(ctx, copy, PDF_NAME(XObject), without);
        } else {
            copy = pdf_keep_obj(ctx, original);
        }
    }
    fz_always(ctx)
    {
        pdf_drop_obj(ctx, without);
    }
    fz_catch(ctx)
    {
        pdf_drop_obj(ctx, copy);
        fz_rethrow(ctx);
    }
    return copy;
}

static bool is_same(fz_context *ctx, pdf_obj *a, pdf_obj *b)
{
    return a == b || (a && pdf_is_indirect(ctx, a) && pdf_is_indirect(ctx, b) &&
                      pdf_to_num(ctx, a) == pdf_to_num(ctx, b));
}

pdf_obj *image_resources_get(struct image_resources *resources, pdf_obj *original)
{
    fz_context *ctx = resources->ctx;
    pdf_obj *copy;
    int at = resources->next;

    for (int i = 0; i < IMAGE_RESOURCES_KEPT; i++) {
        if (is_same(ctx, resources->kept[i].original, original)) {
            return pdf_keep_obj(ctx, resources->kept[i].copy);
        }
    }
    copy = copy_without_images(ctx, original);
    pdf_drop_obj(ctx, resources->kept[at].original);
    pdf_drop_obj(ctx, resources->kept[at].copy);
    resources->kept[at].original = pdf_keep_obj(ctx, original);
    resources->kept[at].copy = pdf_keep_obj(ctx, copy);
    resources->next = (at + 1) % IMAGE_RESOURCES_KEPT;
    return copy;
}
