/* The words that fill slots, and the small talk. */
#include "generate/phrases.h"

const struct slot phrases_slots[SLOT_COUNT] = {
    {"colour", true,
     PHRASES("black", "navy", "moss green", "dark grey", "sand", "red", "bottle green", "white",
             "light blue", "rosé", "crème", "burgundy", "mustard", "turquoise")},
    {"size", true, PHRASES("XS", "S", "M", "L", "XL", "XXL", "size 36", "size 38", "size 42")},
    {"shoe size", true, PHRASES("36", "37", "38.5", "39", "40", "41", "42.5", "43", "44", "46")},
    {"city", true,
     PHRASES("Zürich", "Málaga", "Lyon", "Kraków", "Malmö", "Dublin", "Köln", "Tromsø", "Graz",
             "Bologna", "Coimbra", "Leeds", "Brno", "Liège", "Tallinn")},
    {"device", true,
     PHRASES("an older phone", "my laptop", "a tablet", "a smart TV", "my work computer",
             "a game console", "a car radio", "two phones at once")},
    {"occasion", true,
     PHRASES("a wedding", "a birthday", "our holiday", "a long hiking trip", "Christmas",
             "a weekend in the Alps", "a festival", "our anniversary", "a housewarming party",
             "a long weekend", "a trip to the sea", "a garden party", "a fête at school")},
    {"height", false,
     PHRASES("158 cm", "162 cm", "165 cm", "168 cm", "170 cm", "173 cm", "176 cm", "179 cm",
             "183 cm", "186 cm", "191 cm", "5'4\"", "5'9\"", "6'1\"")},
    {"person", false,
     PHRASES("my daughter", "my son", "my husband", "my wife", "my mother", "my father",
             "my sister", "my brother", "a friend", "a colleague", "my flatmate", "my fiancé",
             "our neighbour", "my grandmother", "my niece")},
    {"time", false,
     PHRASES("a week", "ten days", "two weeks", "three weeks", "a month", "six weeks", "two months",
             "three months", "half a year", "eight months", "a year", "a year and a half",
             "two years")},
    {"hours", false,
     PHRASES("four hours", "five hours", "six hours", "eight hours", "nine hours", "ten hours",
             "twelve hours", "fifteen hours", "twenty hours")},
    {"days", false,
     PHRASES("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "twelve")},
};

const struct phrases phrases_question_openings = PHRASES(
    "Hi!", "Hello!", "Hi there!", "Hello everyone!", "Quick question:", "Good morning!", "Hey!",
    "One question before I order:", "Sorry if this has been asked before.",
    "Question to owners:", "Just to be sure:", "Bonjour!", "Servus!",
    "I like the look of the {product}, but one thing:", "I have the {colour} one in my basket.",
    "Thinking about the {colour} version.");

const struct phrases phrases_question_closings = PHRASES(
    "Thanks!", "Thank you in advance!", "Many thanks 🙂", "Thanks, everybody.", "TIA",
    "It is a present for {person}.", "I need it for {occasion}.",
    "It is for {person}, so it should be right at once.", "I would need it within {days} days.",
    "The description says nothing about it.", "I can't tell from the photos.",
    "I have been hesitating for {time} now.", "The shop in {city} could not tell me.",
    "My old one gave up after {time}.", "I read \"it depends\" elsewhere, which doesn't help.",
    "Merci d'avance!", "Danke schön!", "Photos would be great.",
    "It would be for {occasion}, and I don't want to send it back.");

const struct phrases phrases_answer_openings =
    PHRASES("Good question!", "Hi!", "I asked myself the same before I ordered.",
            "From experience:", "I bought it {time} ago.", "Owner for {time} here.",
            "We have had ours for {time}.", "Hello from {city}!",
            "In my opinion:", "I can only speak for the {colour} one:", "Just checked:",
            "As far as I can tell:", "We have two of them at home.",
            "Late reply, but:", "Got it as a present from {person}.",
            "After {time} I can say:", "Honestly?");

const struct phrases phrases_answer_closings = PHRASES(
    "Hope that helps!", "Hope this helps 🙂", "I would buy it again.",
    "By the way, {person} loves it.", "For {occasion} it is just right.",
    "I am very happy with it.", "Not perfect, but good value.", "Your mileage may vary, of course.",
    "Ask me again in {time}.", "No regrets so far!", "The {colour} one is even nicer in real life.",
    "Can recommend it 👍", "I bought a second one for {person}.",
    "That is only my experience, though.", "Four stars from me, one off for the packaging.",
    "Viele Grüße!", "For the price I can't complain.",
    "{person}, who is hard to please, says \"not bad\".", "I got it in the shop in {city}.",
    "Customer service was friendly, too.", "I hesitated for {time}, needlessly.");

const struct phrases phrases_seller_openings =
    PHRASES("Thank you for your question!", "Hello, and thank you for asking.", "Good day!",
            "Thank you for your interest in the {product}.", "Hello from the Atelier team!",
            "Thanks for getting in touch.", "We are happy to help.");

const struct phrases phrases_seller_closings = PHRASES(
    "Your Atelier team", "Kind regards, your Atelier team", "Please ask if anything is unclear.",
    "Enjoy your {product}!", "Our customer service is glad to advise you, Monday to Saturday.",
    "We hope to see you again soon.", "Warm regards from our shop in {city}");
