/* SPDX-License-Identifier: MIT
 * class_roots.h - what a classifier says of an image, as a vector whose dot products compare distributions. */
#ifndef CS_VISION_CLASS_ROOTS_H
#define CS_VISION_CLASS_ROOTS_H

#include <stddef.h>

/* logits [places, classes], which are overwritten -> roots [classes], of length 1: the sum of two vectors. One has the
 * square roots of softmax(mean logits / 2), the other those of the mean over the places of softmax(logits / 4). Of both
 * the mean is subtracted (what lifts all classes alike says nothing), and they are scaled to length 1. The dot product
 * of such roots is Bhattacharyya's coefficient of the two distributions, but for that. */
void cs_class_roots(float *logits, size_t places, size_t classes, float *roots);

#endif
