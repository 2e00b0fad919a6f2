/* An OpenCL driver that goes wrong, for tests. $CLAE_FAKE has words:
 *   what happens when it is loaded or listed: load-crash load-hang list-crash list-hang list-exit list-abort list-noise
 *   it has no platform: none
 *   what its device says of itself: gpu accelerator unavailable no-compiler dpas-8 dpas-16
 *   what its device does: build-fails build-crash build-hang no-fma run-fails wrong
 *
 * Behind the device is pocl's, or there is none without pocl. $CLAE_FAKE_NAME, $CLAE_FAKE_VERSION, $CLAE_FAKE_PLATFORM
 * and $CLAE_FAKE_VENDOR_ID change what it says. A line goes into the file $CLAE_FAKE_MARK whenever it is loaded. */
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <CL/cl_icd.h>

#include <dlfcn.h>
#include <glob.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

cl_int clIcdGetPlatformIDsKHR(cl_uint room, cl_platform_id *ids, cl_uint *count);

#define DPAS_EXTENSION "cl_khr_fp64 cl_intel_subgroup_matrix_multiply_accumulate"
#define DEVICE_SUB_GROUP_SIZES_INTEL 0x4108

static bool is(const char *word) {
    const char *words = getenv("CLAE_FAKE");
    const size_t length = strlen(word);
    for (const char *w = words; w && *w; w += strcspn(w, " "), w += strspn(w, " "))
        if (strncmp(w, word, length) == 0 && (w[length] == ' ' || w[length] == '\0')) return true;
    return false;
}

/* Past the handlers of sanitizers. */
static void die(int number) {
    signal(number, SIG_DFL);
    raise(number);
}

static void hang(void) {
    for (;;) pause();
}

__attribute__((constructor)) static void loaded(void) {
    const char *mark = getenv("CLAE_FAKE_MARK");
    FILE *file = mark ? fopen(mark, "a") : NULL;
    if (file) {
        fprintf(file, "loaded\n");
        fclose(file);
    }
    if (is("load-crash")) die(SIGSEGV);
    if (is("load-hang")) hang();
}

static cl_icd_dispatch real; /* pocl's, as it was */

static cl_int give(const void *value, size_t bytes, size_t room, void *to, size_t *needed) {
    if (needed) *needed = bytes;
    if (!to) return CL_SUCCESS;
    if (room < bytes) return CL_INVALID_VALUE;
    memcpy(to, value, bytes);
    return CL_SUCCESS;
}

static cl_int CL_API_CALL platform_info(cl_platform_id id, cl_platform_info what, size_t room, void *to,
                                        size_t *needed) {
    const char *name = what == CL_PLATFORM_NAME ? getenv("CLAE_FAKE_PLATFORM") : NULL;
    if (name) return give(name, strlen(name) + 1, room, to, needed);
    return real.clGetPlatformInfo(id, what, room, to, needed);
}

static cl_int CL_API_CALL device_info(cl_device_id id, cl_device_info what, size_t room, void *to, size_t *needed) {
    const cl_bool no = CL_FALSE;
    const cl_device_type gpu = CL_DEVICE_TYPE_GPU, accelerator = CL_DEVICE_TYPE_ACCELERATOR;
    const char *name = getenv("CLAE_FAKE_NAME"), *version = getenv("CLAE_FAKE_VERSION");
    const char *vendor = getenv("CLAE_FAKE_VENDOR_ID");
    if (what == CL_DEVICE_TYPE && is("gpu")) return give(&gpu, sizeof gpu, room, to, needed);
    if (what == CL_DEVICE_TYPE && is("accelerator")) return give(&accelerator, sizeof accelerator, room, to, needed);
    if (what == CL_DEVICE_AVAILABLE && is("unavailable")) return give(&no, sizeof no, room, to, needed);
    if (what == CL_DEVICE_COMPILER_AVAILABLE && is("no-compiler")) return give(&no, sizeof no, room, to, needed);
    if (what == CL_DEVICE_NAME && name) return give(name, strlen(name) + 1, room, to, needed);
    if (what == CL_DEVICE_VERSION && version) return give(version, strlen(version) + 1, room, to, needed);
    if (what == CL_DEVICE_EXTENSIONS && (is("dpas-8") || is("dpas-16")))
        return give(DPAS_EXTENSION, sizeof DPAS_EXTENSION, room, to, needed);
    if (what == DEVICE_SUB_GROUP_SIZES_INTEL && (is("dpas-8") || is("dpas-16"))) {
        const size_t sizes[] = {is("dpas-8") ? 8 : 16, 32};
        return give(sizes, sizeof sizes, room, to, needed);
    }
    if (what == CL_DEVICE_VENDOR_ID && vendor) {
        const cl_uint number = (cl_uint)strtoul(vendor, NULL, 0);
        return give(&number, sizeof number, room, to, needed);
    }
    return real.clGetDeviceInfo(id, what, room, to, needed);
}

static cl_int CL_API_CALL build(cl_program program, cl_uint count, const cl_device_id *ids, const char *options,
                                void(CL_CALLBACK *notify)(cl_program, void *), void *data) {
    if (is("build-crash")) die(SIGABRT);
    if (is("build-hang")) hang();
    if (is("build-fails")) return CL_BUILD_PROGRAM_FAILURE;
    if (is("no-fma") && !strstr(options, "-DNO_FMA")) return CL_BUILD_PROGRAM_FAILURE;
    return real.clBuildProgram(program, count, ids, options, notify, data);
}

static cl_int CL_API_CALL run(cl_command_queue queue, cl_kernel kernel, cl_uint dimensions, const size_t *offset,
                              const size_t *global, const size_t *local, cl_uint count, const cl_event *wait,
                              cl_event *event) {
    if (is("run-fails")) return CL_OUT_OF_RESOURCES;
    return real.clEnqueueNDRangeKernel(queue, kernel, dimensions, offset, global, local, count, wait, event);
}

static cl_int CL_API_CALL read_buffer(cl_command_queue queue, cl_mem memory, cl_bool blocks, size_t offset,
                                      size_t bytes, void *to, cl_uint count, const cl_event *wait, cl_event *event) {
    const cl_int code = real.clEnqueueReadBuffer(queue, memory, blocks, offset, bytes, to, count, wait, event);
    if (is("wrong") && bytes) ((unsigned char *)to)[bytes - 1] ^= 1;
    return code;
}

static bool make_writable(void *start, size_t bytes) {
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), first = (uintptr_t)start & ~(page - 1);
    return mprotect((void *)first, (uintptr_t)start + bytes - first, PROT_READ | PROT_WRITE) == 0;
}

static void *open_pocl(void) {
    glob_t files = {0};
    char name[1024] = "";
    FILE *file = glob("/etc/OpenCL/vendors/pocl*.icd", 0, NULL, &files) == 0 ? fopen(files.gl_pathv[0], "r") : NULL;
    if (file && fgets(name, sizeof name, file)) name[strcspn(name, "\r\n")] = '\0';
    if (file) fclose(file);
    globfree(&files);
    return *name ? dlopen(name, RTLD_NOW | RTLD_LOCAL) : NULL;
}

/* pocl's objects point to one table of its functions, which is changed in place. */
static cl_platform_id wrapped_platform(void) {
    static cl_platform_id platform;
    typedef void *(CL_API_CALL * address_of)(const char *);
    typedef cl_int(CL_API_CALL * list_platforms)(cl_uint, cl_platform_id *, cl_uint *);
    if (platform) return platform;
    void *pocl = open_pocl();
    address_of address = pocl ? (address_of)dlsym(pocl, "clGetExtensionFunctionAddress") : NULL;
    list_platforms list = address ? (list_platforms)address("clIcdGetPlatformIDsKHR") : NULL;
    cl_platform_id found = NULL;
    if (!list || list(1, &found, NULL) != CL_SUCCESS || !found) return NULL;
    cl_icd_dispatch *table = *(cl_icd_dispatch **)found;
    if (!make_writable(table, sizeof *table)) return NULL;
    real = *table;
    table->clGetPlatformInfo = platform_info;
    table->clGetDeviceInfo = device_info;
    table->clBuildProgram = build;
    table->clEnqueueNDRangeKernel = run;
    table->clEnqueueReadBuffer = read_buffer;
    return platform = found;
}

CL_API_ENTRY cl_int CL_API_CALL clIcdGetPlatformIDsKHR(cl_uint room, cl_platform_id *ids, cl_uint *count) {
    if (is("list-noise")) printf("hello from the driver\n"), fflush(stdout);
    if (is("list-crash")) die(SIGSEGV);
    if (is("list-abort")) die(SIGABRT);
    if (is("list-exit")) _exit(3);
    if (is("list-hang")) hang();
    cl_platform_id platform = is("none") ? NULL : wrapped_platform();
    if (count) *count = platform != NULL;
    if (!platform) return -1001;
    if (ids && room) ids[0] = platform;
    return CL_SUCCESS;
}

CL_API_ENTRY cl_int CL_API_CALL clGetPlatformInfo(cl_platform_id id, cl_platform_info what, size_t room, void *to,
                                                  size_t *needed) {
    return platform_info(id, what, room, to, needed);
}

CL_API_ENTRY void *CL_API_CALL clGetExtensionFunctionAddress(const char *name) {
    return strcmp(name, "clIcdGetPlatformIDsKHR") == 0 ? (void *)clIcdGetPlatformIDsKHR : NULL;
}
