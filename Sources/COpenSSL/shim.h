// OpenSSL 3.0, as a Swift module: the headers that Valise uses, and one inline
// function for each function-like macro that Swift cannot see.
#ifndef VALISE_COPENSSL_SHIM_H
#define VALISE_COPENSSL_SHIM_H

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rand.h>
#include <openssl/ts.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

// BIO_get_mem_data: the bytes that a memory BIO holds, owned by the BIO.
static inline long valise_bio_bytes(BIO *bio, char **bytes) { return BIO_get_mem_data(bio, bytes); }

// EVP_EC_gen: a new key pair on the named curve.
static inline EVP_PKEY *valise_ec_generate(const char *curve) { return EVP_EC_gen(curve); }

// prctl is variadic, so Swift cannot see it: no core dump, no tracing by programs of the same user.
static inline int valise_refuse_dumps(void) { return prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L); }

// Keeps touched memory out of swap. Future pages only without a limit: otherwise a later allocation would fail for want
// of lockable memory.
static inline int valise_lock_memory(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0) return -1;
    return mlockall(MCL_CURRENT | MCL_ONFAULT | (limit.rlim_cur == RLIM_INFINITY ? MCL_FUTURE : 0));
}

#endif
