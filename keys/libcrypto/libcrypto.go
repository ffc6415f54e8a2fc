//go:build libcrypto && cgo

package libcrypto

/*
#cgo pkg-config: libcrypto
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

// last returns the error that libcrypto has for this thread.
static unsigned long last(void) {
	unsigned long err = ERR_peek_last_error();
	ERR_clear_error();
	return err;
}

// The numbers of a key, in the order in which new_key takes them.
static const char *const names[] = {
	OSSL_PKEY_PARAM_RSA_N, OSSL_PKEY_PARAM_RSA_E, OSSL_PKEY_PARAM_RSA_D,
	OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_FACTOR2,
	OSSL_PKEY_PARAM_RSA_EXPONENT1, OSSL_PKEY_PARAM_RSA_EXPONENT2,
	OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
};
enum { count = sizeof names / sizeof *names };

// new_key makes a key of its numbers, each of as many bytes as size says, the
// least significant first.
static EVP_PKEY *new_key(unsigned char *numbers, size_t size, unsigned long *err) {
	OSSL_PARAM params[count + 1];
	for (int i = 0; i < count; i++)
		params[i] = OSSL_PARAM_construct_BN(names[i], numbers + i * size, size);
	params[count] = OSSL_PARAM_construct_end();

	EVP_PKEY *key = NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	if (EVP_PKEY_fromdata_init(ctx) <= 0 || EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params) <= 0)
		*err = last();
	EVP_PKEY_CTX_free(ctx);
	return key;
}

// sign makes a PKCS #1 v1.5 signature of a SHA-256 digest and verifies it.
static int sign(EVP_PKEY *key, const unsigned char *digest, size_t digest_size, unsigned char *signature, size_t size, unsigned long *err) {
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	int good =
		EVP_PKEY_sign_init(ctx) > 0 &&
		EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) > 0 &&
		EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) > 0 &&
		EVP_PKEY_sign(ctx, signature, &size, digest, digest_size) > 0 &&
		EVP_PKEY_verify_init(ctx) > 0 &&
		EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) > 0 &&
		EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) > 0 &&
		EVP_PKEY_verify(ctx, signature, size, digest, digest_size) > 0;
	if (!good)
		*err = last();
	EVP_PKEY_CTX_free(ctx);
	return good;
}
*/
import "C"

import (
	"crypto"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"math/big"
	"runtime"
	"slices"
	"sync/atomic"
	"unsafe"
)

// Name says what makes RSA signatures.
func Name() string { return C.GoString(C.OpenSSL_version(C.OPENSSL_VERSION)) }

// signer signs with a key in libcrypto's memory. An EVP_PKEY that does not change
// may be used by several threads at a time.
type signer struct {
	key    *C.EVP_PKEY
	public *rsa.PublicKey
}

// alive counts the keys in libcrypto's memory.
var alive atomic.Int64

// NewSigner returns a signer with the key. Its memory is given back, wiped, when
// nobody holds the signer any more.
func NewSigner(private *rsa.PrivateKey) (crypto.Signer, error) {
	if len(private.Primes) != 2 {
		return private, nil // nobody makes such keys
	}
	size := private.Size()
	numbers := make([]byte, 0, C.count*size)
	defer func() { clear(numbers) }()
	of := private.Precomputed
	for _, n := range []*big.Int{
		private.N, big.NewInt(int64(private.E)), private.D,
		private.Primes[0], private.Primes[1], of.Dp, of.Dq, of.Qinv,
	} {
		if n == nil || n.Sign() <= 0 || n.BitLen() > 8*size {
			return nil, errors.New("an RSA key whose numbers are not those of one")
		}
		numbers = numbers[:len(numbers)+size]
		number := numbers[len(numbers)-size:]
		n.FillBytes(number)
		slices.Reverse(number)
	}
	var err C.ulong
	key := C.new_key((*C.uchar)(unsafe.SliceData(numbers)), C.size_t(size), &err)
	if key == nil {
		return nil, fmt.Errorf("libcrypto does not take the RSA key: %w", failure(err))
	}
	alive.Add(1)
	public := private.PublicKey // without the private key around it
	s := &signer{key, &public}
	runtime.AddCleanup(s, func(key *C.EVP_PKEY) {
		C.EVP_PKEY_free(key)
		alive.Add(-1)
	}, key)
	return s, nil
}

// Public implements [crypto.Signer].
func (s *signer) Public() crypto.PublicKey { return s.public }

// Sign implements [crypto.Signer] for PKCS #1 v1.5 and SHA-256, which is all that
// DKIM has (RFC 8301 section 3.1). A signature that does not verify is an error:
// one that a fault has spoiled could give the private key away, too.
func (s *signer) Sign(_ io.Reader, digest []byte, options crypto.SignerOpts) ([]byte, error) {
	if _, pss := options.(*rsa.PSSOptions); pss || options.HashFunc() != crypto.SHA256 || len(digest) != crypto.SHA256.Size() {
		return nil, errors.New("RSA signatures are made of SHA-256 digests only, with PKCS #1 v1.5")
	}
	signature := make([]byte, s.public.Size())
	var err C.ulong
	good := C.sign(s.key, (*C.uchar)(unsafe.SliceData(digest)), C.size_t(len(digest)), (*C.uchar)(unsafe.SliceData(signature)), C.size_t(len(signature)), &err)
	runtime.KeepAlive(s)
	if good == 0 {
		return nil, fmt.Errorf("libcrypto makes no good RSA signature: %w", failure(err))
	}
	return signature, nil
}

// failure returns the error of a code of libcrypto's.
func failure(code C.ulong) error {
	var text [256]C.char
	C.ERR_error_string_n(code, &text[0], C.size_t(len(text)))
	return errors.New(C.GoString(&text[0]))
}
