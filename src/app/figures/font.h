/* The font of what is written in pictures. */
#ifndef CLAE_APP_FIGURES_FONT_H
#define CLAE_APP_FIGURES_FONT_H

/* A family for cairo_select_font_face: the system's, or cairo's own where the system has no configuration of fonts. */
const char *font_family(void);

#endif
