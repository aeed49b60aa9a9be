#include "schema/number.h"

#include <stdio.h>
#include <stdlib.h>

#define TWO_63 9223372036854775808.0

jj_number jj_number_of(const json_t *json)
{
    jj_number number = {0};
    if (json_is_integer(json)) {
        number.integer = json_integer_value(json);
        return number;
    }
    double value = json_real_value(json);
    if (value >= -TWO_63 && value < TWO_63 && (double)(int64_t)value == value) {
        number.integer = (int64_t)value;
    } else {
        number.real = true;
        number.value = value;
    }
    return number;
}

/* A real here has a fraction or is out of the range of integers: never equal to one. */
static int compare_mixed(int64_t integer, double real)
{
    if (real >= TWO_63) {
        return -1;
    }
    if (real < -TWO_63) {
        return 1;
    }
    int64_t towards_zero = (int64_t)real;
    return integer < towards_zero || (integer == towards_zero && real > 0) ? -1 : 1;
}

int jj_number_compare(const jj_number *a, const jj_number *b)
{
    if (!a->real && !b->real) {
        return (a->integer > b->integer) - (a->integer < b->integer);
    }
    if (a->real && b->real) {
        return (a->value > b->value) - (a->value < b->value);
    }
    return a->real ? -compare_mixed(b->integer, a->value) : compare_mixed(a->integer, b->value);
}

bool jj_number_is_integer(const jj_number *number)
{
    /* Beyond 2^53 doubles have no fractions. */
    return !number->real || number->value >= TWO_63 || number->value < -TWO_63;
}

/* Shortest of the forms that read back as the same double; 17 digits always do. */
static void print_shortest(double value, char out[JJ_NUMBER_TEXT])
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(out, JJ_NUMBER_TEXT, "%.*e", digits - 1, value);
        if (strtod(out, NULL) == value) {
            return;
        }
    }
}

/* |number| as digits times ten to the exponent, digits without trailing zeros. */
struct decimal {
    uint64_t digits;
    int exponent;
};

static struct decimal decimal_of(const jj_number *number)
{
    struct decimal d = {0, 0};
    if (number->real) {
        char text[JJ_NUMBER_TEXT];
        print_shortest(number->value < 0 ? -number->value : number->value, text);
        const char *at = text;
        bool fraction = false;
        for (; *at && *at != 'e'; at++) {
            if (*at < '0' || *at > '9') { /* the decimal point, whatever the locale calls it */
                fraction = true;
                continue;
            }
            d.digits = d.digits * 10 + (uint64_t)(*at - '0');
            d.exponent -= fraction;
        }
        d.exponent += *at == 'e' ? (int)strtol(at + 1, NULL, 10) : 0;
    } else {
        d.digits = number->integer < 0 ? 0 - (uint64_t)number->integer : (uint64_t)number->integer;
    }
    while (d.digits && d.digits % 10 == 0) {
        d.digits /= 10;
        d.exponent++;
    }
    return d;
}

static uint64_t multiply_mod(uint64_t a, uint64_t b, uint64_t modulus)
{
    return (uint64_t)((unsigned __int128)a * b % modulus);
}

bool jj_number_is_multiple(const jj_number *number, const jj_number *divisor)
{
    if (!number->real && !divisor->real) {
        return number->integer % divisor->integer == 0;
    }
    struct decimal n = decimal_of(number), d = decimal_of(divisor);
    if (n.digits == 0 || d.digits == 0) {
        return n.digits == 0;
    }
    /* n.digits * 10^exponent must be a multiple of d.digits. With a negative exponent it would
     * have to hold a factor ten, which the stripped digits do not. */
    int exponent = n.exponent - d.exponent;
    if (exponent < 0) {
        return false;
    }
    uint64_t rest = n.digits % d.digits, power = 10 % d.digits;
    for (; exponent; exponent >>= 1) {
        if (exponent & 1) {
            rest = multiply_mod(rest, power, d.digits);
        }
        power = multiply_mod(power, power, d.digits);
    }
    return rest == 0;
}

void jj_number_format(const jj_number *number, char out[JJ_NUMBER_TEXT])
{
    if (!number->real) {
        snprintf(out, JJ_NUMBER_TEXT, "%lld", (long long)number->integer);
        return;
    }
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(out, JJ_NUMBER_TEXT, "%.*g", digits, number->value);
        if (strtod(out, NULL) == number->value) {
            return;
        }
    }
}
