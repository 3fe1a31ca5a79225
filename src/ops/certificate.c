/* Certificates in files. */
#include "ops/certificate.h"

#include "ops/error_text.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/x509.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MOST = 64 * 1024 };

/* The number of bytes; -1 with errno. */
static ssize_t read_file(const char *path, unsigned char bytes[FILE_MOST]) {
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor < 0) {
        return -1;
    }
    ssize_t length = 0, count;
    while ((count = read(descriptor, bytes + length, (size_t)(FILE_MOST - length))) > 0) {
        length += count;
    }
    int reason = errno;
    close(descriptor);
    errno = reason;
    return count < 0 ? -1 : length;
}

int64_t certificate_end_s(const char *path, char *error, size_t error_size) {
    unsigned char bytes[FILE_MOST];
    ssize_t length = read_file(path, bytes);
    if (length < 0) {
        (void)error_text(error, error_size, "%s: %s", path, strerror(errno));
        return 0;
    }
    const gnutls_datum_t text = {bytes, (unsigned)length};
    gnutls_x509_crt_t certificate;
    int status = gnutls_x509_crt_init(&certificate);
    if (status == GNUTLS_E_SUCCESS) {
        status = gnutls_x509_crt_import(certificate, &text, GNUTLS_X509_FMT_PEM);
        int64_t end_s = status == GNUTLS_E_SUCCESS
                            ? (int64_t)gnutls_x509_crt_get_expiration_time(certificate)
                            : 0;
        gnutls_x509_crt_deinit(certificate);
        if (end_s > 0) {
            return end_s;
        }
    }
    (void)error_text(error, error_size, "%s holds no certificate in PEM", path);
    return 0;
}
