/* What size and how many channels pictures are made to have. */
#ifndef CLAE_DATA_PICTURE_SURVEY_H
#define CLAE_DATA_PICTURE_SURVEY_H

#include "data/picture.h"
#include "data/picture_faults.h"

/* The form that the options say; CLAE_ERROR_INPUT when they say none. Sizes and channels that are left open are 0. */
clae_status picture_form_of(const clae_context *context, const clae_dataset_options *options, picture_form *form);

/* Looks at all pictures and settles what the form leaves open: the size that all have, and colours where any has them.
 * CLAE_ERROR_INPUT with the sizes there are when they differ. Pictures that cannot be read are noted, and do not count.
 */
clae_status picture_survey(const clae_context *context, const picture_list *list, picture_form *form,
                           picture_faults *faults);

#endif
