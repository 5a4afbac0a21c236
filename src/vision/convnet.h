/* SPDX-License-Identifier: MIT
 * convnet.h - a convolutional network as a list of steps between a few buffers: ResNet, VGG, MobileNet and CLIP's
 * ResNets are such lists. */
#ifndef CS_VISION_CONVNET_H
#define CS_VISION_CONVNET_H

#include "nn/conv_bind.h"
#include "nn/pooling.h"
#include "nn/probe.h"
#include "nn/workspace.h"

enum {
    CS_NET_BUFFERS = 4,
    CS_NET_PIXELS = CS_NET_BUFFERS, /* as `from` of the first step: the network's input [3, S, S] */
    CS_NET_NONE = -1                /* no residual */
};

/* A map: [height, width, channels] */
typedef struct cs_map_shape {
    size_t height, width, channels;
} cs_map_shape;

typedef enum cs_step_kind { CS_STEP_CONV, CS_STEP_MAX_POOL, CS_STEP_AVERAGE_POOL } cs_step_kind;

typedef struct cs_step {
    cs_step_kind kind;
    int from, to, residual; /* buffers; residual CS_NET_NONE or one whose map is of the result's shape, `to` included */
    cs_map_shape in, out;
    cs_conv conv;               /* of CS_STEP_CONV */
    size_t window, stride, pad; /* of the poolings */
    const char *stage;          /* what a probe calls the result, or NULL: not shown */
    size_t number;
    bool kept; /* the means of its result are kept, at this channel of them */
    size_t kept_at;
} cs_step;

/* Zero is a valid empty value to close. */
typedef struct cs_convnet {
    size_t image_size;
    cs_step *steps;
    size_t count, capacity;
    cs_map_shape shapes[CS_NET_BUFFERS + 1]; /* while building: what is in each buffer */
    size_t floats[CS_NET_BUFFERS];           /* the size of the largest map in each, per image */
    size_t grid, kept;  /* of the results that are kept: squares in a row and in a column, channels in all; or 0 */
    size_t kept_widest; /* channels of the widest of them */
} cs_convnet;

/* Builds a network from a weight file; keeps the first failure. */
typedef struct cs_net_builder {
    cs_convnet *net;
    cs_conv_source *source;
    clipsearch_status status;
    clipsearch_error *err;
} cs_net_builder;

/* An empty network for images of `image_size`. */
void cs_convnet_init(cs_convnet *net, size_t image_size);
void cs_convnet_close(cs_convnet *net);

/* Bytes of its packed weights. */
size_t cs_convnet_packed_bytes(const cs_convnet *net);

/* A convolution to add. */
typedef struct cs_net_conv {
    const char *conv, *norm; /* names for cs_conv_bind */
    size_t out;              /* channels; 0: as the tensor says */
    size_t kernel, stride;   /* padding is kernel / 2: only the stride changes the size; */
    bool same; /* or TensorFlow's "same": as little as makes ceil(size / stride), the odd zero at the end */
    bool depthwise;
    cs_conv_activation activation;
} cs_net_conv;

/* Add a step from buffer `from` to buffer `to`. After a failure these do nothing. The shapes of the convolution's
 * tensors are compared with the incoming channels, and a residual's shape with the result's (CLIPSEARCH_E_MODEL). */
void cs_net_add_conv(cs_net_builder *builder, const cs_net_conv *conv, int from, int to, int residual);
void cs_net_add_keras_conv(cs_net_builder *builder, const cs_tensor *kernel, const cs_tensor *bias, int from, int to);
void cs_net_add_max_pool(cs_net_builder *builder, int from, int to, size_t window, size_t stride, size_t pad);
void cs_net_add_average_pool(cs_net_builder *builder, int from, int to, size_t window);

/* Show the last step's result to a probe as this stage. */
void cs_net_show(cs_net_builder *builder, const char *stage, size_t number);

/* Keep the means of the last step's result in net->grid x net->grid squares; each side must be a multiple of the grid.
 * Does nothing while net->grid is 0. */
void cs_net_keep(cs_net_builder *builder);

/* The shape of the last step's result. */
const cs_map_shape *cs_convnet_result(const cs_convnet *net);

/* How many of `images` images to process together: with more, their maps would push each other out of the processor's
 * cache; with fewer, the weights would be read more often. At least 1 unless `images` is 0. */
size_t cs_convnet_group(const cs_convnet *net, size_t images);

/* The buffers of a forward pass, [images, floats] each. */
typedef struct cs_net_scratch {
    float *maps[CS_NET_BUFFERS];
    void *conv;
    float *means; /* [images, grid * grid, widest]: of one step */
    float *kept;  /* [images, grid * grid, kept]: of all steps whose means are kept, side by side */
} cs_net_scratch;

void cs_convnet_carve(const cs_convnet *net, cs_net_scratch *scratch, size_t images, unsigned threads,
                      cs_workspace *workspace);

/* pixels [count, 3, S, S] -> the last step's maps [count, height, width, channels], which lie in `scratch`; what is
 * kept is then at scratch->kept. */
const float *cs_convnet_forward(const cs_convnet *net, const float *pixels, size_t count, const cs_net_scratch *scratch,
                                cs_pool *pool, const cs_probe *probe);

#endif
