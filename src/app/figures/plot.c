#include "app/figures/plot.h"

#include "base/memory.h"
#include "app/figures/axis.h"
#include "app/figures/canvas.h"
#include "app/figures/palette.h"

#include <math.h>

#define PAGE_WIDTH 1200
#define PAGE_HEIGHT 800
#define STRIP_HEIGHT 320 /* of points on a line */
#define EQUAL_BOX_WIDTH 860
#define MIN_BOX_ASPECT 0.25
#define MAX_BOX_ASPECT 1.4
#define EDGE 28
#define TICK_FONT 20.0
#define LABEL_FONT 22.0
#define TITLE_FONT 25.0
#define TICK_LENGTH 7.0
#define TEXT_GAP 12.0
#define RANGE_MARGIN 0.04
#define LINE_WIDTH 3.0

static const canvas_color ink = {0.13, 0.13, 0.13};
static const canvas_color rule = {0.88, 0.88, 0.88};
static const canvas_anchor centred = {0.5, 0.5};

/* A plot being drawn. */
typedef struct plot {
    const plot_style *style;
    const plot_series *series;
    size_t series_count;
    canvas page;
    axis x, y;
    double left, right, top, bottom; /* of the box inside the axes, in pixels */
} plot;

static void measure_ranges(plot *p) {
    p->x = axis_empty(false);
    p->x.whole = p->style->whole_x;
    p->y = axis_empty(p->style->log_y);
    for (size_t i = 0; i < p->series_count; i++) {
        const plot_series *series = &p->series[i];
        for (size_t k = 0; k < series->count; k++) {
            if (!axis_can_show(&p->x, series->x[k]) || !axis_can_show(&p->y, series->y[k])) continue;
            axis_include(&p->x, series->x[k]);
            axis_include(&p->y, series->y[k]);
        }
    }
    axis_close_range(&p->x, RANGE_MARGIN);
    axis_close_range(&p->y, RANGE_MARGIN);
}

static double widest_label(plot *p, const axis *a) {
    double widest = 0, width, height;
    for (size_t i = 0; i < a->tick_count; i++) {
        canvas_text_size(&p->page, a->ticks[i].label, TICK_FONT, &width, &height);
        if (width > widest) widest = width;
    }
    return widest;
}

static double text_line(double font_size) {
    return font_size * 0.75;
}

/* Leaves room for texts around the box; needs the ticks of y. */
static void place_box(plot *p, double page_width, double page_height) {
    const plot_style *style = p->style;
    p->left = EDGE;
    if (!style->no_y_axis) {
        p->left += widest_label(p, &p->y) + TEXT_GAP;
        if (style->y_label) p->left += text_line(LABEL_FONT) + 1.5 * TEXT_GAP;
    }
    p->right = page_width - EDGE;
    p->top = EDGE + (style->title ? text_line(TITLE_FONT) + 1.5 * TEXT_GAP : 0);
    p->bottom = page_height - EDGE - text_line(TICK_FONT) - TEXT_GAP;
    if (style->x_label) p->bottom -= text_line(LABEL_FONT) + 1.5 * TEXT_GAP;
    p->x.start_pixel = p->left;
    p->x.end_pixel = p->right;
    p->y.start_pixel = p->bottom;
    p->y.end_pixel = p->top;
}

/* Widens the range whose scale is larger until both are the same in a box of that aspect. */
static void equalise_scales(plot *p, double aspect) {
    double x_length = p->x.high - p->x.low, y_length = p->y.high - p->y.low;
    axis *short_axis = y_length < aspect * x_length ? &p->y : &p->x;
    double wanted = y_length < aspect * x_length ? aspect * x_length : y_length / aspect;
    double extra = (wanted - (short_axis->high - short_axis->low)) / 2;
    short_axis->low -= extra;
    short_axis->high += extra;
}

static void choose_ticks(plot *p, double box_width, double box_height) {
    axis_choose_ticks(&p->x, fmax(2, box_width / 130));
    axis_choose_ticks(&p->y, fmax(2, box_height / 90));
}

static clae_status open_page(const clae_context *context, plot *p) {
    bool equal = p->style->equal_scales && !p->style->log_y;
    double width = PAGE_WIDTH, height = p->style->no_y_axis ? STRIP_HEIGHT : PAGE_HEIGHT;
    double aspect = 1;
    if (equal) {
        aspect = (p->y.high - p->y.low) / (p->x.high - p->x.low);
        aspect = fmin(fmax(aspect, MIN_BOX_ASPECT), MAX_BOX_ASPECT);
        equalise_scales(p, aspect);
    }
    choose_ticks(p, equal ? EQUAL_BOX_WIDTH : width, equal ? EQUAL_BOX_WIDTH * aspect : height);
    /* A box of a given size needs a page of a size that follows from the texts, which a first page measures. */
    clae_status status = canvas_create(context, PAGE_WIDTH, PAGE_HEIGHT, &p->page);
    if (status || !(equal || p->style->no_y_axis)) {
        if (!status) place_box(p, width, height);
        return status;
    }
    place_box(p, width, height);
    if (equal) {
        width = ceil(width - (p->right - p->left) + EQUAL_BOX_WIDTH);
        height = ceil(height - (p->bottom - p->top) + EQUAL_BOX_WIDTH * aspect);
    }
    canvas_free(&p->page);
    status = canvas_create(context, (size_t)width, (size_t)height, &p->page);
    if (!status) place_box(p, width, height);
    return status;
}

/* Hairlines look sharp only on the middle of pixels. */
static double sharp(double pixel) {
    return floor(pixel) + 0.5;
}

static void draw_segment(plot *p, double x0, double y0, double x1, double y1) {
    cairo_move_to(p->page.cairo, sharp(x0), sharp(y0));
    cairo_line_to(p->page.cairo, sharp(x1), sharp(y1));
}

static void draw_rules(plot *p) {
    canvas_set_color(&p->page, rule, 1);
    cairo_set_line_width(p->page.cairo, 1);
    for (size_t i = 0; i < p->x.tick_count; i++) {
        double x = axis_pixel(&p->x, p->x.ticks[i].value);
        draw_segment(p, x, p->top, x, p->bottom);
    }
    for (size_t i = 0; i < p->y.tick_count && !p->style->no_y_axis; i++) {
        double y = axis_pixel(&p->y, p->y.ticks[i].value);
        draw_segment(p, p->left, y, p->right, y);
    }
    cairo_stroke(p->page.cairo);
}

static void draw_axes(plot *p) {
    canvas_set_color(&p->page, ink, 1);
    cairo_set_line_width(p->page.cairo, 1);
    draw_segment(p, p->left, p->bottom, p->right, p->bottom);
    for (size_t i = 0; i < p->x.tick_count; i++) {
        double x = axis_pixel(&p->x, p->x.ticks[i].value);
        draw_segment(p, x, p->bottom, x, p->bottom + TICK_LENGTH);
    }
    if (!p->style->no_y_axis) {
        draw_segment(p, p->left, p->top, p->left, p->bottom);
        for (size_t i = 0; i < p->y.tick_count; i++) {
            double y = axis_pixel(&p->y, p->y.ticks[i].value);
            draw_segment(p, p->left - TICK_LENGTH, y, p->left, y);
        }
    }
    cairo_stroke(p->page.cairo);
}

static void draw_texts(plot *p) {
    const plot_style *style = p->style;
    double middle = (p->left + p->right) / 2;
    canvas_set_color(&p->page, ink, 1);
    for (size_t i = 0; i < p->x.tick_count; i++)
        canvas_text(&p->page, p->x.ticks[i].label, TICK_FONT, axis_pixel(&p->x, p->x.ticks[i].value),
                    p->bottom + TEXT_GAP, (canvas_anchor){0.5, 0});
    for (size_t i = 0; i < p->y.tick_count && !style->no_y_axis; i++)
        canvas_text(&p->page, p->y.ticks[i].label, TICK_FONT, p->left - TEXT_GAP,
                    axis_pixel(&p->y, p->y.ticks[i].value), (canvas_anchor){1, 0.5});
    if (style->title)
        canvas_text(&p->page, style->title, TITLE_FONT, middle, EDGE + text_line(TITLE_FONT) / 2, centred);
    if (style->x_label)
        canvas_text(&p->page, style->x_label, LABEL_FONT, middle,
                    (double)p->page.height - EDGE - text_line(LABEL_FONT) / 2, centred);
    if (style->y_label && !style->no_y_axis)
        canvas_text_upwards(&p->page, style->y_label, LABEL_FONT, EDGE + text_line(LABEL_FONT) / 2,
                            (p->top + p->bottom) / 2);
}

static bool place_point(const plot *p, const plot_series *series, size_t k, double *x, double *y) {
    if (!axis_can_show(&p->x, series->x[k]) || !axis_can_show(&p->y, series->y[k])) return false;
    *x = axis_pixel(&p->x, series->x[k]);
    *y = axis_pixel(&p->y, series->y[k]);
    return true;
}

static void draw_line(plot *p, const plot_series *series, canvas_color color) {
    cairo_t *cairo = p->page.cairo;
    canvas_set_color(&p->page, color, 1);
    cairo_set_line_width(cairo, LINE_WIDTH);
    bool joined = false;
    double x, y;
    for (size_t k = 0; k < series->count; k++) {
        if (!place_point(p, series, k, &x, &y)) {
            joined = false;
            continue;
        }
        if (joined && series->hue) {
            canvas_set_color(&p->page, palette_scale(series->hue[k]), 1);
            cairo_line_to(cairo, x, y);
            cairo_stroke(cairo);
            cairo_move_to(cairo, x, y);
        } else if (joined) {
            cairo_line_to(cairo, x, y);
        } else {
            cairo_move_to(cairo, x, y);
        }
        joined = true;
    }
    cairo_stroke(cairo);
}

static double point_radius(size_t count) {
    return count > 4000 ? 2 : count > 1500 ? 3 : count > 300 ? 4 : 5;
}

static void draw_points(plot *p, const plot_series *series, canvas_color color) {
    double radius = point_radius(series->count), x, y;
    for (size_t k = 0; k < series->count; k++) {
        if (!place_point(p, series, k, &x, &y)) continue;
        canvas_set_color(&p->page, series->hue ? palette_scale(series->hue[k]) : color, 0.75);
        cairo_arc(p->page.cairo, x, y, radius, 0, 2 * M_PI);
        cairo_fill(p->page.cairo);
    }
}

static void draw_series(plot *p) {
    cairo_save(p->page.cairo);
    cairo_set_line_cap(p->page.cairo, CAIRO_LINE_CAP_ROUND);
    cairo_set_line_join(p->page.cairo, CAIRO_LINE_JOIN_ROUND);
    for (int points = 1; points >= 0; points--) /* lines above points */
        for (size_t i = 0; i < p->series_count; i++)
            if (p->series[i].points == (bool)points)
                (points ? draw_points : draw_line)(p, &p->series[i], palette_series(i));
    cairo_restore(p->page.cairo);
}

/* Points of all series within a rectangle. */
static size_t count_inside(const plot *p, double left, double top, double width, double height) {
    size_t inside = 0;
    double x, y;
    for (size_t i = 0; i < p->series_count; i++)
        for (size_t k = 0; k < p->series[i].count; k++)
            if (place_point(p, &p->series[i], k, &x, &y) && x >= left && x <= left + width && y >= top &&
                y <= top + height)
                inside++;
    return inside;
}

#define LEGEND_ROW 32.0
#define LEGEND_SAMPLE 36.0
#define LEGEND_PAD 12.0

/* One point in the series' own colour, or three along the scale. */
static void draw_point_sample(plot *p, size_t index, double x, double y) {
    bool scaled = p->series[index].hue;
    for (int i = scaled ? -1 : 0; i <= (scaled ? 1 : 0); i++) {
        canvas_set_color(&p->page, scaled ? palette_scale(0.5 + 0.4 * i) : palette_series(index), 1);
        cairo_arc(p->page.cairo, x + LEGEND_SAMPLE / 2 + 12 * i, y, 5, 0, 2 * M_PI);
        cairo_fill(p->page.cairo);
    }
}

static void draw_legend_row(plot *p, size_t index, double x, double y) {
    const plot_series *series = &p->series[index];
    if (series->points) {
        draw_point_sample(p, index, x, y);
    } else {
        canvas_set_color(&p->page, palette_series(index), 1);
        cairo_set_line_width(p->page.cairo, LINE_WIDTH);
        cairo_move_to(p->page.cairo, x, y);
        cairo_line_to(p->page.cairo, x + LEGEND_SAMPLE, y);
        cairo_stroke(p->page.cairo);
    }
    canvas_set_color(&p->page, ink, 1);
    canvas_text(&p->page, series->label, TICK_FONT, x + LEGEND_SAMPLE + LEGEND_PAD, y, (canvas_anchor){0, 0.5});
}

/* In the corner that hides the fewest points. */
static void draw_legend(plot *p) {
    size_t rows = 0;
    double text_width = 0, width, height;
    for (size_t i = 0; i < p->series_count; i++) {
        if (!p->series[i].label) continue;
        rows++;
        canvas_text_size(&p->page, p->series[i].label, TICK_FONT, &width, &height);
        text_width = fmax(text_width, width);
    }
    if (rows == 0 || text_width == 0) return;
    width = text_width + LEGEND_SAMPLE + 3 * LEGEND_PAD;
    height = (double)rows * LEGEND_ROW + LEGEND_PAD;
    double best_x = 0, best_y = 0;
    size_t fewest = SIZE_MAX;
    for (int corner = 0; corner < 4; corner++) {
        double x = corner % 2 ? p->left + LEGEND_PAD : p->right - LEGEND_PAD - width;
        double y = corner / 2 ? p->bottom - LEGEND_PAD - height : p->top + LEGEND_PAD;
        size_t hidden = count_inside(p, x, y, width, height);
        if (hidden >= fewest) continue;
        fewest = hidden;
        best_x = x;
        best_y = y;
    }
    cairo_set_source_rgba(p->page.cairo, 1, 1, 1, 0.85);
    cairo_rectangle(p->page.cairo, best_x, best_y, width, height);
    cairo_fill(p->page.cairo);
    double y = best_y + LEGEND_PAD / 2 + LEGEND_ROW / 2;
    for (size_t i = 0; i < p->series_count; i++) {
        if (!p->series[i].label) continue;
        draw_legend_row(p, i, best_x + LEGEND_PAD, y);
        y += LEGEND_ROW;
    }
}

clae_status plot_write(const clae_context *context, const char *path, const plot_style *style,
                       const plot_series *series, size_t series_count) {
    plot p = {.style = style, .series = series, .series_count = series_count};
    measure_ranges(&p);
    clae_status status = open_page(context, &p);
    if (status) return status;
    draw_rules(&p);
    draw_series(&p);
    draw_axes(&p);
    draw_texts(&p);
    draw_legend(&p);
    status = canvas_write(context, &p.page, path);
    canvas_free(&p.page);
    return status;
}
