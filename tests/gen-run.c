/* SPDX-License-Identifier: MIT */
/*
 * gen-run: writes a spot run of any size, the same one for the same options: for tests and benchmarks.
 *
 * DIR/SET.csv (11 columns, about 105 bytes a row), DIR/samples.csv, DIR/params.json. About one row in five has an entity that is
 * no spot ('Total Well'), some numbers are empty, some end in zeros.
 */
#include "bytes/base.h"

#include <getopt.h>
#include <limits.h>
#include <sys/stat.h>

#define FIELDS 12
#define ROW_MAX 512 /* more than the longest row */
#define BUFFER (1U << 20)

static const char usage_text[] =
    "usage: gen-run [OPTION]… -d DIR\n"
    "Write a run of spots, the same one for the same options, into DIR.\n"
    "\n"
    "  -d, --dir DIR       the folder; made if it is not there\n"
    "      --rows N        rows, over all sets (default 10000)\n"
    "      --lanes L       lanes (default 4)\n"
    "      --sets S        sets: activity_spots, surrounding_spots, set_3 … (default 2)\n"
    "      --seed X        another seed, other rows (default 1)\n"
    "      --interleaved   the lane of each row is drawn; else the rows are in lane order\n"
    "      --quoted        quote each cell of Entity and Filename\n"
    "      --awkward       some notes and sample names with commas, quotes, line breaks, Japanese\n"
    "  -h, --help          this text\n";

static const char header[] = "MultiPointIndex,Entity,Value,Area,X,Y,Circularity,Intensity,Time,Note,Filename\n";
static const char *const notes[] = {"\"a,b\"", "\"say \"\"hi\"\"\"", "\"line\nbreak\"", "輝点", "\"輝点、\"\"明\"\", 大\"", " blank "};

struct options {
    const char *dir;
    uint64_t rows, lanes, sets, seed;
    bool interleaved, quoted, awkward;
    int width; /* of a lane's name */
};

struct out {
    FILE *file;
    char path[PATH_MAX];
    char *buffer;
    char *at;
};

/* ---- random numbers: splitmix64 (Steele, Lea, Flood 2014) --------------------------------------------------------------- */

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

/* A number from 0 to n - 1. Its bias, n in 2^64, is far below what anybody could see. */
static uint64_t below(uint64_t *state, uint64_t n)
{
    return (uint64_t)(((unsigned __int128)next_random(state) * n) >> 64);
}

/* True once in n times. */
static bool one_in(uint64_t *state, uint64_t n)
{
    return below(state, n) == 0;
}

/* ---- output --------------------------------------------------------------------------------------------------------- */

static void die(const char *what, const char *subject)
{
    int saved = errno;
    fprintf(stderr, "gen-run: cannot %s '%s': %s\n", what, subject, strerror(saved));
    exit(3);
}

static void open_out(struct out *out, const struct options *opt, const char *name)
{
    int n = snprintf(out->path, sizeof out->path, "%s/%s", opt->dir, name);
    if (n < 0 || (size_t)n >= sizeof out->path) {
        errno = ENAMETOOLONG;
        die("create", opt->dir);
    }
    out->file = fopen(out->path, "w");
    if (!out->file)
        die("create", out->path);
    out->at = out->buffer;
}

static void flush_out(struct out *out)
{
    size_t n = (size_t)(out->at - out->buffer);
    if (fwrite(out->buffer, 1, n, out->file) != n)
        die("write", out->path);
    out->at = out->buffer;
}

/* Makes room for one more row. */
static void reserve_row(struct out *out)
{
    if (out->at + ROW_MAX > out->buffer + BUFFER)
        flush_out(out);
}

static void close_out(struct out *out)
{
    flush_out(out);
    if (fclose(out->file))
        die("write", out->path);
}

static void put_text(struct out *out, const char *text)
{
    size_t n = strlen(text);
    memcpy(out->at, text, n);
    out->at += n;
}

static void put_char(struct out *out, char c)
{
    *out->at++ = c;
}

/* A number with at least width digits, zeros in front. */
static void put_number(struct out *out, uint64_t number, int width)
{
    char digits[20];
    int n = 0;
    do
        digits[n++] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    for (int i = n; i < width; i++)
        put_char(out, '0');
    while (n > 0)
        put_char(out, digits[--n]);
}

/* number / 10^places; trailing zeros stay. */
static void put_decimal(struct out *out, uint64_t number, int places)
{
    uint64_t one = 1;
    for (int i = 0; i < places; i++)
        one *= 10;
    put_number(out, number / one, 1);
    put_char(out, '.');
    put_number(out, number % one, places);
}

/* ---- a row ---------------------------------------------------------------------------------------------------------- */

static void put_note(struct out *out, const struct options *opt, uint64_t *state)
{
    if (opt->awkward && one_in(state, 50))
        put_text(out, notes[below(state, AR_COUNT(notes))]);
    else if (one_in(state, 2))
        put_text(out, "ok");
}

static void put_area(struct out *out, uint64_t *state)
{
    if (one_in(state, 16))
        return;
    if (one_in(state, 4))
        put_decimal(out, 50 + 10 * below(state, 900), 2); /* such as 5.80 */
    else
        put_decimal(out, 1000 + below(state, 90000), 3);
}

static void put_row(struct out *out, const struct options *opt, const char *entity, uint64_t lane, uint64_t field,
                    uint64_t *state)
{
    const char *quote = opt->quoted ? "\"" : "";
    reserve_row(out);
    put_number(out, field, 1);
    put_char(out, ',');
    put_text(out, quote);
    put_text(out, one_in(state, 5) ? "Total Well" : entity);
    put_text(out, quote);
    put_char(out, ',');
    put_number(out, 100 + below(state, 9000), 1);
    put_char(out, ',');
    put_area(out, state);
    put_char(out, ',');
    put_decimal(out, below(state, 20480000), 4);
    put_char(out, ',');
    put_decimal(out, below(state, 20480000), 4);
    put_char(out, ',');
    if (!one_in(state, 64))
        put_decimal(out, below(state, 1000001), 6);
    put_char(out, ',');
    put_decimal(out, 1000000 + below(state, 60000000), 3);
    put_char(out, ',');
    put_decimal(out, below(state, 86400000), 3);
    put_char(out, ',');
    put_note(out, opt, state);
    put_char(out, ',');
    put_text(out, quote);
    put_text(out, "ImgAnalysisV1_000_");
    put_number(out, lane, opt->width);
    put_text(out, ".nd2");
    put_text(out, quote);
    put_char(out, '\n');
}

/* ---- files ---------------------------------------------------------------------------------------------------------- */

/* The share of one of n parts: they differ by one at most, and sum up to the whole. */
static uint64_t share(uint64_t whole, uint64_t part, uint64_t n)
{
    return whole / n + (part < whole % n);
}

static void write_set(struct out *out, const struct options *opt, uint64_t set)
{
    static const char *const sets[] = {"activity_spots", "surrounding_spots"};
    static const char *const entities[] = {"Activity Spots", "Surrounding Spots"};
    const char *entity = set < AR_COUNT(entities) ? entities[set] : "Spots";
    uint64_t rows = share(opt->rows, set, opt->sets);
    uint64_t state = opt->seed;
    char name[64];

    state = next_random(&state) + set;
    if (set < AR_COUNT(sets))
        snprintf(name, sizeof name, "%s.csv", sets[set]);
    else
        snprintf(name, sizeof name, "set_%" PRIu64 ".csv", set + 1);
    open_out(out, opt, name);
    put_text(out, header);
    if (opt->interleaved) {
        for (uint64_t row = 0; row < rows; row++)
            put_row(out, opt, entity, below(&state, opt->lanes), 1 + below(&state, FIELDS), &state);
    } else {
        for (uint64_t lane = 0; lane < opt->lanes; lane++) {
            uint64_t lane_rows = share(rows, lane, opt->lanes);
            for (uint64_t row = 0; row < lane_rows; row++)
                put_row(out, opt, entity, lane, 1 + (uint64_t)((unsigned __int128)row * FIELDS / lane_rows), &state);
        }
    }
    close_out(out);
}

static void write_samples(struct out *out, const struct options *opt)
{
    open_out(out, opt, "samples.csv");
    put_text(out, "data,sample\n");
    for (uint64_t lane = 0; lane < opt->lanes; lane++) {
        bool awkward = opt->awkward && lane % 3 == 0;
        reserve_row(out);
        put_number(out, lane, opt->width);
        put_text(out, awkward ? ",\"血清 \"\"#" : ",Sample ");
        put_number(out, lane, opt->width);
        put_text(out, awkward ? "\"\", 1:100\"\n" : "\n");
    }
    close_out(out);
}

static void write_params(struct out *out, const struct options *opt)
{
    open_out(out, opt, "params.json");
    put_text(out, "{\"threshold\": 4000, \"note\": \"seed ");
    put_number(out, opt->seed, 1);
    put_text(out, "\"}\n");
    close_out(out);
}

/* ---- options -------------------------------------------------------------------------------------------------------- */

static uint64_t parse_number(const char *option, const char *text, uint64_t least)
{
    char *end;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || number < least) {
        fprintf(stderr, "gen-run: %s must be a whole number from %" PRIu64 " on, not '%s' (see gen-run --help)\n", option, least,
                text);
        exit(2);
    }
    return number;
}

static void parse_options(struct options *opt, int argc, char **argv)
{
    enum { ROWS = 256, LANES, SETS, SEED, INTERLEAVED, QUOTED, AWKWARD };
    static const struct option longs[] = {
        {"dir", required_argument, NULL, 'd'},      {"rows", required_argument, NULL, ROWS},
        {"lanes", required_argument, NULL, LANES},  {"sets", required_argument, NULL, SETS},
        {"seed", required_argument, NULL, SEED},    {"interleaved", no_argument, NULL, INTERLEAVED},
        {"quoted", no_argument, NULL, QUOTED},      {"awkward", no_argument, NULL, AWKWARD},
        {"help", no_argument, NULL, 'h'},           {NULL, 0, NULL, 0},
    };
    int c;
    while ((c = getopt_long(argc, argv, "d:h", longs, NULL)) != -1) {
        switch (c) {
        case 'd':
            opt->dir = optarg;
            break;
        case ROWS:
            opt->rows = parse_number("--rows", optarg, 0);
            break;
        case LANES:
            opt->lanes = parse_number("--lanes", optarg, 1);
            break;
        case SETS:
            opt->sets = parse_number("--sets", optarg, 1);
            break;
        case SEED:
            opt->seed = parse_number("--seed", optarg, 0);
            break;
        case INTERLEAVED:
            opt->interleaved = true;
            break;
        case QUOTED:
            opt->quoted = true;
            break;
        case AWKWARD:
            opt->awkward = true;
            break;
        case 'h':
            fputs(usage_text, stdout);
            exit(fflush(stdout) ? 3 : 0);
        default:
            fputs("gen-run: see gen-run --help\n", stderr);
            exit(2);
        }
    }
    if (!opt->dir || optind < argc) {
        fputs(opt->dir ? "gen-run: takes no arguments but its options (see gen-run --help)\n"
                       : "gen-run: -d DIR is missing (see gen-run --help)\n", stderr);
        exit(2);
    }
    opt->width = snprintf(NULL, 0, "%" PRIu64, opt->lanes - 1);
    opt->width = opt->width < 4 ? 4 : opt->width;
}

int main(int argc, char **argv)
{
    struct options opt = {.rows = 10000, .lanes = 4, .sets = 2, .seed = 1};
    struct out out = {0};

    parse_options(&opt, argc, argv);
    if (mkdir(opt.dir, 0777) && errno != EEXIST)
        die("create", opt.dir);
    out.buffer = malloc(BUFFER);
    if (!out.buffer)
        die("write into", opt.dir);
    for (uint64_t set = 0; set < opt.sets; set++)
        write_set(&out, &opt, set);
    write_samples(&out, &opt);
    write_params(&out, &opt);
    free(out.buffer);
    return 0;
}
