/* The program's version (semantic versioning). */
#pragma once

#define QA_VERSION "0.1.0"
