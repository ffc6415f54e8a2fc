// Package libcrypto makes RSA signatures with OpenSSL's libcrypto, several times
// as fast as Go's crypto/rsa. It takes part in builds with the tag libcrypto and
// with cgo; in others, crypto/rsa signs.
//
// Making and checking keys stays with Go, and so do Ed25519 signatures, which
// are as fast there.
package libcrypto
