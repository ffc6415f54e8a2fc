package signer

import (
	"fmt"
	"strings"
	"testing"

	"dkimd/keys"
)

// fixedRing has the same keys for each domain.
type fixedRing keys.Set

func (r fixedRing) Lookup(string) (keys.Set, error) { return keys.Set(r), nil }

// newsletter returns a message with a body of a size.
func newsletter(size int) *Message {
	header := "From: Taro <taro@example.jp>\r\nTo: <hanako@receiver.example>\r\nSubject: the plans\r\n" +
		"Date: Wed, 25 Nov 2026 12:00:00 +0900\r\nMessage-ID: <plans@example.jp>\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
	const line = "The quick brown fox jumps over the lazy dog, and then it goes to sleep.\r\n"
	return ParseMessage([]byte(header + strings.Repeat(line, size/len(line)+1)))
}

func BenchmarkDecide(b *testing.B) {
	with, _ := testKeys(b, "example.jp")
	rules := &Rules{Authenticated: true, LoginMatch: Enforce, LoginSeparators: "@", Options: Options{Body: "relaxed"}}
	header := newsletter(0).Header(nil)
	b.ReportAllocs()
	for b.Loop() {
		if d := rules.Decide(Origin{Login: "taro@example.jp"}, header, fixedRing{Active: with}); d.Reason != "" {
			b.Fatal(d.Reason)
		}
	}
}

func BenchmarkSign(b *testing.B) {
	with, _ := testKeys(b, "example.jp")
	for _, key := range with {
		for _, size := range []int{4 << 10, 100 << 10, 10 << 20} {
			b.Run(fmt.Sprintf("%s/%dKB", key.Algorithm, size>>10), func(b *testing.B) {
				m := newsletter(size)
				b.ReportAllocs()
				b.SetBytes(int64(size))
				for b.Loop() {
					if _, err := Sign(m, []Signature{{key, Options{Body: "relaxed"}}}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
