/* Values as their owners show them: with what surrounds them in a file, a mail or on a page. */
#pragma once

/* Takes white space, and then one pair of quotes, off both ends, in place. */
void shown_value(char *text);

/* Leaves TOKEN of what loader.io shows, in place: `loaderio-TOKEN`, the file of that name with its
 * ending, or its path. */
void shown_loaderio_token(char *text);
