/* Names and e-mail addresses made from lists of first names and surnames. */
#include "generate/customer.h"

struct spelling {
    const char *name;
    const char *plain; /* as it stands in an e-mail address */
};

static const struct spelling first_names[] = {
    {"Emma", "emma"},         {"Noah", "noah"},   {"Zoë", "zoe"},       {"Jörg", "joerg"},
    {"Amélie", "amelie"},     {"José", "jose"},   {"Anna", "anna"},     {"Łukasz", "lukasz"},
    {"Sofia", "sofia"},       {"Liam", "liam"},   {"Chloé", "chloe"},   {"Bjørn", "bjorn"},
    {"Maria", "maria"},       {"Will", "will"},   {"Søren", "soren"},   {"Nadia", "nadia"},
    {"Priya", "priya"},       {"Kofi", "kofi"},   {"Mei", "mei"},       {"Yusuf", "yusuf"},
    {"Inês", "ines"},         {"Tom", "tom"},     {"Greta", "greta"},   {"Matteo", "matteo"},
    {"Jana", "jana"},         {"Ömer", "oemer"},  {"Ruth", "ruth"},     {"Paul", "paul"},
    {"Élodie", "elodie"},     {"Sam", "sam"},     {"Käthe", "kaethe"},  {"Hugo", "hugo"},
    {"Laura", "laura"},       {"Olena", "olena"}, {"Dmitri", "dmitri"}, {"Aisha", "aisha"},
    {"François", "francois"}, {"Nuria", "nuria"}, {"Ben", "ben"},       {"Åsa", "asa"},
};

/* The first byte of a surname serves as its initial. */
static const struct spelling surnames[] = {
    {"Kowalski", "kowalski"},  {"Müller", "mueller"},
    {"García", "garcia"},      {"Smith", "smith"},
    {"O'Brien", "obrien"},     {"Dubois", "dubois"},
    {"Rossi", "rossi"},        {"Hansen", "hansen"},
    {"Nguyen", "nguyen"},      {"Lindström", "lindstroem"},
    {"Schröder", "schroeder"}, {"Okafor", "okafor"},
    {"Novák", "novak"},        {"Silva", "silva"},
    {"Dijkstra", "dijkstra"},  {"Keller", "keller"},
    {"Patel", "patel"},        {"Yılmaz", "yilmaz"},
    {"Murphy", "murphy"},      {"Laurent", "laurent"},
    {"Bauer", "bauer"},        {"Ferrari", "ferrari"},
    {"Jones", "jones"},        {"Tanaka", "tanaka"},
    {"Peña", "pena"},          {"Weiß", "weiss"},
    {"Popescu", "popescu"},    {"Lefèvre", "lefevre"},
    {"Brown", "brown"},        {"Kim", "kim"},
};

static const char *const nicknames[] = {
    "sunnyreader", "trailrunner", "n00bgamer",     "bookworm", "coffee.first", "mountaingoat",
    "dadof3",      "nightowl",    "bargainhunter", "catlady",  "tinkerer",     "lefthanded",
    "plantmum",    "cyclist",     "picky",         "rainyday",
};

static const char *const domains[] = {
    "example.com", "example.org", "example.net", "mail.example", "post.example",
};

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof(array)[0]))

/* Emma, Emma K. or Emma Kowalski. */
static void write_name(struct snippet *name, const char *first, const char *surname,
                       struct random *random) {
    snippet_append(name, first);
    uint32_t form = random_below(random, 3);
    if (form == 0) {
        return;
    }
    snippet_append(name, " ");
    if (form == 1) {
        snippet_append_bytes(name, surname, 1);
        snippet_append(name, ".");
    } else {
        snippet_append(name, surname);
    }
}

void customer_draw(struct customer *customer, uint32_t customers, struct random *random) {
    struct random own = {.state = random_low(random, customers)};
    const uint32_t number = 1 + random_below(&own, 99);
    struct snippet *name = &customer->name, *email = &customer->email;
    name->length = email->length = 0;
    if (random_once_in(&own, 4)) { /* trailrunner84 */
        const char *nickname = nicknames[random_below(&own, COUNT(nicknames))];
        snippet_append(name, nickname);
        snippet_append_number(name, number);
        snippet_append(email, nickname);
    } else {
        const struct spelling *first = &first_names[random_below(&own, COUNT(first_names))];
        const struct spelling *surname = &surnames[random_below(&own, COUNT(surnames))];
        write_name(name, first->name, surname->name, &own);
        snippet_append(email, first->plain);
        snippet_append(email, ".");
        snippet_append(email, surname->plain);
    }
    snippet_append_number(email, number);
    snippet_append(email, "@");
    snippet_append(email, domains[random_below(&own, COUNT(domains))]);
}

void customer_seller(struct customer *customer) {
    customer->name.length = 0;
    customer->email.length = 0;
    snippet_append(&customer->name, "Seller");
    snippet_append(&customer->email, "null");
}
