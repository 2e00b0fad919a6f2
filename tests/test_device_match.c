/* Which of several devices a specification means; and text of drivers. */
#include "base/memory.h"
#include "base/text.h"
#include "device/device_match.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 8 };

#define OPENCL(number, kind, who, title, owner, ...)                                                                   \
    {                                                                                                                  \
        .id = number, .backend = "opencl", .type = CLAE_DEVICE_##kind, .vendor_id = who, .name = title,                \
        .platform = owner, __VA_ARGS__                                                                                 \
    }
#define PLAIN                                                                                                          \
    { .id = "c", .backend = "c", .type = CLAE_DEVICE_CPU, .name = "a processor", .platform = "plain C" }

/* Devices of a well-equipped machine, in an awkward order. */
static const clae_device_info machine[] = {
    OPENCL("0:0", ACCELERATOR, 0x8086, "FPGA Emulation Device", "Intel FPGA Emulation Platform", .is_emulator = true),
    OPENCL("1:0", CPU, 0x8086, "a processor", "Portable Computing Language"),
    OPENCL("2:0", GPU, 0x1002, "AMD Radeon RX 6800 (radeonsi)", "rusticl", .pci_address = "0000:03:00.0"),
    OPENCL("3:0", GPU, 0x1002, "gfx1030", "AMD Accelerated Parallel Processing", .board = "AMD Radeon RX 6800",
           .pci_address = "0000:03:00.0"),
    OPENCL("4:0", GPU, 0x10de, "NVIDIA GeForce RTX 3060", "NVIDIA CUDA", .pci_address = "0000:04:00.0"),
    PLAIN,
};

static void assert_order(const char *spec, device_match kind, const char *ids) {
    const clae_device_info *order[MOST];
    size_t found;
    char text[128] = "";
    assert_int_equal(devices_match(machine, ARRAY_LENGTH(machine), spec, order, &found), kind);
    for (size_t i = 0; i < found; i++) {
        strcat(text, order[i]->id);
        strcat(text, " ");
    }
    assert_string_equal(text, ids);
}

static void kinds_have_an_order(void **state) {
    (void)state;
    assert_order("auto", DEVICE_MATCH_KIND, "3:0 4:0 2:0 c 1:0 0:0 ");
    assert_order("opencl", DEVICE_MATCH_KIND, "3:0 4:0 2:0 1:0 0:0 ");
    assert_order("gpu", DEVICE_MATCH_KIND, "3:0 4:0 2:0 ");
    assert_order("cpu", DEVICE_MATCH_KIND, "1:0 ");
}

static void names_mean_devices_cards_and_platforms(void **state) {
    (void)state;
    assert_order("2:0", DEVICE_MATCH_ONE, "2:0 ");
    assert_order("2.0", DEVICE_MATCH_ONE, "2:0 ");
    assert_order("geforce", DEVICE_MATCH_ONE, "4:0 ");
    assert_order("rx 6800", DEVICE_MATCH_ONE, "3:0 2:0 ");
    assert_order("Rusticl", DEVICE_MATCH_ONE, "2:0 ");
    assert_order("a processor", DEVICE_MATCH_ONE, "1:0 ");
    assert_order("", DEVICE_MATCH_ONE, "");
}

static const clae_device_info *same_card(const char *spec) {
    const clae_device_info *order[MOST];
    size_t found;
    devices_match(machine, ARRAY_LENGTH(machine), spec, order, &found);
    return devices_same_card(order, found);
}

static void one_card_is_taken_by_its_vendors_platform(void **state) {
    (void)state;
    assert_ptr_equal(same_card("rx 6800"), &machine[3]);
    assert_null(same_card("gpu"));
    clae_device_info other = machine[2];
    const clae_device_info *two[] = {&machine[3], &other};
    strcpy(other.pci_address, "0000:07:00.0");
    assert_null(devices_same_card(two, 2));
    strcpy(other.pci_address, "");
    assert_ptr_equal(devices_same_card(two, 2), &machine[3]);
    strcpy(other.platform, machine[3].platform);
    assert_null(devices_same_card(two, 2));
}

static void assert_tidy(const char *from, const char *to) {
    char text[24];
    text_tidy(text, sizeof text, from);
    assert_string_equal(text, to);
}

static void text_is_tidied(void **state) {
    (void)state;
    assert_tidy("  a \t\n b\x01\x7f c ", "a b c");
    assert_tidy("Gro\xC3\x9F", "Gro\xC3\x9F");
    assert_tidy("Rade\xF6n", "Rade\xEF\xBF\xBDn");
    assert_tidy("\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD");                 /* overlong */
    assert_tidy("\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"); /* a surrogate */
    assert_tidy("\xE2\x82", "\xEF\xBF\xBD\xEF\xBF\xBD");                 /* cut short */
    assert_tidy("0123456789012345678901234567", "01234567890123456789012");
    assert_tidy("0123456789012345678901\xC3\x9F", "0123456789012345678901"); /* no half character */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_have_an_order),
        cmocka_unit_test(names_mean_devices_cards_and_platforms),
        cmocka_unit_test(one_card_is_taken_by_its_vendors_platform),
        cmocka_unit_test(text_is_tidied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
