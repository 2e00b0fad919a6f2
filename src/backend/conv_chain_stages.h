#ifndef CLAE_BACKEND_CONV_CHAIN_STAGES_H
#define CLAE_BACKEND_CONV_CHAIN_STAGES_H

#include "backend/backend.h"

/* "stages": the implementation of conv_chain that every backend has. */
extern const op_impl conv_chain_stages;

#endif
