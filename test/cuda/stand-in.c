/*
 * CUDA 13 libraries for machines without a GPU. Device memory is host memory, copies are counted, kernels and products do
 * nothing. onnxruntime's CUDA provider starts with them, so that a test sees which nodes it takes and what it copies; what
 * is computed is nonsense. build-stand-in.js adds every other function of a library: they return 0.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int status;
enum { fine = 0, out_of_memory = 2, no_such_device = 101 };

/* What creators hand out: nobody looks inside. */
static char something[64];
static status hand_out(void **made) { *made = something; return fine; }

#ifdef IN_cudart

/* One card, of compute capability 9.0. */
enum { multiprocessors = 132, warp = 32, block_threads = 1024, resident_threads = 2048 };
enum { block_shared = 48 << 10, block_shared_opt_in = 227 << 10, all_shared = 228 << 10, registers = 65536, l2 = 50 << 20 };

static void put_int(void *to, size_t offset, int value) { memcpy((char *)to + offset, &value, sizeof value); }
static void put_size(void *to, size_t offset, size_t value) { memcpy((char *)to + offset, &value, sizeof value); }

/* A line of the file that STAND_IN_LOG names. */
static void line(const char *what, size_t bytes) {
  const char *path = getenv("STAND_IN_LOG");
  FILE *log = path ? fopen(path, "a") : NULL;
  if (!log) return;
  fprintf(log, "%s %zu\n", what, bytes);
  fclose(log);
}
/* A copy between host and device is a line. Kinds: 1 to the device, 2 from it. */
static void note(size_t bytes, int kind) {
  if (kind == 1 || kind == 2) line(kind == 1 ? "in" : "out", bytes);
}
static status copy(void *to, const void *from, size_t bytes, int kind) { note(bytes, kind); memmove(to, from, bytes); return fine; }
static status allocate(void **made, size_t bytes) {
  if (posix_memalign(made, 256, bytes ? bytes : 256)) return out_of_memory;
  memset(*made, 0, bytes);
  return fine;
}

/* So is all that is held on the device whenever more of it is taken. There are as many bytes as STAND_IN_MEMORY says. */
static size_t held;
static status take(void **made, size_t bytes) {
  const char *all = getenv("STAND_IN_MEMORY");
  if ((all && held + bytes > strtoull(all, NULL, 10)) || allocate(made, bytes)) return out_of_memory;
  line("held", __atomic_add_fetch(&held, malloc_usable_size(*made), __ATOMIC_RELAXED));
  return fine;
}
static status give_back(void *memory) {
  __atomic_sub_fetch(&held, malloc_usable_size(memory), __ATOMIC_RELAXED);
  free(memory);
  return fine;
}

status cudaGetDevice(int *device) { *device = 0; return fine; }
status cudaSetDevice(int device) { return device == 0 ? fine : no_such_device; }
status cudaGetDeviceCount(int *count) { *count = 1; return fine; }

/* Offsets and attribute numbers: CUDA 13.0. */
status cudaGetDeviceProperties(void *properties, int device) {
  memset(properties, 0, 1008);
  strcpy(properties, "stand-in");
  put_size(properties, 288, (size_t)80 << 30);
  put_size(properties, 296, block_shared);
  put_int(properties, 304, registers);
  put_int(properties, 308, warp);
  put_int(properties, 320, block_threads);
  for (int i = 0; i < 3; i++) put_int(properties, 324 + 4 * i, i < 2 ? block_threads : 64);
  for (int i = 0; i < 3; i++) put_int(properties, 336 + 4 * i, i < 1 ? 2147483647 : 65535);
  put_int(properties, 360, 9);
  put_int(properties, 384, multiprocessors);
  put_int(properties, 588, 1);
  put_int(properties, 596, l2);
  put_int(properties, 604, resident_threads);
  put_size(properties, 624, all_shared);
  put_int(properties, 632, registers);
  put_int(properties, 668, 1);
  put_size(properties, 672, block_shared_opt_in);
  put_int(properties, 688, 32);
  return fine;
}
status cudaDeviceGetAttribute(int *value, int attribute, int device) {
  static const int known[][2] = {{1, block_threads}, {8, block_shared}, {10, warp}, {16, multiprocessors}, {38, l2},
                                 {39, resident_threads}, {75, 9}, {81, all_shared}, {97, block_shared_opt_in}};
  *value = 0;
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (known[i][0] == attribute) *value = known[i][1];
  return fine;
}

status cudaMalloc(void **made, size_t bytes) { return take(made, bytes); }
status cudaMallocFromPoolAsync(void **made, size_t bytes, void *pool, void *stream) { return take(made, bytes); }
status cudaMallocHost(void **made, size_t bytes) { return allocate(made, bytes); }
status cudaHostAlloc(void **made, size_t bytes, unsigned flags) { return allocate(made, bytes); }
status cudaFree(void *memory) { return give_back(memory); }
status cudaFreeAsync(void *memory, void *stream) { return give_back(memory); }
status cudaFreeHost(void *memory) { free(memory); return fine; }
status cudaMemGetInfo(size_t *available, size_t *total) { *available = (size_t)72 << 30; *total = (size_t)80 << 30; return fine; }

status cudaMemcpy(void *to, const void *from, size_t bytes, int kind) { return copy(to, from, bytes, kind); }
status cudaMemcpyAsync(void *to, const void *from, size_t bytes, int kind, void *stream) { return copy(to, from, bytes, kind); }
status cudaMemcpy2DAsync(char *to, size_t to_pitch, const char *from, size_t from_pitch, size_t width, size_t height, int kind, void *stream) {
  note(width * height, kind);
  for (size_t row = 0; row < height; row++) memmove(to + row * to_pitch, from + row * from_pitch, width);
  return fine;
}
status cudaMemcpyFromSymbol(void *to, const void *symbol, size_t bytes, size_t offset, int kind) { memset(to, 0, bytes); return fine; }
status cudaMemset(void *memory, int value, size_t bytes) { memset(memory, value, bytes); return fine; }
status cudaMemsetAsync(void *memory, int value, size_t bytes, void *stream) { memset(memory, value, bytes); return fine; }

status cudaStreamCreate(void **made) { return hand_out(made); }
status cudaStreamCreateWithFlags(void **made, unsigned flags) { return hand_out(made); }
status cudaStreamIsCapturing(void *stream, int *capturing) { *capturing = 0; return fine; }
status cudaStreamEndCapture(void *stream, void **made) { return hand_out(made); }
status cudaEventCreate(void **made) { return hand_out(made); }
status cudaEventCreateWithFlags(void **made, unsigned flags) { return hand_out(made); }
status cudaEventElapsedTime(float *milliseconds, void *from, void *to) { *milliseconds = 1; return fine; }
status cudaGraphInstantiate(void **made, void *graph, unsigned long long flags) { return hand_out(made); }
status cudaMemPoolCreate(void **made, const void *properties) { return hand_out(made); }
status cudaMemPoolGetAttribute(void *pool, int attribute, size_t *value) { *value = 0; return fine; }
status cudaLibraryLoadData(void **made, const void *code, void *a, void *b, unsigned c, void *d, void *e, unsigned f) { return hand_out(made); }
status cudaLibraryGetKernel(void **made, void *library, const char *name) { return hand_out(made); }
void **__cudaRegisterFatBinary(void *binary) { return (void **)something; }

status cudaDriverGetVersion(int *version) { *version = 13000; return fine; }
status cudaRuntimeGetVersion(int *version) { *version = 13000; return fine; }
const char *cudaGetErrorName(status error) { return "stand-in"; }
const char *cudaGetErrorString(status error) { return "the stand-in for CUDA refused"; }
status cudaFuncGetAttributes(void *attributes, const void *function) {
  memset(attributes, 0, 144);
  put_int(attributes, 24, block_threads);
  put_int(attributes, 28, warp);
  put_int(attributes, 32, 90);
  put_int(attributes, 36, 90);
  put_int(attributes, 44, block_shared);
  return fine;
}
status cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *blocks, const void *f, int size, size_t shared, unsigned flags) { *blocks = 2; return fine; }
status cudaPointerGetAttributes(void *attributes, const void *pointer) {
  memset(attributes, 0, 88);
  put_int(attributes, 0, 2);
  put_size(attributes, 8, (size_t)pointer);
  put_size(attributes, 16, (size_t)pointer);
  return fine;
}
static status nothing(void) { return fine; }
status cudaGetDriverEntryPointByVersion(const char *name, void **entry, unsigned version, unsigned long long flags, int *found) {
  *entry = (void *)nothing;
  if (found) *found = 0;
  return fine;
}

#elif defined IN_cublas

status cublasCreate_v2(void **made) { return hand_out(made); }
status cublasGetMathMode(void *handle, int *mode) { *mode = 0; return fine; }
const char *cublasGetStatusName(status error) { return "stand-in"; }
const char *cublasGetStatusString(status error) { return "stand-in"; }

#elif defined IN_cublasLt

status cublasLtCreate(void **made) { return hand_out(made); }
status cublasLtMatmulDescCreate(void **made, int compute, int scale) { return hand_out(made); }
status cublasLtMatrixTransformDescCreate(void **made, int scale) { return hand_out(made); }
status cublasLtMatmulPreferenceCreate(void **made) { return hand_out(made); }
status cublasLtMatrixLayoutCreate(void **made, int type, size_t rows, size_t columns, long long leading) { return hand_out(made); }
status cublasLtMatmulAlgoGetHeuristic(void *a, void *b, void *c, void *d, void *e, void *f, void *g, int asked, void *results, int *found) { *found = 0; return fine; }

#elif defined IN_cudnn

status cudnnCreate(void **made) { return hand_out(made); }
status cudnnCreateTensorDescriptor(void **made) { return hand_out(made); }
status cudnnCreateReduceTensorDescriptor(void **made) { return hand_out(made); }
status cudnnBackendCreateDescriptor(int type, void **made) { return hand_out(made); }
status cudnnGetStream(void *handle, void **stream) { return hand_out(stream); }
status cudnnGetReductionWorkspaceSize(void *a, void *b, void *c, void *d, size_t *bytes) { *bytes = 256; return fine; }
status cudnnGetReductionIndicesSize(void *a, void *b, void *c, void *d, size_t *bytes) { *bytes = 256; return fine; }
size_t cudnnGetVersion(void) { return 91900; }
const char *cudnnGetErrorString(status error) { return "stand-in"; }
void cudnnGetLastErrorString(char *message, size_t size) { if (size) *message = 0; }

#endif
